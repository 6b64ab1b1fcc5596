"""What the recogniser saw of a line: at each step along the line, how probable each character is.

A CTC recogniser ends in such probabilities, and keeps only the best path through them. Here they are kept for the
characters of Latin scripts, for as long as the page is in memory. They tell what else a word may be, and how probable
any text is (Graves et al. 2006, "Connectionist Temporal Classification").
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
"""At steps between two characters the model sees none: CTC's blank."""
CHARACTERS = (
    BLANK,
    *map(chr, range(0x20, 0x7F)),
    *map(chr, range(0xA2, 0xAD)),
    *map(chr, range(0xAE, 0x180)),
    *"ȘșȚț–—‘’“”†‡•…‰€™",  # noqa: RUF001 - these very signs are meant
)
"""Those whose probabilities are kept: all of ASCII, Latin-1 and Latin Extended-A, and typographic signs."""
FLOOR = 1e-9
"""The least probability that is kept."""
BEAM = 24
"""So many beginnings of a text are followed at a time."""
LEAST_PROBABILITY = 1e-4
"""A character less probable at a step is not followed there: a text with it would lose more than 9 nats."""
MOST_CHARACTERS = 6
"""So many characters are followed at a step; 104 of 121 misread words of office pages are found with these numbers."""
LEAST_FIT = -2.5
"""The least ln P a character of the most probable path through a text that another engine has read. On office pages no
line takes another line's text, and three in four take their own with one letter in ten exchanged at random."""
NEVER = np.float32(-1e9)
COLUMN = {character: number for number, character in enumerate(CHARACTERS)}
"""Where each is in :attr:`Lattice.columns`."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """A line's probabilities.

    Args:
        columns: ln P, float16, steps x :data:`CHARACTERS`.
        steps: for each character of the line that is not white space, the step in which it appeared, ascending.
    """

    columns: NDArray[np.float16]
    steps: tuple[int, ...]

    @classmethod
    def aligned(cls, columns: NDArray[np.float16], text: str) -> Lattice | None:
        """The lattice for a text that another engine has read, by the most probable path through the text (Viterbi).

        Where the text has white space the picture may show none; a space inside a word of the text speaks against it.

        Args:
            columns: as of :class:`Lattice`.
            text: of the same line.

        Returns:
            None where the text is empty, has characters that are not among :data:`CHARACTERS`, or does not fit the
            picture: less than :data:`LEAST_FIT`.
        """
        words = text.split()
        letters = "".join(words)
        if not letters or not COLUMN.keys() >= set(letters):
            return None
        own = np.array([COLUMN[letter] for letter in letters])
        seen = columns.astype(np.float32)
        # A gap, a letter, a gap, a letter ... a gap; between two words it may be a space, inside a word not.
        along = np.empty((len(seen), 2 * len(own) + 1), dtype=np.float32)
        along[:, ::2] = seen[:, :1]
        along[:, 1::2] = seen[:, own]
        between = np.cumsum([0, *map(len, words)]) * 2
        along[:, between] = np.maximum(seen[:, :1], seen[:, COLUMN[" "], None])
        # Each state is reached from itself, from the one before, or past a gap from another letter.
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
        """The ln P of a space before the character ``gap``, at the step where a space is most probable.

        Args:
            gap: from 1 to the number of characters less one, white space not counted.
        """
        before, after = self.steps[gap - 1 : gap + 1]
        # Next to each other the two leave no step to a space of its own.
        inside = slice(before + 1, after) if after > before + 1 else slice(before, after + 1)
        return float(self.columns[inside, COLUMN[" "]].max())

    def part(self, start: int, end: int) -> Lattice:
        """The lattice of some of the characters: a view, from the middle of the gap before to that of the gap behind.

        Args:
            start: the first character, white space not counted.
            end: the one behind the last.
        """
        first = self._middle(start) if start else 0
        last = self._middle(end) if end < len(self.steps) else len(self.columns)
        return Lattice(self.columns[first:last], tuple(step - first for step in self.steps[start:end]))

    def doubt(self, text: str) -> float:
        """The probability that at some step there is something else than the text, at the step where it is greatest.

        Args:
            text: as read, one character for each of :attr:`steps`.
        """
        seen = np.exp(self.columns.astype(np.float32))
        along = np.arange(len(seen))
        own = np.array([COLUMN[" "], *(COLUMN.get(character, 0) for character in text), COLUMN[" "]])
        before = own[np.searchsorted(self.steps, along, side="right")]
        after = own[np.searchsorted(self.steps, along, side="left") + 1]
        fine = seen[:, 0] + np.where(before > 0, seen[along, before], 0.0)
        fine += np.where((after > 0) & (after != before), seen[along, after], 0.0)
        return float((seen.sum(axis=1) - fine).max(initial=0.0))

    def alternatives(self) -> list[str]:
        """What may stand here, the most probable first: by a prefix beam search (Hannun et al. 2014), ends stripped."""
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
        """Tell ln P of each text, by CTC's forward algorithm; white space at either end is free.

        Args:
            texts: not empty. A character that is not among :data:`CHARACTERS` counts as :data:`FLOOR`.
        """
        size = max(map(len, texts))
        states = np.zeros((len(texts), 2 * size + 1), dtype=np.intp)
        for number, text in enumerate(texts):
            states[number, 1 : 2 * len(text) : 2] = [COLUMN.get(character, -1) for character in text]
        strange, ends, every = states < 0, np.array([2 * len(text) for text in texts]), np.arange(len(texts))
        # From one character to the next without a blank, but not to the same one again.
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
    """One step further: each beginning, with its probability where the step is blank and where it is a character."""
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
