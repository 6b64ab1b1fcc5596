"""Tell when letters are too small to be read for certain, whatever resolution the file claims."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.core.model import Line

LEAST_LINE_HEIGHT = 18
"""Pixels of a line's box from which letters are large enough: 10-point print at about 110 dpi. Measured with RapidOCR
on the scans of tests/data made smaller: errors begin between 20 pixels (eurotext) and 12 (phototest)."""
GOOD_DPI = 300
"""What to scan with, as scanners offer it."""

LEAST_FINDING_DPI = 50
"""To which a page may be brought down while its lines are still found. Measured with RapidOCR on the 12-point print of
tests/data/phototest.tif in a long page: whole at 50 dpi, mostly gone at 40."""
USUAL_DPI = 200
"""Taken for pages that do not tell theirs."""


def small_print(lines: Iterable[Line]) -> tuple[str, ...]:
    """A warning where the page's typical line is too low; none where no line has a box."""
    heights = [line.box.height for line in lines if line.box]
    height = median(heights) if heights else float(LEAST_LINE_HEIGHT)
    if height >= LEAST_LINE_HEIGHT:
        return ()
    return (f"lines are only {height:.0f} pixels high: characters may be misread; scan with {GOOD_DPI} dpi",)


def shrunk(width: int, height: int, dpi: float, side: int) -> tuple[str, ...]:
    """A warning where a page is so long that its print may not be found at all.

    Args:
        width: of the page, pixels.
        height: the same.
        dpi: of the page, 0.0 if unknown.
        side: pixels to which the page's longer side is brought before lines are looked for.
    """
    longer = max(width, height)
    if (dpi or USUAL_DPI) * min(1.0, side / longer) >= min(LEAST_FINDING_DPI, dpi or USUAL_DPI):
        return ()
    return (f"the page is {longer} pixels long: print on it may not have been found; scan it in several parts",)
