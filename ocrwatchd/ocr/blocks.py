"""From rows to blocks: the columns of a page, whose width may change on the way down, and its running head and foot."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.core.model import Box
    from ocrwatchd.ocr.rows import Row

ALIGNED = 0.5
"""Edges closer than this, in line heights, are aligned."""
INDENT = 2.5
"""A paragraph's first line stands in by at most this, in line heights."""
NEAR_GAP = 0.6
"""A gap wider than usual by less than this, in line heights, never ends a block."""
FAR_GAP = 2.5
"""A gap wider than usual by more than this, in line heights, always ends one."""
MARGIN_GAP = 0.6
"""A first or last row set off by this more than the usual gap, in line heights, is a running head or foot."""
SAME_SIZE = 1.6
"""Lines of one block differ in height by at most this factor."""
OVERLAP = 0.3
"""A row follows another if they share this part of the narrower one's width."""

Block = tuple["Row", ...]


def blocks_of(pieces: Sequence[Row]) -> list[Block]:
    """Chain rows of one cell that follow one another in a column.

    Text that flows round a picture stays one block, so that what is set into it (a pull quote) does not cut it in two.
    """
    order = sorted(pieces, key=lambda piece: piece.box.top)
    under = [_under(order, index) for index in range(len(order))]
    over: list[list[int]] = [[] for _ in order]
    for above, belows in enumerate(under):
        for below in belows:
            over[below].append(above)
    usual = usual_gap(order)
    following: dict[int, int] = {}
    for above, belows in enumerate(under):
        partner = _partner(order, above, belows)
        if partner is None or _partner(order, partner, over[partner]) != above:
            continue
        if _linked(order[above], order[partner], usual):
            following[above] = partner
    heads = sorted(set(range(len(order))) - set(following.values()))
    return [_chain(order, head, following) for head in heads]


def usual_gap(rows: Sequence[Row]) -> float:
    """The typical distance from a row to the one beneath it, in line heights; boxes are roomy, so it may be below 0.

    Args:
        rows: sorted by their tops.
    """
    gaps = []
    for index, row in enumerate(rows):
        below = next(iter(_under(rows, index)), None)
        if below is not None:
            gaps.append(gap(row, rows[below]))
    return median(gaps) if gaps else 0.0


def gap(above: Row, below: Row) -> float:
    """The distance between two rows, in heights of the lower one."""
    return (below.box.top - above.box.bottom) / min(above.height, below.height)


def margins_of(rows: Sequence[Row], usual: float) -> tuple[int, int]:
    """How many rows at the top and at the bottom (0 or 1 each) are a running head and a running foot."""
    if len(rows) < 4:  # noqa: PLR2004 too little text to tell a margin from a paragraph
        return 0, 0
    head = len(rows[0].cells) == 1 and _set_off(rows[0], rows[1:], usual)
    foot = _set_off(rows[-1], rows[:-1], usual)
    return int(head), int(foot)


def _set_off(row: Row, others: Sequence[Row], usual: float) -> bool:
    size = min(row.height, median(other.height for other in others))
    nearest = min(max(other.box.top - row.box.bottom, row.box.top - other.box.bottom) for other in others)
    return nearest / size > usual + MARGIN_GAP


def _under(order: Sequence[Row], index: int) -> list[int]:
    """The nearest rows beneath: one, or those that stand side by side there."""
    row = order[index]
    reach = row.box.bottom + (FAR_GAP + 1) * row.height
    found: list[int] = []
    for place in range(index + 1, len(order)):
        other = order[place].box
        if other.top > reach or (found and other.top > _middle(order[found[0]].box)):
            break
        if _middle(other) > row.box.bottom - row.height / 4 and _share(row.box, other) > OVERLAP:
            found.append(place)
    return found


def _partner(order: Sequence[Row], index: int, others: Sequence[int]) -> int | None:
    """The one row that goes on in the same column, where that is certain."""
    if len(others) == 1:
        return others[0]
    flush = [other for other in others if _flush(order[index].box, order[other].box, order[index].height)]
    return flush[0] if len(flush) == 1 else None


def _linked(first: Row, second: Row, usual: float) -> bool:
    tall, small = max(first.height, second.height), min(first.height, second.height)
    wide = gap(first, second) - usual
    if wide > FAR_GAP or tall > SAME_SIZE * small:
        return False
    shift = abs(second.box.left - first.box.left)
    return wide <= NEAR_GAP or shift < INDENT * small or _flush(first.box, second.box, small)


def _flush(first: Box, second: Box, size: float) -> bool:
    return abs(first.left - second.left) < ALIGNED * size or abs(first.right - second.right) < ALIGNED * size


def _chain(order: Sequence[Row], head: int, following: dict[int, int]) -> Block:
    chain = [order[head]]
    while head in following:
        head = following[head]
        chain.append(order[head])
    return tuple(chain)


def _share(first: Box, second: Box) -> float:
    shared = min(first.right, second.right) - max(first.left, second.left)
    return shared / max(1.0, min(first.right - first.left, second.right - second.left))


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2
