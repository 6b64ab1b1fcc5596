"""The text that a PDF's page has of its own: exact where it was written by a program, and not to be guessed anew.

What a scanner has recognised is such text too, but drawn invisibly over a picture, and seldom as good as what is
recognised here: with ``ocr.pdf_text = "auto"`` it does not count.
"""

from __future__ import annotations

import ctypes
import itertools
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from ocrwatchd.core.model import Box, Line, PageText, Word
from ocrwatchd.formats.input.common import OWN_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pypdfium2 as pdfium

FEWEST_LETTERS = 100
"""Fewer may be a stamp on a page whose text is drawn as outlines."""
MOST_CHARACTERS = 100_000
"""More than this no page has that people read."""
MOST_UNKNOWN = 0.02
"""Share of characters that stand for none: a font that does not tell what its glyphs mean."""
SCAN_COVERS = 0.6
"""One picture over so much of a page makes it a scan."""

_THINGS_LOOKED_AT = 20_000
_INVISIBLE = {pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP}
_UNKNOWN = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_FIRST_HALVES, _SECOND_HALVES = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
"""A character beyond U+FFFF comes in two."""
_HYPHENS = {0x02: "-", 0xFFFE: "-", 0xAD: "-"}
"""How PDFium tells a hyphen at a line's end."""


class _Letter(NamedTuple):
    text: str
    place: int


def own_text(page: pdfium.PdfPage, number: int, dpi: float, *, trusted: bool) -> PageText | None:
    """A page's own text with its words' boxes; None where it has none that can be relied on.

    Args:
        page: open.
        number: of it, from 1.
        dpi: what boxes count in: pixels of the page drawn so.
        trusted: take whatever text there is.

    Raises:
        pypdfium2.PdfiumError: it cannot be read.
    """
    written = page.get_textpage()
    try:
        count = written.count_chars()
        if not 0 < count <= MOST_CHARACTERS:
            return None
        letters = list(_letters(written, count))
        if not _is_good("".join(letter.text for letter in letters), 1 if trusted else FEWEST_LETTERS):
            return None
        if not trusted and _is_scan(page):
            return None
        width, height = (round(side * dpi / 72) for side in page.get_size())
        lines = tuple(_lines(page, written, letters, (width, height)))
    finally:
        written.close()
    text = "\n".join(line.text for line in lines)
    return PageText(number, text, width, height, dpi, engine=OWN_TEXT, lines=lines)


def _letters(written: pdfium.PdfTextPage, count: int) -> Iterator[_Letter]:
    half = 0
    for place in range(count):
        code = pdfium_c.FPDFText_GetUnicode(written, place)
        if half and code in _SECOND_HALVES:
            yield _Letter(chr(0x10000 + ((half - _FIRST_HALVES[0]) << 10) + code - _SECOND_HALVES[0]), place)
        elif code not in _FIRST_HALVES:
            yield _Letter(_HYPHENS.get(code) or (chr(code) if code <= sys.maxunicode else "\ufffd"), place)
        half = code if code in _FIRST_HALVES else 0


def _is_good(text: str, fewest: int) -> bool:
    letters = sum(map(str.isalnum, text))
    return letters >= fewest and len(_UNKNOWN.findall(text)) <= MOST_UNKNOWN * len(text)


def _is_scan(page: pdfium.PdfPage) -> bool:
    """Whether some of its text is not to be seen, or one picture covers most of it."""
    area = page.get_width() * page.get_height()
    for thing in itertools.islice(page.get_objects(max_depth=3), _THINGS_LOOKED_AT):
        if thing.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            if pdfium_c.FPDFTextObj_GetTextRenderMode(thing) in _INVISIBLE:
                return True
        elif thing.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = thing.get_bounds()
            if (right - left) * (top - bottom) >= SCAN_COVERS * area:
                return True
    return False


def _lines(
    page: pdfium.PdfPage, written: pdfium.PdfTextPage, letters: list[_Letter], size: tuple[int, int]
) -> Iterator[Line]:
    offset = 0
    for is_break, run in itertools.groupby(letters, key=lambda letter: letter.text in {"\r", "\n"}):
        line = [] if is_break else list(run)
        text = "".join(letter.text for letter in line)
        if not text.strip():
            continue
        words = tuple(
            Word(match.group(), offset + match.start(), _box(page, written, line[match.start() : match.end()], size))
            for match in re.finditer(r"\S+", text)
        )
        yield Line(text, offset, _around([word.box for word in words if word.box]), None, words)
        offset += len(text) + 1


def _box(
    page: pdfium.PdfPage, written: pdfium.PdfTextPage, letters: list[_Letter], size: tuple[int, int]
) -> Box | None:
    corners = [written.get_charbox(letter.place, loose=True) for letter in letters]
    points = [
        _seen(page, x, y, size) for left, bottom, right, top in corners for x, y in ((left, bottom), (right, top))
    ]
    return _around([Box(x, y, x, y) for x, y in points])


def _around(boxes: list[Box]) -> Box | None:
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def _seen(page: pdfium.PdfPage, x: float, y: float, size: tuple[int, int]) -> tuple[float, float]:
    """A place on the page in pixels of what is seen, turned as the page is."""
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, across, down)
    return across.value, down.value
