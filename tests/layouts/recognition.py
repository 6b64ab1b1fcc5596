"""A printed page read by RapidOCR, from a picture with the faults of a scan."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.formats.input import open_pages
from ocrwatchd.ocr import preprocess
from ocrwatchd.ocr.rapidocr import RapidEngine
from tests.layouts.degrade import DPI, saved

if TYPE_CHECKING:
    import pypdfium2


class Recogniser:
    """Reads pages one after the other as the daemon does; its models are loaded once.

    Args:
        threads: as ``ocr.threads``.
    """

    def __init__(self, threads: int = 1) -> None:
        self._ocr = Ocr(engine="rapidocr", threads=threads)
        self._engine, self._cleaner = RapidEngine(self._ocr), preprocess.Cleaner(threads)

    def __call__(self, page: pypdfium2.PdfPage, seed: int) -> str:
        """The page's text.

        Args:
            page: as printed.
            seed: of the faults.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder, "page.tif")
            saved(page.render(scale=DPI / 72, grayscale=True).to_pil(), seed, path)
            with open_pages(path, self._ocr) as pages:
                cleaned = self._cleaner.clean(pages.page(1)).page
        return self._engine.recognise(cleaned, self._ocr).text

    def close(self) -> None:
        """Drop the models."""
        self._engine.close()
