"""Candidates for gutters: places that no word crosses, row by row."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import Literal, NamedTuple

from ocrwatchd.ocr.rows import PageWord, Row, box_of, height_of

WIDER = 1.5
"""The gap at a gutter is at least this many times as wide as the typical gap between words of the page."""
NARROWEST = 0.3
"""Least width of a gutter, in line heights."""
BLUR = 0.15
"""Uncertainty of the edges of words, in line heights: recognisers place letters in steps of about this width."""
FLUSH = 0.4
"""Lines whose left edges differ by at most this, in line heights, are flush."""
INDENT = 3.0
"""Lines of a column begin within this distance behind its gutter, in line heights. Farther words are another column."""
MARGIN = 0.6
"""A first or last row is a running head or foot if its distance exceeds the usual one by this, in line heights."""
CENTRED = 0.5
"""A row is centred if its middle is this close to the middle of its column, in line heights."""
NEAR = 2.0
"""A row with one column belongs to the rows beside it if it is no farther away than this, in line heights."""


class Seen(NamedTuple):
    """One row at one place: the words of the cells on either side, empty without a word.

    "clear": the gap is as wide as a gutter, so the row shows where the gutter begins and ends. "one side": only one
    side
    has words, and the row goes with its neighbours. "far": the next word stands far behind the place, so the column may
    have ended. "unclear": the gap is a common space and is no evidence.
    """

    row: int
    left: tuple[PageWord, ...]
    right: tuple[PageWord, ...]
    kind: Literal["clear", "one side", "far", "unclear"]


def least_gap(words: Sequence[Sequence[PageWord]], height: float) -> float:
    """Width of the narrowest gutter that a page may have, pixels."""
    gaps = [after.left - before.right for row in words for before, after in pairwise(row) if before.line is after.line]
    return max(WIDER * median(gaps), NARROWEST * height) if gaps else 2 * NARROWEST * height


def places_of(words: Sequence[Sequence[PageWord]], least: float, height: float) -> Iterator[tuple[float, int]]:
    """Places where words begin, one below the other, behind a wide gap; and the number of words at each."""
    edges = sorted(
        after.left
        for row in words
        for before, after in pairwise(row)
        if after.left - before.right >= least or before.line is not after.line
    )
    within = FLUSH * height
    while edges:
        spans = [(bisect_left(edges, edge - within), bisect_right(edges, edge + within)) for edge in edges]
        first, last = max(spans, key=lambda span: span[1] - span[0])
        yield edges[first + (last - first) // 10] - BLUR * height, last - first
        del edges[first:last]


def runs_at(words: Sequence[Sequence[PageWord]], x: float, least: float, height: float) -> Iterator[list[Seen]]:
    """Runs of rows in which no word crosses a place; ``least`` is the width of a gutter, pixels."""
    found = (_seen(number, row, x, least, height) for number, row in enumerate(words))
    for _, group in groupby(found, key=bool):
        if run := [seen for seen in group if seen]:
            yield run


def _seen(number: int, row: Sequence[PageWord], x: float, least: float, height: float) -> Seen | None:
    """The cells of a row at a place; None if a word crosses the place or the gap is only a space."""
    place = sum((word.left + word.right) / 2 < x for word in row)
    before, after = row[place - 1] if place else None, row[place] if place < len(row) else None
    if (before and before.right - BLUR * height > x) or (after and after.left + BLUR * height < x):
        return None
    narrow = False
    if before and after and before.line is after.line:
        # Spaces are wide in a headline.
        large = max(1.0, height_of([before.line]) / height)
        gap, least_here = after.left - before.right, least * large**2
        if gap < least_here / WIDER:
            return None
        narrow = gap < least_here
    first, last = place, place
    while first and (first == place or row[first].left - row[first - 1].right < 2 * least):
        first -= 1
    if after and after.left - x > INDENT * height:
        return Seen(number, tuple(row[first:place]), (), "far" if before else "one side")
    while last < len(row) and (last == place or row[last].left - row[last - 1].right < 2 * least):
        last += 1
    kind: Literal["clear", "one side", "unclear"] = "clear" if before and after else "one side"
    return Seen(number, tuple(row[first:place]), tuple(row[place:last]), "unclear" if narrow else kind)


def trimmed(rows: Sequence[Row], run: Sequence[Seen], height: float) -> Sequence[Seen]:
    """Drop the rows at either end of a run that have one column only and stand far away."""
    clear = [place for place, seen in enumerate(run) if seen.kind == "clear"]
    if not clear:
        return []
    first, last = clear[0], clear[-1]
    numbers = [seen.row for seen in run]
    usual = median(white_between(rows, *pair) for pair in pairwise(numbers)) if len(run) > 1 else 0.0

    def goes_with(place: int, other: int) -> bool:
        upper, lower = sorted((run[place].row, run[other].row))
        margin = run[other].row in (0, len(rows) - 1)
        near = usual + MARGIN * height if margin and not _centred(run[other].left, run, height) else NEAR * height
        return run[other].kind == "one side" and white_between(rows, upper, lower) < near

    while first and goes_with(first, first - 1):
        first -= 1
    while last + 1 < len(run) and (run[last + 1].kind == "far" or goes_with(last, last + 1)):
        last += 1
    return run[first : last + 1]


def _centred(cell: Sequence[PageWord], run: Sequence[Seen], height: float) -> bool:
    """Whether a cell is centred under the left column, as the page number of the left of two facing pages is."""
    cells = [seen.left for seen in run if seen.left]
    column = median(cell[0].left for cell in cells) + median(cell[-1].right for cell in cells)
    return bool(cell) and abs(cell[0].left + cell[-1].right - column) < 2 * CENTRED * height


def white_between(rows: Sequence[Row], upper: int, lower: int) -> float:
    """White between two rows, pixels; negative if they overlap."""
    return box_of(rows[lower]).top - box_of(rows[upper]).bottom


def text_of(words: Sequence[PageWord]) -> str:
    """The words, joined by spaces."""
    return " ".join(word.text for word in words)
