"""Is a page blank? Text, ink and the other side of its sheet decide together.

What is not content is taken away: dark edges, print of the other side seen through the paper, lines from edge to edge
(folds, a scanner's streaks), punch holes, a lone page number, specks. A page is blank where hardly anything is left,
and where the engine has read nothing else. Whatever is in doubt stays: a page too much is a nuisance, a lost one is not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ocrwatchd.ocr.other_side import seen_through
from ocrwatchd.ocr.paper import Paper

if TYPE_CHECKING:
    from PIL import Image

    from ocrwatchd.core.model import Box, Line, PageText
    from ocrwatchd.ocr.paper import Map, Mask

MUCH = 40
"""Letters and digits read with confidence: no page with so many is looked at further."""
SURE = 0.9
"""Least confidence of a line that counts as read; engines that tell none count."""
FEWEST = 2
"""Letters and digits of a line that keeps a page by itself."""
EXPLAINED = 0.6
"""A line of which the other side explains this part of the ink is none of this page."""


Rectangle = tuple[int, int, int, int]
"""Left, top, width and height, dots of a :class:`Paper`."""
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
    page = Paper.of(picture, read.dpi)
    if not _is_clear(page):
        return False
    ink = np.abs(page.contrast)
    taken = blemishes(page, ink > page.low) | page.edges
    number = _explained(page, ink, taken, picture, reader)
    through = np.zeros_like(ink)
    # Lines of unknown place cannot be compared with the other side.
    other = other_side() if number is None and all(line.box for line in lines) else None
    if other is not None:
        through = seen_through(page, _bare(Paper.of(other.convert("L"), read.dpi)))
        number = _explained(page, ink - through, taken, picture, reader)
    if number is None:
        return False
    return all(_is_explained(page, through, number, _mask(page, read, line)) for line in lines)


def _explained(page: Paper, ink: Map, taken: Mask, picture: Image.Image, reader: Reader) -> Mask | None:
    """Where a lone page number stands, on a page that has hardly anything else; None where it has more."""
    left = left_over(page, ink, taken)
    number = np.zeros(ink.shape, dtype=bool)
    if _is_little(left):
        return number
    if left.box is None or not _may_be_number(page, left.box):
        return None
    across, down, wide, tall = left.box
    by = round(AROUND * page.mm)
    number[max(0, down - by) : down + tall + by, max(0, across - by) : across + wide + by] = True
    few = _is_little(left_over(page, ink, taken | number))
    return number if few and _is_number(page, left.box, picture, reader) else None


def _bare(page: Paper) -> Paper:
    """A page without its holes: they are darker than print, and show through nowhere."""
    found = punch_holes(page, np.abs(page.contrast) > page.low) | page.edges
    return replace(page, contrast=np.where(found, 0.0, page.contrast).astype(np.float32))


# --- text ---

NUMBER = re.compile(r"(?:[-–—.·•]+ ?)?(?:(?:page|seite|p\.|s\.) ?)?(\d{1,3})(?: ?(?:/|of|von) ?\d{1,3})?(?: ?[-–—.·•]+)?", re.I)
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


def _corners(box: Box, read: PageText, shape: tuple[int, ...]) -> np.ndarray:
    sine, cosine = math.sin(math.radians(read.skew)), math.cos(math.radians(read.skew))
    slant = cosine * cosine - sine * sine
    wide = (read.width * cosine - read.height * abs(sine)) / slant
    tall = (read.height * cosine - read.width * abs(sine)) / slant
    points = []
    for x, y in ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)):
        x, y = x - read.width / 2, y - read.height / 2
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


# --- ink ---

DARKEST_PAPER = 120.0
"""Darker pages may be anything, 0-255."""
MOST_NOISE = 5.0
"""Under more grain than this (standard deviation, of 255 shades) pencil would not be seen."""
SMALLEST = 0.5
"""Marks are counted from this length on, mm; also the width of gaps that are closed."""
WINDOW = 15.0
"""Side of the square in which marks are counted together, mm."""
MOST_ONE, MOST_TOGETHER, MOST_SPECKS = 1.8, 6.0, 10.0
"""What is left on a blank page, mm: the longest mark; the sum of lengths in a window, of marks from SMALLEST on, and
of all marks."""
RIM, RIM_PART = 1.0, 0.25
"""A mark's dots differ by at least this part of the most within half of this length, mm."""
MOST_MARKS = 20_000
"""More marks than this are a texture."""


@dataclass(frozen=True, slots=True)
class Left:
    """The ink that nothing explains, mm: length of the longest mark; in a window the sum of lengths, and with specks.

    The box around all that are longer than a speck: left, top, width, height, dots."""

    longest: float
    together: float
    specks: float
    box: Rectangle | None = None


def _is_clear(page: Paper) -> bool:
    """Whether marks would be seen."""
    return page.shade >= DARKEST_PAPER and page.noise <= MOST_NOISE


def _is_little(left: Left) -> bool:
    return left.longest <= MOST_ONE and left.together <= MOST_TOGETHER and left.specks <= MOST_SPECKS


def left_over(page: Paper, ink: Map, taken: Mask) -> Left:
    """Measure the marks of a page.

    Args:
        ink: contrast that is to be explained, (height, width).
        taken: where ink is not counted, (height, width).
    """
    ink = np.where(taken, 0.0, ink)
    # The rim of a dark speck is darker than pale pencil.
    rim = cv2.dilate(ink, np.ones((page.dots(RIM),) * 2, np.uint8)) * RIM_PART
    mask = ink > np.maximum(rim, page.low)
    count, labels, found, centres = _marks(page, mask)
    if count > MOST_MARKS:
        return Left(math.inf, math.inf, math.inf)
    clear = np.zeros(count, dtype=bool)
    clear[labels[mask & (ink > page.high)]] = True
    clear[0] = False
    lengths = np.where(clear & ~_staple_marks(page, found, centres), found[:, 2:4].max(axis=1) / page.mm, 0.0)
    long = found[lengths > MOST_ONE]
    return Left(
        float(lengths.max()),
        _in_window(page, centres, np.where(lengths >= SMALLEST, lengths, 0.0)),
        _in_window(page, centres, lengths),
        _hull(long) if len(long) else None,
    )


def _hull(found: np.ndarray) -> Rectangle:
    across, down = found[:, :2].min(axis=0)
    right, bottom = (found[:, :2] + found[:, 2:4]).max(axis=0)
    return int(across), int(down), int(right - across), int(bottom - down)


def _marks(page: Paper, mask: Mask) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    # A letter in pale pencil comes in pieces.
    near = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((page.dots(SMALLEST),) * 2, np.uint8))
    return cv2.connectedComponentsWithStats(near)


def _in_window(page: Paper, centres: np.ndarray, lengths: np.ndarray) -> float:
    """The greatest sum of lengths in a window, mm."""
    cells = (centres[:, ::-1] / (WINDOW / 3 * page.mm)).astype(int)
    grid = np.zeros(cells.max(axis=0) + 1, np.float32)
    np.add.at(grid, (cells[:, 0], cells[:, 1]), lengths)
    return float(cv2.boxFilter(grid, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT).max())


def blemishes(page: Paper, mask: Mask) -> Mask:
    """Lines from edge to edge, and punch holes, among the marks of a page."""
    rest = mask & ~page.edges
    _without_lines(page, rest)
    return (mask & ~rest) | punch_holes(page, rest)


def punch_holes(page: Paper, mask: Mask) -> Mask:
    """Punch holes among the marks of a page."""
    count, labels, found, centres = _marks(page, mask)
    if count > MOST_MARKS:
        return np.zeros_like(mask)
    return np.asarray(_holes(page, found, centres)[labels])


STEEPEST = 0.04
"""Lines from edge to edge are askew by at most this slope."""
CELL_LONG, CELL_HIGH = 3.0, 0.5
"""Their course is followed in cells of this size, mm."""
WHOLE = 0.75
"""Such a line is seen in this part of its cells at least, and in one near either edge."""
END = 9.0
"""So near, mm."""
THICK = 1.4
"""Half of its width at most, mm."""
MOST_LINES = 6
"""More lines are ruled paper."""


def _without_lines(page: Paper, mask: Mask) -> None:
    """Clear the lines that run from one edge to the other: folds and streaks; what stands across them stays."""
    for view in (mask, mask.T):
        for _ in range(MOST_LINES):
            line = _line(view, page.mm)
            if line is None:
                break
            start, slope = _refined(view, line, page.mm)
            x = np.arange(view.shape[1])
            rows = np.rint(start + slope * x).astype(int)
            for step in range(-round(THICK * page.mm), round(THICK * page.mm) + 1):
                at = np.clip(rows + step, 0, view.shape[0] - 1)
                view[at, x] = False


def _refined(mask: Mask, line: tuple[float, float], mm: float) -> tuple[float, float]:
    """The line through the middle of what lies near it."""
    start, slope = line
    reach = round(2 * THICK * mm)
    for _ in range(2):
        x = np.arange(mask.shape[1])
        rows = np.rint(start + slope * x).astype(int)
        steps = np.arange(-reach, reach + 1)[:, None]
        near = mask[np.clip(rows[None, :] + steps, 0, mask.shape[0] - 1), x[None, :]]
        count = near.sum(axis=0)
        seen = count > 0
        middle = (near * steps).sum(axis=0)[seen] / count[seen] + rows[seen]
        slope, start = (float(value) for value in np.polyfit(x[seen], middle, 1))
        reach = round(THICK * mm)
    return start, slope


def _line(mask: Mask, mm: float) -> tuple[float, float] | None:
    """The clearest line from left to right: its row at the left edge, and its slope; None where there is none."""
    high, long = max(1, round(CELL_HIGH * mm)), max(1, round(CELL_LONG * mm))
    rows, columns = mask.shape[0] // high, mask.shape[1] // long
    cells = mask[: rows * high, : columns * long].reshape(rows, high, columns, long).any(axis=(1, 3))
    down, across = np.nonzero(cells)
    if not down.size:
        return None
    best = (0, 0.0, 0.0)
    for slope in np.arange(-STEEPEST, STEEPEST + 1e-6, CELL_HIGH / 210):
        start = np.rint(down - slope * across * long / high).astype(int)
        inside = (start >= 0) & (start < rows)
        seen = np.zeros((rows, columns), dtype=bool)
        seen[start[inside], across[inside]] = True
        thick = seen | np.roll(seen, 1, axis=0)
        counts = thick.sum(axis=1)
        row = int(counts.argmax())
        end = max(1, round(END / CELL_LONG))
        if counts[row] > best[0] and thick[row, :end].any() and thick[row, -end:].any():
            best = (int(counts[row]), float(row * high), float(slope))
    return best[1:] if best[0] >= WHOLE * columns else None


NARROWEST_HOLE, WIDEST_HOLE = 4.0, 9.5
"""Punch holes, mm: ISO 838 has 6, American ones have 7 to 8; with their shadow."""
HOLE_PLACE = 22.0
"""Their middle lies within this from an edge, mm."""
APART = 18.0
"""Two holes have at least this between their middles, mm."""
LEANING = 0.05
"""They lie at the same distance from the edge but for this slope."""


def _holes(page: Paper, found: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Which marks are punch holes: round, full, near an edge, and at least two in a row."""
    wide, tall, area = found[:, 2] / page.mm, found[:, 3] / page.mm, found[:, 4] / page.mm**2
    round_ = (np.minimum(wide, tall) >= NARROWEST_HOLE) & (np.maximum(wide, tall) <= WIDEST_HOLE)
    round_ &= np.maximum(wide, tall) <= 1.25 * np.minimum(wide, tall)
    full = area / (math.pi / 4 * wide * tall)
    round_ &= (full > 0.85) & (full < 1.12)
    round_[0] = False
    holes = np.zeros(len(found), dtype=bool)
    size = np.array(page.contrast.shape[::-1]) / page.mm
    places = centres / page.mm
    candidates = np.flatnonzero(round_)
    for axis in (0, 1):
        from_edge = np.minimum(places[:, axis], size[axis] - places[:, axis])
        for one in candidates:
            for two in candidates:
                apart = abs(places[one, 1 - axis] - places[two, 1 - axis])
                if (
                    max(from_edge[one], from_edge[two]) <= HOLE_PLACE
                    and apart >= APART
                    and abs(places[one, axis] - places[two, axis]) <= LEANING * apart + 0.5
                ):
                    holes[[one, two]] = True
    return holes


CORNER = 25.0
"""Staples sit within this from two edges, mm."""
STAPLE_MARK = 1.9
"""What one leaves is at most so long, mm: smaller than a printed digit."""


def _staple_marks(page: Paper, found: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Which marks are the two holes of a staple: small ones in a corner."""
    size = np.array(page.contrast.shape[::-1])
    near = (np.minimum(centres, size - centres) <= CORNER * page.mm).all(axis=1)
    small = near & (found[:, 2:4].max(axis=1) <= STAPLE_MARK * page.mm)
    return np.asarray(small if small.sum() <= 4 else np.zeros_like(small))
