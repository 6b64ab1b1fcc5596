"""NAME.raw.txt: the text as the engine read it, laid out as NAME.txt is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.model import Document, FinishedPage
from ocrwatchd.formats.output.txt import evaluation_line, laid_out

SUFFIX = OUTPUT_SUFFIXES["raw"]


def write(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> None:
    """Write the raw text, page after page."""
    texts = (finished.page.text for finished in pages)
    file.writelines(laid_out(texts, evaluation_line(document)))
