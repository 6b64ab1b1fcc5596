"""A page's picture for people: as it was turned and straightened for recognition, so that boxes fit, and small.

Beside it the places of single words, as sharp as the scan.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import structlog
from PIL import Image

from ocrwatchd.core import faults
from ocrwatchd.core.model import Box, Document, PageText
from ocrwatchd.formats.input.common import Pages
from ocrwatchd.formats.input.openings import Openings
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
        ocr = document.work.ocr
        self._closing = contextlib.ExitStack()
        self._openings = {
            sharp: self._closing.enter_context(Openings(ocr.model_copy(update={"dpi": dpi})))
            for sharp, dpi in ((True, ocr.dpi), (False, min(ocr.dpi, PDF_DPI)))
        }
        self._lost: set[tuple[bool, Path]] = set()

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
        # Places are cut from pages as sharp as they were read.
        leaf = self._document.leaf(page.number)
        pages = self._open(leaf.file, sharp=any(wanted))
        if pages is None:
            return nothing
        try:
            image = pages.page(leaf.number).image
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

    def _open(self, file: Path, *, sharp: bool) -> Pages | None:
        if (sharp, file) in self._lost:
            return None
        try:
            return self._openings[sharp].of(file)
        except Exception as error:  # the boundary to decoders, as above
            if faults.is_machines(error):
                raise
            log.warning("review.no_pictures", job=self._document.job, at=faults.place(error))
            self._lost.add((sharp, file))
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
