"""RapidOCR's decoder of lines, extended: it keeps the recogniser's probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidocr.ch_ppocr_rec.typings import WordInfo
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode

from ocrwatchd.core.lattice import CHARACTERS, COLUMN, FLOOR, Lattice

if TYPE_CHECKING:
    from numpy.typing import NDArray

NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
"""From full-width forms to ASCII: the model reads some widely set Latin characters as full-width forms ("\uff06")."""
BEHIND = 2
"""Time steps behind a line that belong to it: the model often sees the last character late."""


@dataclass
class LatticeInfo(WordInfo):
    """RapidOCR's information about the words of a line, with the line's lattice."""

    lattice: Lattice | None = None


class LatticeDecode(CTCLabelDecode):
    """RapidOCR's decoder, which gives each line its lattice too: as :class:`LatticeInfo` in place of ``WordInfo``.

    Args:
        decode: RapidOCR's own, whose characters count.
    """

    def __init__(self, decode: CTCLabelDecode) -> None:
        super().__init__(character=decode.character[1:-1])  # it puts the blank and the space around them again
        self._columns = np.array([0, *(self.dict[character] for character in CHARACTERS[1:])])
        wide = {chr(code): chr(narrow) for code, narrow in NARROW.items()} | {"\u3000": " "}
        pairs = [(COLUMN[narrow], self.dict[form]) for form, narrow in wide.items() if form in self.dict]
        self._narrow, self._wide = np.array(pairs).T

    def __call__(
        self,
        preds: NDArray[np.float32],
        return_word_box: bool = False,
        **kwargs: Any,  # noqa: ANN401 - RapidOCR's own
    ) -> tuple[list[tuple[str, float]], list[Any]]:
        """Decode a batch.

        Args:
            preds: probabilities, lines x steps x the model's characters.
            return_word_box: whether lines come with their words, and so with their lattices.
            kwargs: as RapidOCR's decoder has them.
        """
        lines, infos = super().__call__(preds, return_word_box, **kwargs)
        return lines, [self._with_lattice(info, seen) for info, seen in zip(infos, preds, strict=False)]

    def _with_lattice(self, info: WordInfo, seen: NDArray[np.float32]) -> LatticeInfo:
        steps = tuple(column for word in info.word_cols for column in word)
        # Lines are padded to a common width; RapidOCR takes a narrow line to be shorter than it has read it.
        seen = seen[: max(math.ceil(info.line_txt_len), *steps, 0) + BEHIND]
        columns = seen[:, self._columns]
        columns[:, self._narrow] += seen[:, self._wide]
        logs = np.log(np.maximum(columns, FLOOR)).astype(np.float16)
        return LatticeInfo(**vars(info), lattice=Lattice(logs, steps))
