"""The real daemon with the engine that fails on purpose: ``python -m tests.fakes.daemon --config FILE [--once]``.

``OCRWATCHD_TEST_ENGINE`` names another module to run as the engine, ``OCRWATCHD_TEST_GRACE_S`` says after how many
seconds a canary's traces are cleared away.
"""

import functools
import os
import sys

from ocrwatchd import cli, serving
from ocrwatchd.canary import clearing

if __name__ == "__main__":
    clearing.GRACE_SECONDS = float(os.environ.get("OCRWATCHD_TEST_GRACE_S", clearing.GRACE_SECONDS))
    module = os.environ.get("OCRWATCHD_TEST_ENGINE", "tests.fakes.engine")
    serving.serve = functools.partial(serving.serve, engine_module=module)
    sys.exit(cli.main(["run", *sys.argv[1:]]))
