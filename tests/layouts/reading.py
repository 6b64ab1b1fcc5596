"""Pages printed and read, in one of two ways."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from ocrwatchd.ocr.layout import arrange
from tests.layouts.boxes import letters_of, lines_of
from tests.layouts.checking import faults, folded
from tests.layouts.kinds import sheet
from tests.layouts.printing import AT_ONCE, printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pypdfium2

    from ocrwatchd.ocr.layout import RawLine
    from tests.layouts.model import Sheet, Truth


@dataclass(frozen=True, slots=True)
class Outcome:
    """One page and what became of it.

    Args:
        name: kind and number.
        truth: in what order the text stands.
        text: as we put it in order.
        faults: what is out of order; empty if nothing is.
        page: the printed page.
    """

    name: str
    truth: Truth
    text: str
    faults: list[str]
    page: pypdfium2.PdfPage

    @property
    def seed(self) -> int:
        """Of all that is left to chance when the page is read."""
        return crc32(self.name.encode())

    @property
    def kind(self) -> str:
        """As of :data:`tests.layouts.kinds.KINDS`."""
        return self.name.rpartition(" ")[0]


def ordered(lines: Sequence[RawLine]) -> str:
    """The text of a page's lines, as the engine RapidOCR puts them in order."""
    return arrange(lines, "auto").text


def from_boxes(page: pypdfium2.PdfPage, seed: int) -> str:
    """The text of a page whose letters are all known."""
    return ordered(lines_of(page, seed))


def outcomes(
    pages: Sequence[tuple[str, int]],
    read: Callable[[pypdfium2.PdfPage, int], str] = from_boxes,
    chromium: str = "chromium",
) -> Iterator[Outcome]:
    """Print pages and read them.

    Args:
        pages: kinds and numbers.
        read: takes a printed page and a seed, and gives the page's text.
        chromium: the program.

    Raises:
        ValueError: a page lacks letters that its truth has, or has others: the kind is wrong.
    """
    for start in range(0, len(pages), AT_ONCE):
        some = pages[start : start + AT_ONCE]
        sheets = [sheet(*each) for each in some]
        with printed(sheets, chromium) as pdf:
            for (kind, number), made, page in zip(some, sheets, pdf, strict=True):
                name = f"{kind} {number}"
                _check(name, made, page)
                text = read(page, crc32(name.encode()))
                told = faults(text, made.truth, recognised=read is not from_boxes)
                yield Outcome(name, made.truth, text, told, page)


def _check(name: str, made: Sheet, page: pypdfium2.PdfPage) -> None:
    printed_, wanted = Counter(folded(letters_of(page))), Counter(folded(made.truth.text))
    if made.numbered:
        printed_, wanted = (Counter({a: n for a, n in each.items() if not a.isdigit()}) for each in (printed_, wanted))
    if printed_ != wanted:
        raise ValueError(f"{name}: printed but not in its truth {printed_ - wanted}, not printed {wanted - printed_}")
