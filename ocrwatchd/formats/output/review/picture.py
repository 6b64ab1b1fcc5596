"""A page's picture for people: as it was turned and straightened for recognition, so that boxes fit, and small."""

from __future__ import annotations

import base64
import contextlib
import io
import math
from typing import TYPE_CHECKING, Self

import structlog
from PIL import Image

from ocrwatchd.core import faults
from ocrwatchd.formats.input import open_pages
from ocrwatchd.ocr.preprocess import turned

if TYPE_CHECKING:
    from ocrwatchd.core.model import Document, PageText
    from ocrwatchd.formats.input.common import Pages

log = structlog.get_logger()

MOST_PIXELS = 1_900_000
"""Of a picture: A4 is 1160 x 1640 then, and its small print can be read."""
LEAST_PIXELS = 400_000
"""A4 at 530 x 750: headings can be read, and places be found."""
ALL_PIXELS = 400_000_000
"""Of a document's pictures together, which make about 50 MB of text; a browser has to hold them."""
LONGEST_SIDE_PX = 16_000
"""WebP ends at 16,383."""
PDF_DPI = 150
"""A PDF is drawn again with no more than this."""
QUALITY = 55
EFFORT = 2
"""Of WebP's 0 to 6; 4 takes twice as long for 3 % less."""


class Pictures:
    """The pictures of a document's pages, read again from the scan, one at a time; a context manager.

    A scan that cannot be opened again gives none: the text is what counts.

    Args:
        document: ``scan`` and ``work`` count.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._pixels = max(LEAST_PIXELS, min(MOST_PIXELS, ALL_PIXELS // max(1, document.pages)))
        self._left = ALL_PIXELS // self._pixels
        self._pages: Pages | None = None
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        ocr = self._document.work.ocr
        smaller = ocr.model_copy(update={"dpi": min(ocr.dpi, PDF_DPI)})
        try:
            self._pages = self._closing.enter_context(open_pages(self._document.scan, smaller))
        except Exception as error:  # the boundary to decoders, which have read this scan before
            if faults.is_machines(error):
                raise
            log.warning("review.no_pictures", job=self._document.job, at=faults.place(error))
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def of(self, page: PageText) -> str:
        """A page's picture as a data URI; "" for a page that could not be read, and once the room is used up.

        Raises:
            OSError: the disk cannot be read; not the scan's fault.
        """
        # What stopped the engine while it was read would stop it again.
        if self._pages is None or page.error or not page.width or self._left < 1:
            return ""
        try:
            image = self._pages.page(page.number).image
            small = _shown(image, page, self._pixels)
        except Exception as error:  # the boundary to decoders, as above
            if faults.is_machines(error):
                raise
            log.warning("review.no_picture", job=self._document.job, page=page.number, at=faults.place(error))
            return ""
        self._left -= 1
        written = io.BytesIO()
        small.save(written, "WEBP", quality=QUALITY, method=EFFORT)
        return "data:image/webp;base64," + base64.b64encode(written.getbuffer()).decode("ascii")


def _shown(image: Image.Image, page: PageText, most_pixels: int) -> Image.Image:
    # Made small first: turning then costs little, and the angles are the same.
    factor = min(
        1.0, math.sqrt(most_pixels / (image.width * image.height)), LONGEST_SIDE_PX / max(image.width, image.height)
    )
    if factor < 1:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return turned(image, page.rotation, page.skew)
