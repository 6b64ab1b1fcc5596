"""The real daemon with the engine that fails on purpose: ``python -m tests.fakes.daemon --config FILE [--once]``.

``OCRWATCHD_TEST_ENGINE`` names another module to run as the engine, ``OCRWATCHD_TEST_GRACE_S`` says after how many
seconds a canary's traces are cleared away, ``OCRWATCHD_TEST_TURN_S`` after how many a scan's turn is over.
"""

import functools
import os
import sys

from ocrwatchd.cli.main import main
from ocrwatchd.daemon import serve
from ocrwatchd.dispatch import priority
from ocrwatchd.monitoring.canary import cleanup

if __name__ == "__main__":
    cleanup.GRACE_SECONDS = float(os.environ.get("OCRWATCHD_TEST_GRACE_S", cleanup.GRACE_SECONDS))
    priority.TURN_S = float(os.environ.get("OCRWATCHD_TEST_TURN_S", priority.TURN_S))
    module = os.environ.get("OCRWATCHD_TEST_ENGINE", "tests.fakes.engine")
    serve.serve = functools.partial(serve.serve, engine_module=module)
    sys.exit(main(["run", *sys.argv[1:]]))
