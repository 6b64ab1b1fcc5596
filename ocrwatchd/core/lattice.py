"""The recogniser's lattice of a line: at each time step, the probability of each character.

A CTC recogniser computes these probabilities and usually keeps only the best path through them. They are kept here for
the characters of Latin scripts while the page is in memory. They give other readings of a word, and the probability of
any text (Graves et al. 2006, "Connectionist Temporal Classification").
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BLANK = ""
"""CTC's blank: no character at this time step."""
CHARACTERS = (
    BLANK,
    *map(chr, range(0x20, 0x7F)),
    *map(chr, range(0xA2, 0xAD)),
    *map(chr, range(0xAE, 0x180)),
    *"ȘșȚț\u2013\u2014\u2018\u2019“”†‡•…‰€™",  # with dashes and single quotes
)
"""The characters with kept probabilities: ASCII, Latin-1, Latin Extended-A, and typographic signs."""
FLOOR = 1e-9
"""Least probability that is kept."""
BEAM = 24
"""Number of prefixes that the beam search keeps."""
LEAST_PROBABILITY = 1e-4
"""The beam search ignores characters below this probability at a step: they cost a text more than 9 nats."""
MOST_CHARACTERS = 6
"""Characters that the beam search follows at a step; with these numbers it finds 104 of 121 misread words of office
pages."""
LEAST_FIT = -2.5
"""Least ln P per character of the most probable path through the text of another engine. On office pages no line
accepts the text of another line, and three in four accept their own with one letter in ten replaced at random."""
NEVER = np.float32(-1e9)
COLUMN = {character: number for number, character in enumerate(CHARACTERS)}
"""Index of each character in :attr:`Lattice.columns`."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """A line's probabilities.

    Args:
        columns: ln P, float16, steps x :data:`CHARACTERS`.
        steps: the time step of each character of the line that is not white space, ascending.
    """

    columns: NDArray[np.float16]
    steps: tuple[int, ...]

    @classmethod
    def aligned(cls, columns: NDArray[np.float16], text: str) -> Lattice | None:
        """The lattice for a text that another engine has read, by the most probable path through the text (Viterbi).

        White space of the text need not be in the picture; a space inside a word of the text is evidence against it.

        Args:
            columns: as of :class:`Lattice`.
            text: of the same line.

        Returns:
            None if the text is empty, has characters outside :data:`CHARACTERS`, or fits the picture worse than
            :data:`LEAST_FIT`.
        """
        words = text.split()
        letters = "".join(words)
        if not letters or not COLUMN.keys() >= set(letters):
            return None
        own = np.array([COLUMN[letter] for letter in letters])
        seen = columns.astype(np.float32)
        # The states are gap, letter, gap, letter ... gap; a gap between two words may be a space.
        along = np.empty((len(seen), 2 * len(own) + 1), dtype=np.float32)
        along[:, ::2] = seen[:, :1]
        along[:, 1::2] = seen[:, own]
        between = np.cumsum([0, *map(len, words)]) * 2
        along[:, between] = np.maximum(seen[:, :1], seen[:, COLUMN[" "], None])
        # A state follows itself, the state before, or, past a gap, another letter.
        reached = np.full((3, along.shape[1]), NEVER)
        past = np.full(along.shape[1] - 2, NEVER)
        past[1::2] = np.where(own[1:] == own[:-1], NEVER, 0.0)
        best = reached[0].copy()
        best[0] = 0.0
        ways = np.empty(along.shape, dtype=np.int8)
        for step, row in enumerate(along):
            reached[0], reached[1, 1:], reached[2, 2:] = best, best[:-1], best[:-2] + past
            ways[step] = reached.argmax(axis=0)
            best = reached.max(axis=0) + row
        state = len(best) - 1 - int(best[-2] > best[-1])
        if best[state] < LEAST_FIT * len(own):
            return None
        steps = [0] * len(own)
        for step in range(len(seen) - 1, -1, -1):
            if state % 2:
                steps[state // 2] = step
            state -= int(ways[step, state])
        return cls(columns, tuple(steps))

    def space_at(self, gap: int) -> float:
        """Ln P of a space before the character ``gap``, at the step where it is most probable.

        Args:
            gap: from 1 to the number of characters less one, white space not counted.
        """
        before, after = self.steps[gap - 1 : gap + 1]
        # Two neighbouring steps leave no step between them for a space.
        inside = slice(before + 1, after) if after > before + 1 else slice(before, after + 1)
        return float(self.columns[inside, COLUMN[" "]].max())

    def part(self, start: int, end: int) -> Lattice:
        """The lattice of some of the characters, a view between the middles of the gaps around them.

        Args:
            start: the first character, white space not counted.
            end: the one behind the last character.
        """
        first = self._middle(start) if start else 0
        last = self._middle(end) if end < len(self.steps) else len(self.columns)
        return Lattice(self.columns[first:last], tuple(step - first for step in self.steps[start:end]))

    def doubt(self, text: str) -> float:
        """Greatest probability, over all steps, of anything but the text: a character for each of ``steps``."""
        seen = np.exp(self.columns.astype(np.float32))
        along = np.arange(len(seen))
        own = np.array([COLUMN[" "], *(COLUMN.get(character, 0) for character in text), COLUMN[" "]])
        before = own[np.searchsorted(self.steps, along, side="right")]
        after = own[np.searchsorted(self.steps, along, side="left") + 1]
        fine = seen[:, 0] + np.where(before > 0, seen[along, before], 0.0)
        fine += np.where((after > 0) & (after != before), seen[along, after], 0.0)
        return float((seen.sum(axis=1) - fine).max(initial=0.0))

    def alternatives(self) -> list[str]:
        """Possible texts, the most probable first, stripped: by a prefix beam search (Hannun et al. 2014)."""
        beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
        for row in np.exp(self.columns.astype(np.float32)):
            kept = np.flatnonzero(row > LEAST_PROBABILITY)
            kept = kept[np.argsort(-row[kept])[:MOST_CHARACTERS]]
            beams = _followed(beams, [(CHARACTERS[column], float(row[column])) for column in kept])
        told: defaultdict[str, float] = defaultdict(float)
        for text, (blank, character) in beams.items():
            told[text.strip()] += blank + character
        return sorted(filter(None, told), key=lambda text: -told[text])

    def log_probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Ln P of each text, by CTC's forward algorithm; white space at either end costs nothing.

        No text is empty. Characters outside :data:`CHARACTERS` count as :data:`FLOOR`.
        """
        size = max(map(len, texts))
        states = np.zeros((len(texts), 2 * size + 1), dtype=np.intp)
        for number, text in enumerate(texts):
            states[number, 1 : 2 * len(text) : 2] = [COLUMN.get(character, -1) for character in text]
        strange, ends, every = states < 0, np.array([2 * len(text) for text in texts]), np.arange(len(texts))
        # A character may follow another one without a blank, but not itself.
        leaps = np.zeros(states.shape, dtype=bool)
        leaps[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
        columns = self.columns.astype(np.float32)
        margin = np.logaddexp(columns[:, 0], columns[:, COLUMN[" "]])
        reached = np.full(states.shape, NEVER)
        reached[:, 0] = 0.0
        for step, row in enumerate(columns):
            emitted = np.where(strange, math.log(FLOOR), row[states])
            emitted[:, 0] = emitted[every, ends] = margin[step]
            moved = np.full(states.shape, NEVER)
            moved[:, 1:] = reached[:, :-1]
            leapt = np.full(states.shape, NEVER)
            leapt[:, 2:] = np.where(leaps[:, 2:], reached[:, :-2], NEVER)
            reached = np.logaddexp(np.logaddexp(reached, moved), leapt) + emitted
        told: NDArray[np.float32] = np.logaddexp(reached[every, ends], reached[every, ends - 1])
        return told

    def _middle(self, gap: int) -> int:
        return (self.steps[gap - 1] + self.steps[gap] + 1) // 2


def _followed(
    beams: dict[str, tuple[float, float]], row: Sequence[tuple[str, float]]
) -> dict[str, tuple[float, float]]:
    """One step further: each prefix, with its probability of ending in a blank and in a character."""
    blank: defaultdict[str, float] = defaultdict(float)
    inked: defaultdict[str, float] = defaultdict(float)
    for text, (after_blank, after_character) in beams.items():
        for character, probability in row:
            if character == BLANK:
                blank[text] += (after_blank + after_character) * probability
            elif character == text[-1:]:
                inked[text] += after_character * probability
                if character != " ":
                    inked[text + character] += after_blank * probability
            else:
                inked[text + character] += (after_blank + after_character) * probability
    reached = [*blank, *(text for text in inked if text not in blank)]
    if len(reached) > BEAM:
        reached = sorted(reached, key=lambda text: blank[text] + inked[text], reverse=True)[:BEAM]
    return {text: (blank[text], inked[text]) for text in reached}
