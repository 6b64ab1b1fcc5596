"""Run ocrwatchd as ``python -m ocrwatchd``."""

import sys

from ocrwatchd.cli.main import main

sys.exit(main())
