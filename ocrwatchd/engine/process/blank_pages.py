"""Find the blank pages of a scan."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import faults
from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.formats.input.common import OWN_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from ocrwatchd.core.model import Line, Page, PageText
    from ocrwatchd.formats.input.common import Pages

log = structlog.get_logger()


def is_blank_page(pages: Pages, read: PageText, reader: Callable[[Page], PageText]) -> bool:
    """Whether a page has no content; ``read`` is what was read on it. False where that is not clear.

    ``reader`` reads a piece of the page, where a page number may stand.

    Raises:
        UnreadableScan: the scan as a whole cannot be read.
        OSError: the disk cannot be read.
    """
    if read.error or read.engine == OWN_TEXT:
        return False
    from ocrwatchd.ocr.blank import is_blank  # only for scans whose blank pages are left out

    try:
        page = pages.page(read.number)

        def lines(piece: Image.Image) -> tuple[Line, ...]:
            # Never a piece of a page that was cut for want of a licence.
            return () if read.evaluation else reader(replace(page, image=piece, dpi=0.0)).lines

        # Its resolution, not the file's: a large page is read smaller.
        read = replace(read, dpi=page.dpi)
        return is_blank(page.image, read, partial(_other_side, pages, read.number), lines)
    except UnreadablePage:
        return False
    except UnreadableScan:
        raise
    except Exception as error:  # whatever a picture makes the libraries raise: the page is kept
        if faults.is_machines(error):
            raise
        log.warning("blank.failed", page=read.number, at=faults.place(error))
        return False


def _other_side(pages: Pages, number: int) -> Image.Image | None:
    """The other side of the sheet of paper, if it was scanned on both: odd pages are fronts."""
    other = number + 1 if number % 2 else number - 1
    try:
        return pages.page(other).image if 1 <= other <= pages.count else None
    except UnreadablePage:
        return None
