"""What engines misread, counted, and misreadings drawn as often as they were seen. Pure."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ocrwatchd.correct.confusions import confusions_of
from ocrwatchd.gate.channel import CONFUSIONS

RAREST = 2
"""Confusions seen less often are left out."""


def counted(pairs: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Count the confusions in pairs of words (read, true), by what is true."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for read, true in pairs:
        for old, new in confusions_of(read, true):
            table[old][new] += 1
    kept = {old: {new: n for new, n in counts.most_common() if n >= RAREST} for old, counts in sorted(table.items())}
    return {old: counts for old, counts in kept.items() if counts}


@dataclass(frozen=True)
class Confusions:
    """Draws misreadings as often as they were seen; "" as truth stands for letters out of nothing."""

    table: dict[str, dict[str, int]]

    @classmethod
    def learned(cls, kind: str) -> Confusions:
        """The committed table of one engine."""
        return cls(json.loads(CONFUSIONS.read_text("utf-8"))[kind])

    @cached_property
    def _by_letter(self) -> dict[str, tuple[list[tuple[str, str]], list[int]]]:
        found: dict[str, tuple[list[tuple[str, str]], list[int]]] = {}
        for old, counts in self.table.items():
            pairs, weights = found.setdefault(old[:1], ([], []))
            for new, count in counts.items():
                pairs.append((old, new))
                weights.append(count)
        return found

    @cached_property
    def _weights(self) -> dict[str, int]:
        return {letter: sum(weights) for letter, (_, weights) in self._by_letter.items()}

    def misread(self, word: str, rng: random.Random) -> str:
        """The word with one confusion in it, or as it is where none fits."""
        places = [0.0 + self._weights.get(letter, 0) for letter in word]
        places.append(0.02 * self._weights.get("", 0))
        if not any(places):
            return word
        for _ in range(4):
            at = rng.choices(range(len(places)), places)[0]
            if at == len(word):
                at = rng.randint(0, len(word))
                pairs, weights = self._by_letter[""]
            else:
                pairs, weights = self._by_letter[word[at]]
            old, new = rng.choices(pairs, weights)[0]
            if word.startswith(old, at):
                return word[:at] + new + word[at + len(old) :]
        return word
