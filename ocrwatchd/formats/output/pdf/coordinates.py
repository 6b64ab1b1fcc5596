"""From the pixels of a page as recognised to the place on the page as it lies in the PDF.

What was done to the picture before recognition is undone, backwards: straightened by some degrees, turned by quarters,
drawn (or, for oblong pixels, stretched) to its size. The last step needs no resolution: the upright picture is the
page's visible part, edge to edge.
"""

from __future__ import annotations

from typing import NamedTuple

from ocrwatchd.core.model import PageText
from ocrwatchd.formats.output.unrotate import Upright, unturned
from ocrwatchd.formats.output.word_boxes import size_of


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
    upright = Upright.of(page)

    def place(across: float, up: float) -> tuple[float, float]:
        x, y = unturned(*upright.share(across, height - up), view.rotate)
        return view.left + x * (view.right - view.left), view.top - y * (view.top - view.bottom)

    (x, y), (x_across, y_across), (x_up, y_up) = place(0, 0), place(width, 0), place(0, height)
    return (
        (x_across - x) / width,
        (y_across - y) / width,
        (x_up - x) / height,
        (y_up - y) / height,
        x,
        y,
    )
