"""The real daemon with the engine that fails on purpose: ``python -m tests.fakes.daemon --config FILE [--once]``."""

import sys
from pathlib import Path

from ocrwatchd import configfile, log
from ocrwatchd.daemon import Daemon

if __name__ == "__main__":
    settings = configfile.load(Path(sys.argv[sys.argv.index("--config") + 1]))
    log.configure(settings.log)
    Daemon(settings, once="--once" in sys.argv, engine_module="tests.fakes.engine").run()
