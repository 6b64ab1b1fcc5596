"""Tables: rows whose cells stand in one grid, where an empty cell keeps its column."""

from __future__ import annotations

from itertools import chain, pairwise, takewhile
from math import inf
from statistics import median
from typing import TYPE_CHECKING

from ocrwatchd.ocr.rows import divided, height_of, middle_of, numeric, place_of, words_of_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocrwatchd.ocr.layout import RawLine
    from ocrwatchd.ocr.rows import Row

JOINED = 0.5
"""Pieces of a row closer than this, in line heights, are one cell."""
APART = 1.4
"""Outside of tables a tab divides pieces farther apart than this, in line heights."""
IN_CELL = 1.0
"""In a table, words of one line farther apart than this, in line heights, stand in two cells."""
ROWS = 3
"""Least rows in one grid that make a table."""
FILL = 0.75
"""Cells of a table cover at most this part of their row's width; lines of prose cover more."""

ALIGNED = 0.4
"""Cells of a column are aligned if they differ by at most this, in line heights."""
MOSTLY = 0.75
"""Least share of aligned cells in a column."""
WHITE = 0.15
"""If cells have several lines, the next row is farther away than the next line by at least this, in line heights."""
WITHIN = 1.6
"""Greatest distance between the lines of a cell, in distances of the closest two."""
SHORTER = 2
"""In at least this many rows of such a table one cell ends before the others."""
BROKEN = 4
"""A cell that begins in the middle of a row counts against such cells as this many early ends count for them."""

Cell = list["RawLine"]
Cells = list[tuple[int, Cell]]
"""Cells from left to right, each with the number of its column."""
Span = tuple[float, float]


def cells_of(rows: Sequence[Row]) -> Iterator[tuple[Row, Cells]]:
    """Divide rows into cells. The cells of a table have the numbers of its columns, and their lines are joined."""
    pieces = [_pieces(row) for row in rows]
    start = 0
    while start < len(rows):
        starts, columns = _tall(rows, pieces, start)
        if not columns:
            starts = []
            end, columns = _grid(rows, pieces, start)
            if end - start >= ROWS and _aligned(pieces[start:end], columns):
                starts = list(range(start, end + 1))
        for first, end in pairwise(starts):
            cells: dict[int, Cell] = {}
            for cell in chain.from_iterable(pieces[first:end]):
                cells.setdefault(_column(cell, columns), []).extend(cell)
            yield list(chain.from_iterable(rows[first:end])), sorted(cells.items())
        if not starts:
            starts = [start + 1]
            yield rows[start], list(enumerate(_joined(rows[start], APART * height_of(rows[start]))))
        start = starts[-1]


def tall_rows(rows: Sequence[Row]) -> Iterator[int]:
    """The numbers of the rows that belong to a table whose cells have several lines."""
    pieces = [_pieces(row) for row in rows]
    start = 0
    while start < len(rows):
        starts, _ = _tall(rows, pieces, start)
        yield from range(starts[0], starts[-1])
        start = starts[-1]


def _tall(rows: Sequence[Row], pieces: Sequence[Sequence[Cell]], start: int) -> tuple[list[int], list[Span]]:
    """Find a table whose cells have several lines, its rows divided by white, that begins at ``start``.

    Returns where its rows begin and where it ends, and its columns. Without such a table: the row where the next one
    may begin, and no columns.
    """
    columns: list[Span] = []
    end = start
    while end < len(rows):
        spans = [_span(cell) for cell in pieces[end]]
        merged = _merged([*columns, *spans])
        if len(merged) < max(len(columns), len(spans), 2):
            break
        columns = merged
        end += 1
    middles = [median(map(middle_of, row)) for row in rows[start:end]]
    steps = [lower - upper for upper, lower in pairwise(middles)]
    least = _least_white(steps, median(map(height_of, rows[start:end]))) if steps else 0.0
    begins = [start, *(n for n, step in enumerate(steps, start + 1) if step > least), max(end, start + 1)]
    # Text below a table may be aligned with one of its columns.
    starts = begins[: 1 + sum(1 for _ in takewhile(lambda first: first < end and len(pieces[first]) > 1, begins))]
    table = pieces[start : starts[-1]]
    columns = _merged([_span(cell) for cells in table for cell in cells])
    if len(starts) > ROWS and _aligned(table, columns) and _go_on(pieces, starts, columns):
        return starts, columns
    return [begins[1]], []


def _go_on(pieces: Sequence[Sequence[Cell]], starts: Sequence[int], columns: Sequence[Span]) -> bool:
    """Whether the cells of each row begin in its first line, continue in the next ones, and end in any of them."""
    shorter = broken = beside = 0
    for first, after in pairwise(starts):
        lines = [{_column(cell, columns): cell for cell in cells} for cells in pieces[first:after]]
        for upper, lower in pairwise(lines):
            shorter += len(lower) < len(upper)
            beside += len(lower) > 1
            numbers = (numeric(_text(upper[at]) + _text(lower[at])) for at in upper.keys() & lower.keys())
            broken += not lower.keys() <= upper.keys() or any(numbers)
    return beside > 0 and shorter >= SHORTER + BROKEN * broken


def _text(cell: Cell) -> str:
    return "".join(line.text for line in cell)


def _least_white(steps: Sequence[float], height: float) -> float:
    """The distance that divides rows of a table from lines of a cell, pixels; infinite without one."""
    low = sorted(steps)
    jumps = [(after - before, (after + before) / 2) for before, after in pairwise(low) if before < WITHIN * low[0]]
    jump, middle = max(jumps, default=(0.0, 0.0))
    return middle if jump > WHITE * height else inf


def _grid(rows: Sequence[Row], pieces: Sequence[Sequence[Cell]], start: int) -> tuple[int, list[Span]]:
    """The end of a grid that begins at ``start``, and its columns."""
    columns: list[Span] = []
    end = start
    while end < len(rows):
        spans = [_span(cell) for cell in pieces[end]]
        merged = _merged([*columns, *spans])
        inside = len(spans) > 1 and _filled(spans) <= FILL
        goes_on = len(spans) == 1 and columns and sum(_meet(spans[0], column) for column in columns) == 1
        if not (inside or goes_on) or len(merged) < max(len(columns), len(spans)):
            break
        columns = merged
        end += 1
    while end > start and len(pieces[end - 1]) == 1:
        end -= 1
    return end, columns


def _aligned(rows: Sequence[Sequence[Cell]], columns: Sequence[Span]) -> bool:
    """Whether the cells of each column but the first have aligned left edges, middles, or, for amounts, right edges.

    The first words of a text are aligned on the left, and its last words on the right, in prose too.
    """
    within = ALIGNED * median(height_of(cell) for row in rows for cell in row)
    for number in range(1, len(columns)):
        cells = [cell for row in rows for cell in row if _column(cell, columns) == number]
        lefts, rights = zip(*map(_span, cells), strict=True)
        places = [lefts, [(left + right) / 2 for left, right in zip(lefts, rights, strict=True)]]
        if 2 * sum(numeric(line.text) for cell in cells for line in cell) > len(cells):
            places.append(rights)
        if max(sum(abs(each - median(some)) <= within for each in some) for some in places) < MOSTLY * len(cells):
            return False
    return True


def _pieces(row: Row) -> list[Cell]:
    size = height_of(row)
    return _joined(chain.from_iterable(_parted(line, size) for line in row), JOINED * size)


def _joined(lines: Iterable[RawLine], gap: float) -> list[Cell]:
    """Join lines, given from left to right, to cells where the gap between two is at most ``gap``, pixels."""
    cells: list[Cell] = []
    for line in lines:
        if cells and place_of(line).left - place_of(cells[-1][-1]).right <= gap:
            cells[-1].append(line)
        else:
            cells.append([line])
    return cells


def _parted(line: RawLine, size: float) -> list[RawLine]:
    words = pairwise(words_of_line(line))
    gaps = ((before.right, after.left) for before, after in words if after.left - before.right > IN_CELL * size)
    return divided(line, [(left + right) / 2 for left, right in gaps])


def _span(cell: Cell) -> Span:
    return place_of(cell[0]).left, place_of(cell[-1]).right


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for left, right in sorted(spans):
        if merged and left < merged[-1][1]:
            merged[-1] = merged[-1][0], max(right, merged[-1][1])
        else:
            merged.append((left, right))
    return merged


def _filled(spans: Sequence[Span]) -> float:
    return sum(right - left for left, right in spans) / max(1.0, spans[-1][1] - spans[0][0])


def _meet(first: Span, second: Span) -> bool:
    return first[0] < second[1] and second[0] < first[1]


def _column(cell: Cell, columns: Sequence[Span]) -> int:
    span = _span(cell)
    return next(number for number, column in enumerate(columns) if _meet(span, column) or span[0] == column[0])
