"""Tell the print on the back of a sheet by its pale ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import cv2
import numpy as np

from ocrwatchd.ocr.second_look import DOUBTFUL, Crop, Reading

PALE = 0.3
"""Lines with less ink than this, as a part of the page's typical ink, show through where they are doubtful as well.
Pencil, stamps and worn receipts have more than 0.35."""
AS_PALE = 1.3
"""On a page where mirrored lines were found, all lines with less ink than theirs times this show through."""
MOST = 0.5
"""Mirrored lines with more ink, as a part of the page's typical ink, tell nothing about others."""
DARK = 10
"""Percentile of a line's dark pixels that tells its ink: edges of letters are paler."""


def with_pale_lines(readings: Sequence[Reading], crops: Sequence[Crop]) -> list[Reading]:
    """Mark the lines that are too pale to be print of this side.

    Args:
        readings: of one page, mirrored lines marked already.
        crops: the lines' pictures, (height, width, 3).
    """
    inks = [ink_of(crop) for crop in crops]
    sure = [
        ink
        for ink, reading in zip(inks, readings, strict=True)
        if not reading.shows_through and reading.confidence >= DOUBTFUL
    ]
    if not sure:
        return list(readings)
    typical = median(sure)
    behind = median([ink for ink, reading in zip(inks, readings, strict=True) if reading.shows_through] or [typical])
    pale = AS_PALE * behind if behind < MOST * typical else 0.0
    return [
        replace(reading, shows_through=True)
        if ink < pale or (reading.confidence < DOUBTFUL and ink < PALE * typical)
        else reading
        for ink, reading in zip(inks, readings, strict=True)
    ]


def ink_of(crop: Crop) -> float:
    """How much darker a line's print is than its paper, of 255 shades.

    Args:
        crop: (height, width, 3).
    """
    grey = cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_BGR2GRAY)
    limit, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    dark, light = grey[grey <= limit], grey[grey > limit]
    if not dark.size or not light.size:
        return 0.0
    return float(np.median(light) - np.percentile(dark, DARK))
