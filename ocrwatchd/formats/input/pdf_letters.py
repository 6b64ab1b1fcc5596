"""The characters of a PDF's page as PDFium tells them, in the order in which the page has them."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from ocrwatchd.formats.input.pdf_visible import address

MOST_CHARACTERS = 100_000
"""No page for human readers has more characters."""
SPACED = 1.7
"""A word of a spaced-out line ends at a gap that is this many times as wide as the usual gap."""
SPACED_OUT = 0.8
"""Least share of the letters of a spaced-out line that are followed by a space."""
FEWEST_SPACED = 4
"""A shorter line does not count as spaced out."""
WIDEST_SPACED = 0.6
"""Letters with a wider usual gap, in letter heights, are cells of a table."""
_FIRST_HALVES, _SECOND_HALVES = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
"""A character beyond U+FFFF comes in two."""
_DIVIDED = {0x02, 0xFFFE, 0xAD}
"""How PDFium tells a hyphen at a line's end; it joins the two lines."""
_LIGATURES = frozenset(map(chr, range(0xFB00, 0xFB07)))
ENDS = frozenset("\r\n")


class Letter(NamedTuple):
    """A character; white space, and what PDFium puts in between, has no owner and no place.

    Args:
        owner: the address of its text object, or 0.
        corners: left, bottom, right, top in the page's own coordinates.
        last: a word is divided here, and the line ends.
        guessed: PDFium has put it in.
    """

    text: str
    owner: int = 0
    corners: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    last: bool = False
    guessed: bool = False

    @property
    def height(self) -> float:
        """The height in points; on a turned page, the width."""
        return max(self.corners[2] - self.corners[0], self.corners[3] - self.corners[1])

    def gap(self, after: Letter) -> float:
        """How far another letter is away, across or along the page, points."""
        left, bottom, right, top = self.corners
        across = max(after.corners[0] - right, left - after.corners[2])
        return max(across, after.corners[1] - top, bottom - after.corners[3])


def letters_of(page: pdfium.PdfPage) -> list[Letter]:
    """The letters in the order of the page; an empty list if there are too many."""
    written = page.get_textpage()
    try:
        count = written.count_chars()
        return _joined(list(_each_letter(written, count))) if count <= MOST_CHARACTERS else []
    finally:
        written.close()


def _each_letter(written: pdfium.PdfTextPage, count: int) -> Iterator[Letter]:
    half = 0
    place = pdfium_c.FS_RECTF()
    for index in range(count):
        code = pdfium_c.FPDFText_GetUnicode(written, index)
        first, half = half, code if code in _FIRST_HALVES else 0
        if half:
            continue
        if first and code in _SECOND_HALVES:
            code += ((first - _FIRST_HALVES[0]) << 10) + 0x10000 - _SECOND_HALVES[0]
        text = "-" if code in _DIVIDED else chr(code) if code <= sys.maxunicode else "\ufffd"
        text = unicodedata.normalize("NFKC", text) if text in _LIGATURES else text
        owner = 0 if text.isspace() else address(pdfium_c.FPDFText_GetTextObject(written, index))
        if owner and pdfium_c.FPDFText_GetLooseCharBox(written, index, place):
            corners = (place.left, place.bottom, place.right, place.top)
            yield Letter(text, owner, corners, last=code in _DIVIDED)
        else:
            guessed = pdfium_c.FPDFText_IsGenerated(written, index) == 1
            yield Letter(text, last=code in _DIVIDED, guessed=guessed)


def _joined(letters: Sequence[Letter]) -> list[Letter]:
    """The letters without the spaces that PDFium guesses between those of spaced-out words."""
    dropped: set[int] = set()
    start = 0
    for end, letter in enumerate((*letters, Letter("\n"))):
        if letter.text in ENDS:
            dropped |= _spacing(letters, start, end)
            start = end + 1
    return [letter for n, letter in enumerate(letters) if n not in dropped]


def _spacing(letters: Sequence[Letter], start: int, end: int) -> set[int]:
    """Which of a line's letters are spaces that only space it out."""
    count = sum(bool(letter.owner) for letter in letters[start:end])
    guessed = [n for n in range(start + 1, end - 1) if letters[n].guessed and letters[n - 1].owner]
    if count < FEWEST_SPACED or len(guessed) < SPACED_OUT * (count - 1):
        return set()
    gaps = [letters[n - 1].gap(letters[n + 1]) for n in guessed]
    usual = median(gaps)
    if usual > WIDEST_SPACED * letters[start].height:
        return set()
    return {n for n, gap in zip(guessed, gaps, strict=True) if gap < SPACED * usual}
