"""The probability of a word by its letters: interpolated n-grams (Witten and Bell 1991)."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ORDER = 4
"""Letters of an n-gram."""
CHARACTERS = 200
"""An unknown character counts as one of this many, all equally probable."""
BITS = 15
"""Bits of a letter's number: four letters fit into an integer of 64 bits."""
_BEGIN, _END = "\x02", "\x03"


class _Size(NamedTuple):
    """The n-grams of one size, sorted by the numbers of their letters.

    Args:
        grams: the numbers of the letters, packed into one integer.
        told: ln of the frequency of the last letter after the others, interpolated with the shorter n-grams.
        contexts: the letters before the last one, packed.
        rests: ln of the probability that a context leaves for unseen letters.
    """

    grams: array[int]
    told: array[float]
    contexts: array[int]
    rests: array[float]


class LetterGrams:
    """N-grams of words; each word counts once.

    Raises:
        ValueError: the words have more than 32,000 different letters.
    """

    def __init__(self, words: Sequence[str]) -> None:
        begin = _BEGIN * (ORDER - 1)
        points = np.frombuffer("".join(f"{begin}{word}{_END}" for word in words).encode("utf-32-le"), np.uint32)
        alphabet, numbers = np.unique(points, return_inverse=True)
        if len(alphabet) >= 1 << BITS:
            raise ValueError(f"{len(alphabet)} different letters: too many")
        self._numbers = {chr(point): number for number, point in enumerate(alphabet.tolist(), 1)}
        counted = points != ord(_BEGIN)
        self._sizes: list[_Size] = []
        grams, known, told = np.zeros(len(points), np.int64), np.zeros(1, np.int64), np.full(1, 1 / CHARACTERS)
        for size in range(ORDER):
            before = np.concatenate((np.zeros(size, np.int64), numbers[: len(numbers) - size] + 1))
            grams |= before << (BITS * size)
            known, told = self._count(grams[counted], known, told, size)

    def _count(
        self, found: NDArray[np.int64], shorter: NDArray[np.int64], lower: NDArray[np.float64], size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Add the n-grams of the next size; return them and their probabilities."""
        grams, counts = np.unique(found, return_counts=True)
        contexts, of, kinds = np.unique(grams >> BITS, return_inverse=True, return_counts=True)
        totals = np.bincount(of, counts) + kinds
        rests = kinds / totals
        tail = np.searchsorted(shorter, grams & ((1 << BITS * size) - 1))
        told = counts / totals[of] + rests[of] * lower[tail]
        self._sizes.append(
            _Size(
                array("q", grams.tobytes()),
                array("d", np.log(told).tobytes()),
                array("q", contexts.tobytes()),
                array("d", np.log(rests).tobytes()),
            )
        )
        return grams, told

    def log_probability(self, word: str) -> float:
        """Ln of a word's probability among all words, including its end."""
        begin = self._numbers[_BEGIN]
        gram, told = 0, 0.0
        for _ in range(ORDER - 1):
            gram = gram << BITS | begin
        for letter in f"{word}{_END}":
            gram = (gram << BITS | self._numbers.get(letter, 0)) & ((1 << BITS * ORDER) - 1)
            told += self._of_gram(gram)
        return told

    def _of_gram(self, gram: int) -> float:
        rest = 0.0
        for size in range(ORDER, 0, -1):
            grams, told, contexts, rests = self._sizes[size - 1]
            wanted = gram & ((1 << BITS * size) - 1)
            at = bisect_left(grams, wanted)
            if at < len(grams) and grams[at] == wanted:
                return rest + told[at]
            before = wanted >> BITS
            at = bisect_left(contexts, before)
            if at < len(contexts) and contexts[at] == before:
                rest += rests[at]
        return rest - math.log(CHARACTERS)
