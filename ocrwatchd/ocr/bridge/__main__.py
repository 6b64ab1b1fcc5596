"""Compile the OpenSSL bridge into the installed package: ``python -m ocrwatchd.ocr.bridge``."""

from __future__ import annotations

import sys
from pathlib import Path

from ocrwatchd.ocr.bridge.compile import CannotCompile, compile_bridge

try:
    sys.stdout.write(f"{compile_bridge(Path(__file__).parent)}\n")
except (CannotCompile, OSError) as error:
    sys.exit(f"the OpenSSL bridge cannot be compiled: {error}")
