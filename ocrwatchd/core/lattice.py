"""What the recogniser saw of a line: at each step along the line, how probable each character is.

A CTC recogniser ends in such probabilities, and keeps only the best path through them. Here they are kept for the
characters of Latin scripts, for as long as the page is in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
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

    def _middle(self, gap: int) -> int:
        return (self.steps[gap - 1] + self.steps[gap] + 1) // 2
