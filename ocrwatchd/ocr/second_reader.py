"""Read the lines of another engine a second time with RapidOCR's recogniser, for its probabilities.

Aspose gives the text of a line and its box, but neither the confidence of its letters nor other readings of them. The
probabilities of RapidOCR's recogniser, aligned with Aspose's text, become the lattice of the line. So words are
corrected as on pages that RapidOCR has read.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from ocrwatchd.core.lattice import COLUMN, Lattice
from ocrwatchd.core.model import Box
from ocrwatchd.ocr.geometry import UPRIGHT, words_of
from ocrwatchd.ocr.layout import moved
from ocrwatchd.ocr.rapidocr import MODELS, SETTINGS
from ocrwatchd.ocr.rapidocr_models import load

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray
    from PIL import Image
    from rapidocr import RapidOCR

    from ocrwatchd.core.config.profile import Ocr
    from ocrwatchd.core.model import Line, PageText
    from ocrwatchd.ocr.rapidocr_decoder import LatticeInfo


LIKELY_SPACE = math.log(0.1)
APART = 1 / 4
"""A space is probable in more than this part of the gaps between a line's letters: the letters stand in the boxes of a
form. The other engine has joined them, and is right."""


class SecondReader:
    """RapidOCR's recogniser, without its detector.

    Args:
        ocr: settings; ``threads`` 0 stands for all processors of this process.

    Raises:
        EngineUnavailable: the model is missing or cannot be loaded.
    """

    def __init__(self, ocr: Ocr) -> None:
        models = {"Rec.model_path": MODELS["Rec.model_path"]}
        self._ocr = load(models, ocr.threads or len(os.sched_getaffinity(0)), SETTINGS, _use)

    def with_lattices(self, page: PageText, image: Image.Image) -> PageText:
        """Add the lattices of the recogniser to a page's lines, and their words with boxes.

        A line stays unchanged if its box is unknown, if it is written downwards, if it has letters outside
        :data:`ocrwatchd.core.lattice.CHARACTERS`, if its text does not fit the picture, or if its letters stand apart,
        as in the boxes of a form.

        Args:
            page: as another engine read it.
            image: on which that engine has read the page. The boxes may be close to the letters or roomy; a margin
                around them makes the reading worse.
        """
        boxes = {
            number: _inside(line.box, image)
            for number, line in enumerate(page.lines)
            if line.box and COLUMN.keys() >= set("".join(line.text.split()))
        }
        boxes = {number: box for number, box in boxes.items() if _is_upright(box)}
        if not boxes:
            return page
        picture, scaling = self._ocr.preprocess_img(self._ocr.load_img(image))
        down, across = scaling["preprocess"]["ratio_h"], scaling["preprocess"]["ratio_w"]
        found: Any = self._ocr.recognize_txt([_cut(picture, box, across, down) for box in boxes.values()]).word_results
        lines = list(page.lines)
        for (number, box), seen in zip(boxes.items(), found, strict=True):
            lines[number] = _with_lattice(lines[number], box, seen)
        return replace(page, lines=tuple(lines))

    def close(self) -> None:
        """Drop the model."""
        del self._ocr


def _use(engine: RapidOCR) -> None:
    engine.recognize_txt([np.full((64, 64, 3), 255, dtype=np.uint8)])


def _is_upright(box: Box) -> bool:
    """False for lines written downwards, outside the picture, or thinner than a pixel."""
    return min(box.width, box.height) >= 1 and box.height < UPRIGHT * box.width


def _cut(picture: NDArray[np.uint8], box: Box, across: float, down: float) -> NDArray[np.uint8]:
    """Cut the box out of a picture that is smaller by these factors; at least one pixel."""
    left, top = int(box.left / across), int(box.top / down)
    right, bottom = max(left + 1, math.ceil(box.right / across)), max(top + 1, math.ceil(box.bottom / down))
    return np.ascontiguousarray(picture[top:bottom, left:right])


def _inside(box: Box, image: Image.Image) -> Box:
    """The part of a box that lies inside the picture."""
    return Box(max(0.0, box.left), max(0.0, box.top), min(image.width, box.right), min(image.height, box.bottom))


def _with_lattice(line: Line, box: Box, seen: LatticeInfo) -> Line:
    lattice = seen.lattice and Lattice.aligned(seen.lattice.columns, line.text)
    if lattice is None or _stand_apart(line.text, lattice):
        return line
    quad = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    words = words_of(line.text, quad, lattice.steps, seen.line_txt_len, [0.0] * len(line.text))
    # The engine gives no confidence of words.
    words = tuple(replace(word, confidence=None) for word in words)
    return replace(line, words=moved(replace(line, words=words), line.offset).words, lattice=lattice)


def _stand_apart(text: str, lattice: Lattice) -> bool:
    ends = set(accumulate(map(len, text.split())))
    inside = [gap for gap in range(1, len(lattice.steps)) if gap not in ends]
    return sum(lattice.space_at(gap) > LIKELY_SPACE for gap in inside) > APART * len(inside)
