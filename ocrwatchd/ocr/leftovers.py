"""What is left of a page's ink without folds, punch holes, staple marks and specks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ocrwatchd.ocr.paper import Map, Mask, Paper

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


Rectangle: TypeAlias = tuple[int, int, int, int]
"""Left, top, width and height, dots of a :class:`Paper`."""


@dataclass(frozen=True, slots=True)
class Left:
    """The ink that nothing explains, mm.

    Args:
        longest: length of the longest mark.
        together: in a window, the greatest sum of lengths of marks that are no specks.
        specks: the same with specks.
        box: around all marks longer than ``MOST_ONE``; None without any.
    """

    longest: float
    together: float
    specks: float
    box: Rectangle | None = None


def is_clear(page: Paper) -> bool:
    """Whether marks would be seen."""
    return page.shade >= DARKEST_PAPER and page.noise <= MOST_NOISE


def is_little(left: Left) -> bool:
    """Whether no mark is longer than a speck, and the specks are few."""
    return left.longest <= MOST_ONE and left.together <= MOST_TOGETHER and left.specks <= MOST_SPECKS


def left_over(page: Paper, ink: Map, taken: Mask) -> Left:
    """Measure the marks of a page.

    Args:
        page: the page.
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


def _hull(found: NDArray[Any]) -> Rectangle:
    across, down = found[:, :2].min(axis=0)
    right, bottom = (found[:, :2] + found[:, 2:4]).max(axis=0)
    return int(across), int(down), int(right - across), int(bottom - down)


def _marks(page: Paper, mask: Mask) -> tuple[int, NDArray[Any], NDArray[Any], NDArray[Any]]:
    # A letter in pale pencil comes in pieces.
    near = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((page.dots(SMALLEST),) * 2, np.uint8))
    return cv2.connectedComponentsWithStats(near)


def _in_window(page: Paper, centres: NDArray[Any], lengths: NDArray[Any]) -> float:
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


def _holes(page: Paper, found: NDArray[Any], centres: NDArray[Any]) -> NDArray[Any]:
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


def _staple_marks(page: Paper, found: NDArray[Any], centres: NDArray[Any]) -> NDArray[Any]:
    """Which marks are the two holes of a staple: small ones in a corner."""
    size = np.array(page.contrast.shape[::-1])
    near = (np.minimum(centres, size - centres) <= CORNER * page.mm).all(axis=1)
    small = near & (found[:, 2:4].max(axis=1) <= STAPLE_MARK * page.mm)
    return np.asarray(small if small.sum() <= 4 else np.zeros_like(small))
