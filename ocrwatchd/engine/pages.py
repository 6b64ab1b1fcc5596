"""Open a scan and give its pages one at a time, as pictures that every engine takes.

What a file is, its first bytes say, never its name. Formats: PDF, TIFF, PNG, JPEG, BMP, GIF, WebP.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, Self

from ocrwatchd.errors import UnreadableScan
from ocrwatchd.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.config import Ocr
    from ocrwatchd.model import Page

MAX_PAGES = 50_000
"""More pages than this are no scan; the work on them would have no end."""

_PDF_HEADER_WITHIN_BYTES = 1024
_PICTURE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"GIF87a", b"GIF89a")
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Pages(Protocol):
    """An open scan; a context manager that closes it.

    At most one page's picture is held at a time, and only by the caller.
    """

    @property
    def count(self) -> int:
        """How many pages there are, at least 1."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """About the file as a whole, in plain words."""

    def page(self, number: int) -> Page:
        """Read one page, ``number`` from 1, in any order and as often as needed.

        Raises:
            UnreadablePage: this page cannot be read; the others may be fine.
            OSError: the disk cannot be read; not the scan's fault.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


def open_pages(source: Path, ocr: Ocr) -> Pages:
    """Open a scan.

    Args:
        source: a regular file; links are refused.
        ocr: ``dpi`` for PDF, ``max_pixels`` a page, ``pdf_passwords``.

    Raises:
        UnreadableScan: it is damaged, protected, empty or of no format that is read; the message says what to do.
        OSError: the disk cannot be read; not the scan's fault.
    """
    descriptor = open_regular(source)
    try:
        return _open(descriptor, ocr)
    except BaseException:
        os.close(descriptor)
        raise


def _open(descriptor: int, ocr: Ocr) -> Pages:
    head = os.pread(descriptor, _PDF_HEADER_WITHIN_BYTES + 5, 0)
    if not head:
        raise UnreadableScan("the file is empty; scan or copy it again")
    if head.startswith(_TIFF_MAGIC):
        from ocrwatchd.engine.pictures import TiffPages  # noqa: PLC0415  # a format loads its library when it comes

        return TiffPages(descriptor, ocr)
    if head.startswith(_PICTURE_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        from ocrwatchd.engine.pictures import Picture  # noqa: PLC0415

        return Picture(descriptor, ocr)
    if b"%PDF-" in head:
        from ocrwatchd.engine.pdf import PdfPages  # noqa: PLC0415

        return PdfPages(descriptor, ocr)
    raise UnreadableScan("the file is none of PDF, TIFF, PNG, JPEG, BMP, GIF and WebP; convert it to one of them")
