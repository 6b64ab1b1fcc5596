"""A nearly empty page as paper with marks on it: how much darker each dot is than the paper around it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

DPI = 150.0
"""Marks are looked for at this resolution: a thin pen's line is two dots wide."""
A4_HEIGHT = 297.0
INCH = 25.4
SHORTEST, LONGEST = 60.0, 600.0
"""Millimetres. A page whose longer side would be shorter or longer by its resolution states a wrong one."""
AROUND = 4.0
"""Standard deviation of the paper around a mark, mm: shades of lamps are wider than this, letters narrower."""
GAP = 4.0
"""Ink that is narrower than this is no paper, mm."""
COARSE = 4
"""The paper is computed on a picture smaller by this factor."""
INKED, LIGHT = (12.0, 8.0, 6.0), 25.0
"""Dots darker or lighter than the paper by this are left out of the paper, in three passes: beside a dark picture the
first mean is too dark."""
BORDER = 12.0
"""A dark edge is at most so deep, mm."""
BORDER_LENGTH = 20.0
"""It is at least so long, mm: letters that touch the edge are shorter."""
BORDER_SHADE = 10.0
"""It is darker or lighter than the paper beside it by at least so much, of 255 shades."""
FRAME = 0.8
"""Within this from the picture's sides lies nothing that a person could read, mm."""
SOFT = 1.2
"""The blurred rim of an edge, mm."""
LOW, HIGH = 5.0, 10.0
"""A mark's dots differ from the paper by ``LOW`` at least, and one of them by ``HIGH``, of 255 shades: the palest
pencil that a person sees has about 15."""
LOW_NOISE, HIGH_NOISE = 3.5, 6.0
"""Or by so many standard deviations of the paper's grain, if that is more."""

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]


def millimetre(size: tuple[int, int], dpi: float) -> float:
    """How many dots of a picture are a millimetre; a page of unknown resolution is as high as A4.

    Args:
        size: width and height, pixels.
        dpi: dots an inch, or 0.0 where unknown.
    """
    longer = max(size)
    if dpi and SHORTEST <= longer / dpi * INCH <= LONGEST:
        return dpi / INCH
    return longer / A4_HEIGHT


@dataclass(frozen=True)
class Paper:
    """A page at about 150 dpi.

    Args:
        shade: of the paper, the page's median, 0-255.
        contrast: how much darker than the paper around it each dot is (height, width); negative where it is lighter, 0
            in the dark edges.
        edges: True where the scanner's ground or its shadow lies along a side (height, width).
        mm: dots of these a millimetre.
        bilevel: the picture has black and white only.
    """

    shade: float
    contrast: Map
    edges: Mask
    mm: float
    bilevel: bool

    @classmethod
    def of(cls, picture: Image.Image, dpi: float) -> Paper:
        """Measure a page.

        Args:
            picture: mode "L" or "RGB".
            dpi: dots an inch, or 0.0 where unknown.
        """
        dots = np.asarray(picture)
        own = millimetre(picture.size, dpi)
        factor = min(1.0, DPI / INCH / own)
        # Before it is made smaller: then it has shades.
        bilevel = _bilevel(dots)
        if factor < 1.0:
            dots = cv2.resize(dots, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        bands = np.atleast_3d(dots)
        grey = bands.mean(axis=2, dtype=np.float32) if bands.shape[2] > 1 else bands[..., 0].astype(np.float32)
        shade = float(np.median(grey[::4, ::4]))
        mm = own * factor
        edges = _edges(bands.astype(np.float32), mm)
        contrasts = [_contrast(band.astype(np.float32), edges, mm) for band in np.moveaxis(bands, 2, 0)]
        # A yellow mark is pale in grey, and clear in blue.
        contrast = _strongest(contrasts)
        return cls(shade, contrast, edges, mm, bilevel)

    @cached_property
    def noise(self) -> float:
        """Standard deviation of the paper's grain, of 255 shades."""
        seen = np.abs(self.contrast[::3, ::3])[~self.edges[::3, ::3]]
        return float(1.4826 * np.median(seen)) if seen.size else 0.0

    @property
    def low(self) -> float:
        """What all dots of a mark differ by."""
        return max(LOW, LOW_NOISE * self.noise)

    @property
    def high(self) -> float:
        """What one dot of a mark differs by."""
        return max(HIGH, HIGH_NOISE * self.noise)

    def dots(self, mm: float) -> int:
        """A length in dots, odd."""
        return 2 * round(mm * self.mm / 2) + 1


def _bilevel(dots: NDArray[np.uint8]) -> bool:
    seen = dots[::5, ::5]
    return bool(np.mean((seen == seen.min()) | (seen == seen.max())) > 0.9999)


def _strongest(contrasts: list[Map]) -> Map:
    most = contrasts[0]
    for contrast in contrasts[1:]:
        most = np.where(np.abs(contrast) > np.abs(most), contrast, most)
    return most


def _edges(bands: Map, mm: float) -> Mask:
    """Where dark or light bands run along the sides: from each side inwards, as far as the paper is not reached.

    Args:
        bands: (height, width, colours).
        mm: dots a millimetre.
    """
    frame = max(1, round(FRAME * mm))
    edges = np.ones(bands.shape[:2], dtype=bool)
    edges[frame:-frame, frame:-frame] = False
    deepest, length, soft = round(BORDER * mm), max(3, round(BORDER_LENGTH * mm)), round(SOFT * mm)
    for turns in range(4):
        side = np.rot90(bands, turns)[: 2 * deepest]
        shade = np.median(side[deepest:, ::4], axis=(0, 1))
        smooth = cv2.blur(np.ascontiguousarray(side[:deepest]), (5, 5)).reshape(-1, side.shape[1], bands.shape[2])
        band = np.abs(smooth - shade).max(axis=2) > BORDER_SHADE
        depth = np.where(band.all(axis=0), deepest, np.argmin(band, axis=0)).astype(np.float32)
        # Grey opening: narrow peaks are letters that touch the side.
        kernel = np.ones((1, length))
        kept = cv2.morphologyEx(depth[None, :], cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_REPLICATE)[0]
        rows = np.arange(deepest + soft)[:, None]
        np.rot90(edges, turns)[: deepest + soft] |= (rows < kept[None, :] + soft) & (kept[None, :] > 0)
    return edges


def _contrast(band: Map, edges: Mask, mm: float) -> Map:
    """How much darker each dot is than the mean of the paper around it, marks and edges left out."""
    size = (max(1, band.shape[1] // COARSE), max(1, band.shape[0] // COARSE))
    small = np.asarray(cv2.resize(band, size, interpolation=cv2.INTER_AREA), np.float32)
    paper = np.asarray(cv2.resize(1.0 - edges.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
    paper[paper < 1.0] = 0.0
    sigma = AROUND * mm / COARSE
    # The lighter part: between the letters of a dense page a mean would be too dark.
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(GAP * mm / COARSE / 2) + 1,) * 2)
    filled = np.asarray(cv2.morphologyEx(cv2.blur(small, (3, 3)), cv2.MORPH_CLOSE, kernel), np.float32)
    around = _mean(filled, paper, sigma)
    for dark in INKED:
        bare = (around - small < dark) & (small - around < LIGHT)
        around = _mean(small, paper * bare + 1e-3 * paper, sigma)
    smooth = cv2.GaussianBlur(band, (0, 0), 0.13 * mm)
    contrast = cv2.resize(around, band.shape[::-1], interpolation=cv2.INTER_LINEAR) - smooth
    contrast[edges] = 0.0
    return np.asarray(contrast, np.float32)


def _mean(values: Map, weights: Map, sigma: float) -> Map:
    total = cv2.GaussianBlur(weights, (0, 0), sigma)
    return np.asarray(cv2.GaussianBlur(values * weights, (0, 0), sigma) / np.maximum(total, 1e-6), np.float32)
