"""A page's picture for people: as it was turned and straightened for recognition, so that boxes fit, and small.

Beside it the places of single words, as sharp as the scan.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import structlog
from PIL import Image

from ocrwatchd.core import faults
from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Box, Document, PageText
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.common import Pages
from ocrwatchd.formats.output.review.crops import crops, webp_uri
from ocrwatchd.ocr.preprocess import turned

log = structlog.get_logger()

MOST_PIXELS = 1_900_000
"""Most pixels of a picture: A4 is 1160 x 1640, and its small print is readable."""
LEAST_PIXELS = 400_000
"""A4 at 530 x 750: headings can be read, and places be found."""
ALL_PIXELS = 400_000_000
"""Most pixels of all pictures of a document: about 50 MB of text, which a browser has to hold."""
LONGEST_SIDE_PX = 16_000
"""The limit of WebP is 16,383."""
PDF_DPI = 150
"""A page of a PDF without places to show is drawn again with no more than this."""
MOST_CROPS = 100
"""Most crops of a page."""
ALL_CROPS = 5000
"""Most crops of a document."""
QUALITY = 55
EFFORT = 2
"""Effort of WebP, 0 to 6. Effort 4 takes twice as long for 3 % less."""


class Pictured(NamedTuple):
    """The pictures of a page.

    Args:
        whole: the page as a data URI; "" where it is not shown.
        places: of the page, in the order in which they were asked for, as data URIs; "" where one is not shown.
    """

    whole: str
    places: tuple[str, ...]


class Pictures:
    """The pictures of a document's pages, read again from the scan, one at a time; a context manager.

    A scan that cannot be opened again gives none: the text is what counts.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._pixels = max(LEAST_PIXELS, min(MOST_PIXELS, ALL_PIXELS // max(1, document.pages)))
        self._left = ALL_PIXELS // self._pixels
        self._crops_left = ALL_CROPS
        self._opened: dict[bool, Pages | None] = {}
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def of(self, page: PageText, boxes: Sequence[Box | None] = ()) -> Pictured:
        """Pictures of a page and of places on it; none for an unreadable page, or beyond the limits of a document.

        Raises:
            OSError: the disk cannot be read; not the scan's fault.
        """
        known = max(0, min(MOST_CROPS, self._crops_left))
        wanted = [*boxes[:known], *[None] * (len(boxes) - known)]
        nothing = Pictured("", ("",) * len(boxes))
        # What stopped the engine while the page was read would stop it again.
        if page.error or not page.width or self._left < 1:
            return nothing
        pages = self._pages(sharp=any(wanted))
        if pages is None:
            return nothing
        try:
            image = pages.page(page.number).image
            small = _shown(image, page, self._pixels)
            places = crops(image, page, wanted) if any(wanted) else [""] * len(boxes)
        except Exception as error:  # the boundary to decoders, which have read this scan before
            if faults.is_machines(error):
                raise
            log.warning("review.no_picture", job=self._document.job, page=page.number, at=faults.place(error))
            return nothing
        self._left -= 1
        self._crops_left -= sum(map(bool, places))
        return Pictured(webp_uri(small, quality=QUALITY, method=EFFORT), tuple(places))

    def _pages(self, *, sharp: bool) -> Pages | None:
        """The scan, opened; places are cut from pages as sharp as they were read."""
        ocr = self._document.work.ocr
        if sharp not in self._opened:
            self._opened[sharp] = self._open(ocr if sharp else ocr.model_copy(update={"dpi": min(ocr.dpi, PDF_DPI)}))
        return self._opened[sharp]

    def _open(self, ocr: Ocr) -> Pages | None:
        try:
            return self._closing.enter_context(open_pages(self._document.scan, ocr))
        except Exception as error:  # the boundary to decoders, as above
            if faults.is_machines(error):
                raise
            log.warning("review.no_pictures", job=self._document.job, at=faults.place(error))
            return None


def _shown(image: Image.Image, page: PageText, most_pixels: int) -> Image.Image:
    # Made small first: turning then costs little, and the angles are the same.
    factor = min(
        1.0, math.sqrt(most_pixels / (image.width * image.height)), LONGEST_SIDE_PX / max(image.width, image.height)
    )
    if factor < 1:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return turned(image, page.rotation, page.skew)
