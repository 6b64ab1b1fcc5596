"""How many tokens to draft: as many as bring the most tokens for a second, by what passes cost and drafts were worth.

A pass of eight tokens may cost hardly more than one of a single token, or five times as much: that depends on the
machine and the model, and is measured as the passes go by. How many of the tokens will be right depends on the model
and the text: that is learned by the tokens' kinds. Neither can change the answer. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from ocrwatchd.llm.draft import GRADES, KINDS, Proposed

COSTS = {1: 1.0, 4: 3.6, 8: 3.9, 16: 4.8, 24: 7.2, 32: 9.0, 48: 12.7, 64: 16.2, 96: 23.5, 128: 30.5}
"""Tokens a pass, and what it costs beside a pass of one, until it is measured: of a 0.5B model in Q8_0 on two cores.

Other sizes are used at a text's end only: llama.cpp's kernels work in blocks, and five tokens may take longer than
eight.
"""

SIZES = tuple(COSTS)
MOST = SIZES[-1] - 1
"""The longest draft: with it goes the model's own last token."""

RIGHT = (0.98, 0.95, 0.75, 0.5)
"""How often the first token of a word of each grade is right, before anything is known."""

RIGHT_LATER, RIGHT_FRESH = 0.95, 0.8
"""The same for a word's further tokens and for the first token after an edit."""

PRIOR_TOKENS = 10.0
"""What the figures above weigh beside tokens seen."""

MEMORY_TOKENS = 200.0
"""So many of the last tokens of a kind count: the next document may be worse."""

MEMORY_PASSES = 20.0
"""The same for passes of a size."""

NEIGHBOUR = math.exp(-3.0)
"""What a measured size tells about the next one."""

UNTRIED = math.exp(-0.2)
"""A size that was never timed is taken for so much cheaper than it seems, or it never would be."""


class Pace:
    """Learns from one model's passes; kept from text to text."""

    def __init__(self) -> None:
        self._drift = [0.0] * len(SIZES)
        self._seen = [0.0] * len(SIZES)
        right = [*RIGHT, *[RIGHT_LATER] * GRADES, RIGHT_FRESH]
        self._prior = [share * PRIOR_TOKENS for share in right]
        self._right, self._told = [0.0] * KINDS, [0.0] * KINDS

    def length(self, ahead: Sequence[Proposed]) -> int:
        """How many of the proposed tokens to draft; 0 where the model is faster alone."""
        alive = [*accumulate((self.chance(each.kind) for each in ahead), mul, initial=1.0)]
        expected = [*accumulate(alive)]
        best, most = 0, 0.0
        for number, size in enumerate(SIZES):
            drafted = min(size, len(expected))
            gained = expected[drafted - 1] / self.cost(number)
            if gained > most:
                best, most = drafted - 1, gained
            if drafted < size:
                break
        return best

    def cost(self, number: int) -> float:
        """Seconds of a pass of ``SIZES[number]`` tokens, or in other units if none was ever timed."""
        weights = [seen * NEIGHBOUR ** abs(number - other) for other, seen in enumerate(self._seen)]
        total = sum(weights)
        drift = sum(map(mul, weights, self._drift)) / total if total else 0.0
        return COSTS[SIZES[number]] * math.exp(drift) * (1 if self._seen[number] else UNTRIED)

    def chance(self, kind: int) -> float:
        """How often a drafted token of this kind is right, 0 to 1, if those before it are."""
        return (self._right[kind] + self._prior[kind]) / (self._told[kind] + PRIOR_TOKENS)

    def timed(self, tokens: int, seconds: float) -> None:
        """A pass of so many tokens took so long."""
        if tokens not in COSTS or seconds <= 0:
            return
        number = SIZES.index(tokens)
        self._seen[number] = min(self._seen[number] + 1, MEMORY_PASSES)
        drift = math.log(seconds / COSTS[tokens])
        self._drift[number] += (drift - self._drift[number]) / self._seen[number]

    def heed(self, draft: Sequence[Proposed], right: int) -> None:
        """Of this draft the first ``right`` tokens were right, and the next one, if any, was not."""
        for number, each in enumerate(draft[: right + 1]):
            fading = 1 - 1 / MEMORY_TOKENS
            self._right[each.kind] = self._right[each.kind] * fading + (number < right)
            self._told[each.kind] = self._told[each.kind] * fading + 1
