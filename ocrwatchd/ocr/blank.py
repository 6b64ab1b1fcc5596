"""Is a page blank? Text, ink and the other side of its sheet decide together.

What is not content is taken away: dark edges, print of the other side seen through the paper, lines from edge to edge
(folds, a scanner's streaks), punch holes, a lone page number, specks. A page is blank where hardly anything is left,
and where the engine has read nothing else. Whatever is in doubt stays: a blank page is a nuisance, a lost
one a disaster.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ocrwatchd.ocr.leftovers import blemishes, is_clear, is_little, left_over, punch_holes
from ocrwatchd.ocr.other_side import seen_through
from ocrwatchd.ocr.paper import INCH, Paper, millimetre

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from ocrwatchd.core.model import Box, Line, PageText
    from ocrwatchd.ocr.leftovers import Rectangle
    from ocrwatchd.ocr.paper import Map, Mask

MUCH = 40
"""Letters and digits read with confidence: no page with so many is looked at further."""
SURE = 0.9
"""Least confidence of a line that counts as read; engines that tell none count."""
FEWEST = 2
"""Letters and digits of a line that keeps a page by itself."""
LEAST_DPI, LEAST_SIDE = 60.0, 50.0
"""Dots an inch, and mm: smaller pictures are no pages of a stack."""
EXPLAINED = 0.6
"""A line of which the other side explains this part of the ink is none of this page."""


Reader = Callable[["Image.Image"], "Sequence[Line]"]
"""Reads a small piece of a page."""


def is_blank(
    picture: Image.Image,
    read: PageText,
    other_side: Callable[[], Image.Image | None] = lambda: None,
    reader: Reader = lambda _: (),
) -> bool:
    """Decide whether a page has no content: True only where that is clear.

    Args:
        picture: of the page as it was opened, neither turned nor straightened, mode "L" or "RGB".
        read: what an engine read on it; its boxes may be those of the turned and straightened page.
        other_side: opens the other side of the sheet, likewise; None where there is none. It is called only for a page
            that has ink which nothing else explains, and little text.
        reader: reads the piece where a page number stands alone: on a nearly empty page an engine overlooks it.
    """
    lines = [line for line in read.lines if line.confidence is None or line.confidence >= SURE]
    lines = [line for line in lines if _letters(line) >= FEWEST]
    if sum(map(_letters, lines)) >= MUCH:
        return False
    if not _is_page(picture, read.dpi):
        return False
    page = Paper.of(picture, read.dpi)
    if not is_clear(page):
        return False
    ink = np.abs(page.contrast)
    taken = blemishes(page, ink > page.low) | page.edges
    number = _explained(page, ink, taken, picture, reader)
    through = np.zeros_like(ink)
    # Lines of unknown place cannot be compared with the other side.
    other = other_side() if number is None and all(line.box for line in lines) else None
    if other is not None and _is_page(other, read.dpi):
        bare = replace(page, contrast=np.where(taken, 0.0, page.contrast).astype(np.float32))
        through = seen_through(bare, _bare(Paper.of(other.convert("L"), read.dpi)))
        number = _explained(page, ink - through, taken, picture, reader)
    if number is None:
        return False
    return all(_is_explained(page, through, number, _mask(page, read, line)) for line in lines)


def _is_page(picture: Image.Image, dpi: float) -> bool:
    """Whether a picture is large and sharp enough for a look."""
    mm = millimetre(picture.size, dpi)
    return mm >= LEAST_DPI / INCH and min(picture.size) >= LEAST_SIDE * mm


def _explained(page: Paper, ink: Map, taken: Mask, picture: Image.Image, reader: Reader) -> Mask | None:
    """Where a lone page number stands, on a page that has hardly anything else; None where it has more."""
    left = left_over(page, ink, taken)
    number = np.zeros(ink.shape, dtype=bool)
    if is_little(left):
        return number
    if left.box is None or not _may_be_number(page, left.box):
        return None
    across, down, wide, tall = left.box
    by = round(AROUND * page.mm)
    number[max(0, down - by) : down + tall + by, max(0, across - by) : across + wide + by] = True
    few = is_little(left_over(page, ink, taken | number))
    return number if few and _is_number(page, left.box, picture, reader) else None


def _bare(page: Paper) -> Paper:
    """A page without its holes: they are darker than print, and show through nowhere."""
    found = punch_holes(page, np.abs(page.contrast) > page.low) | page.edges
    return replace(page, contrast=np.where(found, 0.0, page.contrast).astype(np.float32))


_DASH = r"[-\u2013\u2014.\u00b7\u2022]+"
NUMBER = re.compile(
    rf"(?:{_DASH} ?)?(?:(?:page|seite|p\.|s\.) ?)?\d{{1,3}}(?: ?(?:/|of|von) ?\d{{1,3}})?(?: ?{_DASH})?",
    re.IGNORECASE,
)
"""What a page number looks like, in English, German, or without a word."""
FOOT = 27.0
"""Page numbers stand within this from the upper or the lower end of the page, mm."""
TALLEST, WIDEST = 4.0, 40.0
"""They are at most so high and so wide, mm: handwriting is higher."""
MIDDLE = 10.0
"""A single digit stands within this from the middle, mm: elsewhere it may be anything."""
AROUND = 1.5
"""So much around it belongs to it, mm."""
PIECE = 12.0
"""So much around a number is read with it, mm."""


def _letters(line: Line) -> int:
    return sum(map(str.isalnum, line.text))


def _may_be_number(page: Paper, box: Rectangle) -> bool:
    """Whether all marks of some length stand close together at the head or the foot."""
    _, down, wide, tall = (side / page.mm for side in box)
    height = page.contrast.shape[0] / page.mm
    return wide <= WIDEST and tall <= TALLEST and (down + tall <= FOOT or down >= height - FOOT)


def _is_number(page: Paper, box: Rectangle, picture: Image.Image, reader: Reader) -> bool:
    """Whether what is left reads as a page number."""
    across, down, wide, tall = box
    by, factor = PIECE * page.mm, picture.width / page.contrast.shape[1]
    left, top = max(0, round((across - by) * factor)), max(0, round((down - by) * factor))
    right, bottom = round((across + wide + by) * factor), round((down + tall + by) * factor)
    piece = picture.crop((left, top, min(right, picture.width), min(bottom, picture.height)))
    lines = reader(piece)
    if len(lines) != 1 or (lines[0].confidence or 0.0) < SURE or not NUMBER.fullmatch(lines[0].text.strip()):
        return False
    from_middle = abs(across + wide / 2 - page.contrast.shape[1] / 2) / page.mm
    return len(lines[0].text.strip()) > 1 or from_middle <= MIDDLE


def _mask(page: Paper, read: PageText, line: Line) -> Mask:
    """Where a line stands on the page as it was opened."""
    mask = np.zeros(page.contrast.shape, np.uint8)
    if line.box is not None:
        cv2.fillPoly(mask, [_corners(line.box, read, page.contrast.shape)], 1)
    return mask > 0


def _corners(box: Box, read: PageText, shape: tuple[int, ...]) -> NDArray[np.int32]:
    sine, cosine = math.sin(math.radians(read.skew)), math.cos(math.radians(read.skew))
    slant = cosine * cosine - sine * sine
    wide = (read.width * cosine - read.height * abs(sine)) / slant
    tall = (read.height * cosine - read.width * abs(sine)) / slant
    points = []
    for corner in ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)):
        x, y = corner[0] - read.width / 2, corner[1] - read.height / 2
        across, down = (x * cosine + y * sine) / wide + 0.5, (y * cosine - x * sine) / tall + 0.5
        for _ in range(read.rotation // 90 % 4):
            across, down = down, 1 - across
        points.append((across * shape[1], down * shape[0]))
    return np.array(points, dtype=np.int32)


def _is_explained(page: Paper, through: Map, number: Mask, mask: Mask) -> bool:
    """Whether the ink of a line is a page number, or of the other side."""
    ink = np.clip(page.contrast, 0.0, None)
    total = float(ink[mask].sum())
    known = float(np.minimum(through, ink)[mask & ~number].sum() + ink[mask & number].sum())
    return total > 0.0 and known >= EXPLAINED * total
