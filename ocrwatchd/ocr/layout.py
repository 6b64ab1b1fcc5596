"""Put the lines of a page, in whatever order an engine found them, into text in reading order.

``reading_order`` makes blocks and rows of lines. The text has a tab between cells and a blank line before a paragraph.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise, starmap
from statistics import median
from typing import TYPE_CHECKING, Literal
from unicodedata import east_asian_width

from ocrwatchd.core.model import Box, Line, Word
from ocrwatchd.ocr.comb import words_of_boxes
from ocrwatchd.ocr.direction import WIDE, columns_as_rows
from ocrwatchd.ocr.reading_order import blocks_of
from ocrwatchd.ocr.rows import box_of, height_of
from ocrwatchd.ocr.tables import cells_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.core.lattice import Lattice
    from ocrwatchd.core.model import PageText
    from ocrwatchd.ocr.rows import Row

BLANK_GAP = 0.6
"""A gap that exceeds the usual one of its block by more than this, in line heights, begins a paragraph."""
INDENT = (0.7, 4.0)
"""Least and greatest indent of the first line of a paragraph, in line heights."""
FLUSH = 0.4
"""Edges that differ by less than this, in line heights, are flush."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as an engine detected it.

    Args:
        text: not empty.
        box: on the picture, pixels.
        confidence: 0-1.
        words: with offsets into ``text``.
        place: the box on the level page, without the tilt; None if unknown.
        source: as in :class:`ocrwatchd.core.model.Line`.
        lattice: the recogniser's probabilities for the line, if the engine gives them.
    """

    text: str
    box: Box
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    place: Box | None = None
    source: str = ""
    lattice: Lattice | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Arranged:
    """Text in reading order, and its lines in that order, each with its ``offset`` in the text."""

    text: str
    lines: tuple[Line, ...]


def arrange(lines: Sequence[RawLine], layout: Literal["auto", "columns", "rows"] = "auto") -> Arranged:
    """Put lines into reading order.

    Pieces of one line are joined by a space (by nothing between Chinese or Japanese characters), cells of a row by a
    tab
    and one more for each empty cell between, rows by a newline, paragraphs by two. Columns of Chinese or Japanese are
    read as rows, from right to left.

    Args:
        lines: in any order. The result has each exactly once, whole or in pieces.
        layout: "auto" reads across the page unless the text is evidence of columns; "columns" takes every clear gutter;
            "rows" takes none.
    """
    parts: list[str] = []
    placed: list[Line] = []
    offset = 0

    def write(text: str) -> None:
        nonlocal offset
        parts.append(text)
        offset += len(text)

    for block in blocks_of(columns_as_rows(lines) or lines, layout):
        rows, table = zip(*cells_of([words_of_boxes(row) for row in block]), strict=True)
        usual = median(starmap(_gap, pairwise(rows))) if len(rows) > 1 else 0.0
        for number, cells in enumerate(table):
            if parts:
                in_table = any(len(each) > 1 for each in table[max(0, number - 1) : number + 2])
                write("\n\n" if not number or _begins_paragraph(rows, number, usual, in_table=in_table) else "\n")
            last = 0
            for column, cell in cells:
                write("\t" * (column - last))
                last = column
                for piece, line in enumerate(cell):
                    write(_glue(cell[piece - 1].text, line.text) if piece else "")
                    placed.append(_placed(line, offset))
                    write(line.text)
    return Arranged("".join(parts), tuple(placed))


def tells_all_places(page: PageText) -> bool:
    """Whether the engine gives the box of all text of a page."""
    placed = (line.text for line in page.lines if line.box)
    return _signs(*placed) >= _signs(page.text)


def moved(line: Line, by: int) -> Line:
    """The line and its words, shifted by this many code points in the text."""
    words = tuple(replace(word, offset=word.offset + by) for word in line.words)
    return replace(line, offset=line.offset + by, words=words)


def _signs(*texts: str) -> int:
    return sum(not sign.isspace() for text in texts for sign in text)


def _glue(before: str, after: str) -> str:
    """The joint between two pieces of a line; Chinese and Japanese have no spaces."""
    return "" if east_asian_width(before[-1]) in WIDE and east_asian_width(after[0]) in WIDE else " "


def _placed(line: RawLine, offset: int) -> Line:
    return moved(Line(line.text, 0, line.box, line.confidence, line.words, line.source, line.lattice), offset)


def _gap(above: Row, below: Row) -> float:
    """The distance between two rows, in heights of the lower row; may be negative, because boxes are roomy."""
    return (box_of(below).top - box_of(above).bottom) / min(height_of(above), height_of(below))


def _begins_paragraph(block: Sequence[Row], number: int, usual: float, *, in_table: bool) -> bool:
    before, row = block[number - 1], block[number]
    if _gap(before, row) > usual + BLANK_GAP:
        return True
    if in_table or number + 1 == len(block):
        return False
    size, after = height_of(row), box_of(block[number + 1])
    box, above = box_of(row), box_of(before)
    stands_in = INDENT[0] * size < box.left - after.left < INDENT[1] * size
    centred = abs((box.left - after.left) - (after.right - box.right)) < FLUSH * size
    return stands_in and not centred and abs(above.left - after.left) < FLUSH * size
