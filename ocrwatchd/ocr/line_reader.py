"""Read pictures of lines with RapidOCR's recogniser, each as wide as it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidocr.ch_ppocr_rec import TextRecOutput

from ocrwatchd.ocr.rapidocr_decoder import LatticeDecode

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rapidocr.ch_ppocr_rec import TextRecInput, TextRecognizer

    from ocrwatchd.ocr.inference import Network

HEIGHT = 48
"""Of the network's input, pixels."""
LEAST_WIDTH = 320
"""Of the network's input, pixels, as RapidOCR has it: shorter lines are padded."""
WIDTHS = 32
"""Widths are multiples of this, pixels; so few shapes of inputs come."""
MOST_WIDTH = 6400
"""Of the network's input, pixels: a rule across a page may be cut out as a line of any shape; it is squeezed."""
MARGIN = 0.2
"""Probability by which a character must be ahead of the next one, or bfloat16 may have changed their order. One line in
ten is in doubt so; among 743 lines of 20 pages, these were all 14 that 32 bits read otherwise."""


class LineReader:
    """RapidOCR's recogniser, but one line at a time, and with lattices.

    RapidOCR reads six lines at once, and pads all to the widest: one at a time takes an eighth less time on ONNX
    Runtime, and a third less memory.

    Args:
        recogniser: RapidOCR's.
    """

    def __init__(self, recogniser: TextRecognizer) -> None:
        self._recogniser: Any = recogniser
        self.session: Network = self._recogniser.session
        self._decode = LatticeDecode(recogniser.postprocess_op)

    def __call__(self, args: TextRecInput) -> TextRecOutput:
        """Read lines, as RapidOCR's recogniser does: their pictures are (height, width, 3) each."""
        crops: list[NDArray[np.uint8]] = [args.img] if isinstance(args.img, np.ndarray) else args.img or []
        # Lines of one width after another: OpenVINO prepares its steps anew whenever the width changes.
        order = sorted(range(len(crops)), key=lambda number: _width(crops[number]))
        found = {number: self._read(crops[number], words=args.return_word_box) for number in order}
        read = [found[number] for number in range(len(crops))]
        texts: Any = tuple(text for (text, _), _ in read)  # RapidOCR's types are those of one line
        words: Any = tuple(words for _, words in read)
        return TextRecOutput(crops, texts, [score for (_, score), _ in read], words)

    def _read(self, crop: NDArray[np.uint8], *, words: bool) -> tuple[tuple[str, float], Any]:
        ratio, width = crop.shape[1] / crop.shape[0], _width(crop)
        picture = self._recogniser.resize_norm_img(crop, width / HEIGHT)[np.newaxis]
        seen = self.session(picture)
        lines, infos = self._decode(seen, words, wh_ratio_list=[ratio], max_wh_ratio=width / HEIGHT)
        return lines[0], infos[0] if infos else None


def is_doubtful(seen: NDArray[np.float32]) -> bool:
    """Whether a line would have another text if, at one step, the second character took the place of the first.

    Args:
        seen: probabilities, 1 x steps x the model's characters.
    """
    steps = seen[0]
    most = steps.max(axis=1)
    if not np.isfinite(most).all():
        return True
    for step in np.flatnonzero(most < (1 + MARGIN) / 2):
        near = [int(character) for character in steps[max(0, step - 1) : step + 2].argmax(axis=1)]
        here = min(1, int(step))
        others = steps[step].copy()
        others[near[here]] = -1
        other = near.copy()
        other[here] = int(others.argmax())
        if most[step] - others[other[here]] < MARGIN and _collapsed(near) != _collapsed(other):
            return True
    return False


def _collapsed(path: list[int]) -> list[int]:
    """The characters along a path of steps; 0 stands for none, and a repeated one counts once (CTC)."""
    return [character for before, character in zip([0, *path], path, strict=False) if character not in (0, before)]


def _width(crop: NDArray[np.uint8]) -> int:
    """Of the network's input for a line, pixels."""
    height, width = int(crop.shape[0]), int(crop.shape[1])
    return min(max(LEAST_WIDTH, math.ceil(HEIGHT * width / height / WIDTHS) * WIDTHS), MOST_WIDTH)
