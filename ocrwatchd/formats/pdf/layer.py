"""The text layer of one page: its corrected words, each on its own box, in the text's order, not to be seen.

The layer is a form of its own, named :data:`NAME` in the page's resources, whose matrix leads from the pixels of the
page as recognised to the page. So it can be written anew, in a delivered PDF too, without a look at the page.
"""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from pikepdf import Array, Dictionary, Name, Stream

from ocrwatchd.formats.pdf.font import EM, WIDTH
from ocrwatchd.formats.placed import leftward

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pikepdf import Object, Pdf

    from ocrwatchd.formats.pdf.font import Fonts
    from ocrwatchd.formats.placed import PlacedLine, PlacedWord

NAME: Final = Name("/OcrwatchdText")
INVISIBLE = 3
"""Text rendering mode (PDF 32000-1, table 106): neither filled nor stroked."""

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
    def of(cls, lines: Iterable[PlacedLine], size: tuple[int, int]) -> Layer:
        """The words of a page."""
        beyond: dict[str, int] = {}
        content = b"\n".join(_content(lines, size[1], beyond))
        return cls(zlib.compress(content), "".join(beyond), size)

    def form(self, pdf: Pdf, fonts: Fonts, matrix: tuple[float, ...]) -> Stream:
        """The layer as a form.

        Args:
            pdf: which it is for.
            fonts: of that PDF.
            matrix: from pixels, counted from the bottom left, to the page.
        """
        form = Stream(pdf, b"", Type=Name.XObject, Subtype=Name.Form, FormType=1)
        form.BBox = Array([0, 0, *self.size])
        form.Matrix = Array([Decimal(_number(value)) for value in matrix])
        self.fill(form, fonts)
        return form

    def fill(self, form: Object, fonts: Fonts) -> None:
        """Put the words into a form of the same page, instead of those that are in it."""
        form.write(self.content, filter=Name.FlateDecode)
        named = {f"/{_COMMON}": fonts.common}
        if self.beyond:
            named[f"/{_BEYOND}"] = fonts.beyond(self.beyond)
        form.Resources = Dictionary(Font=Dictionary(named))


def _content(lines: Iterable[PlacedLine], height: float, beyond: dict[str, int]) -> Iterator[bytes]:
    yield f"BT {INVISIBLE} Tr".encode()
    for line in lines:
        last = len(line.words) - 1
        for index, word in enumerate(line.words):
            yield _shown(word, height, beyond, space=index < last).encode()
    yield b"ET"


def _shown(word: PlacedWord, height: float, beyond: dict[str, int], *, space: bool) -> str:
    """Show a word, as wide as its box; the space behind it is for readers that copy, and has no place of its own."""
    left, top, right, bottom = word.box
    size = bottom - top
    natural = len(word.text) * size * WIDTH / EM
    towards, start = (-1, right) if leftward(word.text) else (1, left)
    place = (
        f"{_number(100 * (right - left) / natural)} Tz {towards} 0 0 1 {_number(start)} {_number(height - bottom)} Tm"
    )
    runs = _runs(word.text + " " * space, beyond)
    return " ".join((place, *(f"/{font} {_number(size)} Tf <{codes}> Tj" for font, codes in runs)))


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
        codes += f"{0xFFFD if 0xD800 <= code <= 0xDFFF else code:04X}"  # noqa: PLR2004 - Unicode's surrogates
    yield font, codes


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"
