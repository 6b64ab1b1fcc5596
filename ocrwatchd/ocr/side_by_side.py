"""Short blocks side by side: addresses, signatories, the footer of an invoice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from operator import itemgetter
from statistics import median

from ocrwatchd.ocr.continuity import end_of, start_of
from ocrwatchd.ocr.gutter_runs import FLUSH, Seen, text_of, white_between
from ocrwatchd.ocr.rows import PageWord, Row, middle_of, numeric, place_of

ALIKE_NATS = 1.5
"""For each row whose two cells begin and end alike, unlike the cells of one column."""
ALONE_NATS = 5.0
"""For a few rows that stand alone: signatories side by side."""
ALONE = 1.5
"""White above and below such rows, in line heights."""
WORDY = 1.5
"""Least words of a typical line in them."""
SIGNED = 4
"""Most rows of a signatory: a name, an office, a company, a date."""
MISSED = 0.2
"""Lines of two blocks whose middles differ by more than this, in line heights, do not stand in one row."""
ALONGSIDE = 1.0
"""A line farther than this from all lines of the other block, in line heights, has an empty cell beside it."""
NEIGHBOURS = 3
"""The nearest line of the other block is at most this many rows away."""
UNMET_NATS, MET_NATS = 2.6, 1.15
"""For a line in one row with no line of the other block, and against a line that has one: 95 % of the rows of a table
have one, 30 % of unrelated lines."""
MOST_NATS = 10.0
"""Greatest evidence for short blocks, which have few lines. The gutter of long columns, whose lines do not meet either,
has more."""
SLACK = 3.0
"""Evidence against two tables, in nats, that comes by chance at either end of them."""
AMOUNTS = 2
"""A table has more rows than this that end with an amount."""
SENTENCE = 4
"""Most lines of a sentence with text beside it."""
SENTENCE_NATS = 4.5
"""For such a sentence."""
FAR = 1.5
"""The text beside the sentence is farther away than its widest space by this factor."""
BLOCKS_APART = 4.0
"""Least distance between addresses side by side, in line heights."""
BLOCKS_FLUSH = 0.8
"""Least share of flush lines in the right block."""

Blocks = tuple[int, int, float]
"""First row, last row, and the evidence that they are blocks, nats."""


def groups_of(rows: Sequence[Row], run: Sequence[Seen], white: float) -> Iterator[list[Seen]]:
    """Split a run of rows where the white between two rows exceeds ``white``, pixels."""
    group: list[Seen] = []
    for seen in run:
        if group and (seen.kind == "unclear" or white_between(rows, group[-1].row, seen.row) > white):
            yield group
            group = []
        if seen.kind != "unclear":
            group.append(seen)
    if group:
        yield group


def blocks_beside(rows: Sequence[Row], group: Sequence[Seen], height: float) -> Iterator[Blocks]:
    """Find two short blocks at a gutter.

    They begin and end alike line by line, as addresses do; or their lines never meet; or they stand alone.
    """
    clear = [seen for seen in group if seen.kind == "clear"]
    if len(clear) > 1 and _apart(clear, height):
        numbers = any(2 * sum(map(numeric, map(text_of, side))) > len(side) for side in _halves(clear))
        if group[0] is clear[0] and not numbers:
            middles = _middles(group)
            nats = _unmet(*middles, height)
            few = max(middles, key=lambda side: side.count(None))
            nats = [each for each, middle in zip(nats, few, strict=True) if middle is not None]
            yield group[0].row, group[-1].row, min(sum(nats), MOST_NATS)
        if _are_blocks(clear, height):
            # Labels that end with a colon, and their values, are rows of a table.
            labels = 2 * sum(end_of(text_of(seen.left)) == "colon" for seen in clear) > len(clear)
            alone = group[0] is clear[0] and len(group) <= SIGNED and not labels and _stands_alone(rows, group, height)
            yield clear[0].row, group[-1].row, alike(clear, height) + ALONE_NATS * alone


def sentence_beside(group: Sequence[Seen], height: float) -> Iterator[Blocks]:
    """Find a sentence of a few lines with text beside it, such as the parties and the number of a case.

    Its last line ends with a full stop, the others do not.
    """
    stops = [end_of(text_of(seen.left)) == "stop" for seen in group if seen.left]
    rights = [seen for seen in group if seen.right]
    if not 1 < len(stops) == len(group) <= SENTENCE or not rights or not stops.pop() or any(stops):
        return
    spaces = (after.left - before.right for seen in group for cell in seen[1:3] for before, after in pairwise(cell))
    gap = min(seen.right[0].left - seen.left[-1].right for seen in rights)
    begins = all(start_of(text) == "upper" and not numeric(text) for text in (text_of(seen.right) for seen in rights))
    # In justified text single words may stand apart.
    wordy = all(" " in text_of(cell) for cell in group[0][1:3])
    if group[0].kind == "clear" and wordy and begins and gap > max(height, FAR * max(spaces, default=0.0)):
        yield group[0].row, group[-1].row, SENTENCE_NATS


def tables_beside(rows: Sequence[Row], run: Sequence[Seen], x: float, height: float) -> Iterator[Blocks]:
    """Find two tables side by side whose rows do not meet, such as two receipts on one sheet."""
    halves = [_cut(rows[seen.row], x) for seen in run]
    lefts, rights = ([middle_of(half[0]) if half else None for half in side] for side in zip(*halves, strict=True))
    # Two rows with an amount each may meet in two receipts too: all receipts have the same distance of lines.
    amounts = [all(map(_has_amount, half)) for half in halves]
    nats = [max(0.0, each) if both else each for each, both in zip(_unmet(lefts, rights, height), amounts, strict=True)]
    start, end, most = _best(nats)
    if sum(nats) > most - SLACK:
        start, end = 0, len(run)
    if most > 0 and all(sum(map(_has_amount, side)) > AMOUNTS for side in zip(*halves[start:end], strict=True)):
        yield run[start].row, run[end - 1].row, most


def _cut(row: Row, x: float) -> tuple[Row, Row]:
    return [line for line in row if place_of(line).left < x], [line for line in row if place_of(line).left >= x]


def _has_amount(row: Row) -> bool:
    """Whether a row ends with an amount, after its description."""
    return len(row) > 1 and numeric(row[-1].text) and row[0].text[0].isupper() and not numeric(row[0].text)


def _unmet(lefts: Sequence[float | None], rights: Sequence[float | None], height: float) -> list[float]:
    """How much better each row fits two blocks with line distances of their own than one table, in nats.

    ``lefts`` and ``rights`` are the vertical middles of the lines by row, None without a line; all in pixels.
    """
    nats = []
    for at, (left, right) in enumerate(zip(lefts, rights, strict=True)):
        near = slice(max(0, at - NEIGHBOURS), at + NEIGHBOURS + 1)
        others = [other for other in (rights if right is None else lefts)[near] if other is not None]
        middle = left if right is None else right
        apart = inf if middle is None else min((abs(middle - other) for other in others), default=inf) / height
        nats.append(0.0 if apart > ALONGSIDE else UNMET_NATS if apart > MISSED else -MET_NATS)
    return nats


def _best(nats: Sequence[float]) -> tuple[int, int, float]:
    """The run of rows with the greatest sum, as start and end, and the sum."""
    start, most = 0, 0.0
    best = 0, 0, 0.0
    for number, each in enumerate(nats):
        start, most = (start, most + each) if most + each >= 0 else (number + 1, 0.0)
        best = max((start, number + 1, most), best, key=itemgetter(2))
    return best


def _apart(rows: Sequence[Seen], height: float) -> bool:
    """Whether two blocks stand far apart and the right one is flush."""
    gap = median((seen.right[0].left - seen.left[-1].right) / height for seen in rows)
    edge = median(seen.right[0].left for seen in rows)
    flush = sum(abs(seen.right[0].left - edge) <= FLUSH * height for seen in rows) / len(rows)
    return gap >= BLOCKS_APART and flush >= BLOCKS_FLUSH


def _are_blocks(rows: Sequence[Seen], height: float) -> bool:
    """Whether two blocks stand far apart, the right one is flush, and neither has mostly numbers or single words."""
    numbers = (sum(not any(map(str.isalpha, text_of(side))) for side in sides) for sides in _halves(rows))
    wordy = all(sum(len(text_of(cell).split()) for cell in side) >= WORDY * len(side) for side in _halves(rows))
    return wordy and _apart(rows, height) and all(2 * count < len(rows) for count in numbers)


def _middles(rows: Sequence[Seen]) -> tuple[list[float | None], list[float | None]]:
    lefts = [middle_of(seen.left[-1].line) if seen.left else None for seen in rows]
    return lefts, [middle_of(seen.right[0].line) if seen.right else None for seen in rows]


def _halves(rows: Sequence[Seen]) -> tuple[list[tuple[PageWord, ...]], list[tuple[PageWord, ...]]]:
    return [seen.left for seen in rows], [seen.right for seen in rows]


def _stands_alone(rows: Sequence[Row], group: Sequence[Seen], height: float) -> bool:
    """Whether there is white above and below, as around the names under a contract."""
    first, last = group[0].row, group[-1].row
    above = first > 0 and white_between(rows, first - 1, first) > ALONE * height
    return above and (last + 1 == len(rows) or white_between(rows, last, last + 1) > ALONE * height)


def alike(rows: Sequence[Seen], height: float) -> float:
    """How much more alike the two cells of each row are than the rows, in nats; in a table each column is alike."""
    if not _are_blocks(rows, height):
        return 0.0
    kinds = [tuple((start_of(text), end_of(text)) for text in map(text_of, seen[1:3])) for seen in rows]
    if any(len(set(side)) == 1 for side in zip(*kinds, strict=True)):
        return 0.0
    return ALIKE_NATS * max(0, sum(1 if left == right else -1 for left, right in kinds))
