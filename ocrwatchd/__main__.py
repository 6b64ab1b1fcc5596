"""Run ocrwatchd as ``python -m ocrwatchd``."""

import sys

from ocrwatchd.cli import main

sys.exit(main())
