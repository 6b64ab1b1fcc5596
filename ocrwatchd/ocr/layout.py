"""Turn an engine's lines, in whatever order it found them, into text in reading order.

Pure geometry: lines become rows, rows become blocks (a column, a table, a headline), blocks are ordered, and the text
is written out with a blank line where a paragraph begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Literal
from unicodedata import east_asian_width

from ocrwatchd.core.model import Box, Line, Word
from ocrwatchd.ocr.blocks import blocks_of, gap, margins_of, usual_gap
from ocrwatchd.ocr.reading_order import reading_order
from ocrwatchd.ocr.rows import Row, around, rows_of, tables_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.core.model import PageText
    from ocrwatchd.ocr.blocks import Block
    from ocrwatchd.ocr.lattice import Lattice

BLANK_GAP = 0.6
"""A gap wider than the block's usual one by this, in line heights, begins a paragraph."""
INDENT = (0.7, 4.0)
"""How far a paragraph's first line stands in, least and most, in line heights."""
FLUSH = 0.4
"""Edges closer than this, in line heights, are flush."""
SLACK = 0.25
"""Boxes that overlap by less than this on either side, in line heights, stand apart: detectors leave some room."""
WIDE = frozenset("WF")
"""Widths, by Unicode's Standard Annex 11, of signs that take no space between them."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line as an engine detected it.

    Args:
        text: not empty.
        box: upright rectangle, pixels.
        confidence: 0-1.
        words: with offsets into ``text``.
        place: where the line would lie if the page were not tilted; ``box`` where that is not known.
        source: as of :class:`ocrwatchd.core.model.Line`.
        lattice: what the recogniser saw of the line, where the engine tells it.
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
    """Text in reading order, and the lines in that order, each with its ``offset`` in the text."""

    text: str
    lines: tuple[Line, ...]


def arrange(lines: Sequence[RawLine], layout: Literal["auto", "columns", "rows"] = "auto") -> Arranged:
    """Put lines into reading order.

    Pieces of one line are joined by a space (none between Chinese or Japanese signs), cells of one row by a tab, rows
    by a newline, paragraphs by two.

    Args:
        lines: in any order; each occurs exactly once in the result.
        layout: "columns" reads column by column; "rows" reads straight across the page; "auto" reads columns, but runs
            of rows that are clearly a table straight across.
    """
    places = [line.place or line.box for line in lines]
    rows = rows_of(places)
    if layout == "rows":
        return _written(lines, [tuple(rows)] if rows else [])
    usual = usual_gap(_pieces(rows, places))
    head, foot = margins_of(rows, usual)
    inner = rows[head : len(rows) - foot]
    tables = tables_of(inner, [line.text for line in lines], places) if layout == "auto" else []
    tabular = {row for table in tables for row in table}
    chains = blocks_of(_pieces([row for row in inner if row not in tabular], places))
    columns = [part for chain in chains for part in _parted(chain, tables)]
    ordered = _ordered([*columns, *tables])
    return _written(lines, [*((row,) for row in rows[:head]), *ordered, *((row,) for row in rows[len(rows) - foot :])])


def _pieces(rows: Sequence[Row], places: Sequence[Box]) -> list[Row]:
    pieces = [Row((cell,), around(places[i] for i in cell)) for row in rows for cell in row.cells]
    return sorted(pieces, key=lambda piece: piece.box.top)


def _parted(block: Block, tables: Sequence[Block]) -> list[Block]:
    """Lines above a table and lines below it are not one block, however near they are."""
    tops = [table[0].box.top for table in tables]
    cuts = [
        n for n, (above, below) in enumerate(pairwise(block), 1) if any(above.box.top < y < below.box.top for y in tops)
    ]
    return [block[start:end] for start, end in pairwise((0, *cuts, len(block)))]


def _ordered(blocks: Sequence[Block]) -> list[Block]:
    boxes = []
    for block in blocks:
        box, slack = around(row.box for row in block), SLACK * min(row.height for row in block)
        wide, tall = min(slack, (box.right - box.left) / 4), min(slack, (box.bottom - box.top) / 4)
        boxes.append(Box(box.left + wide, box.top + tall, box.right - wide, box.bottom - tall))
    return [blocks[index] for index in reading_order(boxes)]


def _written(lines: Sequence[RawLine], blocks: Sequence[Block]) -> Arranged:
    parts: list[str] = []
    placed: list[Line] = []
    offset = 0

    def write(text: str) -> None:
        nonlocal offset
        parts.append(text)
        offset += len(text)

    for block in blocks:
        usual = _usual(block)
        for number, row in enumerate(block):
            if parts:
                write("\n\n" if not number or _begins_paragraph(block, number, usual) else "\n")
            for place, cell in enumerate(row.cells):
                for piece, index in enumerate(cell):
                    write(_glue(lines[cell[piece - 1]].text, lines[index].text) if piece else "\t" if place else "")
                    placed.append(_placed(lines[index], offset))
                    write(lines[index].text)
    return Arranged("".join(parts), tuple(placed))


def tells_all_places(page: PageText) -> bool:
    """Whether the engine tells where all text of a page lies."""
    placed = (line.text for line in page.lines if line.box)
    return _signs(*placed) >= _signs(page.text)


def moved(line: Line, by: int) -> Line:
    """The line with its words, so many code points further on in a text."""
    words = tuple(replace(word, offset=word.offset + by) for word in line.words)
    return replace(line, offset=line.offset + by, words=words)


def _signs(*texts: str) -> int:
    return sum(not sign.isspace() for text in texts for sign in text)


def _glue(before: str, after: str) -> str:
    """Between pieces of one line; Chinese and Japanese are written without spaces."""
    return "" if east_asian_width(before[-1]) in WIDE and east_asian_width(after[0]) in WIDE else " "


def _placed(line: RawLine, offset: int) -> Line:
    words = tuple(replace(word, offset=word.offset + offset) for word in line.words)
    return Line(line.text, offset, line.box, line.confidence, words, line.source)


def _usual(block: Block) -> float:
    return median(gap(above, below) for above, below in pairwise(block)) if len(block) > 1 else 0.0


def _begins_paragraph(block: Block, number: int, usual: float) -> bool:
    before, row = block[number - 1], block[number]
    if gap(before, row) > usual + BLANK_GAP:
        return True
    if len(row.cells) > 1 or number + 1 == len(block) or len(block[number + 1].cells) > 1:
        return False
    after, size = block[number + 1], row.height
    stands_in = INDENT[0] * size < row.box.left - after.box.left < INDENT[1] * size
    centred = abs((row.box.left - after.box.left) - (after.box.right - row.box.right)) < FLUSH * size
    return stands_in and not centred and abs(before.box.left - after.box.left) < FLUSH * size
