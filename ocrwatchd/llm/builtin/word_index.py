"""Words on shelves by length, so that those a few changes away are found without a look at each. Pure.

A changed letter makes two words differ by one letter at most in what each holds that the other lacks. So letters are
counted beforehand, and only words whose letters may do are compared one by one: the bag distance of Bartolini, Ciaccia
and Patella 2002, "String matching with metric trees using an approximate distance", in one machine word a spelling.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

LOOKED_AT = 30
"""Nearest words of each length, at most."""

_BITS = 64


class _Shelf(NamedTuple):
    """Words whose spellings have one length: themselves, their spellings, and what those hold; see ``_held``."""

    words: list[str]
    spelled: npt.NDArray[np.object_]
    held: npt.NDArray[np.uint64]


class Shelves:
    """Finds words by their spelling.

    Args:
        words: the commonest first.
        spelled: how each is spelled.
        alphabet: the letters that tell most spellings apart, up to 64; the fewer, the more of each is counted.
    """

    def __init__(self, words: Sequence[str], spelled: Sequence[str], alphabet: str) -> None:
        self._letters = np.array([ord(letter) for letter in alphabet], np.uint32)
        sorted_: dict[int, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for word, spelling in zip(words, spelled, strict=True):
            sorted_[len(spelling)][0].append(word)
            sorted_[len(spelling)][1].append(spelling)
        self._shelves = {
            length: _Shelf(own, np.array(spellings, object), self._held(spellings, length))
            for length, (own, spellings) in sorted_.items()
        }

    def near(self, spelled: str, most: int) -> Iterator[str]:
        """The words whose spelling is up to ``most`` changes away, of each length the nearest and commonest."""
        held = self._held([spelled], len(spelled))
        for length in range(max(1, len(spelled) - most), len(spelled) + most + 1):
            if length not in self._shelves:
                continue
            shelf = self._shelves[length]
            lacking = np.maximum(np.bitwise_count(held & ~shelf.held), np.bitwise_count(shelf.held & ~held))
            likely = np.flatnonzero(lacking <= most)
            if not likely.size:
                continue
            spellings = shelf.spelled[likely].tolist()
            far = process.cdist([spelled], spellings, scorer=Levenshtein.distance, score_cutoff=most, dtype=np.uint8)[0]
            close = np.flatnonzero(far <= most)
            # A stable sort, so that of equally near words the commoner ones come first.
            for at in close[np.argsort(far[close], kind="stable")][:LOOKED_AT]:
                yield shelf.words[likely[at]]

    def _held(self, spellings: Sequence[str], length: int) -> npt.NDArray[np.uint64]:
        """What each spelling holds of the alphabet: so many bits of a letter's own are set as there are of it."""
        width = _BITS // len(self._letters)
        signs = np.array(spellings, f"U{max(1, length)}").view(np.uint32).reshape(len(spellings), -1)
        counts = (signs[:, :, None] == self._letters).sum(axis=1, dtype=np.uint64).clip(max=width)
        bits = (np.uint64(1) << counts) - np.uint64(1)
        places = np.arange(len(self._letters), dtype=np.uint64) * np.uint64(width)
        return np.asarray(np.bitwise_or.reduce(bits << places, axis=1), np.uint64)
