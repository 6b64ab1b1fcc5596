"""Tell whether two texts are one sheet of paper, scanned twice.

Two readings of one sheet differ by misread letters. Two copies of one form, or of one letter to different people,
differ by whole words and numbers, however much of their text is the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, Levenshtein

LEAST_LETTERS: Final = 120
"""Shorter texts say too little: separator sheets, signatures, blank forms."""

ALIKE: Final = 0.86
"""Least share of common characters, 0-1. Two readings with 3 % of misread letters each have about 0.95."""

ALIKE_NUMBERED: Final = 0.75
"""The same where both pages bear the same number."""

LONGEST: Final = 20_000
"""Characters of a page that are compared."""

NOISE: Final = 0.5
"""From this likeness, 0-1, one word may be a misreading of the other."""

SHORT: Final = 3
"""Letters of a word that can be anything after it was misread."""

OTHER_LETTERS: Final = 8
"""So many letters may stand in words that are no misreadings of the other text's. Two readings of 200 pages with 3 % of
misread letters had at most one such word."""

OTHER_LETTERS_NUMBERED: Final = 40
"""The same where both pages bear the same number."""

NUMBERS: Final = 20
"""One number of so many may differ by another digit."""

_LOOKS: Final = str.maketrans("oqdliz|!sgb", "00011211596")


def same_page(one: str, other: str, *, numbered: bool = False) -> bool:
    """Whether both texts are one page.

    Args:
        one: text of a page.
        other: text of another one.
        numbered: both bear the same number, so less likeness is enough.
    """
    words = [unicodedata.normalize("NFKC", text[:LONGEST]).casefold().split() for text in (one, other)]
    letters = [sum(map(len, each)) for each in words]
    if min(letters) < LEAST_LETTERS:
        return False
    alike = ALIKE_NUMBERED if numbered else ALIKE
    if fuzz.ratio(*map(" ".join, words), score_cutoff=100 * alike) == 0:
        return False
    return not _differ(*words, numbered=numbered)


def _differ(one: list[str], other: list[str], *, numbered: bool) -> bool:
    """Whether the words differ by what nobody misreads."""
    letters = wrong_numbers = 0
    for start, end, first, last in _stretches(one, other):
        before, after = "".join(one[start:end]), "".join(other[first:last])
        if _looks(before) == _looks(after):
            continue
        if Indel.normalized_similarity(before, after) < NOISE:
            longer = max(len(before), len(after))
            letters += longer if longer > SHORT else 0
        numbers = [
            [_looks(word) for word in words if _is_number(word)] for words in (one[start:end], other[first:last])
        ]
        wrong_numbers += sum(number != its for number, its in zip(*numbers, strict=False))
    most = sum(map(_is_number, one)) // NUMBERS + numbered
    return letters > (OTHER_LETTERS_NUMBERED if numbered else OTHER_LETTERS) or wrong_numbers > most


def _stretches(one: list[str], other: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """The stretches of words that differ, whole: a word that was split is replaced by two."""
    end = last = 0
    for start, first, size in Levenshtein.editops(one, other).as_matching_blocks():
        if (start, first) != (end, last):
            yield end, start, last, first
        end, last = start + size, first + size


def _is_number(word: str) -> bool:
    return sum(map(str.isdigit, word)) * 2 > len(word)


def _looks(text: str) -> str:
    return text.translate(_LOOKS)
