"""A real worker with the engine that fails on purpose: ``python -m tests.fakes.worker --config FILE [--name NAME]``.

``OCRWATCHD_TEST_ENGINE`` names another module to run as the engine.
"""

import functools
import os
import sys

from ocrwatchd import cli
from ocrwatchd.cluster import worker

if __name__ == "__main__":
    module = os.environ.get("OCRWATCHD_TEST_ENGINE", "tests.fakes.engine")
    worker.work = functools.partial(worker.work, engine_module=module)
    sys.exit(cli.main(["worker", *sys.argv[1:]]))
