"""The engine process taken over by a hostile scan: ``python -m tests.fakes.intruder``.

Who takes over a library runs what code they like: here the Python file that ``OCRWATCHD_TEST_ATTACK`` names, on each
page.
"""

from __future__ import annotations

import os
import runpy
from dataclasses import replace

from ocrwatchd.engine.process.main import main
from tests.fakes import engine


class Intruder(engine.FakeEngine):
    """An OcrEngine that does other work beside its own."""

    def recognise(self, page, ocr):
        """Attack, and read the page."""
        runpy.run_path(os.environ["OCRWATCHD_TEST_ATTACK"])
        return super().recognise(page, ocr)


if __name__ == "__main__":
    main(replace(engine.MAKERS, load=lambda *_: Intruder()))
