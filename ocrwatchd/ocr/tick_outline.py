"""Measure a square on a page: whether it is the outline of a tick box, and which mark is inside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Ink = NDArray[np.bool_]

EMPTY, TICKED, CROSSED = "\u2610", "\u2611", "\u2612"

CONTRAST = 25
"""Least difference between ink and the paper around it, of 255 shades."""
FAINT = 0.3
"""The same as part of the difference between the paper and the darkest ink around the box."""
SQUARE = 0.25
"""Greatest difference between width and height, as part of the longer one."""
STRAIGHT = 0.03
"""How far a side may deviate from its line, as part of its length, plus one pixel."""
DRAWN = 0.92
"""Least part of a side that lies on its line."""
GAP = 0.06
"""Longest gap in a side, as part of the side, plus one pixel; the gap between the feet of an "n" is 0.2."""
CORNER = 0.08
"""The outline may be round up to this distance from its corners, as part of the side; a letter O is round from 0.15."""
BEYOND = (0.2, 0.4)
"""Range beyond a corner, in sides, in which the line of a table continues."""
FRAME = 0.17
"""Greatest thickness of the outline, as part of the side, plus one pixel of blur."""
SOLID = 0.3
"""A square whose sides are all thicker than this part of the side is solid black."""
EVEN = 0.6
"""Least part of a side with the side's typical thickness; the rest may touch a mark. Sides of letters are less even."""
SPECK = 0.035
"""Greatest part of ink inside an empty box: dust, and noise of compression."""
RINGS = (0.6, 0.85, 1.1)
"""Radii of the circles on which the arms of a cross are counted, in mean distances of its ink from the middle."""
DIAGONALS, ASKEW = (45, 135, 225, 315), 34
"""Directions of the arms of a cross, and their greatest deviation, degrees."""


class Square(NamedTuple):
    """First and last column and row of a square, pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def side(self) -> int:
        """The mean of width and height."""
        return (self.right - self.left + self.bottom - self.top) // 2 + 1


def measured(picture: Grey, rough: Square, slack: int) -> tuple[Square, str, bool] | None:
    """The tick box near a place, its symbol, and whether it is certain by itself; None without a tick box."""
    margin = math.ceil(0.5 * rough.side) + slack
    left, top = max(0, rough.left - margin), max(0, rough.top - margin)
    crop = picture[top : rough.bottom + margin + 1, left : rough.right + margin + 1]
    shades = np.sort(crop[::2, ::2], axis=None)
    paper, dark = float(shades[9 * shades.size // 10]), float(shades[shades.size // 50])
    ink = crop < paper - max(CONTRAST, FAINT * (paper - dark))
    square = _exact(ink, Square(rough.left - left, rough.top - top, rough.right - left, rough.bottom - top), slack)
    if square is None or (frames := _frames(ink, square)) is None:
        return None
    where = Square(square.left + left, square.top + top, square.right + left, square.bottom + top)
    thick = [frame for frame, _ in frames]
    if min(thick) > SOLID * square.side:
        return where, TICKED, False
    thin = 1 + int(FRAME * square.side)
    if sum(frame <= thin for frame in thick) < 2:  # a mark may lie along two sides
        return None
    blur = 1 + square.side // 25
    above, below, before, after = (min(frame, thin) + blur for frame in thick)
    inside = ink[square.top + above : square.bottom - below + 1, square.left + before : square.right - after + 1]
    return where, _symbol(inside), all(even and frame <= thin for frame, even in frames)


def _exact(ink: Ink, rough: Square, slack: int) -> Square | None:
    """The square whose four sides are all found near a place."""
    edges = []
    for view, place in _views(ink, rough):
        if (edge := _edge(view, place, slack + 1)) is None:
            return None
        edges.append(edge)
    height, width = ink.shape
    square = Square(edges[2], edges[0], width - 1 - edges[3], height - 1 - edges[1])
    wide, tall = square.right - square.left + 1, square.bottom - square.top + 1
    return square if abs(wide - tall) <= SQUARE * max(wide, tall) else None


def _frames(ink: Ink, square: Square) -> list[tuple[int, bool]] | None:
    """The thickness of each side, and whether the side is even; None if the square does not stand alone."""
    frames = []
    for view, place in _views(ink, square):
        if (frame := _frame(view, place)) is None:
            return None
        frames.append(frame)
    return frames if sum(_goes_on(view, place) for view, place in _views(ink, square)) <= 1 else None


def _views(ink: Ink, square: Square) -> list[tuple[Ink, Square]]:
    """The picture in four orientations: each side of the square is the top one in one of them."""
    height, width = ink.shape
    x0, y0, x1, y1 = square
    return [
        (ink, square),
        (ink[::-1], Square(x0, height - 1 - y1, x1, height - 1 - y0)),
        (ink.T, Square(y0, x0, y1, x1)),
        (ink.T[::-1], Square(y0, width - 1 - x1, y1, width - 1 - x0)),
    ]


def _edge(ink: Ink, square: Square, slack: int) -> int | None:
    """The row in which the top side begins, or the letter close to it; None without ink."""
    x0, y0, x1, _ = square
    side = square.side
    reach = slack + side // 5
    start = max(0, y0 - reach)
    inner = side // 8
    band = ink[start : y0 + reach + 1, x0 + inner : x1 - inner + 1]
    first = np.where(band.any(axis=0), band.argmax(axis=0), -1)
    if not (first >= 0).any():
        return None
    return start + int(np.median(first[first >= 0]))


def _frame(ink: Ink, square: Square) -> tuple[int, bool] | None:
    """The thickness of the top side, and whether the side is even; None if there is no side."""
    x0, y0, x1, _ = square
    side = square.side
    off = 1 + int(STRAIGHT * side)
    corner = 1 + round(CORNER * side)
    line = _columns(ink[max(0, y0 - off) : y0 + off + 1, x0 : x1 + 1])
    if line.mean() < DRAWN or _longest(~line) > 1 + GAP * side:
        return None
    if not (ink[max(0, y0 - 1) : y0 + corner, max(0, x0 - 1) : x0 + corner].any()):
        return None
    if not (ink[max(0, y0 - 1) : y0 + corner, x1 - corner + 1 : x1 + 2].any()):
        return None
    inwards = ~ink[y0 + off : y0 + side, x0 + corner : x1 - corner + 1]
    thick = off + np.where(inwards.any(axis=0), inwards.argmax(axis=0), side)
    usual = int(np.median(thick))
    return usual, bool((abs(thick - usual) <= 1 + STRAIGHT * side).mean() >= EVEN)


def _columns(ink: Ink) -> Ink:
    """Which columns have ink, shape (width,)."""
    return np.asarray(ink.any(axis=0), dtype=np.bool_)


def _longest(marks: Ink) -> int:
    """The length of the longest run of marked pixels."""
    others = np.flatnonzero(np.concatenate(((True,), ~marks, (True,))))
    return int(np.diff(others).max()) - 1


def _goes_on(ink: Ink, square: Square) -> int:
    """At how many of its two ends the top side continues, as the lines of tables do."""
    x0, y0, x1, _ = square
    near, far = (math.ceil(part * square.side) for part in BEYOND)
    band = _columns(ink[max(0, y0 - 1) : y0 + 3])
    return int(band[max(0, x0 - far) : x0 - near].all()) + int(band[x1 + near + 1 : x1 + far + 1].all())


def _symbol(inside: Ink) -> str:
    if inside.mean() < SPECK:
        return EMPTY
    return CROSSED if _is_cross(inside) else TICKED


def _is_cross(mark: Ink) -> bool:
    """Whether one arm goes from the middle of the ink into each corner: most circles around it cross all four."""
    ys, xs = np.nonzero(mark)
    wide, tall = (math.sqrt(2) * max(1.0, float(places.std())) for places in (xs, ys))
    angles = np.radians(np.arange(360))
    crossed = 0
    for ring in RINGS:
        across = np.rint(xs.mean() + ring * wide * np.cos(angles)).astype(int).clip(0, mark.shape[1] - 1)
        down = np.rint(ys.mean() + ring * tall * np.sin(angles)).astype(int).clip(0, mark.shape[0] - 1)
        seen = mark[down, across]
        starts, ends = np.flatnonzero(seen & ~np.roll(seen, 1)), np.flatnonzero(seen & ~np.roll(seen, -1))
        if len(starts) == len(DIAGONALS):
            arms = np.sort((starts + (np.roll(ends, -int(ends[0] < starts[0])) - starts) % 360 / 2) % 360)
            crossed += bool((abs(arms - DIAGONALS) <= ASKEW).all())
    return crossed > len(RINGS) / 2
