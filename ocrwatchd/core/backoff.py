"""How long to wait before the next try: exponential backoff with a cap and jitter."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

FACTOR: Final = 2.0
"""Each pause is this many times as long as the one before."""

JITTER: Final = 0.2
"""The largest share of a pause that is left out at random, so that what failed together is not tried again together."""

_MOST_DOUBLINGS: Final = 64
_RANDOM: Final = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses between tries.

    Args:
        first_s: the longest pause after the first failure, seconds.
        cap_s: the longest pause after any failure, seconds.
        jitter: the largest share of a pause that is left out at random, 0-1.
    """

    first_s: float
    cap_s: float
    jitter: float = JITTER

    def pause_s(self, failures: int) -> float:
        """The pause before the next try, seconds, after ``failures`` failed tries in a row, at least 1."""
        longest = min(self.cap_s, self.first_s * FACTOR ** min(failures - 1, _MOST_DOUBLINGS))
        return longest * (1.0 - self.jitter * _RANDOM.random())
