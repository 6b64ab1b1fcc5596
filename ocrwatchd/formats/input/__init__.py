"""Open a scan and give its pages one at a time, as pictures that every engine takes.

What a file is, its first bytes say, never its name. Formats: PDF, TIFF, PNG, JPEG, HEIC, AVIF, BMP, GIF, WebP.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ocrwatchd.core.errors import UnreadableScan
from ocrwatchd.core.fs.safe_open import open_regular
from ocrwatchd.core.i18n import say
from ocrwatchd.formats.input.image_structure import heif_kind

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.core.config.profile import Ocr
    from ocrwatchd.formats.input.common import Kind, Pages

_PDF_HEADER_WITHIN_BYTES = 1024
_PICTURE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"GIF87a", b"GIF89a")
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open_pages(source: Path, ocr: Ocr) -> Pages:
    """Open a scan.

    Args:
        source: a regular file; links are refused.
        ocr: ``dpi`` for PDF, ``max_pages``, ``max_pixels`` a page, ``pdf_passwords``.

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


def kind_of(descriptor: int) -> Kind:
    """What a file is, by its first bytes; "" for what is not read here."""
    head = os.pread(descriptor, _PDF_HEADER_WITHIN_BYTES + 5, 0)
    if not head:
        return "empty"
    if head.startswith(_TIFF_MAGIC):
        return "tiff"
    if head.startswith(_PICTURE_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "picture"
    if kind := heif_kind(head):
        return "heif" if kind == "HEIC" else "picture"
    return "pdf" if b"%PDF-" in head else ""


def _open(descriptor: int, ocr: Ocr) -> Pages:
    match kind_of(descriptor):
        case "empty":
            raise UnreadableScan(say("the file is empty; scan or copy it again"))
        case "tiff":
            from ocrwatchd.formats.input.tiff_pages import TiffPages  # a format loads its library when it comes

            return TiffPages(descriptor, ocr)
        case "picture":
            from ocrwatchd.formats.input.images import Picture

            return Picture(descriptor, ocr)
        case "heif":
            from ocrwatchd.formats.input.heif import HeifPages

            return HeifPages(descriptor, ocr)
        case "pdf":
            from ocrwatchd.formats.input.pdf import PdfPages

            return PdfPages(descriptor, ocr)
    raise UnreadableScan(
        say("the file is none of PDF, TIFF, PNG, JPEG, HEIC, AVIF, BMP, GIF and WebP; convert it to one of them")
    )
