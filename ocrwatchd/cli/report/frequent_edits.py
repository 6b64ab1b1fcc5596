"""Count the most frequent proposals in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ocrwatchd.cli.report.receipts import Proposal
from ocrwatchd.core.reason import Reason

MOST_TEXT: Final = 40
"""Proposals are cut to this many characters: a longer one is a sentence, and hardly comes twice."""

MOST_PAIRS: Final = 100_000
"""At most this many different proposals are counted; beyond that the rarest are forgotten."""

CUT: Final = "\N{HORIZONTAL ELLIPSIS}"


class Pair(NamedTuple):
    """A proposal; ``why`` is the reason of a refused one, else None."""

    before: str
    after: str
    why: Reason | None


@dataclass(slots=True)
class Pairs:
    """The number of each proposal, and how many of them people have reverted."""

    counted: Counter[Pair] = field(default_factory=Counter)
    reverted: Counter[Pair] = field(default_factory=Counter)

    def add(self, proposal: Proposal, *, refused: bool = False) -> None:
        pair = Pair(_short(proposal.before), _short(proposal.after), proposal.why if refused else None)
        self.counted[pair] += 1
        if proposal.reverted:
            self.reverted[pair] += 1
        if len(self.counted) > MOST_PAIRS:
            self.counted = Counter(dict(self.counted.most_common(MOST_PAIRS // 2)))
            self.reverted = Counter({pair: times for pair, times in self.reverted.items() if pair in self.counted})

    def most(self, number: int) -> list[tuple[Pair, int, int]]:
        """The most frequent proposals, each with its number and how often people have reverted it."""
        ordered = sorted(self.counted.items(), key=lambda each: (-each[1], each[0]))[:number]
        return [(pair, times, self.reverted[pair]) for pair, times in ordered]


def _short(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + CUT
