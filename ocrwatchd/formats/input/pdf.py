"""Pages of a PDF, rendered one at a time by PDFium."""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import replace
from typing import BinaryIO

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
from PIL import Image
from typing_extensions import override

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import LockedScan, UnreadablePage, UnreadableScan
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import Page
from ocrwatchd.formats.input import pdf_page_tree
from ocrwatchd.formats.input.common import DELIVERED, MAX_PAGES, Length, OwnText, Pages
from ocrwatchd.formats.input.images import dpi_warnings
from ocrwatchd.formats.input.pdf_annotations import flatten
from ocrwatchd.formats.input.pdf_text import own_text
from ocrwatchd.formats.input.reading_size import most_pixels_read, too_large

POINTS_AN_INCH = 72
NOT_READ = 'what the page shows beside its own text was not read: ocr.pdf_text is "keep"'
MOST_ATTACHED = 1000
LEAST_DPI = 10
"""A page of PDF's greatest size, 200 inches a side, is drawn with more. The print on such a page is large."""

LONGEST_SIDE_PX = 30_000
_LONGEST_RECEIPT_BYTES = 200
_SCAN_COVERS = 0.5
_THINGS_LOOKED_AT = 5000
"""A page may hold millions of lines and letters, and its picture lies among the first things, or is none."""


class PdfPages(Pages):
    """An open PDF.

    Raises:
        UnreadableScan: it is damaged, protected by a password that is not in ``pdf_passwords``, or has no pages.
    """

    def __init__(self, descriptor: int, ocr: Ocr) -> None:
        super().__init__(descriptor)
        self._ocr = ocr
        self._dpi = ocr.dpi
        self._most_pixels, self._limit = most_pixels_read(ocr)
        # By way of the descriptor: the file's name may hold bytes that PDFium's interface cannot express.
        path = f"/proc/self/fd/{descriptor}"
        self._document, password = _open(path, ocr.pdf_passwords)
        self.receipt = _receipt(self._document)
        self._mended: BinaryIO | None = None
        try:
            self._found, self._missing = self._look_for_all(path, password)
            _show_forms(self._document)
            self.warnings = (*self.warnings, *_attached(self._document), *_hidden_form(self._document))
        except BaseException:
            self._close()
            raise
        if not self._found:
            self._close()
            raise UnreadableScan(say("the PDF has no pages"))
        self._length = Length(self._found + bool(self._missing), self._pixels, ocr.max_pages, self._most_pixels)
        self.count = self._length.count

    def _look_for_all(self, path: str, password: str | None) -> tuple[int, int]:
        """Count the readable pages and the missing pages. A wrong page tree is replaced by a repaired one."""
        told = len(self._document)
        tree = pdf_page_tree.tree_of(path, password or "")
        if tree is None:
            self.warnings = ("the number of pages could not be checked: pages may be missing",)
            return told, 0
        if tree.places < told and not any(map(self._can_be_opened, (tree.places + 1, told))):
            return tree.places, told - tree.places
        if tree.places > told and tree.plain and (file := pdf_page_tree.mended(path, password or "")):
            self._take(file, password)
        found = len(self._document)
        if found > told:
            self.warnings = (f"the PDF states {told} pages and has {found}: all were read",)
        return found, max(0, tree.places - found) if told <= MAX_PAGES else 0

    def _take(self, file: BinaryIO, password: str | None) -> None:
        """Read from this repaired file instead, unless it has fewer pages."""
        try:
            document = pdfium.PdfDocument(file, password=password)
        except pdfium.PdfiumError:
            file.close()
            return
        if len(document) < len(self._document):
            document.close()
            file.close()
            return
        self._document.close()
        self._document, self._mended = document, file

    def _can_be_opened(self, number: int) -> bool:
        try:
            self._document[number - 1].close()
        except pdfium.PdfiumError:
            return False
        return True

    def _check(self, number: int) -> None:
        self._length.check(number)
        if number > self._found:
            raise UnreadablePage(
                say(
                    "pages of the PDF that cannot be found: {n}, for its page tree is damaged; "
                    "save it again with the program that wrote it, or scan it again",
                    n=f"{self._missing:,}",
                )
            )

    @override
    def page(self, number: int) -> Page:
        self._check(number)
        try:
            page = self._document[number - 1]
        except pdfium.PdfiumError:
            raise UnreadablePage(say("page {page} of the PDF is damaged", page=number)) from None
        try:
            dpi, told = self._fitting_dpi(number, *page.get_size())
            picture = _render(page, dpi)
            return Page(number, picture, dpi, (*told, *_scan_warnings(page)))
        except pdfium.PdfiumError:
            raise UnreadablePage(
                say("page {page} of the PDF cannot be drawn: it is damaged or too large", page=number)
            ) from None
        finally:
            page.close()

    @override
    def own_text(self, number: int, /) -> OwnText | None:
        if self._ocr.pdf_text == "ocr":
            return None
        self._check(number)
        try:
            page, annotated = flatten(self._document, number)
        except pdfium.PdfiumError:
            return None
        try:
            dpi, told = self._fitting_dpi(number, *page.get_size())
            own = own_text(page, number, dpi, self._ocr, annotated)
            if own is None or not own.ink:
                return own
            if self._ocr.pdf_text == "keep" and own.lines:
                return replace(own, page=replace(own.page, warnings=(*own.page.warnings, NOT_READ)))
            picture = _render(page, dpi)
            for mark in own.marks:
                picture.paste("white", (round(mark.left), round(mark.top), round(mark.right), round(mark.bottom)))
            return replace(own, rest=Page(number, picture, dpi, (*told, *_scan_warnings(page))))
        except pdfium.PdfiumError:
            return None  # its picture may tell more
        finally:
            page.close()

    def _pixels(self, number: int) -> float:
        """The approximate number of pixels of the drawn page; 0 if unknown without opening the page."""
        try:
            width_pt, height_pt = self._document.get_page_size(number - 1)
        except pdfium.PdfiumError:
            return 0.0
        wanted = width_pt * height_pt * (self._dpi / POINTS_AN_INCH) ** 2
        return min(wanted, self._most_pixels) if math.isfinite(wanted) and wanted > 0 else 0.0

    def _fitting_dpi(self, number: int, width_pt: float, height_pt: float) -> tuple[float, tuple[str, ...]]:
        """The resolution at which a page stays within the limits, and a warning if that is a lower one."""
        if not (math.isfinite(width_pt) and math.isfinite(height_pt) and width_pt > 0 and height_pt > 0):
            raise UnreadablePage(say("page {page} of the PDF has no size", page=number))
        by_area = POINTS_AN_INCH * math.sqrt(self._most_pixels / (width_pt * height_pt))
        by_side = POINTS_AN_INCH * LONGEST_SIDE_PX / max(width_pt, height_pt)
        fitting = min(by_area, by_side)
        if fitting >= self._dpi:
            return float(self._dpi), ()
        if fitting < LEAST_DPI:
            scale = self._dpi / POINTS_AN_INCH
            raise too_large(number, width_pt * scale, height_pt * scale, self._ocr)
        # PDFium rounds both sides up, by less than a pixel each.
        lowered = math.floor(fitting * 0.999)
        return float(lowered), (f"drawn at {lowered} instead of {self._dpi} dpi to stay within {self._limit}",)

    @override
    def __exit__(self, *exception: object) -> None:
        self._close()
        super().__exit__(*exception)

    def _close(self) -> None:
        self._document.close()
        if self._mended:
            self._mended.close()


def _open(path: str, passwords: tuple[str, ...]) -> tuple[pdfium.PdfDocument, str | None]:
    for password in (None, *passwords):
        try:
            return pdfium.PdfDocument(path, password=password), password
        except pdfium.PdfiumError as error:
            if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
                continue
            if error.err_code == pdfium_c.FPDF_ERR_SECURITY:
                raise LockedScan(say("the PDF is protected in a way that cannot be opened; save it again")) from None
            raise UnreadableScan(say("the PDF is damaged or broke off; scan or copy it again")) from None
    if not passwords:
        raise LockedScan(say("the PDF is protected by a password: put it in ocr.pdf_passwords, or save it without one"))
    raise LockedScan(
        say(
            "the PDF is protected by a password: none of those in ocr.pdf_passwords opens it; "
            "add the right one, or save it without one"
        )
    )


def _receipt(document: pdfium.PdfDocument) -> str:
    """The id of the receipt with which ocrwatchd delivered this file; "" for files of other programs."""
    length = pdfium_c.FPDF_GetMetaText(document, DELIVERED.encode(), None, 0)
    return str(document.get_metadata_value(DELIVERED)) if length <= _LONGEST_RECEIPT_BYTES else ""


def _attached(document: pdfium.PdfDocument) -> tuple[str, ...]:
    """Warn about attached files, which are not read. The XML of an electronic invoice only repeats its pages."""
    try:
        names = [document.get_attachment(n).get_name() for n in range(min(document.count_attachments(), MOST_ATTACHED))]
    except pdfium.PdfiumError:
        return ()
    count = sum(not name.casefold().endswith(".xml") for name in names)
    if not count:
        return ()
    files = "1 attached file was" if count == 1 else f"{count} attached files were"
    return (f"{files} not read: save the attachments and put them into the inbox",)


def _hidden_form(document: pdfium.PdfDocument) -> tuple[str, ...]:
    """Warn about a form that only Adobe's programs draw. Others show a placeholder or an old state."""
    if document.get_formtype() != pdfium_c.FORMTYPE_XFA_FULL:
        return ()
    return ("the PDF contains an XFA form, which was not read: print the form to a PDF with Adobe's program",)


def _show_forms(document: pdfium.PdfDocument) -> None:
    """Draw the filled-in form fields too. A damaged form is not drawn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            document.init_forms()
        except pdfium.PdfiumError:
            return


def _render(page: pdfium.PdfPage, dpi: float) -> Image.Image:
    bitmap = page.render(scale=dpi / POINTS_AN_INCH, rev_byteorder=True, limit_image_cache=True)
    try:
        picture: Image.Image = bitmap.to_pil()
        # to_pil may share the bitmap's memory, which goes with the bitmap.
        return picture.convert("RGB") if picture.mode not in {"L", "RGB"} else picture.copy()
    finally:
        bitmap.close()


def _scan_warnings(page: pdfium.PdfPage) -> tuple[str, ...]:
    """Warn about a page that is one scanned picture of too low a resolution."""
    area = page.get_width() * page.get_height()
    try:
        for thing in itertools.islice(page.get_objects(max_depth=3), _THINGS_LOOKED_AT):
            if thing.type != pdfium_c.FPDF_PAGEOBJ_IMAGE:
                continue
            left, bottom, right, top = thing.get_bounds()
            if (right - left) * (top - bottom) >= _SCAN_COVERS * area:
                width, height = thing.get_px_size()
                across, down = width * POINTS_AN_INCH / (right - left), height * POINTS_AN_INCH / (top - bottom)
                return dpi_warnings(max(across, down), max(across, down)) if across and down else ()
    except pdfium.PdfiumError:
        pass
    return ()
