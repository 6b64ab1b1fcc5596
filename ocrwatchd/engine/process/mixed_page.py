"""A page with PDF text and with more on its picture: merge the PDF's text with the recognised text."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median

import numpy as np
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Box, Correction, Edit, Line, PageText, Word
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.input.common import OwnText
from ocrwatchd.gate.verdicts import apply
from ocrwatchd.ocr.geometry import bounds
from ocrwatchd.ocr.layout import RawLine, arrange, moved, tells_all_places
from ocrwatchd.ocr.marks import beside_labels
from ocrwatchd.ocr.tick_boxes import TickBox, find_tick_boxes

AGREED = 0.5
"""Share of the trigrams of doubted lines that are also in the recognised text from which these lines are taken as
exact. Garbage shares few by chance. Names, codes and words of a language that the engine does not know share most,
whatever happens to their accents and spaces."""
COVERED = 0.5
"""Least part of a recognised line's box on agreed lines from which the recognised line is dropped."""


def merged(own: OwnText, read: PageText, picture: Image.Image | None, ocr: Ocr) -> PageText:
    """One text in reading order, each line with its source, and the tick boxes on the page.

    If the engine does not give the boxes of all its text, the recognised text follows the page's own.

    ``picture`` is the rest of the page as it was recognised; without it no tick boxes are found.
    """
    agreed = own.doubted if _agree(own.doubted, read) else ()
    sure = [_turned(line, own.page, read) for line in (*own.lines, *agreed)]
    if not sure:
        return read
    boxes = _tick_boxes(picture, sure)
    taken = sure[len(own.lines) :]
    lines = [_raw(line) for line in read.lines if not _covered(line, taken) and not _is_box(line, boxes)]
    unplaced = not tells_all_places(read)
    if not (lines or boxes or unplaced):
        page = replace(own.page, warnings=(*own.page.warnings, *read.warnings))
        found = arrange((*own.lines, *agreed), ocr.layout)
        return replace(page, text=found.text, lines=found.lines) if agreed else page
    if unplaced:
        lines = []
    arranged = arrange(_beside(boxes, sure, lines), ocr.layout)
    if not unplaced:
        return replace(read, text=arranged.text, lines=arranged.lines)
    text = f"{arranged.text}\n\n{read.text}"
    later = tuple(moved(line, len(arranged.text) + 2) for line in read.lines)
    return replace(read, text=text, lines=(*arranged.lines, *later))


def _tick_boxes(picture: Image.Image | None, sure: Sequence[RawLine]) -> tuple[TickBox, ...]:
    if picture is None:
        return ()
    height = median(line.box.height for line in sure)
    return find_tick_boxes(np.asarray(picture.convert("L")), height)


def _is_box(line: Line | RawLine, boxes: Sequence[TickBox]) -> bool:
    """Whether the line is a single character on a tick box."""
    return len(line.text) == 1 and line.box is not None and any(all(line.box.overlap(box.box)) for box in boxes)


def _beside(boxes: Sequence[TickBox], sure: Sequence[RawLine], lines: Sequence[RawLine]) -> list[RawLine]:
    """All lines, with a mark for each tick box beside its label.

    For some boxes the PDF has a character, an "x": this is the mark, because the box on the picture is empty.
    """
    marks: list[RawLine] = []
    others = list(lines)
    for line in sure:
        inside = _is_box(line, boxes)
        (marks if inside else others).append(line)
    said = [word.box for line in sure for word in line.words if word.box]
    empty = [box for box in boxes if not any(all(box.box.overlap(word)) for word in said)]
    marks += [RawLine(box.symbol, box.box, None, (Word(box.symbol, 0, box.box),)) for box in empty]
    return [*others, *beside_labels(marks, others)]


def without_edits_of_own(page: PageText, correction: Correction) -> Correction:
    """Refuse the edits of lines from the PDF's text, which has no recognition errors."""
    exact = [(line.offset, line.offset + len(line.text)) for line in page.lines if line.source]

    def is_exact(edit: Edit) -> bool:
        return any(edit.offset < end and edit.offset + len(edit.before) > start for start, end in exact)

    kept = tuple(edit for edit in correction.edits if not is_exact(edit))
    if len(kept) == len(correction.edits):
        return correction
    back = (replace(edit, why=Reason.PDF_TEXT) for edit in correction.edits if is_exact(edit))
    refused = sorted((*correction.refused, *back), key=lambda edit: edit.offset)
    return replace(correction, text=apply(page.text, kept), edits=kept, refused=tuple(refused))


def _agree(doubted: Sequence[RawLine], read: PageText) -> bool:
    said, heard = _triples("".join(line.text for line in doubted)), _triples(read.text)
    return bool(said) and sum((said & heard).values()) >= AGREED * said.total()


def _triples(text: str) -> Counter[str]:
    """All trigrams of letters, digits and signs, without accents and spaces."""
    split = unicodedata.normalize("NFKD", text.casefold())
    bare = [sign for sign in split if not (sign.isspace() or unicodedata.combining(sign))]
    return Counter(map("".join, zip(bare, bare[1:], bare[2:], strict=False)))


def _covered(line: Line, by: Iterable[RawLine]) -> bool:
    if line.box is None:
        return False
    return sum(math.prod(line.box.overlap(other.box)) for other in by) >= COVERED * line.box.width * line.box.height


def _raw(line: Line) -> RawLine:
    words = moved(line, -line.offset).words
    return RawLine(line.text, line.box or Box(0, 0, 0, 0), line.confidence, words, lattice=line.lattice)


def _turned(line: RawLine, page: PageText, read: PageText) -> RawLine:
    """The line at its place on the picture as recognised: turned and straightened."""
    if not (read.rotation or read.skew):
        return line
    words = tuple(replace(word, box=word.box and _turn(word.box, page, read)) for word in line.words)
    return replace(line, box=_turn(line.box, page, read), words=words, place=None)


def _turn(box: Box, page: PageText, read: PageText) -> Box:
    return bounds(tuple(_turn_point(x, y, page, read) for x in (box.left, box.right) for y in (box.top, box.bottom)))


def _turn_point(x: float, y: float, page: PageText, read: PageText) -> tuple[float, float]:
    match read.rotation:
        case 90:
            x, y, wide, tall = page.height - y, x, page.height, page.width
        case 180:
            x, y, wide, tall = page.width - x, page.height - y, page.width, page.height
        case 270:
            x, y, wide, tall = y, page.width - x, page.height, page.width
        case _:
            wide, tall = page.width, page.height
    sine, cosine = math.sin(math.radians(read.skew)), math.cos(math.radians(read.skew))
    x, y = x - wide / 2, y - tall / 2
    return x * cosine - y * sine + read.width / 2, x * sine + y * cosine + read.height / 2
