"""Find the gutters of a page: the places where its columns part.

Rows run straight across the page unless there is evidence against that. A place that no word crosses in two rows or
more may be a gutter. A sum of a few measured quantities, in nats, decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from statistics import median

from ocrwatchd.ocr.continuity import continuity
from ocrwatchd.ocr.gutter_runs import (
    BLUR,
    FLUSH,
    MARGIN,
    Seen,
    least_gap,
    places_of,
    runs_at,
    text_of,
    trimmed,
    white_between,
)
from ocrwatchd.ocr.rows import PageWord, Row, height_of, middle_of, numeric, words_of_line
from ocrwatchd.ocr.side_by_side import alike, blocks_beside, groups_of, sentence_beside, tables_beside
from ocrwatchd.ocr.staggered import staggered_blocks
from ocrwatchd.ocr.tables import tall_rows

COLUMN = 4.0
"""Least width of a column, in line heights."""
MISSED = 0.2
"""Lines of two columns whose middles differ by more than this, in line heights, do not stand in one row."""

MISSED_NATS = 0.5
"""For each row whose two cells do not stand in one row."""
CLEAN_NATS = 0.7
"""For each row that a gutter leaves clear, except the first few, times the share of rows in which the right column is
flush."""
SPACE_NATS = 4.0
"""Against a gutter as narrow as a space between words; the weight falls to 0 at the width of a line's height."""
CHANCE_ROWS = 5
"""In justified text about one line in twenty has a gap as wide as a gutter at a given place, so a run of this many rows
comes by chance on one page in thousands. Chinese and Japanese lines have no gaps."""
PROSE_WORDS = 3.0
"""A typical line of a column of prose has at least this many words. A column with fewer may be one of a table, and a
column of single words always is."""
ENOUGH = {"auto": 4.0, "columns": 0.0}
"""Least evidence of a gutter, in nats, by ``ocr.layout``."""


@dataclass(frozen=True, slots=True)
class Gutter:
    """One gutter.

    Args:
        x: its place on the level page, just before the right column, pixels.
        first: its first row.
        last: its last row, inclusive.
        evidence: nats.
        insets: left and right edges of the pull quotes and other insets in it.
        right_first: the right column begins above the left one and is read first.
    """

    x: float
    first: int
    last: int
    evidence: float
    insets: tuple[tuple[float, float], ...] = ()
    right_first: bool = False


def gutters_of(rows: Sequence[Row], layout: str) -> list[Gutter]:
    """Find the gutters of a page, whose rows are given from the top down."""
    words = [sorted((word for line in row for word in words_of_line(line)), key=lambda word: word.left) for row in rows]
    if not rows:
        return []
    for number in tall_rows(rows):
        # A table has no gutter.
        words[number] = [PageWord(-inf, inf, "", rows[number][0])]
    height = median(map(height_of, rows))
    least = least_gap(words, height)
    found: list[Gutter] = []
    whites = [white_between(rows, number, number + 1) for number in range(len(rows) - 1)]
    white = max(0.0, median(whites or [0.0])) + MARGIN * height
    for x, count in places_of(words, least, height):
        for run in runs_at(words, x, least, height):
            groups = list(groups_of(rows, run, white))
            found += (Gutter(x, *block) for group in groups for block in sentence_beside(group, height))
            if count > 1:
                found += filter(None, [_judged(rows, run, x, height)])
                found += (Gutter(x, *block) for block in tables_beside(rows, run, x, height))
                found += (Gutter(x, *block) for group in groups for block in blocks_beside(rows, group, height))
    chosen: list[Gutter] = []
    for gutter in sorted(found, key=lambda gutter: -gutter.evidence):
        if all(abs(gutter.x - other.x) > COLUMN * height or _apart(gutter, other) for other in chosen):
            chosen.append(gutter)
    certain = [gutter.x for gutter in chosen if gutter.evidence >= ENOUGH[layout]]
    # Below a certain gutter, little evidence suffices for its continuation.
    sure = [
        gutter
        for gutter in chosen
        if gutter.evidence >= ENOUGH[layout]
        or (gutter.evidence > 0 and any(abs(gutter.x - x) <= FLUSH * height for x in certain))
    ]
    for blocks in sorted(staggered_blocks(rows, height), key=lambda blocks: (-blocks.evidence, blocks.x)):
        gutter = Gutter(blocks.x - BLUR * height, blocks.first, blocks.last, blocks.evidence, (), blocks.right_first)
        if gutter.evidence >= ENOUGH[layout] and all(_apart(gutter, other) for other in sure):
            sure.append(gutter)
    return _over_insets(words, sure, height)


def _judged(rows: Sequence[Row], run: Sequence[Seen], x: float, height: float) -> Gutter | None:
    run = trimmed(rows, run, height)
    both = [seen for seen in run if seen.left and seen.right]
    if len(both) < 2:  # one row is no column
        return None
    lefts, rights = (
        [text_of(cell) for cell in side if cell] for side in zip(*(seen[1:3] for seen in run), strict=True)
    )
    edge = median(seen.right[0].left for seen in both)
    flush = sum(abs(seen.right[0].left - edge) <= FLUSH * height for seen in both) / len(both)
    missed = sum(abs(middle_of(seen.left[-1].line) - middle_of(seen.right[0].line)) > MISSED * height for seen in both)
    gap = median((seen.right[0].left - seen.left[-1].right) / height for seen in both)
    space = SPACE_NATS * min(1.0, max(0.0, 1 - gap))
    chance = CHANCE_ROWS if any(" " in text for text in (*lefts, *rights)) else 1
    clean = CLEAN_NATS * max(0, len(both) - chance) * flush
    weight = min(min(_size(lefts), _size(rights)) - 1, PROSE_WORDS - 1) / (PROSE_WORDS - 1)
    evidence = _continued(run) + MISSED_NATS * missed + clean - space
    if evidence > 0:
        evidence *= 0.0 if any(2 * sum(map(numeric, side)) > len(side) for side in (lefts, rights)) else weight
    return Gutter(x, run[0].row, run[-1].row, evidence + alike(both, height))


def _continued(run: Sequence[Seen]) -> float:
    """How much better the text continues down the columns than across them, in nats."""
    nats = 0.0
    left, right = "", ""
    for seen in run:
        before, after = text_of(seen.left), text_of(seen.right)
        if before:
            nats += (continuity(left, before) if left else 0.0) - (continuity(right, before) if right and left else 0.0)
        if after:
            nats += (continuity(right, after) if right else 0.0) - (continuity(before, after) if before else 0.0)
        left, right = before or left, after or right
    return nats


def _size(texts: Sequence[str]) -> float:
    """Words of a typical line; in scripts without spaces two letters count as one word."""
    return median(len(text.split()) if text.isascii() or " " in text else max(1.0, len(text) / 2) for text in texts)


def _apart(first: Gutter, second: Gutter) -> bool:
    return first.last < second.first or second.last < first.first


def _over_insets(words: Sequence[Sequence[PageWord]], gutters: Sequence[Gutter], height: float) -> list[Gutter]:
    """Join the gutters above and below an inset: the columns flow round it."""
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


def _inset(rows: Sequence[Sequence[PageWord]], x: float, height: float) -> tuple[float, float] | None:
    """Left and right edge of what is set into a gutter; None if its rows stand alone."""
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


def _across(row: Sequence[PageWord], x: float, height: float) -> tuple[float, float] | None:
    """The words around a place that stand close to one another."""
    runs: list[list[float]] = []
    for word in row:
        if runs and word.left - runs[-1][1] < height:
            runs[-1][1] = word.right
        else:
            runs.append([word.left, word.right])
    return next(((left, right) for left, right in runs if left < x < right), None)
