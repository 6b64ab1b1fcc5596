"""The real daemon with the engine that fails on purpose: ``python -m tests.fakes.daemon --config FILE [--once]``."""

import functools
import sys

from ocrwatchd import cli, daemon

if __name__ == "__main__":
    daemon.serve = functools.partial(daemon.serve, engine_module="tests.fakes.engine")
    sys.exit(cli.main(["run", *sys.argv[1:]]))
