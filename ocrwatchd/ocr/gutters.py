"""Gutters: where a page's columns part, told by what the text and the print say.

Rows run straight across the page until there is evidence against it. A place that no word crosses in two rows or more
may be a gutter; whether it is one is a sum of few measured quantities, in nats.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Literal, NamedTuple

from ocrwatchd.ocr.continuity import continuity, end_of, start_of
from ocrwatchd.ocr.rows import height_of, numeric, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocrwatchd.ocr.layout import RawLine
    from ocrwatchd.ocr.rows import Row

WIDER = 1.5
"""A gutter's gap is at least so many times as wide as the page's typical gap between words."""
NARROWEST = 0.3
"""Least width of a gutter, in line heights."""
BLUR = 0.15
"""Edges of words are known to this, in line heights: recognisers place letters by steps of about as much."""
FLUSH = 0.4
"""Lines that begin within this of one place, in line heights, begin there."""
INDENT = 3.0
"""Lines of a column begin within this behind its gutter, in line heights; what is farther away is another column."""
COLUMN = 4.0
"""A column is at least so wide, in line heights."""
MARGIN = 0.6
"""A first or last row of a page, set off by this more than rows usually are, is a running head or foot."""
NEAR = 2.0
"""A row with one column only goes with the rows beside it if it is no farther from them, in line heights."""
MISSED = 0.2
"""Lines of two columns whose middles are farther apart than this, in line heights, do not stand in one line."""

MISSED_NATS = 0.5
"""For each row whose halves miss one another."""
CLEAN_NATS = 0.7
"""For each row that keeps a gutter clear, as far as the column beside it is flush, but the first few."""
ALIKE_NATS = 1.5
"""For each row whose halves begin and end alike, where those of a column do not."""
ALONE_NATS = 5.0
"""For few rows that stand alone: signatories side by side."""
ALONE = 1.5
"""White above and below them, in line heights."""
WORDY = 1.5
"""Least words of a typical line in them."""
SIGNED = 4
"""Rows of a signatory: a name, an office, a company, a date."""
BLOCKS_APART = 4.0
"""Addresses side by side are at least so far apart, in line heights."""
BLOCKS_FLUSH = 0.8
"""So many lines of the right one begin in line."""
SPACE_NATS = 4.0
"""Against a gutter as narrow as a space between words; against one of a line's height nothing."""
CHANCE_ROWS = 5
"""In justified text a gap as wide as a gutter's stands at a given place in about one line of twenty: as many in a row
come by chance on one page in thousands. Chinese and Japanese have no gaps within a line."""
PROSE_WORDS = 3.0
"""A typical line of a column has so many words; fewer may be a column of a table, and one word always is."""
ENOUGH = {"auto": 4.0, "columns": 0.0}
"""Evidence that makes a gutter, by ``ocr.layout``."""


class _Word(NamedTuple):
    left: float
    right: float
    text: str
    line: RawLine


@dataclass(frozen=True, slots=True)
class Gutter:
    """One gutter.

    Args:
        x: pixels on a level page; it runs just before the right column.
        first: row where it begins.
        last: row where it ends, inclusive.
        evidence: nats.
        insets: left and right edges of what is set into it, such as pull quotes.
    """

    x: float
    first: int
    last: int
    evidence: float
    insets: tuple[tuple[float, float], ...] = ()


class _Seen(NamedTuple):
    """One row at one place: the cells on either side, empty where there is no word.

    A row whose gap is as wide as a gutter's tells where one begins and ends ("clear"), and one with words on one side
    only goes with its neighbours ("one side"); where the next word stands far behind the place ("far") the column may
    have ended; a common space tells nothing ("unclear").
    """

    row: int
    left: tuple[_Word, ...]
    right: tuple[_Word, ...]
    kind: Literal["clear", "one side", "far", "unclear"]


def gutters_of(rows: Sequence[Row], layout: str) -> list[Gutter]:
    """Find the gutters of a page.

    Args:
        rows: from the top down.
        layout: "auto" or "columns".
    """
    words = [sorted((word for line in row for word in _words(line)), key=lambda word: word.left) for row in rows]
    gaps = [after.left - before.right for row in words for before, after in pairwise(row) if before.line is after.line]
    if not rows:
        return []
    height = median(map(height_of, rows))
    least = max(WIDER * median(gaps), NARROWEST * height) if gaps else 2 * NARROWEST * height
    found: list[Gutter] = []
    for x in _places(words, least, height):
        for run in _runs(words, x, least, height):
            found += filter(None, [_judged(rows, run, x, height)])
            found += _side_by_side(rows, run, x, height)
    chosen: list[Gutter] = []
    for gutter in sorted(found, key=lambda gutter: -gutter.evidence):
        if all(abs(gutter.x - other.x) > COLUMN * height or _apart(gutter, other) for other in chosen):
            chosen.append(gutter)
    certain = [gutter.x for gutter in chosen if gutter.evidence >= ENOUGH[layout]]
    # Where the page has a gutter for certain, little evidence shows that it goes on farther down.
    sure = [
        gutter
        for gutter in chosen
        if gutter.evidence >= ENOUGH[layout]
        or (gutter.evidence > 0 and any(abs(gutter.x - x) <= FLUSH * height for x in certain))
    ]
    return _over_insets(words, sure, height)


def _words(line: RawLine) -> list[_Word]:
    place = place_of(line)
    boxes = [(word.text, word.box) for word in line.words if word.box is not None]
    if len(boxes) < len(line.words) or not boxes:
        return [_Word(place.left, place.right, line.text, line)]
    return [_Word(x_of(box.left, line), x_of(box.right, line), text, line) for text, box in boxes]


def x_of(x: float, line: RawLine) -> float:
    """From the picture to where it would be on a level page."""
    place = place_of(line)
    return place.left + (x - line.box.left) * (place.right - place.left) / max(1.0, line.box.right - line.box.left)


def _places(words: Sequence[Sequence[_Word]], least: float, height: float) -> Iterator[float]:
    """Where two words or more begin, one under the other, behind a wide gap."""
    edges = sorted(
        after.left
        for row in words
        for before, after in pairwise(row)
        if after.left - before.right >= least or before.line is not after.line
    )
    while edges:
        best = max(edges, key=lambda edge: sum(abs(edge - other) <= FLUSH * height for other in edges))
        near = [edge for edge in edges if abs(best - edge) <= FLUSH * height]
        if len(near) == 1:
            return
        yield near[len(near) // 10] - BLUR * height
        edges = [edge for edge in edges if abs(best - edge) > FLUSH * height]


def _runs(words: Sequence[Sequence[_Word]], x: float, least: float, height: float) -> Iterator[list[_Seen]]:
    run: list[_Seen] = []
    for number, row in enumerate(words):
        seen = _seen(number, row, x, least, height)
        if seen is not None:
            run.append(seen)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _seen(number: int, row: Sequence[_Word], x: float, least: float, height: float) -> _Seen | None:
    """What stands on either side of a place in a row; None where a word crosses it, or only a space is there."""
    place = sum((word.left + word.right) / 2 < x for word in row)
    before, after = row[place - 1] if place else None, row[place] if place < len(row) else None
    if (before and before.right - BLUR * height > x) or (after and after.left + BLUR * height < x):
        return None
    narrow = False
    if before and after and before.line is after.line:
        # In a headline, spaces are wide.
        large = max(1.0, height_of([before.line]) / height)
        gap, least_here = after.left - before.right, least * large**2
        if gap < least_here / WIDER:
            return None
        narrow = gap < least_here
    first, last = place, place
    while first and (first == place or row[first].left - row[first - 1].right < 2 * least):
        first -= 1
    if after and after.left - x > INDENT * height:
        return _Seen(number, tuple(row[first:place]), (), "far" if before else "one side")
    while last < len(row) and (last == place or row[last].left - row[last - 1].right < 2 * least):
        last += 1
    kind: Literal["clear", "one side", "unclear"] = "clear" if before and after else "one side"
    return _Seen(number, tuple(row[first:place]), tuple(row[place:last]), "unclear" if narrow else kind)


def _judged(rows: Sequence[Row], run: Sequence[_Seen], x: float, height: float) -> Gutter | None:
    run = _trimmed(rows, run, height)
    both = [seen for seen in run if seen.left and seen.right]
    if len(both) < 2:  # noqa: PLR2004 one row is no column
        return None
    lefts, rights = [_text(seen.left) for seen in run if seen.left], [_text(seen.right) for seen in run if seen.right]
    flush = sum(abs(seen.right[0].left - x) <= FLUSH * height for seen in both) / len(both)
    missed = sum(abs(_middle(seen.left[-1]) - _middle(seen.right[0])) > MISSED * height for seen in both)
    gap = median((seen.right[0].left - seen.left[-1].right) / height for seen in both)
    space = SPACE_NATS * min(1.0, max(0.0, 1 - gap))
    chance = CHANCE_ROWS if any(" " in text for text in (*lefts, *rights)) else 1
    clean = CLEAN_NATS * max(0, len(both) - chance) * flush
    weight = min(min(_size(lefts), _size(rights)) - 1, PROSE_WORDS - 1) / (PROSE_WORDS - 1)
    evidence = _continued(run) + MISSED_NATS * missed + clean - space
    if evidence > 0:
        evidence *= 0.0 if any(2 * sum(map(numeric, side)) > len(side) for side in (lefts, rights)) else weight
    return Gutter(
        x, run[0].row, run[-1].row, evidence + (max(0.0, _alike(both)) if _are_blocks(both, x, height) else 0.0)
    )


def _side_by_side(rows: Sequence[Row], run: Sequence[_Seen], x: float, height: float) -> Iterator[Gutter]:
    """Gutters between two short blocks, such as addresses, whose lines are alike from one to the other."""
    for group in _groups(rows, run, height):
        clear = [seen for seen in group if seen.kind == "clear"]
        if len(clear) > 1 and _are_blocks(clear, x, height):
            alone = group[0] is clear[0] and len(group) <= SIGNED and _stands_alone(rows, group, height)
            yield Gutter(x, clear[0].row, group[-1].row, max(0.0, _alike(clear)) + ALONE_NATS * alone)


def _groups(rows: Sequence[Row], run: Sequence[_Seen], height: float) -> Iterator[list[_Seen]]:
    """Rows of a run with no white between them."""
    group: list[_Seen] = []
    for seen in run:
        if group and (seen.kind == "unclear" or _distance(rows, group[-1].row, seen.row) > MARGIN * height):
            yield group
            group = []
        if seen.kind != "unclear":
            group.append(seen)
    yield group


def _are_blocks(rows: Sequence[_Seen], x: float, height: float) -> bool:
    """Whether two blocks of rows stand far apart, the right one in line, and neither is of numbers or single words."""
    gap = median((seen.right[0].left - seen.left[-1].right) / height for seen in rows)
    flush = sum(abs(seen.right[0].left - x) <= FLUSH * height for seen in rows) / len(rows)
    numbers = (sum(not any(map(str.isalpha, _text(side))) for side in sides) for sides in _halves(rows))
    wordy = all(sum(len(_text(cell).split()) for cell in side) >= WORDY * len(side) for side in _halves(rows))
    return wordy and gap >= BLOCKS_APART and flush >= BLOCKS_FLUSH and all(2 * count < len(rows) for count in numbers)


def _halves(rows: Sequence[_Seen]) -> tuple[list[tuple[_Word, ...]], list[tuple[_Word, ...]]]:
    return [seen.left for seen in rows], [seen.right for seen in rows]


def _stands_alone(rows: Sequence[Row], group: Sequence[_Seen], height: float) -> bool:
    """Whether there is white above and below, as about the names under a contract."""
    first, last = group[0].row, group[-1].row
    above = first > 0 and _distance(rows, first - 1, first) > ALONE * height
    return above and (last + 1 == len(rows) or _distance(rows, last, last + 1) > ALONE * height)


def _alike(rows: Sequence[_Seen]) -> float:
    """How much more alike the halves of rows are than the rows; in a table the cells of a column are alike."""
    kinds = [tuple((start_of(text), end_of(text)) for text in map(_text, seen[1:3])) for seen in rows]
    if any(len(set(side)) == 1 for side in zip(*kinds, strict=True)):
        return 0.0
    return ALIKE_NATS * sum(1 if left == right else -1 for left, right in kinds)


def _trimmed(rows: Sequence[Row], run: Sequence[_Seen], height: float) -> Sequence[_Seen]:
    """Without the rows at either end that have one column only and stand far away."""
    clear = [place for place, seen in enumerate(run) if seen.kind == "clear"]
    if not clear:
        return []
    first, last = clear[0], clear[-1]
    numbers = [seen.row for seen in run]
    usual = median(_distance(rows, *pair) for pair in pairwise(numbers)) if len(run) > 1 else 0.0

    def goes_with(place: int, other: int) -> bool:
        upper, lower = sorted((run[place].row, run[other].row))
        margin = run[other].row in (0, len(rows) - 1)
        near = usual + MARGIN * height if margin else NEAR * height
        return run[other].kind == "one side" and _distance(rows, upper, lower) < near

    while first and goes_with(first, first - 1):
        first -= 1
    while last + 1 < len(run) and (run[last + 1].kind == "far" or goes_with(last, last + 1)):
        last += 1
    return run[first : last + 1]


def _distance(rows: Sequence[Row], upper: int, lower: int) -> float:
    return min(place_of(line).top for line in rows[lower]) - max(place_of(line).bottom for line in rows[upper])


def _continued(run: Sequence[_Seen]) -> float:
    """How much better the text goes on down the columns than across them, in nats."""
    nats = 0.0
    left, right = "", ""
    for seen in run:
        before, after = _text(seen.left), _text(seen.right)
        if before:
            nats += (continuity(left, before) if left else 0.0) - (continuity(right, before) if right and left else 0.0)
        if after:
            nats += (continuity(right, after) if right else 0.0) - (continuity(before, after) if before else 0.0)
        left, right = before or left, after or right
    return nats


def _text(words: Sequence[_Word]) -> str:
    return " ".join(word.text for word in words)


def _size(texts: Sequence[str]) -> float:
    """Words of a typical line; where words are not parted, two letters stand for one."""
    return median(len(text.split()) if text.isascii() or " " in text else max(1.0, len(text) / 2) for text in texts)


def _middle(word: _Word) -> float:
    place = place_of(word.line)
    return (place.top + place.bottom) / 2


def _apart(first: Gutter, second: Gutter) -> bool:
    return first.last < second.first or second.last < first.first


def _over_insets(words: Sequence[Sequence[_Word]], gutters: Sequence[Gutter], height: float) -> list[Gutter]:
    """A gutter into which something is set, round which the columns flow, goes on below it."""
    kept: list[Gutter] = []
    for gutter in sorted(gutters, key=lambda gutter: gutter.first):
        for number, upper in enumerate(kept):
            rows = words[upper.last + 1 : gutter.first]
            if abs(upper.x - gutter.x) < height and (span := _inset(rows, upper.x, height)) is not None:
                evidence = upper.evidence + gutter.evidence
                kept[number] = replace(upper, last=gutter.last, evidence=evidence, insets=(*upper.insets, span))
                break
        else:
            kept.append(gutter)
    return kept


def _inset(rows: Sequence[Sequence[_Word]], x: float, height: float) -> tuple[float, float] | None:
    """From where to where something is set into a gutter; None if its rows stand alone."""
    spans = [span for row in rows if (span := _across(row, x, height)) is not None]
    if not spans:
        return None
    left = min(span[0] for span in spans) - height
    right = max(span[1] for span in spans) + height
    for side in (0, 1):
        beside = sum(any(word.right < left if side == 0 else word.left > right for word in row) for row in rows)
        if 2 * beside < len(rows):
            return None
    return left, right


def _across(row: Sequence[_Word], x: float, height: float) -> tuple[float, float] | None:
    """The words about a place that stand near one another."""
    runs: list[list[float]] = []
    for word in row:
        if runs and word.left - runs[-1][1] < height:
            runs[-1][1] = word.right
        else:
            runs.append([word.left, word.right])
    return next(((left, right) for left, right in runs if left < x < right), None)
