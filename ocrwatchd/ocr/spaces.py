"""Restore spaces between words that RapidOCR's recogniser has lost, between Latin letters and digits.

The recogniser has seen most of them, but too weakly. One score decides by its probabilities, by the width of the gap,
and by whether the parts are words. ``tests/bench/spaces.py`` fits the weights.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import east_asian_width

from ocrwatchd.core.lattice import COLUMN
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Box, Word
from ocrwatchd.ocr.geometry import UPRIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocrwatchd.core.lattice import Lattice
    from ocrwatchd.ocr.layout import RawLine

LEAST, SUREST = -4.5, 6.0
"""Below the first value of the recogniser's log-odds there is no space, whatever else speaks for one; values above the
second count as the second."""
CLOSING = frozenset(",;:!?)]")
"""Marks with a space behind them."""
ABBREVIATION = 3
"""A full stop behind fewer letters may end an abbreviation."""
NO_LIST = -7.0
"""Against a space, for the words of a language without a word list, nats."""
MOST_WORDS = 12.0
"""Greatest weight of the words, nats."""
WORD_GAP = 2.2
"""Distance between two words, from letter to letter, in letter pitches, if a line has only one word."""
WIDEST = 2.0
"""Greatest width of a gap that counts, in usual gaps of the line."""


class Evidence(NamedTuple):
    """Evidence for a space in a gap.

    Args:
        picture: the recogniser's log-odds of a space.
        width: 0 is the width between two letters, 1 the width between two words of the line.
        words: how much more probable the two parts are than the whole, nats.
        mark: 1 behind a comma or a similar mark, else 0.
    """

    picture: float
    width: float
    words: float
    mark: float


WEIGHTS = Evidence(picture=0.45, width=1.8, words=0.37, mark=1.04)
BIAS = 2.68
MARGIN = 2.0
"""Least log-odds of a space. A wrong space in a misread word does more harm than a lost one, and the fit has no misread
words."""


class Gap(NamedTuple):
    """A place in a line where a space may be missing.

    Args:
        word: number of the word in the line.
        at: letters of the word before the gap.
        number: letters of the line before the gap.
        evidence: for a space.
    """

    word: int
    at: int
    number: int
    evidence: Evidence


def spaced(lines: Sequence[RawLine], languages: Sequence[str]) -> list[RawLine]:
    """Restore the spaces that the recogniser has lost; a line without a lattice stays unchanged."""
    return [
        _with_spaces(line, [gap for gap in gaps(line, languages) if score(gap.evidence) > MARGIN]) for line in lines
    ]


def score(evidence: Evidence) -> float:
    """The log-odds of a space."""
    return BIAS + sum(weight * value for weight, value in zip(WEIGHTS, evidence, strict=True))


def gaps(line: RawLine, languages: Sequence[str]) -> Iterator[Gap]:
    """The gaps in a line's words in which the recogniser saw at least a trace of a space."""
    if line.lattice is None:
        return
    steps, spans = line.lattice.steps, list(_spans(line))
    pitch = _pitch(line)
    between = [steps[after] - steps[after - 1] for after, _ in spans[1:]]
    usual = max(1.5 * pitch, median(between) if between else WORD_GAP * pitch)
    for number, ((start, _), word) in enumerate(zip(spans, line.words, strict=True)):
        for at in range(1, len(word.text)):
            kind = _kind(word.text, at)
            if kind is None or (seen := _odds(line.lattice.space_at(start + at))) < LEAST:
                continue
            wide = (steps[start + at] - steps[start + at - 1] - pitch) / (usual - pitch)
            yield Gap(
                number,
                at,
                start + at,
                Evidence(seen, min(WIDEST, max(0.0, wide)), _words(word.text, at, languages), kind),
            )


def _odds(logarithm: float) -> float:
    return min(SUREST, logarithm - math.log(max(1e-9, -math.expm1(logarithm))))


def _spans(line: RawLine) -> Iterator[tuple[int, int]]:
    """First letter of each word, and the letter behind its last; white space does not count."""
    return pairwise((0, *accumulate(len(word.text) for word in line.words)))


def _pitch(line: RawLine) -> float:
    """The typical distance between neighbouring letters of a word, in time steps."""
    steps = line.lattice.steps if line.lattice else ()
    distances = [after - before for start, end in _spans(line) for before, after in pairwise(steps[start:end])]
    return max(1.0, median(distances)) if distances else 2.0


def _kind(text: str, at: int) -> float | None:
    """1 for a gap behind a mark, 0 for a gap between letters or digits, None where no space is possible."""
    before, after = text[at - 1], text[at]
    if east_asian_width(before) in "WF" or east_asian_width(after) in "WF":
        return None
    if before.isalnum():
        return 0.0 if after.isalnum() else None
    if not after.isalpha() and not (after.isdigit() and before not in ",:"):
        return None
    point = before == "." and after.isupper() and text[max(0, at - 1 - ABBREVIATION) : at - 1].isalpha()
    return 1.0 if before in CLOSING or (point and at > ABBREVIATION) else None


def _words(text: str, at: int, languages: Sequence[str]) -> float:
    if all(map(_is_mixed, (text[:at], text[at:]))):
        return 0.0  # word lists do not have the parts of a code such as "TN24 8QX"
    words = lexicon(tuple(languages))
    if not words:
        return NO_LIST
    before, after, whole = map(words.log_probability, (text[:at], text[at:], text))
    return min(MOST_WORDS, max(-MOST_WORDS, before + after - whole))


def _is_mixed(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _with_spaces(line: RawLine, found: Sequence[Gap]) -> RawLine:
    if not found or line.lattice is None:
        return line
    words: list[Word] = []
    text = line.text
    for number, word in enumerate(line.words):
        cuts = [gap.at for gap in found if gap.word == number]
        offset = word.offset + len(text) - len(line.text)
        first = sum(len(each.text) for each in line.words[:number])
        for put, cut in enumerate(cuts):
            place = offset + cut + put
            text = f"{text[:place]} {text[place:]}"
        words += _parts(replace(word, offset=offset), first, cuts, line, line.lattice)
    return replace(line, text=text, words=tuple(words))


def _parts(word: Word, first: int, cuts: Sequence[int], line: RawLine, lattice: Lattice) -> Iterator[Word]:
    """Parts of a word, each with its part of the box and the confidence of its own letters."""
    half = _pitch(line) / 2
    steps = lattice.steps[first : first + len(word.text)]
    begin, end = steps[0] - half, steps[-1] + half
    for put, (start, stop) in enumerate(pairwise((0, *cuts, len(word.text)))):
        left = max(steps[start] - half, (steps[start - 1] + steps[start]) / 2) if start else begin
        right = min(steps[stop - 1] + half, (steps[stop - 1] + steps[stop]) / 2) if stop < len(word.text) else end
        box = word.box and _share(word.box, (left - begin) / (end - begin), (right - begin) / (end - begin), line.box)
        text = word.text[start:stop]
        sure = _confidence(text, steps[start:stop], lattice, word.confidence) if cuts else word.confidence
        yield Word(text, word.offset + start + put, box, sure)


def _share(box: Box, start: float, end: float, line: Box) -> Box:
    left, top, right, bottom = box
    if line.height >= UPRIGHT * line.width:
        return Box(left, top + start * box.height, right, top + end * box.height)
    return Box(left + start * box.width, top, left + end * box.width, bottom)


def _confidence(text: str, steps: Sequence[int], lattice: Lattice, whole: float | None) -> float | None:
    told = [
        math.exp(lattice.columns[step, COLUMN[letter]])
        for letter, step in zip(text, steps, strict=True)
        if letter in COLUMN
    ]
    return min(1.0, fmean(told)) if told else whole
