"""Reading order: the blocks of a page, one after the other."""

from __future__ import annotations

from bisect import bisect_left
from itertools import permutations
from typing import TYPE_CHECKING

from ocrwatchd.ocr.gutters import gutters_of
from ocrwatchd.ocr.rows import beside, box_of, divided, height_of, place_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocrwatchd.ocr.gutters import Gutter
    from ocrwatchd.ocr.layout import RawLine
    from ocrwatchd.ocr.rows import Row

BAND = 0.1
"""Least height of the white band above a headline over several columns, in heights of the headline."""

_Numbered = tuple[int, "Row"]
"""A row with its number on the page."""


def blocks_of(lines: Sequence[RawLine], layout: str) -> list[list[Row]]:
    """Divide lines into blocks of rows, in reading order; lines that cross a gutter are divided there.

    The recursive X-Y cut (G. Nagy and S. Seth, "Hierarchical representation of optically scanned documents", ICPR 1984)
    with known gutters: the longest gutter cuts the page into the part above it, the left column, the right column and
    the part below it; each part is cut in the same way.

    Args:
        lines: in any order.
        layout: "auto", "columns" or "rows"; "rows" makes one block of the page.
    """
    rows = beside(rows_of(lines))
    gutters = [] if layout == "rows" else gutters_of(rows, layout)
    return [rows_of(block) for block in _read(list(enumerate(rows)), gutters)]


def _read(region: Sequence[_Numbered], gutters: Sequence[Gutter]) -> list[list[RawLine]]:
    start = next(_headlines(region, gutters), None) if region else None
    if start is not None:
        above, below = [each for each in region if each[0] < start], [each for each in region if each[0] >= start]
        return [*_read(above, gutters), *_read(below, gutters)]
    for gutter in sorted(gutters, key=lambda gutter: -_length(gutter, region)):
        left: list[_Numbered] = []
        right: list[_Numbered] = []
        inset: list[RawLine] = []
        for number, row in region:
            if gutter.first <= number <= gutter.last:
                parts = _parted(row, gutter)
                left += [(number, parts[0])] * bool(parts[0])
                inset += parts[1]
                right += [(number, parts[2])] * bool(parts[2])
        if left and right:
            others = [other for other in gutters if other is not gutter]
            above = [each for each in region if each[0] < gutter.first]
            below = [each for each in region if each[0] > gutter.last]
            first, second = (right, left) if gutter.right_first else (left, right)
            middle = [*_read(first, others), *_read(second, others), *([inset] if inset else [])]
            return [*_read(above, others), *middle, *_read(below, others)]
    return [[line for _, row in region for line in row]] if region else []


def _length(gutter: Gutter, region: Sequence[_Numbered]) -> int:
    """The number of rows of a region along which a gutter runs."""
    return sum(gutter.first <= number <= gutter.last for number, _ in region)


def _headlines(region: Sequence[_Numbered], gutters: Sequence[Gutter]) -> Iterator[int]:
    """Rows that interrupt a gutter, below a white band across the region."""
    numbers = [number for number, _ in region]
    for upper, lower in permutations(gutters, 2):
        if abs(upper.x - lower.x) > height_of(region[0][1]) or upper.last >= lower.first:
            continue
        if upper.last < numbers[0] or lower.first > numbers[-1]:
            continue
        for start in range(upper.last + 1, lower.first):
            place = bisect_left(numbers, start)
            if 0 < place < len(region) and numbers[place] == start:
                above, row = [line for _, row in region[:place] for line in row], region[place][1]
                if box_of(row).top - box_of(above).bottom > BAND * height_of(row):
                    yield start


def _parted(row: Row, gutter: Gutter) -> tuple[Row, Row, Row]:
    """The parts of a row left of a gutter, inside its inset, and right of it."""
    cuts = (gutter.x, gutter.x)
    for left, right in gutter.insets:
        if any(left <= place.left < gutter.x < place.right <= right for place in map(place_of, row)):
            cuts = (left, right)
    parts: tuple[Row, Row, Row] = ([], [], [])
    for line in row:
        for piece in divided(line, cuts):
            place = place_of(piece)
            parts[sum((place.left + place.right) / 2 >= cut for cut in cuts)].append(piece)
    return parts
