"""Read pictures of lines with RapidOCR's recogniser, each as wide as it is, two at the same time."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
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
LINES = 2
"""Lines that are read at the same time, each with its part of the threads: the layers of this network are so small that
two threads at one line are busy for three quarters of the time."""
MARGIN = 0.12
"""Probability by which a character must be ahead of the next one, or bfloat16 may have changed their order. Of 2,666
lines of 60 pages 124 were read otherwise with 32 bits. With this margin 356 lines are in doubt, and 7 of the 124 are
not; with 0.2 it is 496 and 3."""


class LineReader:
    """RapidOCR's recogniser, but with one line in a run of the network, and with lattices.

    RapidOCR puts six lines into a run, and pads all to the widest: one line takes an eighth less time on ONNX Runtime,
    and a third less memory.

    Args:
        recogniser: RapidOCR's.
        lines: how many are read at the same time, each in a thread.

    Raises:
        RuntimeError: the system starts no more threads.
    """

    def __init__(self, recogniser: TextRecognizer, lines: int) -> None:
        self._pool = ThreadPoolExecutor(lines, "line-reader")
        # A pool starts its threads when it needs them; where the system lacks them, that would fail a page.
        started = threading.Barrier(lines)
        try:
            for waiting in [self._pool.submit(started.wait) for _ in range(lines)]:
                waiting.result()
        finally:
            started.abort()
        self._recogniser: Any = recogniser
        self.session: Network = self._recogniser.session
        self._decode = LatticeDecode(recogniser.postprocess_op)

    def __call__(self, args: TextRecInput) -> TextRecOutput:
        """Read lines, as RapidOCR's recogniser does: their pictures are (height, width, 3) each."""
        crops: list[NDArray[np.uint8]] = [args.img] if isinstance(args.img, np.ndarray) else args.img or []
        # Lines of one width after another: OpenVINO prepares its steps anew whenever the width changes. The widest come
        # first, so that the threads end together.
        order = sorted(range(len(crops)), key=lambda number: _width(crops[number]), reverse=True)
        lines = self._pool.map(lambda number: self._read(crops[number], words=args.return_word_box), order)
        found = dict(zip(order, lines, strict=True))
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
