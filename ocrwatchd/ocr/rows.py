"""From lines on a page to rows of cells, and the runs of rows that are clearly a table."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

JOIN_GAP = 0.5
"""Pieces of a row closer than this, in line heights, are one cell; gutters and gaps between cells are wider."""
TABLE_ROWS = 3
"""Rows in a run that make it a table."""
TABLE_FILL = 0.7
"""Cells of a table cover at most this part of their row's width; columns of prose cover more."""
LABELLED_ROWS = 2
"""Rows in a run that make it a form, where each begins with a label ("Name:")."""
IN_LINE = 0.8
"""Amounts one under the other end, or begin, within this of each other, in line heights."""
CELL_CHARACTERS = 30
"""A table's typical cell is no longer."""


@dataclass(frozen=True, slots=True)
class Row:
    """Cells from left to right; each cell holds the indices of the lines that are its pieces."""

    cells: tuple[tuple[int, ...], ...]
    box: Box

    @property
    def height(self) -> float:
        """Pixels."""
        return self.box.bottom - self.box.top


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of them."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def rows_of(places: Sequence[Box]) -> list[Row]:
    """Group lines that stand side by side, from the top of the page down."""
    groups: list[list[int]] = []
    middle = least = 0.0
    for index in sorted(range(len(places)), key=lambda i: places[i].top + places[i].bottom):
        box = places[index]
        here, size = (box.top + box.bottom) / 2, box.bottom - box.top
        if groups and here - middle < min(least, size) / 2:
            groups[-1].append(index)
            middle += (here - middle) / len(groups[-1])
            least = min(least, size)
        else:
            groups.append([index])
            middle, least = here, size
    return [_row(group, places) for group in groups]


def tables_of(rows: Sequence[Row], texts: Sequence[str], places: Sequence[Box]) -> list[tuple[Row, ...]]:
    """Find runs of rows that are clearly a table; a row of one cell (a wrapped one) may stand between two of them."""
    labels = [_labelled(row, texts) for row in rows]
    amounts = _amounts(rows, texts, places)
    marks = [labels[i] or amounts[i] or _tabular(row, texts, places) for i, row in enumerate(rows)]
    tables: list[tuple[Row, ...]] = []
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and (marks[end] or (end > start and _wrapped(rows, marks, end))):
            end += 1
        if sum(marks[start:end]) >= TABLE_ROWS or sum(labels[start:end]) >= LABELLED_ROWS:
            tables.append(tuple(rows[start:end]))
        start = max(end, start + 1)
    return tables


def _row(group: list[int], places: Sequence[Box]) -> Row:
    cells: list[list[int]] = []
    for index in sorted(group, key=lambda i: places[i].left):
        if cells:
            last, box = places[cells[-1][-1]], places[index]
            size = min(last.bottom - last.top, box.bottom - box.top)
            if -size < box.left - last.right <= JOIN_GAP * size:
                cells[-1].append(index)
                continue
        cells.append([index])
    return Row(tuple(tuple(cell) for cell in cells), around(places[i] for i in group))


def _tabular(row: Row, texts: Sequence[str], places: Sequence[Box]) -> bool:
    cells = _cells(row, texts)
    if len(cells) == 1 or median(map(len, cells)) > CELL_CHARACTERS:
        return False
    filled = sum(places[i].right - places[i].left for cell in row.cells for i in cell)
    if filled > TABLE_FILL * (row.box.right - row.box.left):
        return False
    return len(cells) > 2 or numeric(cells[-1])  # noqa: PLR2004 two cells may be two columns of short lines


def _labelled(row: Row, texts: Sequence[str]) -> bool:
    """A label and what belongs to it, however much of the row they fill."""
    cells = _cells(row, texts)
    return len(cells) > 1 and cells[0].rstrip().endswith((":", "\uff1a")) and len(cells[0]) <= CELL_CHARACTERS


def _amounts(rows: Sequence[Row], texts: Sequence[str], places: Sequence[Box]) -> list[bool]:
    """Which rows end with a number that stands in line with one in a row next to it, however much they fill.

    Two columns of prose do not end with numbers in line, so that the sums under a bill stay with what they are of.
    """
    ends: list[Box | None] = []
    for row in rows:
        cells = _cells(row, texts)
        fits = len(cells) > 1 and median(map(len, cells)) <= CELL_CHARACTERS and numeric(cells[-1])
        ends.append(around(places[i] for i in row.cells[-1]) if fits else None)
    near = [_in_line(above, below) for above, below in pairwise(ends)]
    return [above or below for above, below in zip([False, *near], [*near, False], strict=True)]


def _in_line(above: Box | None, below: Box | None) -> bool:
    if above is None or below is None:
        return False
    reach = IN_LINE * min(above.bottom - above.top, below.bottom - below.top)
    return min(abs(above.right - below.right), abs(above.left - below.left)) < reach


def _cells(row: Row, texts: Sequence[str]) -> list[str]:
    return ["".join(texts[i] for i in cell) for cell in row.cells]


def numeric(text: str) -> bool:
    """Most of its letters and digits are digits."""
    return 2 * sum(character.isdigit() for character in text) > sum(character.isalnum() for character in text)


def _wrapped(rows: Sequence[Row], marks: Sequence[bool], index: int) -> bool:
    goes_on = any(marks[index + 1 : index + 2])
    near = goes_on and rows[index + 1].box.top - rows[index - 1].box.bottom < 3 * rows[index].height
    return near and len(rows[index].cells) == 1
