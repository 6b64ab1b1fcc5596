"""Recognise pages with RapidOCR: PaddleOCR's models, which are in its wheel."""

from __future__ import annotations

import os
import time
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from rapidocr.utils.process_img import map_boxes_to_original

from ocrwatchd.core.errors import UnreadablePage
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import PageText
from ocrwatchd.ocr.geometry import bounds, straightened, tilt_of, words_of
from ocrwatchd.ocr.layout import RawLine, arrange
from ocrwatchd.ocr.page_confidence import clear_lines, low_confidence, shrunk, small_print
from ocrwatchd.ocr.rapidocr_decoder import NARROW
from ocrwatchd.ocr.rapidocr_languages import check_languages
from ocrwatchd.ocr.rapidocr_models import load
from ocrwatchd.ocr.second_look import Reading, read_again
from ocrwatchd.ocr.show_through import with_pale_lines
from ocrwatchd.ocr.spaces import spaced

if TYPE_CHECKING:
    from rapidocr import RapidOCR
    from rapidocr.ch_ppocr_rec import TextRecOutput

    from ocrwatchd.core.config.profile import Ocr
    from ocrwatchd.core.model import Page
    from ocrwatchd.ocr.geometry import Quad

MODELS = {"Det.model_path": "PP-OCRv6_det_small.onnx", "Rec.model_path": "PP-OCRv6_rec_small.onnx"}
"""Given by path: RapidOCR downloads only models that it chooses itself."""

ASIAN = frozenset({"chi", "jpn", "zho"})

PICTURE_SIDE = 4000
"""Longest side of the picture from which lines are cut, pixels: 4000 is 340 dpi on A4."""
DETECTION_SIDE = 2000
"""Longest side of the picture on which lines are found, pixels; 1280 joins the words of spaced small capitals."""
THIN = 32
"""Least side of a picture, pixels; RapidOCR makes 10 GB of a page of 4000 x 1."""
SETTINGS = {
    "Global.max_side_len": PICTURE_SIDE,
    # The classifier would look at every line for upside-down ones; here only doubtful lines are read again.
    "Global.use_cls": False,
    "Global.return_word_box": True,
    "Det.limit_type": "max",
    "Det.limit_side_len": DETECTION_SIDE,
    # RapidOCR silently drops all outlines after the first 1,000, the top of the page. A picture has at most one outline
    # in four pixels.
    "Det.max_candidates": DETECTION_SIDE**2 // 4,
    # Score the line itself: by the score of its rectangle ("fast") a line with one superscript is silently dropped.
    "Det.score_mode": "slow",
    # The arena is an eighth faster, but takes twice the memory and still grows after 25 pages of different sizes.
    "EngineConfig.onnxruntime.enable_cpu_mem_arena": False,
}
CONFIDENCE = 0.5
"""Least confidence of a line, RapidOCR's own limit; lines below are mostly marks and texture, and are left out."""


class RapidEngine:
    """RapidOCR with its own models and without network.

    Args:
        ocr: settings; ``threads`` 0 stands for all processors of this process.

    Raises:
        EngineUnavailable: a model is missing or cannot be loaded, or cannot read one of the languages.
    """

    name = "rapidocr"
    version = metadata.version("rapidocr")

    def __init__(self, ocr: Ocr) -> None:
        check_languages(ocr.languages)
        self._ocr = load(MODELS, ocr.threads or len(os.sched_getaffinity(0)), SETTINGS, _use)

    def recognise(self, page: Page, ocr: Ocr) -> PageText:
        """Recognise one page; the text of a blank page is "".

        Raises:
            UnreadablePage: RapidOCR fails on this picture.
            EngineUnavailable: RapidOCR does not know the letters of a language.
        """
        check_languages(ocr.languages)
        start = time.monotonic()
        try:
            found = self._read(page.image, asian=not ASIAN.isdisjoint(ocr.languages))
        except MemoryError:
            raise
        except Exception as error:  # the errors of the libraries have no common base
            raise UnreadablePage(
                say("RapidOCR cannot read this picture ({error})", error=type(error).__name__)
            ) from error
        readable = [line for line in found if (line.confidence or 0.0) >= CONFIDENCE]
        clear = clear_lines(readable, ocr.languages)
        # A line without letters and digits is a mark on the paper.
        unclear = sum(line not in clear and any(map(str.isalnum, line.text)) for line in found)
        arranged = arrange(spaced(clear, ocr.languages), ocr.layout)
        return PageText(
            number=page.number,
            text=arranged.text,
            width=page.image.width,
            height=page.image.height,
            dpi=page.dpi,
            engine=self.name,
            lines=arranged.lines,
            warnings=(
                *([f"{unclear} line{'s' if unclear > 1 else ''} too unclear to read left out"] if unclear else ()),
                *low_confidence(readable),
                *small_print(arranged.lines),
                *shrunk(page.image.width, page.image.height, page.dpi, DETECTION_SIDE),
            ),
            seconds=time.monotonic() - start,
        )

    def free_page(self) -> None:
        """Do nothing: RapidOCR keeps nothing of a page."""

    free_document = free_page

    def close(self) -> None:
        """Free the models."""
        del self._ocr

    def _read(self, image: Image.Image, *, asian: bool) -> list[RawLine]:
        if min(image.size) < THIN:  # RapidOCR enlarges it until it is so wide
            paper = Image.new(image.mode, (max(image.width, THIN), max(image.height, THIN)), "white")
            paper.paste(image)
            image = paper
        # RapidOCR's own steps, but not its last one: that one scales every line back up to find the boxes of words,
        # and gives each word the confidence of a letter elsewhere in the line.
        original = self._ocr.load_img(image)
        picture, scaling = self._ocr.preprocess_img(original)
        detected, _, recognised, crops = self._ocr.run_ocr_steps(picture, scaling)
        if detected.boxes is None or recognised.txts is None:
            return []
        readings = read_again(_readings(recognised), crops, lambda again: _readings(self._ocr.recognize_txt(again)))
        readings = with_pale_lines(readings, crops)
        boxes = map_boxes_to_original(detected.boxes, scaling, *original.shape[:2])
        quads: list[Quad] = [tuple((float(x), float(y)) for x, y in box) for box in boxes]
        tilt = tilt_of(quads)
        lines = []
        for quad, reading in zip(quads, readings, strict=True):
            if not reading.text.strip():
                continue
            text = reading.text if asian else reading.text.translate(NARROW)
            columns = [column for word in reading.steps.word_cols for column in word]
            seen = quad[2:] + quad[:2] if reading.on_its_head else quad
            words = words_of(text, seen, columns, reading.steps.line_txt_len, reading.steps.confs)
            confidence = 0.0 if reading.shows_through else reading.confidence
            lattice = reading.steps.lattice if words and not reading.on_its_head else None
            place = straightened(quad, tilt)
            lines.append(RawLine(text.strip(), bounds(quad), confidence, words, place, lattice=lattice))
        return lines


def _readings(recognised: TextRecOutput) -> list[Reading]:
    return [
        Reading(text, float(score), steps)
        for text, score, steps in zip(recognised.txts or (), recognised.scores, recognised.word_results, strict=True)
    ]


def _use(engine: RapidOCR) -> None:
    blank = np.full((64, 64, 3), 255, dtype=np.uint8)
    engine.run_ocr_steps(blank, {})
    engine.recognize_txt([blank])
