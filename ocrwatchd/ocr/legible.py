"""Tell when letters are too small to be read for certain, whatever resolution the file claims."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.model import Line

LEAST_LINE_HEIGHT = 18
"""Pixels of a line's box from which letters are large enough: 10-point print at about 110 dpi. Measured with RapidOCR
on the scans of tests/data made smaller: errors begin between 20 pixels (eurotext) and 12 (phototest)."""
GOOD_DPI = 300
"""What to scan with, as scanners offer it."""


def small_print(lines: Iterable[Line]) -> tuple[str, ...]:
    """A warning where the page's typical line is too low; none where no line has a box."""
    heights = [line.box.bottom - line.box.top for line in lines if line.box]
    height = median(heights) if heights else float(LEAST_LINE_HEIGHT)
    if height >= LEAST_LINE_HEIGHT:
        return ()
    return (f"lines are only {height:.0f} pixels high: characters may be misread; scan with {GOOD_DPI} dpi",)
