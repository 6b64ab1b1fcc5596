"""Scanned pictures as pages of a PDF, dot for dot.

What a PDF can hold as it is passes through: JPEG files, JPEG and CCITT group 4 in a TIFF of one strip a page, the data
of plain PNG files. Everything else is packed without loss: one bit a dot by CCITT group 4, the rest by Flate.

img2pdf does the same and was not taken: it holds all pictures of a document in memory, 723 MiB for 100 pages of a TIFF.
Its pages are the file's frames, previews and masks among them, and not those that were recognised.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from ocrwatchd.core.config.profile import ARCHIVAL, Ocr
from ocrwatchd.core.errors import UnreadablePage
from ocrwatchd.core.faults import is_machines
from ocrwatchd.core.model import Document, FinishedPage
from ocrwatchd.formats.input.common import Pages
from ocrwatchd.formats.input.images import resolution
from ocrwatchd.formats.input.openings import Openings
from ocrwatchd.formats.input.reading_size import fits_in_memory, most_pixels_opened
from ocrwatchd.formats.output.pdf.image_objects import write_image
from ocrwatchd.formats.output.pdf.sources import PdfSources
from ocrwatchd.formats.output.pdf.stream_writer import Scratch

POINTS_AN_INCH = 72
SHEET_IN = (8.27, 11.69)
"""A page without a known resolution is scaled to fit A4."""
LONGEST_SIDE_PT = 14_400.0
"""Longest side of a page that PDF readers accept."""
UPRIGHT = {
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
"""By EXIF's orientation: how a picture, drawn into the unit square, is turned upright there."""

_ORIENTATION = 0x0112
_ON_THEIR_SIDE = {5, 6, 7, 8}
_FORMATS = ("TIFF", "PNG", "JPEG", "BMP", "GIF", "WEBP")


def draw(
    pages: Iterable[FinishedPage], document: Document, sources: PdfSources, scratch: Scratch
) -> Iterator[FinishedPage]:
    """Write the picture of each page as the pages go by.

    A picture that no PDF can hold as it is, and Pillow cannot open (HEIC, a mended file), is packed as it was read; so
    is one that is too large to be decoded whole. One that could not be read leaves an empty page, which says so in
    print.

    Args:
        pages: of the document, in order; they are passed on.
        document: says where each page lies, and how large pictures may be.
        sources: the pages that these hold are not drawn.
        scratch: gets the pages.

    Raises:
        UnreadableScan: as ``open_pages``.
        FormatUnusable: as :meth:`PdfSources.holds`.
    """
    ocr, archival = document.work.ocr, document.work.output.pdf == ARCHIVAL
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = most_pixels_opened(ocr)
    try:
        with Openings(ocr) as openings:
            for finished in pages:
                leaf = document.leaf(finished.page.number)
                if not sources.holds(leaf, needed=not finished.page.error):
                    drawing = _Drawing(scratch, ocr, archival=archival)
                    if finished.page.error or not drawing.page(openings.of(leaf.file), leaf.number):
                        drawing.note(finished.page.number)
                yield finished
    finally:
        Image.MAX_IMAGE_PIXELS = before


class _Drawing(NamedTuple):
    """Where a page is drawn, and how."""

    scratch: Scratch
    ocr: Ocr
    archival: bool

    def page(self, pictures: Pages, number: int) -> bool:
        """Draw a page's picture as it lies in the file, or else as it was read; False where it is damaged."""
        for file in pictures.files(number):
            try:
                with Image.open(file, formats=_FORMATS) as image:
                    if self._may_hold(image):
                        return self._add(image, file)
            except Exception as error:  # the boundary to decoders: hostile data makes them raise almost anything
                if is_machines(error):
                    raise
        try:
            page = pictures.page(number)
        except UnreadablePage:
            return False
        page.image.info["dpi"] = (page.dpi, page.dpi)
        return self._add(page.image, io.BytesIO())

    def _may_hold(self, image: Image.Image) -> bool:
        """Whether a picture, opened and not loaded yet, passes through or may be decoded whole."""
        passes = image.format == "JPEG" and image.width * image.height <= most_pixels_opened(self.ocr)
        return passes or fits_in_memory(image, self.ocr)

    def note(self, number: int) -> None:
        """Add a page with a printed note, so that nobody takes the page for a blank one."""
        width, height = (side * POINTS_AN_INCH for side in SHEET_IN)
        said = f"[page {number} could not be shown]"
        if self.archival:  # a picture needs no font
            image = Image.new("1", (round(width), round(height)), 1)
            font = ImageFont.load_default(12)
            ImageDraw.Draw(image).text((width / 8, height / 2), said, fill=0, font=font)
            picture = write_image(self.scratch, image, io.BytesIO())
            content = f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Note Do Q"
            self.scratch.page(width, height, content, f"/XObject << /Note {picture} 0 R >>")
            return
        content = f"BT /Note 12 Tf {width / 8:.0f} {height / 2:.0f} Td ({said}) Tj ET"
        font_told = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
        self.scratch.page(width, height, content, f"/Font << /Note {font_told} >>")

    def _add(self, image: Image.Image, file: IO[bytes]) -> bool:
        """Add a page with a picture, in its visible size and rotation; True."""
        width, height = image.size
        across, down = resolution(image)
        orientation = image.getexif().get(_ORIENTATION, 1)
        number = write_image(self.scratch, image, file, archival=self.archival)
        if not across:
            across = down = max(min(width, height) / SHEET_IN[0], max(width, height) / SHEET_IN[1])
        width_pt, height_pt = width * POINTS_AN_INCH / across, height * POINTS_AN_INCH / down
        if orientation in _ON_THEIR_SIDE:
            width_pt, height_pt = height_pt, width_pt
        less = min(1.0, LONGEST_SIDE_PT / max(width_pt, height_pt))
        width_pt, height_pt = width_pt * less, height_pt * less
        turned = " ".join(map(str, UPRIGHT.get(orientation, (1, 0, 0, 1, 0, 0))))
        content = f"q {width_pt:.4f} 0 0 {height_pt:.4f} 0 0 cm {turned} cm /Scan Do Q"
        self.scratch.page(width_pt, height_pt, content, f"/XObject << /Scan {number} 0 R >>")
        return True
