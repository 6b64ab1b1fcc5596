"""From the pixels of a page as recognised to the place on the page as it lies in the PDF.

What was done to the picture before recognition is undone, backwards: straightened by some degrees, turned by quarters,
drawn (or, for oblong pixels, stretched) to its size. The last step needs no resolution: the upright picture is the
page's visible part, edge to edge.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.formats.placed import size_of

if TYPE_CHECKING:
    from ocrwatchd.model import PageText


class View(NamedTuple):
    """What is seen of a page: a rectangle in its own coordinates (y upwards), turned clockwise by ``rotate``."""

    left: float
    bottom: float
    right: float
    top: float
    rotate: int = 0


def matrix(page: PageText, view: View) -> tuple[float, ...]:
    """What leads from pixels of the page as recognised, counted from the bottom left, to the page: a b c d e f."""
    width, height = size_of(page)

    def place(across: float, up: float) -> tuple[float, float]:
        return _seen(*_upright(page, width, height, across, height - up), view)

    (x, y), (x_across, y_across), (x_up, y_up) = place(0, 0), place(width, 0), place(0, height)
    return (
        (x_across - x) / width,
        (y_across - y) / width,
        (x_up - x) / height,
        (y_up - y) / height,
        x,
        y,
    )


def _upright(page: PageText, width: float, height: float, x: float, y: float) -> tuple[float, float]:
    """A point on the picture as it was opened, in shares of its width and height, from the top left."""
    sine, cosine = math.sin(math.radians(page.skew)), math.cos(math.radians(page.skew))
    # The straightened picture has room for all of the other one: its size tells that one's.
    slant = cosine * cosine - sine * sine
    wide = (width * cosine - height * abs(sine)) / slant
    tall = (height * cosine - width * abs(sine)) / slant
    x, y = x - width / 2, y - height / 2
    # Turned clockwise by the skew, with y downwards; here back again.
    x, y = x * cosine + y * sine + wide / 2, y * cosine - x * sine + tall / 2
    match page.rotation:
        case 90:
            return y / tall, 1 - x / wide
        case 180:
            return 1 - x / wide, 1 - y / tall
        case 270:
            return 1 - y / tall, x / wide
    return x / wide, y / tall


def _seen(across: float, down: float, view: View) -> tuple[float, float]:
    """A point of what is seen, in shares from the top left, in the page's own coordinates."""
    match view.rotate:
        case 90:
            x, y = down, across
        case 180:
            x, y = 1 - across, down
        case 270:
            x, y = 1 - down, 1 - across
        case _:
            x, y = across, 1 - down
    return view.left + x * (view.right - view.left), view.bottom + y * (view.top - view.bottom)
