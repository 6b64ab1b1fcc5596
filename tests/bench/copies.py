"""Copies of a clean scan that are harder to read."""

from __future__ import annotations

from PIL import Image


def faint(image: Image.Image) -> Image.Image:
    """Grey print on grey paper: 50 of the 256 shades are left."""
    return image.point([150 + value * 50 // 255 for value in range(256)] * len(image.getbands()))


def skewed(image: Image.Image, degrees: float) -> Image.Image:
    """Laid askew clockwise, on a page large enough for all of it."""
    return image.rotate(-degrees, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)


def turned(image: Image.Image, quarter: int) -> Image.Image:
    """Turned clockwise by 90, 180 or 270 degrees."""
    return image.rotate(-quarter, expand=True)
