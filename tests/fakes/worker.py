"""A real worker with the engine that fails on purpose: ``python -m tests.fakes.worker --config FILE [--name NAME]``.

``OCRWATCHD_TEST_ENGINE`` names another module to run as the engine.
"""

import functools
import os
import sys

from ocrwatchd.cli.main import main
from ocrwatchd.daemon import worker

if __name__ == "__main__":
    module = os.environ.get("OCRWATCHD_TEST_ENGINE", "tests.fakes.engine")
    worker.work = functools.partial(worker.work, engine_module=module)
    sys.exit(main(["worker", *sys.argv[1:]]))
