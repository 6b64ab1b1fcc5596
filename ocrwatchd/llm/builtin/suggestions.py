"""What a misread word may have been: known words that look like it, for the model to choose among.

A small model recognises that a word was misread long before it can spell the right one; a list of words can spell
them all, but does not know which one the text wants. So the list proposes and the model decides: the noisy channel of
Kernighan, Church and Gale 1990, "A spelling correction program based on a noisy channel model", with the model in
place of their table. Pure: it sees document text and so never logs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate.glyph_similarity import STROKES_LIMIT, changes, strokes
from ocrwatchd.llm.builtin.word_index import Shelves

WORDS = Path(__file__).with_name("words.txt")
"""The commonest first; made by ``train.frequent``."""

MOST = 8
"""Guesses for one word, at most; each costs the model a look, and more of them gain next to nothing."""

CHANGES = ((3, 1), (6, 2), (9, 3), (STROKES_LIMIT, 4))
"""Letters in a word, up to, and how many of them may have been misread."""

STROKES = ((5, 1), (10, 2), (2 * STROKES_LIMIT, 3))
"""The same for the strokes that it is drawn with."""

FUNCTION_WORDS = 150
FUNCTION_CHANGES = 2
"""Of so many of the commonest words even a short one may be misread so badly."""

HALF_RANK, HALF_SHORT_RANK = 12_000, 300
"""How common the two halves of a word must be that was run together: longer ones, and those of one or two letters."""

LETTERS, STROKE_LETTERS = "abcdefghijklmnopqrstuvwxyz", "clisv"
"""What words, and their strokes, are spelled with; other signs are rare."""

_NEAR, _RARE = 1.3, 0.35
_STROKE, _LETTER, _DRAWN = 0.5, 0.25, 0.5
_WORST = 0.6
_MARKS = re.compile(r"^([\"'(\[]*)(.*?)([.,;:!?\"')\]\-\u2014]*)$", re.DOTALL)
_STRANGE = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_MOSTLY = 0.6
_COMMONNESS, _CHANGE, _UNKNOWN = 0.5, 0.5, -3.5
"""How much a word's rank, its distance and its not being known count beside what the model says of it; tuned on
``gate-dev``."""


class Guesser:
    """Finds words by their looks.

    Args:
        words: in lower case, the commonest first.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._ranks = {word: rank for rank, word in enumerate(words)}
        self._common = list(words[:FUNCTION_WORDS])
        self._by_letters = Shelves(words, words, LETTERS)
        self._by_strokes = Shelves(words, [strokes(word) for word in words], STROKE_LETTERS)

    def guesses(self, word: str) -> list[str]:
        """What a word may have been, with its marks and capitals, the likeliest first; without the word itself."""
        marks = _MARKS.match(word)
        if not marks:
            return []
        before, core, after = marks.groups()
        found: list[str] = []
        for each in dict.fromkeys((core, _STRANGE.sub(r"\2", core))):
            if any(map(str.isalpha, each)) and len(each) <= STROKES_LIMIT:
                found += [
                    before + shaped + after for near in self._near(each.lower()) for shaped in _shaped(each, near)
                ]
        found += [before + halves + after for halves in self._halves(core)]
        likeliest = sorted(dict.fromkeys(found), key=lambda guess: -self.prior(word, guess))
        return [guess for guess in likeliest if guess != word][:MOST]

    def prior(self, before: str, after: str) -> float:
        """How likely ``after`` is for ``before``, as a logarithm, before the model is asked."""
        marks = _MARKS.match(after)
        core = marks[2].lower() if marks else after
        ranks = [self._ranks.get(part) for part in core.split()]
        rarest = max((len(self._ranks) if rank is None else rank for rank in ranks), default=0)
        known = 0.0 if None not in ranks else _UNKNOWN
        return known - _COMMONNESS * math.log(rarest + 2) - _CHANGE * float(Levenshtein.distance(before, after))

    def _near(self, word: str) -> list[str]:
        costs: dict[str, float] = {}
        for near in self._by_letters.near(word, _most(len(word), CHANGES)):
            costs[near] = float(changes(word, near))
        if len(word) <= CHANGES[0][0]:
            costs |= {
                near: float(FUNCTION_CHANGES)
                for near in self._common
                if near not in costs and Levenshtein.distance(word, near) == FUNCTION_CHANGES
            }
        drawn = strokes(word)
        for near in self._by_strokes.near(drawn, _most(len(drawn), STROKES)):
            changed = changes(word, near)
            if changed <= max(1, _WORST * len(word)):
                cost = _DRAWN + _STROKE * Levenshtein.distance(drawn, strokes(near)) + _LETTER * changed
                costs[near] = min(costs.get(near, cost), cost)
        costs.pop(word, None)
        ordered = sorted(costs, key=lambda near: _NEAR * costs[near] + _RARE * math.log(self._ranks[near] + 2))
        return ordered[: 2 * MOST]

    def _halves(self, core: str) -> Iterator[str]:
        if not core.isalpha():
            return
        for at in range(1, len(core)):
            halves = core[:at], core[at:]
            if halves[1].islower() and all(map(self._is_half, halves)):
                yield " ".join(halves)

    def _is_half(self, half: str) -> bool:
        rank = self._ranks.get(half.lower())
        return rank is not None and rank < (HALF_RANK if len(half) > 2 else HALF_SHORT_RANK)  # "of", "a"


@cache
def guesser() -> Guesser:
    """The one for English, by ``WORDS``."""
    return Guesser(WORDS.read_text("utf-8").split())


def _most(length: int, table: Sequence[tuple[int, int]]) -> int:
    return next((most for longest, most in table if length <= longest), table[-1][1])


def _shaped(core: str, word: str) -> list[str]:
    """The word in the capitals of the misread one; both ways where its first letter does not tell."""
    letters = [letter for letter in core if letter.isalpha()]
    if len(letters) > 1 and sum(map(str.isupper, letters)) > _MOSTLY * len(letters):
        return [word.upper()]
    if core[:1].islower():
        return [word]
    return [word[:1].upper() + word[1:], word]
