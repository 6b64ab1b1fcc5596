"""Read pages with real engines: RapidOCR as the product uses it, and Tesseract's command line."""

from __future__ import annotations

import io
import subprocess

from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage
from ocrwatchd.core.model import Page
from ocrwatchd.ocr.rapidocr import RapidEngine

TESSERACT_TIMEOUT_S = 120


class Rapid:
    """RapidOCR, with a number of threads."""

    def __init__(self, threads: int = 1) -> None:
        self._settings = Ocr(threads=threads, layout="rows")
        self._engine = RapidEngine(self._settings)

    def read(self, picture: Image.Image, dpi: int) -> str:
        """The text of a page; "" if RapidOCR cannot read the page."""
        try:
            return self._engine.recognise(Page(1, picture, float(dpi)), self._settings).text
        except UnreadablePage:
            return ""


def tesseract(picture: Image.Image, dpi: int) -> str:
    """Tesseract's text of a page with one block of English."""
    packed = io.BytesIO()
    picture.save(packed, "PNG", dpi=(dpi, dpi))
    command = ["tesseract", "stdin", "stdout", "--psm", "6", "-l", "eng"]
    done = subprocess.run(
        command,
        input=packed.getvalue(),
        capture_output=True,
        check=False,
        timeout=TESSERACT_TIMEOUT_S,
        env={"PATH": "/usr/bin:/bin", "OMP_THREAD_LIMIT": "1"},
    )
    return done.stdout.decode("utf-8", "replace").replace("\f", "").strip()
