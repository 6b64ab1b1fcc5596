"""Ink on a small drawing of a page: what of it may be text, and what is a rule, a frame, a bullet or a plain area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cv2.typing import MatLike

INK_SHADES = 40
"""Least difference at an edge of ink, of 255 shades, in any of the three colours."""
RULE_PX = 25
"""Straight edges of this length are rules, frames and fills."""
INK_PX = (6, 3)
"""Height and width, with its edge, of the smallest ink that may be a letter; a dot of a dotted rule is smaller."""
OBLONG = 1.45
"""Least ratio of length to height of a word; bullets, arrows and round corners have less."""
LARGE_PX = 11
"""With its edges, a tick box of six points: a drawing that is as large both ways may be one, or a letter."""
NEXT_TO = 0.25
"""Largest gap between letters of one word, in heights of the lower letter."""
ALIKE = 2.0
"""Largest ratio of the heights of two letters of one word."""
FILLED = 0.3
"""Share of the middle of a small word that its strokes fill: edges across it. A frame and a bar have none there."""
MOST_SHAPES = 1000
"""If there are more drawn shapes, some of them count as letters."""


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> MatLike:
    """By how many shades two drawings differ, in the colour in which they differ most."""
    return _strongest(cv2.absdiff(one, other))


def above(shades: int, picture: MatLike) -> NDArray[np.uint8]:
    """1 where a picture of one colour has more shades, else 0."""
    return np.asarray(cv2.threshold(picture, shades, 1, cv2.THRESH_BINARY)[1], np.uint8)


def _strongest(picture: MatLike) -> MatLike:
    blue, green, red = cv2.split(picture)
    return cv2.max(cv2.max(blue, green), red)


def without_rules(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Edges without those of plain areas, frames and rules."""
    for shape in ((1, RULE_PX), (RULE_PX, 1)):
        rules = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
        # What stands on a rule, as handwriting does, stays.
        ink = np.where(rules > 0, np.uint8(0), ink)
    return ink


def edges(picture: NDArray[np.uint8], kernel: tuple[int, int] = (3, 3)) -> NDArray[np.uint8]:
    """1 where ink begins or ends, else 0.

    Args:
        picture: in colours.
        kernel: height and width: one of 1 tells only of edges along or across.
    """
    return above(INK_SHADES, _strongest(cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones(kernel, np.uint8))))


def shapes(ink: MatLike) -> NDArray[np.int_]:
    """The boxes of ink large enough for a letter, n x 4: left, top, width, height."""
    found = np.asarray(cv2.connectedComponentsWithStats(ink)[2][1:, :4], np.int_)
    return found[(found[:, [cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]] >= INK_PX).all(1)]


def small_print(bounds: NDArray[np.uint8], picture: NDArray[np.uint8]) -> bool:
    """Whether there is a word so small that its letters are one shape, with straight edges as a rule has."""
    found = cv2.connectedComponentsWithStats(bounds)[2][1:]
    sides = found[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    low, long = sides.min(1), sides.max(1)
    strokes = {upright: edges(picture, (3, 1) if upright else (1, 3)) for upright in (False, True)}
    for left, top, width, height, _ in found[(low > INK_PX[0]) & (low < RULE_PX) & (long >= OBLONG * low)].tolist():
        inset = min(width, height) // 4
        middle = (slice(top + inset, top + height - inset), slice(left + inset, left + width - inset))
        if strokes[height > width][middle].mean() > FILLED:
            return True
    return False


def may_be_words(shapes: NDArray[np.int_]) -> bool:
    """Whether drawn shapes may be tick boxes, or outlines of words, across the page or upright.

    In small print a word is one shape, in large print each letter is.
    """
    if len(shapes) > MOST_SHAPES:
        return True
    for start, size in ((0, 2), (1, 3)):
        across, along = shapes[:, 1 - start], shapes[:, start]
        length, height = shapes[:, size], shapes[:, 5 - size]
        tall = height >= INK_PX[0]
        if (tall & ((length >= OBLONG * height) | (np.minimum(length, height) >= LARGE_PX))).any():
            return True
        lower, higher = (f(height[:, None], height[None]) for f in (np.minimum, np.maximum))
        begin, end = np.maximum(across[:, None], across[None]), np.minimum.outer(across + height, across + height)
        gap = along[None] - (along + length)[:, None]
        together = (end - begin >= lower / 2) & (gap >= -1) & (gap <= NEXT_TO * lower) & (higher <= ALIKE * lower)
        whole = (along + length)[None] - along[:, None]
        if (together & (whole >= OBLONG * higher) & tall[:, None] & tall[None]).any():
            return True
    return False
