"""What a viewer shows on top of a PDF's page: values of form fields, check boxes, notes, stamps.

PDFium puts their appearances into the page itself ("flattening"), so that their text is the page's own text, in its
place. What is no text there is told here: whether a box is ticked, and notes that have words and no appearance, which
viewers draw by themselves.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from ocrwatchd.ocr.tick_outline import EMPTY, TICKED

CHOSEN, OPEN = "\u25c9", "\u25cb"
MOST_ANNOTATIONS = 5_000
"""Most annotations of a page that are examined."""
MOST_BYTES = 1 << 16
"""Longest text of a note; a page has no room for more."""

_UNSEEN = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW
_MARKS = {
    pdfium_c.FPDF_FORMFIELD_CHECKBOX: (EMPTY, TICKED),
    pdfium_c.FPDF_FORMFIELD_RADIOBUTTON: (OPEN, CHOSEN),
}


class Shown(NamedTuple):
    """The content of an annotation that is not part of the page's text.

    Args:
        text: one line or several.
        corners: left, bottom, right, top in the page's own coordinates.
        mark: it stands for a drawing in its place, as the tick of a box.
    """

    text: str
    corners: tuple[float, float, float, float]
    mark: bool


def flatten(document: pdfium.PdfDocument, number: int) -> tuple[pdfium.PdfPage, list[Shown]]:
    """An open page with its annotations drawn into it, and the annotations that are no text.

    Raises:
        pypdfium2.PdfiumError: the page cannot be opened.
    """
    page = document[number - 1]
    if not pdfium_c.FPDFPage_GetAnnotCount(page):
        return page, []
    try:
        shown = list(_shown(page))
        pdfium_c.FPDFPage_Flatten(page, pdfium_c.FLAT_NORMALDISPLAY)
    finally:
        page.close()
    return document[number - 1], shown


def _shown(page: pdfium.PdfPage) -> Iterator[Shown]:
    for index in range(min(pdfium_c.FPDFPage_GetAnnotCount(page), MOST_ANNOTATIONS)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            place = pdfium_c.FS_RECTF()
            unseen = pdfium_c.FPDFAnnot_GetFlags(annotation) & _UNSEEN
            if unseen or not pdfium_c.FPDFAnnot_GetRect(annotation, place):
                continue
            corners = (place.left, place.bottom, place.right, place.top)
            kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
            if kind == pdfium_c.FPDF_ANNOT_WIDGET and page.formenv:
                field = pdfium_c.FPDFAnnot_GetFormFieldType(page.formenv, annotation)
                if marks := _MARKS.get(field):
                    ticked = bool(pdfium_c.FPDFAnnot_IsChecked(page.formenv, annotation))
                    yield Shown(marks[ticked], corners, mark=True)
            elif kind == pdfium_c.FPDF_ANNOT_FREETEXT and not _appears(annotation):
                yield Shown(_words(annotation), corners, mark=False)
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)


def _appears(annotation: object) -> bool:
    """Whether the annotation has an appearance. An empty one has only its two-byte end mark."""
    length: int = pdfium_c.FPDFAnnot_GetAP(annotation, pdfium_c.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0)
    return length > 2


def _words(annotation: object) -> str:
    length = pdfium_c.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0)
    if not 0 < length <= MOST_BYTES:
        return ""
    held = ctypes.create_string_buffer(length)
    letters = ctypes.cast(held, ctypes.POINTER(pdfium_c.FPDF_WCHAR))
    pdfium_c.FPDFAnnot_GetStringValue(annotation, b"Contents", letters, length)
    return held.raw.decode("utf-16-le", "replace").rstrip("\0")
