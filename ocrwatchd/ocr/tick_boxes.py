"""Find the tick boxes on a page and tell empty, ticked and crossed ones apart; recognition loses their content.

A tick box is a square of four straight sides that stands alone: no side continues beyond its corners, as the lines of
tables and comb fields do, and no letter is as close as the next letter of a word. Squares are found on a reduced
picture and measured on the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from ocrwatchd.core.model import Box
from ocrwatchd.ocr.tick_outline import CONTRAST, SQUARE, Square, measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

LINE_HEIGHT = 24
"""Height of a line of text on the reduced picture, pixels; up to twice as much."""
SIDES = (0.45, 2.0)
"""Least and greatest side of a tick box, in line heights; a line is about 1.4 times as high as its capitals."""
LEAST_SIDE = 10
"""Least side on the reduced picture at which tick boxes differ from letters, pixels."""
SLACK = 0.3
"""How much longer a side becomes through a mark that crosses it, as part of the side."""
SAME = 0.15
"""Greatest difference between sides of one size, as part of the side."""
APART = 1.0
"""Least distance between the tick boxes of a row, in sides."""
MOST_PAIRS, MOST_SQUARES = 1_000_000, 400
"""Pages with more pairs of strokes are pictures; only this many squares of a page are measured."""


class TickBox(NamedTuple):
    """A tick box: its place on the picture, pixels, and one of Unicode's three symbols."""

    box: Box
    symbol: str


def find_tick_boxes(picture: Grey, line_height: float) -> tuple[TickBox, ...]:
    """Find all tick boxes of a page, from the top down.

    Args:
        picture: the page, upright and straight, shape (height, width).
        line_height: of its text, pixels.
    """
    factor = max(1, int(line_height / LINE_HEIGHT))
    small = picture
    if factor > 1:
        size = max(1, picture.shape[1] // factor), max(1, picture.shape[0] // factor)
        reduced = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        small = np.asarray(reduced, dtype=np.uint8)
    least, most = (round(side * line_height / factor) for side in SIDES)
    least = max(LEAST_SIDE, least)
    found: list[tuple[Square, str, bool]] = []
    for rough in _candidates(small, least, most):
        x, y = (rough.left + rough.right) * factor // 2, (rough.top + rough.bottom) * factor // 2
        if any(each.left <= x <= each.right and each.top <= y <= each.bottom for each, _, _ in found):
            continue
        whole = Square(*(factor * value for value in rough[:2]), *(factor * value + factor - 1 for value in rough[2:]))
        if (seen := measured(picture, whole, factor)) and least * factor <= seen[0].side <= most * factor:
            found.append(seen)
    sides = [square.side for square, _, clear in found if clear]
    # A black square may be an ornament or a bullet: it is a tick box only if the page has clear ones of the same size.
    sure = [
        (square, symbol)
        for square, symbol, clear in found
        if clear or any(abs(square.side - side) <= SAME * side for side in sides)
    ]
    return tuple(
        TickBox(Box(square.left, square.top, square.right + 1, square.bottom + 1), symbol)
        for square, symbol in sorted(sure, key=lambda each: (each[0].top, each[0].left))
        if not any(_joined(square, other) for other, _, _ in found)
    )


def _joined(square: Square, other: Square) -> bool:
    """Whether another square is so close that both belong to a comb field or to a map of squares."""
    gap = max(square.left - other.right, other.left - square.right)
    return 0 < gap < APART * square.side and abs(square.top - other.top) < square.side / 2


def _candidates(grey: Grey, least: int, most: int) -> list[Square]:
    """Squares between two level strokes of one length, and areas that are square themselves."""
    size = 2 * most + 1
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, size, CONTRAST)
    reach = round(0.75 * least)
    # Thicken strokes, so that a broken or slightly tilted one stays whole.
    level = cv2.erode(cv2.dilate(ink, np.ones((3, 3), np.uint8)), np.ones((1, reach + 2), np.uint8))
    level = cv2.dilate(level, np.ones((1, reach), np.uint8))
    outlines, _ = cv2.findContours(level, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return []
    left, top, wide, tall = np.array([cv2.boundingRect(outline) for outline in outlines]).T
    middle = top + tall // 2
    fits = (wide >= 0.9 * least) & (wide <= 1.1 * most)
    blocks = fits & (abs(tall - 2 - wide) <= SQUARE * wide)
    squares = [
        Square(int(x), int(y) + 1, int(x + w) - 1, int(y + h) - 2)
        for x, y, w, h in zip(left[blocks], top[blocks], wide[blocks], tall[blocks], strict=True)
    ]
    strokes = fits & (tall <= 0.5 * wide + 4)
    left, wide, middle = left[strokes], wide[strokes], middle[strokes]
    order = np.argsort(left, kind="stable")
    left, right, wide, middle = left[order], left[order] + wide[order] - 1, wide[order], middle[order]
    near = np.searchsorted(left, left + SLACK * most, side="right")
    count = near - np.arange(len(left))
    if count.sum() > MOST_PAIRS:
        return []
    one = np.repeat(np.arange(len(left)), count)
    other = one + np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    # A mark across the border makes a stroke longer, never shorter.
    inner = np.stack(
        (
            np.maximum(left[one], left[other]),
            np.minimum(middle[one], middle[other]),
            np.minimum(right[one], right[other]),
            np.maximum(middle[one], middle[other]),
        )
    )
    across, down = inner[2] - inner[0] + 1, inner[3] - inner[1] + 1
    longer = np.maximum(across, down)
    pair = (
        (np.maximum(wide[one], wide[other]) <= (1 + SLACK) * across)
        & (abs(across - down) <= SQUARE * longer + 1)
        & (np.minimum(across, down) >= 0.9 * least)
    )
    likeliest = np.argsort(abs(across - down)[pair], kind="stable")
    return [*squares, *(Square(*each) for each in inner[:, pair].T[likeliest].tolist())][:MOST_SQUARES]
