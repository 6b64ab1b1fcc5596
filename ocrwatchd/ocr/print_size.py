"""Warnings about letters that are too small to be read reliably, whatever resolution the file claims."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.core.model import Line

LEAST_LINE_HEIGHT = 18
"""Least height of a line's box without a warning, pixels: 10-point print at about 110 dpi. Measured for RapidOCR on
reduced scans of tests/data: errors begin between 20 pixels (eurotext) and 12 (phototest)."""
GOOD_DPI = 300
"""The resolution that the warning recommends; scanners offer it."""

LEAST_FINDING_DPI = 50
"""Least resolution to which a page may be reduced and its lines are still found. Measured for RapidOCR on the 12-point
print of tests/data/phototest.tif in a long page: all lines at 50 dpi, few at 40."""
USUAL_DPI = 200
"""Assumed resolution of pages whose file names none."""


def small_print(lines: Iterable[Line]) -> tuple[str, ...]:
    """A warning if the page's typical line is too low; no warning if no line has a box."""
    heights = [line.box.height for line in lines if line.box]
    height = median(heights) if heights else float(LEAST_LINE_HEIGHT)
    if height >= LEAST_LINE_HEIGHT:
        return ()
    return (f"lines are only {height:.0f} pixels high: characters may be misread; scan with {GOOD_DPI} dpi",)


def shrunk(width: int, height: int, dpi: float, side: int) -> tuple[str, ...]:
    """A warning if a page is so long that its print may not be found at all.

    Args:
        width: of the page, pixels.
        height: of the page, pixels.
        dpi: of the page, 0.0 if unknown.
        side: length to which the engine reduces the longer side before it looks for lines, pixels.
    """
    longer = max(width, height)
    if (dpi or USUAL_DPI) * min(1.0, side / longer) >= min(LEAST_FINDING_DPI, dpi or USUAL_DPI):
        return ()
    return (f"the page is {longer} pixels long: print on it may not have been found; scan it in several parts",)
