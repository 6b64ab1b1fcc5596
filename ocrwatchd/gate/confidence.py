"""What the engine's confidences say about a stretch of its text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from ocrwatchd.core.model import Word

DOUBTED = 0.5
"""A letter or a sign that stands alone and was read with less confidence, 0 to 1, may be a speck."""


class Confidence:
    """How sure the engine was, by place; of what has no confidence it was neither sure nor unsure.

    Args:
        words: with offsets into the text.
        sure: the least confidence, 0 to 1, that counts as sure.
    """

    def __init__(self, words: Sequence[Word], sure: float) -> None:
        self._sure = sure
        self._known = sorted(
            (word.offset, word.offset + len(word.text), word.confidence)
            for word in words
            if word.confidence is not None
        )
        self._starts = [start for start, _, _ in self._known]

    def is_sure(self, start: int, end: int) -> bool:
        """True where the engine read ``[start, end)`` with confidence, all of it."""
        inside = self._inside(start, end)
        return bool(inside) and min(inside) >= self._sure

    def is_doubted(self, start: int, end: int) -> bool:
        """True where the engine says itself that it could hardly read ``[start, end)``, any of it."""
        return min(self._inside(start, end), default=1.0) < DOUBTED

    def _inside(self, start: int, end: int) -> list[float]:
        first = bisect_left(self._starts, start)
        if first and self._known[first - 1][1] > start:
            first -= 1
        return [each[2] for each in self._known[first : bisect_left(self._starts, end)] if each[1] > start]
