"""NAME.txt: the corrected text.

UTF-8; every page ends with a newline, and between two pages stands a form feed, at the start of the later one's first
line, as pdftotext puts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.i18n import say
from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.model import Document, FinishedPage

SUFFIX = OUTPUT_SUFFIXES["txt"]
PAGE_BREAK = "\f"

EVALUATION_LINE = say(
    "[Aspose.OCR evaluation mode: only the beginning of each page was read; set ocr.license to get whole pages]"
)
"""First line of a text that an engine without a licence has cut, in English."""


def evaluation_line(document: Document) -> str:
    """The first line of a text that an engine without a licence has cut; "" for other texts."""
    return language(document.work.output.language).of(EVALUATION_LINE) if document.evaluation else ""


def write(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> None:
    """Write the corrected text, page after page; a page that could not be read says so itself."""
    texts = (finished.correction.text for finished in pages)
    file.writelines(laid_out(texts, evaluation_line(document)))


def laid_out(texts: Iterable[str], first_line: str = "") -> Iterator[bytes]:
    """The bytes of a text file: the first line, unless it is empty, and page after page."""
    if first_line:
        yield f"{first_line}\n".encode()
    for index, text in enumerate(texts):
        # A form feed inside a page would count as another page.
        page = text.replace(PAGE_BREAK, "\n").rstrip("\n")
        yield f"{PAGE_BREAK if index else ''}{page}\n".encode("utf-8", "replace")
