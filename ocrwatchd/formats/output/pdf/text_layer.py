"""The invisible text layer of one page: its corrected words in order, each in its own box.

The layer is a form of its own, with :data:`MARK` in its dictionary, whose matrix leads from the pixels of the
page as recognised to the page. So it can be replaced later, in a delivered PDF too, without examining the page.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import zip_longest
from typing import Final, NamedTuple

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from ocrwatchd.core.model import Box
from ocrwatchd.formats.output.pdf.font import EM, WIDTH, Fonts
from ocrwatchd.formats.output.word_boxes import PlacedLine, PlacedWord
from ocrwatchd.ocr.direction import runs_leftward

MARK: Final = Name("/OcrwatchdText")
INVISIBLE = 3
"""Text rendering mode (PDF 32000-1, table 106): neither filled nor stroked."""

GAP = 0.2
"""Between two words, of the height of their boxes; poppler takes less than 0.15 for none."""

_LAST_COMMON = "\uffff"
_COMMON, _BEYOND = "c", "b"


class Layer(NamedTuple):
    """A page's words, ready to be put on the page; packed, for long documents have many.

    Args:
        content: a content stream, compressed.
        beyond: the characters beyond U+FFFF in it, by their codes from 1.
        size: of the page as recognised, pixels: what places in the content count in, from the bottom left.
    """

    content: bytes
    beyond: str
    size: tuple[int, int]

    @classmethod
    def of(cls, lines: Iterable[PlacedLine], size: tuple[int, int], skew: float) -> Layer:
        """The words of a page that has this size in pixels, straightened by ``skew`` degrees before."""
        beyond: dict[str, int] = {}
        angle = math.radians(skew)
        content = b"\n".join(_content(lines, _Page(size[1], math.sin(angle), math.cos(angle)), beyond))
        return cls(zlib.compress(content), "".join(beyond), size)

    def form(self, pdf: Pdf, fonts: Fonts, matrix: tuple[float, ...]) -> Stream:
        """The layer as a form; the matrix leads from pixels, counted from the bottom left, to the page."""
        form = Stream(pdf, b"", Type=Name.XObject, Subtype=Name.Form, FormType=1)
        form.BBox = Array([0, 0, *self.size])
        form.Matrix = Array([Decimal(_number(value)) for value in matrix])
        form[MARK] = True
        self.fill(form, fonts)
        return form

    def fill(self, form: Object, fonts: Fonts) -> None:
        """Put the words into a form of the same page, instead of those that are in it."""
        form.write(self.content, filter=Name.FlateDecode)
        named = {f"/{_COMMON}": fonts.common}
        if self.beyond:
            named[f"/{_BEYOND}"] = fonts.beyond(self.beyond)
        form.Resources = Dictionary(Font=Dictionary(named))


class _Page(NamedTuple):
    """The height of a page, and sine and cosine of its skew."""

    height: float
    sine: float
    cosine: float


def _content(lines: Iterable[PlacedLine], page: _Page, beyond: dict[str, int]) -> Iterator[bytes]:
    yield f"BT {INVISIBLE} Tr".encode()
    for line in lines:
        for word, after in zip_longest(line.words, line.words[1:]):
            apart = _apart(word, after) if after else word
            yield _shown(apart, page, beyond, space=after is not None).encode()
    yield b"ET"


def _apart(word: PlacedWord, after: PlacedWord) -> PlacedWord:
    """Leave a gap between two words of a line whose boxes touch: readers that copy tell words by gaps alone."""
    left, top, right, bottom = word.box
    gap = GAP * (bottom - top)
    least = (right - left) / 2
    if runs_leftward(word.text):
        if after.box.left < left:
            left = min(max(left, after.box.right + gap), right - least)
    elif after.box.right > right:
        right = max(min(right, after.box.left - gap), left + least)
    return word._replace(box=Box(left, top, right, bottom))


def _shown(word: PlacedWord, page: _Page, beyond: dict[str, int], *, space: bool) -> str:
    """Show a word, as wide as its box; the space behind it is for readers that copy, and has no place of its own.

    On a page that lay askew the word stands upright around its middle: poppler takes slanted words letter by letter.
    """
    left, top, right, bottom = word.box
    size, width = bottom - top, right - left
    x = (left + right - page.cosine * width - page.sine * size) / 2
    y = page.height - (top + bottom - page.sine * width + page.cosine * size) / 2
    squeezed = 100 * width * EM / (len(word.text) * size * WIDTH)
    turned = map(_number, (page.cosine, -page.sine, page.sine, page.cosine, x, y))
    # Letters lie from left to right, as they are seen: readers that copy turn what runs to the left round.
    text = word.text[::-1] if runs_leftward(word.text) else word.text + " " * space
    runs = _runs(text, beyond)
    shown = (f"/{font} {_number(size)} Tf <{codes}> Tj" for font, codes in runs)
    return f"{_number(squeezed)} Tz {' '.join(turned)} Tm {' '.join(shown)}"


def _runs(text: str, beyond: dict[str, int]) -> Iterator[tuple[str, str]]:
    """A word's codes, with the font that each run of them is of."""
    font, codes = _COMMON, ""
    for letter in text:
        wanted = _COMMON if letter <= _LAST_COMMON else _BEYOND
        if wanted != font and codes:
            yield font, codes
            codes = ""
        font = wanted
        code = ord(letter) if font == _COMMON else beyond.setdefault(letter, len(beyond) + 1)
        # A half of a pair alone is no character.
        codes += f"{0xFFFD if 0xD800 <= code <= 0xDFFF else code:04X}"  # Unicode's surrogates
    yield font, codes


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"
