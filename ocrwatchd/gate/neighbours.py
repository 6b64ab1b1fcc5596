"""The words that a misread word may have been: a repair is the most likely one, not any known one."""

from __future__ import annotations

import math
from functools import cache, lru_cache, reduce
from operator import or_

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.lexicon import Lexicon, pieces
from ocrwatchd.core.word_list import log_sum
from ocrwatchd.gate.channel import ONE, misreading

RAREST = 1e-7
"""Words with a smaller share of all running words are no neighbours."""
LENGTH = 2
"""A neighbour has at most so many letters more or fewer."""
SHORT, LONG = 2, 7
"""Words of up to so many letters have neighbours within one change, within two; longer ones within three."""
HOPELESS = 5.0
"""Neighbours so many nats behind the best one are left out."""
CHEAPEST = np.array([0.0, ONE + 0.7, ONE + 1.5, ONE + 2.5], np.float32)
"""The least that one, two, three changed letters cost: two and three may be one misreading."""
KEPT_WORDS = 1 << 12
"""So many words' neighbours are remembered, up to a hundred each."""
LEAST = -12.0
"""ln of a share that is as good as none."""


class Neighbours:
    """The listed words of a document's languages, by what they may be read as.

    Args:
        lexicon: of the languages; an empty one has no neighbours.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        shelves: dict[int, dict[str, float]] = {}
        for word, share in lexicon.words(RAREST):
            shelf = shelves.setdefault(len(word), {})
            shelf[word] = max(share, shelf.get(word, 0.0))
        self._shelves = {
            length: (
                np.array(list(shelf), object),
                np.log(np.fromiter(shelf.values(), np.float32)),
                np.fromiter(map(_letters, shelf), np.uint64),
            )
            for length, shelf in shelves.items()
        }
        self._of = lru_cache(KEPT_WORDS)(self._found)

    def share(self, read: str, true: str) -> float | None:
        """Tell how likely ``true`` is among all that ``read`` may stand for.

        Args:
            read: as recognised, without the marks around it.
            true: as proposed, likewise.

        Returns:
            ln of its share; None where words were parted or joined.
        """
        before, after = pieces(read.lower()), pieces(true.lower())
        if len(before) != len(after):
            return None
        told = (self._of_piece(old, new) for old, new in zip(before, after, strict=True) if old != new)
        return max(LEAST, sum(told, 0.0))

    def likeliest(self, read: str) -> str | None:
        """The likeliest other word that ``read`` may stand for, in small letters; None without one."""
        others = self._of(read)
        return max(others, key=others.__getitem__, default=None)

    def rival(self, read: str, true: str) -> float:
        """Tell how easily ``read`` is misread for another word than ``true``.

        Args:
            read: as recognised, without the marks around it.
            true: as proposed, likewise.

        Returns:
            The cost of the likeliest other word, in nats for each misread place; infinite without such a word.
        """
        before, after = pieces(read.lower()), pieces(true.lower())
        if len(before) != len(after):
            return math.inf
        told = (self._rival(old, new) for old, new in zip(before, after, strict=True) if old != new)
        return min(told, default=math.inf)

    def _rival(self, read: str, true: str) -> float:
        others = {word: likely for word, likely in self._of(read).items() if word != true}
        if not others:
            return math.inf
        found = misreading(read, max(others, key=others.__getitem__))
        return found.cost / found.places

    def _of_piece(self, read: str, true: str) -> float:
        others = self._of(read)
        own = self._lexicon.log_probability(true) - misreading(read, true).cost
        return own - log_sum([*others.values(), *([] if true in others else [own])])

    def _found(self, read: str) -> dict[str, float]:
        """Neighbours, each with ln P(neighbour, read as ``read``), for words read equally badly."""
        most = 1 if len(read) <= SHORT else 2 if len(read) <= LONG else 3
        near: list[tuple[float, float, str]] = []
        own = np.uint64(_letters(read))
        for length in range(max(1, len(read) - LENGTH), len(read) + LENGTH + 1):
            if length not in self._shelves:
                continue
            shelf, frequent, letters = self._shelves[length]
            # Each letter that one of two words lacks takes a change: few words are left to compare.
            lacking = np.maximum(np.bitwise_count(letters & ~own), np.bitwise_count(~letters & own))
            maybe = np.flatnonzero(lacking <= most)
            if not maybe.size:
                continue
            shelf, frequent = shelf[maybe], frequent[maybe]
            changed = process.cdist([read], shelf, scorer=Levenshtein.distance, score_cutoff=most, dtype=np.uint8)[0]
            at = np.flatnonzero((changed > 0) & (changed <= most))
            likely = frequent[at] - CHEAPEST[changed[at]]
            near += zip(likely.tolist(), frequent[at].tolist(), (shelf[each] for each in at), strict=True)
        found: dict[str, float] = {}
        best = -math.inf
        for most_likely, share, word in sorted(near, reverse=True):
            if most_likely < best - HOPELESS:
                break
            found[word] = share - misreading(read, word).cost
            best = max(best, found[word])
        return found


def _letters(word: str) -> int:
    """The letters that a word has, a bit each; rare ones share bits."""
    return reduce(or_, (1 << ord(letter) % 64 for letter in word), 0)


@cache
def neighbours(lexicon: Lexicon) -> Neighbours:
    """The neighbours in a lexicon; made once for each."""
    return Neighbours(lexicon)
