"""A page with text of its own and ink beside it: what the PDF says, and what was recognised, become one text."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from ocrwatchd.core.model import Box, Word
from ocrwatchd.core.reason import Reason
from ocrwatchd.gate.verdicts import apply
from ocrwatchd.ocr.geometry import bounds
from ocrwatchd.ocr.layout import RawLine, arrange, moved, tells_all_places
from ocrwatchd.ocr.marks import beside_labels
from ocrwatchd.ocr.tick_boxes import find_tick_boxes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PIL import Image

    from ocrwatchd.core.config.profile import Ocr
    from ocrwatchd.core.model import Correction, Edit, Line, PageText
    from ocrwatchd.formats.input.common import OwnText
    from ocrwatchd.ocr.tick_boxes import TickBox

AGREED = 0.5
"""Share of the runs of three letters of doubted lines that were read in the picture, too: then they are right, and
exact. Garbage shares few by chance, and names, codes and words of a language that the engine does not know share most,
however it reads their accents and spaces."""
COVERED = 0.5
"""Share of a recognised line's box that lies on lines that say the same."""


def merged(own: OwnText, read: PageText, picture: Image.Image | None, ocr: Ocr) -> PageText:
    """One text in reading order, each line with its source, and the tick boxes that are drawn on the page.

    Where the engine gives no places of all its text, that stands below the page's own.

    Args:
        own: what the page says itself: some lines, or some that are doubted.
        read: what was recognised on the rest of it.
        picture: of the rest, as it was recognised; None: no tick boxes are looked for.
        ocr: ``layout`` counts here.
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
        page = own.page if not agreed else _arranged(own.page, (*own.lines, *agreed), ocr)
        return replace(page, warnings=(*page.warnings, *read.warnings))
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
    """Whether what was recognised is a tick box, read as a sign or a letter."""
    return len(line.text) == 1 and line.box is not None and any(all(line.box.overlap(box.box)) for box in boxes)


def _beside(boxes: Sequence[TickBox], sure: Sequence[RawLine], lines: Sequence[RawLine]) -> list[RawLine]:
    """All lines, with a mark for each tick box beside its label.

    In some boxes the PDF itself says something, an "x": that is the mark, for on the picture such a box is empty.
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
    """Take back what was corrected in lines that the PDF itself says: nothing was misread there."""
    exact = [(line.offset, line.offset + len(line.text)) for line in page.lines if line.source]

    def is_exact(edit: Edit) -> bool:
        return any(edit.offset < end and edit.offset + len(edit.before) > start for start, end in exact)

    kept = tuple(edit for edit in correction.edits if not is_exact(edit))
    if len(kept) == len(correction.edits):
        return correction
    back = (replace(edit, why=Reason.PDF_TEXT) for edit in correction.edits if is_exact(edit))
    refused = sorted((*correction.refused, *back), key=lambda edit: edit.offset)
    return replace(correction, text=apply(page.text, kept), edits=kept, refused=tuple(refused))


def _arranged(page: PageText, lines: Sequence[RawLine], ocr: Ocr) -> PageText:
    arranged = arrange(lines, ocr.layout)
    return replace(page, text=arranged.text, lines=arranged.lines)


def _agree(doubted: Sequence[RawLine], read: PageText) -> bool:
    said, heard = _triples("".join(line.text for line in doubted)), _triples(read.text)
    return bool(said) and sum((said & heard).values()) >= AGREED * said.total()


def _triples(text: str) -> Counter[str]:
    """All runs of three letters, digits and signs, without accents and spaces."""
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
    """The line where it lies on the picture as it was recognised: turned and straightened."""
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
