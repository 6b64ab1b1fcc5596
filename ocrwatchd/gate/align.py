"""Align a proposed text with its source, word by word.

A word is a run without white space, or one character of a script that writes none (Chinese, Japanese, Thai). Equal
words anchor the alignment; between anchors the pairing with the fewest changed characters is looked for, in which words
may also be joined, split, inserted or dropped. The work is bounded: a stretch is searched in a band around its diagonal
only, one that has grown out of all proportion not at all, and words too long for any language are compared by their
length alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

BAND_WORDS = 12
"""How far a pairing may stray from a stretch's diagonal."""

GROWTH_FACTOR = 4
GROWTH_WORDS = 16
"""A stretch more than so many times longer, plus so many words, than its counterpart is not searched."""

JOIN_COST = 0.5
"""Characters that joining or splitting words costs over keeping them apart; breaks ties."""

COMPARED_CHARACTERS = 120
"""Longer runs are no words; comparing them letter by letter would cost the square of their length."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}][\u0300-\u036f\u3099\u309a\ufe00-\ufe0f]*|[^\s{_UNSPACED}]+")
_ALONE = re.compile(f"[{_UNSPACED}]")

_SHAPES = ((1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (1, 0), (0, 1))


class Span(NamedTuple):
    """A word and where it stands in its text."""

    text: str
    start: int
    end: int


class Group(NamedTuple):
    """Source words ``[first, last)`` and the proposed words ``[proposed_first, proposed_last)`` that stand for them."""

    first: int
    last: int
    proposed_first: int
    proposed_last: int


def words(text: str) -> list[Span]:
    """Cut a text into its words."""
    return [Span(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]


def is_unspaced(word: str) -> bool:
    """True for a word of a script that writes no spaces: a single character, as ``words`` gives it."""
    return _ALONE.match(word) is not None


def differences(source: Sequence[str], proposed: Sequence[str]) -> Iterator[Group]:
    """Yield the groups in which the two sequences of words differ, in order."""
    for stretch in _stretches(source, proposed):
        for group in _pairings(source, proposed, stretch):
            if source[group.first : group.last] != proposed[group.proposed_first : group.proposed_last]:
                yield group


def _stretches(source: Sequence[str], proposed: Sequence[str]) -> Iterator[Group]:
    """Yield what lies between words that are equal on both sides."""
    last, proposed_last = 0, 0
    for operation in Levenshtein.opcodes(source, proposed):
        if operation.tag != "equal":
            continue
        if operation.src_start > last or operation.dest_start > proposed_last:
            yield Group(last, operation.src_start, proposed_last, operation.dest_start)
        last, proposed_last = operation.src_end, operation.dest_end
    if last < len(source) or proposed_last < len(proposed):
        yield Group(last, len(source), proposed_last, len(proposed))


def _pairings(source: Sequence[str], proposed: Sequence[str], stretch: Group) -> Iterator[Group]:
    first, last, proposed_first, proposed_last = stretch
    count, proposed_count = last - first, proposed_last - proposed_first
    longer, shorter = max(count, proposed_count), min(count, proposed_count)
    if not shorter or longer > GROWTH_FACTOR * shorter + GROWTH_WORDS:
        yield stretch
        return
    for before, after in _cheapest(source[first:last], proposed[proposed_first:proposed_last]):
        yield Group(
            first + before.start, first + before.stop, proposed_first + after.start, proposed_first + after.stop
        )


def _cheapest(source: Sequence[str], proposed: Sequence[str]) -> list[tuple[slice, slice]]:
    """Pair the words of two stretches so that the fewest characters change."""
    costs: dict[tuple[int, int], float] = {(0, 0): 0.0}
    steps: dict[tuple[int, int], tuple[int, int]] = {}
    slope = len(proposed) / len(source)
    for row in range(len(source) + 1):
        band = int(BAND_WORDS + slope)
        middle = int(row * slope)
        for column in range(max(0, middle - band), min(len(proposed), middle + band) + 1):
            for down, right in _SHAPES:
                earlier = costs.get((row - down, column - right))
                if earlier is None:
                    continue
                before, after = source[row - down : row], proposed[column - right : column]
                cost = earlier + _changed(before, after)
                if cost < costs.get((row, column), float("inf")):
                    costs[row, column] = cost
                    steps[row, column] = (down, right)
    return _retraced(steps, len(source), len(proposed))


def _changed(before: Sequence[str], after: Sequence[str]) -> float:
    shape = JOIN_COST * (max(len(before), len(after)) - 1)
    old, new = "".join(before), "".join(after)
    longer, shorter = max(len(old), len(new)), min(len(old), len(new))
    if not shorter or longer > COMPARED_CHARACTERS:
        return longer + shape
    return Levenshtein.distance(old, new) + shape


def _retraced(steps: dict[tuple[int, int], tuple[int, int]], row: int, column: int) -> list[tuple[slice, slice]]:
    path: list[tuple[slice, slice]] = []
    while row or column:
        down, right = steps[row, column]
        path.append((slice(row - down, row), slice(column - right, column)))
        row, column = row - down, column - right
    return path[::-1]
