"""Which of the model's repairs are taken: a dictionary knows what a small model cannot have learned.

A repair that makes a word of what was none needs little certainty, one that makes another word of a word needs much.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate.words import core
from ocrwatchd.llm.builtin.format import Trust

MENDED = 0.3
"""What is no word becomes one."""

FARFETCHED = 0.8
"""It becomes a short word of which much is not on the page: there are too many of these for any to be likely."""

STRANGE = 0.5
"""What is no word becomes another one that is not known."""

NAMED = 0.8
"""The same with a capital: a name, most likely, and one name is as good as another."""

OTHER = 0.8
"""A word becomes another one."""

MARKED = 0.95
"""Nothing but the marks around it changes: these are taste as often as misreading."""

SPOILED = 0.95
"""A word becomes what is none."""

DROPPED = 0.97
"""Something becomes nothing."""

JOINED = 0.9
"""Two words become one."""

RUINED_SHARE, RUINED_WORDS = 0.5, 20
"""A text of so many words or more, of which a larger share are none, was not misread but ruined."""

RUINED = 0.6
"""What is likely among good words is a guess among ruined ones: there any repair needs this."""

SHORT_LETTERS = 4
"""Dictionaries hold every abbreviation; words up to this length must be common ones, too."""

FAR_LETTERS, FAR_SHARE = 4, 0.45
"""A word of up to so many letters is short; and so much of it, changes for each of its letters, is much."""

_INNER = re.compile(r"[-'\u2019\u2014]+")
_TAILS = frozenset({"", "s", "t", "d", "ll", "re", "ve", "m", "o"})
_LETTERS = frozenset({"a", "A", "I", "O"})


class WordTrust:
    """Trusts a repair by its words: ``knows`` is the dictionary, ``common`` the language's common words."""

    def __init__(self, knows: Callable[[str], bool], common: Iterable[str]) -> None:
        self._knows = knows
        self._common = frozenset(map(str.lower, common))

    def within(self, text: str) -> Trust:
        """The trust in repairs of this text."""
        least = RUINED if self._is_ruined(text) else 0.0
        return lambda before, after, certainty: certainty >= max(least, self.bar(before, after))

    def bar(self, before: str, after: str) -> float:
        """The certainty, 0-1, that this repair needs among good words."""
        if not after:
            return DROPPED
        if core(before) == core(after):
            return MARKED
        if self.is_word(before):
            return OTHER if self.is_word(after) else SPOILED
        if not self.is_word(after):
            return STRANGE if core(after).islower() else NAMED
        if _is_far(before, after):
            return FARFETCHED
        return JOINED if " " in before else MENDED

    def is_word(self, text: str) -> bool:
        """True where each part of a text between spaces, hyphens and apostrophes is a word."""
        return all(self._is_known(part) for part in text.split()) and bool(text.strip())

    def _is_ruined(self, text: str) -> bool:
        words = [word for word in text.split() if any(map(str.isalpha, word))]
        return len(words) >= RUINED_WORDS and sum(map(self.is_word, words)) < (1 - RUINED_SHARE) * len(words)

    def _is_known(self, word: str) -> bool:
        inside = core(word)
        return bool(inside) and all(part in _TAILS or self._is_plain(part) for part in _INNER.split(inside))

    def _is_plain(self, word: str) -> bool:
        if len(word) == 1:
            return word in _LETTERS
        shaped = word.islower() or word.istitle() or word.isupper()
        if not word.isalpha() or not shaped:
            return False
        return word.lower() in self._common or (len(word) > SHORT_LETTERS and self._knows(word))


def _is_far(before: str, after: str) -> bool:
    letters = len(core(after))
    return letters <= FAR_LETTERS and Levenshtein.distance(before, after) >= FAR_SHARE * letters
