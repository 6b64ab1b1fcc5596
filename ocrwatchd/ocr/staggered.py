"""Blocks side by side whose lines are not aligned, such as a letterhead beside an address."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.ocr.rows import box_of, height_of, middle_of, place_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocrwatchd.core.model import Box
    from ocrwatchd.ocr.layout import RawLine
    from ocrwatchd.ocr.rows import Row

TIGHT = 0.8
"""Greatest white between two lines of a block, in heights of the lower line."""
OVER = 0.5
"""Two successive lines of a block share at least this part of the shorter one's width."""
SIZES = 1.6
"""Greatest ratio of line heights in a block, and in two blocks side by side."""
FAR = 4.0
"""Least distance between such blocks, in line heights."""
MISSED = 0.2
"""Lines whose middles differ by more than this, in heights of the lower block's lines, are not aligned."""
MISSED_NATS = 2.0
"""For each row of a block that has no aligned row in the other block, and against for each that has one: the cells of a
table are aligned."""
WORDS = 2
"""A typical row of a block has at least this many words; rows of numbers and single words belong to a table."""


class Staggered(NamedTuple):
    """Two blocks side by side.

    Args:
        x: where the right block begins on the level page, pixels.
        first: first row of both.
        last: last row of both, inclusive.
        evidence: that they are blocks, nats.
        right_first: the right block begins above the left one.
    """

    x: float
    first: int
    last: int
    evidence: float
    right_first: bool


def staggered_blocks(rows: Sequence[Row], height: float) -> Iterator[Staggered]:
    """Find blocks side by side whose lines are not aligned; ``height`` is that of a typical line, pixels."""
    number_of = {id(line): number for number, row in enumerate(rows) for line in row}
    for block, other in _side_by_side(_blocks([line for row in rows for line in row])):
        left, right = box_of(block), box_of(other)
        low, high = sorted(map(height_of, (block, other)))
        numbers = [number_of[id(line)] for line in (*block, *other)]
        first, last = min(numbers), max(numbers)
        beside = [line for row in rows[first : last + 1] for line in row]
        if (
            right.left - left.right >= FAR * height
            and high < SIZES * low
            and not any(_crosses(line, right.left, height) for line in beside)
        ):
            evidence = _evidence(*_rows_beside(beside, left, right), low)
            if evidence > 0:
                yield Staggered(right.left, first, last, evidence, right.top < left.top - height)


def _blocks(lines: Sequence[RawLine]) -> list[list[RawLine]]:
    """Group lines that follow directly below one another."""
    blocks: list[list[RawLine]] = []
    open_: list[list[RawLine]] = []
    for line in sorted(lines, key=middle_of):
        open_ = [block for block in open_ if not _far_above(block[-1], line)]
        block = next((each for each in reversed(open_) if _goes_on(each[-1], line)), None)
        if block is None:
            open_.append([line])
            blocks.append(open_[-1])
        else:
            block.append(line)
    return blocks


def _side_by_side(blocks: Sequence[list[RawLine]]) -> Iterator[tuple[list[RawLine], list[RawLine]]]:
    """Each block with the nearest block to its left at the same height."""
    boxes = sorted(((box_of(block), block) for block in blocks), key=lambda each: each[0].left)
    for number, (right, other) in enumerate(boxes):
        abreast = [
            (left.right, block)
            for left, block in boxes[:number]
            if left.right < right.left and left.top < right.bottom and right.top < left.bottom
        ]
        if abreast:
            yield max(abreast, key=lambda each: each[0])[1], other


def _far_above(upper: RawLine, lower: RawLine) -> bool:
    above, below = place_of(upper), place_of(lower)
    return below.top - above.bottom > TIGHT * above.height


def _goes_on(upper: RawLine, lower: RawLine) -> bool:
    above, below = place_of(upper), place_of(lower)
    low, high = sorted((above.height, below.height))
    return (
        below.top - above.bottom <= TIGHT * low < TIGHT * 2 * (middle_of(lower) - middle_of(upper))
        and high < SIZES * low
        and above.overlap(below)[0] > OVER * min(above.width, below.width)
    )


def _crosses(line: RawLine, x: float, height: float) -> bool:
    place = place_of(line)
    return place.left < x - height and place.right > x


def _rows_beside(lines: Sequence[RawLine], left: Box, right: Box) -> tuple[list[Row], list[Row]]:
    """The rows of two blocks, each with all lines on its side at its height."""
    sides: tuple[list[RawLine], list[RawLine]] = ([], [])
    for line in lines:
        is_right = place_of(line).right > right.left
        box = right if is_right else left
        if box.top <= middle_of(line) <= box.bottom:
            sides[is_right].append(line)
    return rows_of(sides[0]), rows_of(sides[1])


def _evidence(left: Sequence[Row], right: Sequence[Row], height: float) -> float:
    if min(map(_words, (left, right))) < WORDS:
        return 0.0
    nats = 0.0
    for rows, others in ((left, right), (right, left)):
        middles, box = [_middle(row) for row in others], box_of([line for row in others for line in row])
        for middle in map(_middle, rows):
            if box.top < middle < box.bottom:
                in_line = any(abs(middle - other) <= MISSED * height for other in middles)
                nats += -MISSED_NATS if in_line else MISSED_NATS
    return nats


def _words(rows: Sequence[Row]) -> float:
    return median(sum(len(line.text.split()) for line in row) for row in rows)


def _middle(row: Row) -> float:
    return median(map(middle_of, row))
