"""Divide lines that a detector has joined across the gutter between two columns.

Pure geometry. Nothing is divided on the evidence of one line: only many lines, one under the other, with a gap at the
same place and no word across it show a gutter.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING, Literal, TypeAlias

from ocrwatchd.core.model import Box
from ocrwatchd.ocr.rows import around, numeric, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocrwatchd.ocr.layout import RawLine

WIDER = 1.5
"""A gutter's gap is at least so many times as wide as the page's typical gap between words."""
WIDEST = 3.0
"""A gap wider than this, in line heights, tells nothing: a short last line ends there, or the page is a form."""
RUN = 6
"""Rows with a gap at one place and no word across it between them that make it a gutter. In justified text a gap as
wide as a gutter's stands at a given place in about one line of twenty: six in a row come by chance on one page in
thousands."""
FLUSH = 2 / 3
"""Of a column's lines at least so many begin at the same place, as exactly as that is known."""
COLUMN_WORDS = 3
"""A typical line of a column has at least so many words: fewer are numbers of a list or cells of a table."""
APART = 0.6
"""Pieces of a divided line lie at least so far apart, in line heights, that they are not joined again."""
BLUR = 0.15
"""Edges of words are known to this, in line heights: recognisers place letters by steps of about as much."""


@dataclass(frozen=True, slots=True)
class _Word:
    line: int
    number: int
    text: str
    left: float
    right: float


_Run: TypeAlias = list[tuple[_Word, _Word]]


@dataclass(frozen=True, slots=True)
class _Row:
    words: tuple[_Word, ...]
    middles: tuple[float, ...]
    height: float

    def beside(self, x: float) -> tuple[_Word | None, _Word | None]:
        """The words whose middles are the nearest on either side."""
        place = bisect(self.middles, x)
        return (self.words[place - 1] if place else None), (self.words[place] if place < len(self.words) else None)


def divided(lines: Sequence[RawLine]) -> list[RawLine]:
    """Divide the lines that run across a gutter; all others come back as they are.

    Lines are divided between two words whose gap stands where the lines above and below have theirs, whether joined
    there too or found apart, and only where both sides read like prose: rows of a table, numbered lists and the wide
    gaps of justified text stay whole.

    Args:
        lines: with their words; a line without any is never divided.
    """
    rows = _rows(lines)
    gaps = [
        after.left - before.right for row in rows for before, after in pairwise(row.words) if _joined(before, after)
    ]
    if not gaps:
        return list(lines)
    least = WIDER * median(gaps)
    cuts: list[dict[int, float]] = [{} for _ in lines]
    for x, runs in _gutters(rows, least):
        for before, after in chain.from_iterable(runs):
            # Between two lines the end of the one is trimmed and the beginning of the other.
            cuts[before.line][before.number + 1] = cuts[after.line][after.number] = x
    return [piece for line, starts in zip(lines, cuts, strict=True) for piece in _cut(line, starts)]


def _rows(lines: Sequence[RawLine]) -> list[_Row]:
    places = [line.place or line.box for line in lines]
    rows = []
    for row in rows_of(places):
        words = sorted(
            (word for cell in row.cells for index in cell for word in _words(index, lines[index])), key=_left
        )
        height = median(places[index].bottom - places[index].top for cell in row.cells for index in cell)
        rows.append(_Row(tuple(words), tuple((word.left + word.right) / 2 for word in words), height))
    return rows


def _words(index: int, line: RawLine) -> list[_Word]:
    place = line.place or line.box
    boxes = [(number, word.text, word.box) for number, word in enumerate(line.words) if word.box is not None]
    if len(boxes) < len(line.words) or not boxes:
        return [_Word(index, 0, line.text, place.left, place.right)]
    return [_Word(index, number, text, _x_of(box.left, line), _x_of(box.right, line)) for number, text, box in boxes]


def _left(word: _Word) -> float:
    return word.left


def _joined(before: _Word, after: _Word) -> bool:
    return before.line == after.line


def _gutters(rows: Sequence[_Row], least: float) -> list[tuple[float, list[_Run]]]:
    """Where the gutters are, each with its runs of gaps; of places closer than a line's height the clearest."""
    height = median(row.height for row in rows)
    found = [(x, runs) for x in _candidates(rows, least, max(1.0, BLUR * height)) if (runs := _runs(rows, x, least))]
    clearest = sorted(found, key=lambda gutter: -sum(map(len, gutter[1])))
    chosen: list[tuple[float, list[_Run]]] = []
    for x, runs in clearest:
        if all(abs(x - other) > height for other, _ in chosen):
            chosen.append((x, runs))
    return chosen


def _candidates(rows: Sequence[_Row], least: float, step: float) -> list[float]:
    """Middles of the wide gaps inside lines, those closer than a step as one; the most frequent first."""
    found: Counter[int] = Counter()
    for row in rows:
        for before, after in pairwise(row.words):
            if _joined(before, after) and after.left - before.right >= least:
                found[round((before.right + after.left) / 2 / step)] += 1
    return [number * step for number, _ in found.most_common()]


def _runs(rows: Sequence[_Row], x: float, least: float) -> list[_Run]:
    """The gaps at ``x`` of rows that make it a gutter, run by run."""
    runs: list[_Run] = [[]]
    gaps: list[list[tuple[_Row, _Word]]] = [[]]
    for row in rows:
        before, after = row.beside(x)
        seen = _seen(x, before, after, row.height, least)
        if seen == "word":
            runs.append([])
            gaps.append([])
        elif before and after and seen != "nothing":
            runs[-1].append((before, after))
            if seen == "gap":
                gaps[-1].append((row, after))
    return [run for run, told in zip(runs, gaps, strict=True) if len(told) >= RUN and _is_gutter(told)]


def _seen(
    x: float, before: _Word | None, after: _Word | None, height: float, least: float
) -> Literal["gap", "space", "word", "nothing"]:
    """What a row has at ``x``: a gap as wide as a gutter's, a usual space between words, or a word."""
    if before and after and not _joined(before, after) and abs(before.right + after.left - 2 * x) < 2 * height:
        # The detector has ended a line here: evidence enough, though its boxes may reach into the gutter.
        return "gap"
    blur = BLUR * height
    if (before and before.right - blur > x) or (after and after.left + blur < x):
        return "word"
    if not before or not after or (wide := after.left - before.right) > WIDEST * height:
        return "nothing"
    if wide >= least:
        return "gap"
    # It is no evidence, but the recogniser's steps may have made it narrow where others show a gutter.
    return "space" if wide >= least / WIDER else "word"


def _is_gutter(gaps: Sequence[tuple[_Row, _Word]]) -> bool:
    if not _is_flush(gaps):
        return False
    sides = [_sides(row, after) for row, after in gaps]
    return all(_is_prose([side[hand] for side in sides]) for hand in (0, 1))


def _is_flush(gaps: Sequence[tuple[_Row, _Word]]) -> bool:
    margin = median(after.left for _, after in gaps)
    return sum(abs(after.left - margin) <= 2 * BLUR * row.height for row, after in gaps) >= FLUSH * len(gaps)


def _sides(row: _Row, after: _Word) -> tuple[list[str], list[str]]:
    place = row.words.index(after)
    return [word.text for word in row.words[:place]], [word.text for word in row.words[place:]]


def _is_prose(side: Sequence[Sequence[str]]) -> bool:
    if median(map(len, side)) < COLUMN_WORDS:
        return False
    return 2 * sum(numeric("".join(words)) for words in side) < len(side)


def _cut(line: RawLine, starts: Mapping[int, float]) -> list[RawLine]:
    """Divide a line before the words with these numbers, at these places; at its own ends it is only trimmed."""
    count = max(1, len(line.words))
    inside = sorted(number for number in starts if 0 < number < count)
    return [
        _trimmed(_piece(line, first, last) if inside else line, starts.get(first), starts.get(last))
        for first, last in pairwise((0, *inside, count))
    ]


def _piece(line: RawLine, first: int, last: int) -> RawLine:
    words = line.words[first:last]
    begin, end = words[0].offset, words[-1].offset + len(words[-1].text)
    box = around(word.box for word in words if word.box is not None)
    scores = [word.confidence for word in words if word.confidence is not None]
    place = line.place or line.box
    left, right = (_x_of(side, line) for side in (box.left, box.right))
    before, letters = (sum(len(word.text) for word in some) for some in (line.words[:first], words))
    return replace(
        line,
        text=line.text[begin:end],
        box=box,
        confidence=fmean(scores) if scores else line.confidence,
        words=tuple(replace(word, offset=word.offset - begin) for word in words),
        place=Box(left, place.top, right, place.bottom),
        lattice=line.lattice and line.lattice.part(before, before + letters),
    )


def _trimmed(line: RawLine, after: float | None, before: float | None) -> RawLine:
    """Keep a line's place clear of the gutters beside it: detectors' boxes are roomy, and may meet in a narrow one."""
    place = line.place or line.box
    room = APART / 2 * (place.bottom - place.top)
    left = place.left if after is None else max(place.left, after + room)
    right = place.right if before is None else min(place.right, before - room)
    if (left, right) == (place.left, place.right) or right <= left:
        return line
    return replace(line, place=Box(left, place.top, right, place.bottom))


def _x_of(x: float, line: RawLine) -> float:
    """From the picture to where it would be on a level page."""
    place = line.place or line.box
    return place.left + (x - line.box.left) * (place.right - place.left) / max(1.0, line.box.right - line.box.left)
