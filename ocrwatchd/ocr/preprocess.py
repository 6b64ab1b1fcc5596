"""Mend a page's picture before it is recognised: faint print, quarter turns, skew.

A page that needs nothing comes back as the same object; every step acts only on clear evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from ocrwatchd.ocr.orientation import Upright, ink_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ocrwatchd.core.model import Page

STUDY_SIDE = 1000
"""Pixels of the longer side of the reduced picture on which contrast, lines and skew are judged."""
FEWEST_INK = 40
"""Pixels of ink on the reduced picture that are more than specks: a word of small print has about 100."""
BLANK_RANGE = 24
"""Pages whose ink is darker than their paper by no more than this, of 255 shades, are blank: stretching them would only
show the paper's grain."""
FAINT_RANGE = 110
"""Pages whose ink is darker than their paper by no more than this are faint."""
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
"""PIL counts counter-clockwise, we clockwise."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A mended page.

    Args:
        page: with a new picture, or the very page that was given.
        rotation: degrees clockwise by which the picture was turned: 0, 90, 180 or 270.
        skew: degrees clockwise by which it was straightened after that: 1 to 15 either way, or 0.
    """

    page: Page
    rotation: int = 0
    skew: float = 0.0


class Cleaner:
    """Loads the small model that tells text on its head (RapidOCR's); one cleaner serves all pages.

    Args:
        threads: for that model.

    Raises:
        EngineUnavailable: the model is missing or cannot be loaded.
    """

    def __init__(self, threads: int) -> None:
        self._upright = Upright(threads)

    def clean(self, page: Page) -> Cleaned:
        """Mend contrast, quarter turns and skew where they clearly need it.

        Args:
            page: mode "L" or "RGB".
        """
        small = _study(page.image)
        inked = small[ink_of(small) > 0]
        if inked.size < FEWEST_INK:
            return Cleaned(page)
        # Of the ink alone: on a page of few lines a percentile of all pixels tells only the paper.
        dark, light = float(np.percentile(inked, 5)), float(np.percentile(small, 99.5))
        if light - dark <= BLANK_RANGE:
            return Cleaned(page)
        image = page.image
        if light - dark <= FAINT_RANGE:
            image = _stretched(image, dark, light)
            small = _study(image)
        rotation, skew = self._upright.pose_of(small)
        image = turned(image, rotation, skew)
        return Cleaned(page if image is page.image else replace(page, image=image), rotation, skew)


def turned(image: Image.Image, rotation: int, skew: float) -> Image.Image:
    """A picture turned as a page was for recognition; the very one where it needs none.

    Args:
        image: mode "L" or "RGB", of any size.
        rotation: degrees clockwise: 0, 90, 180 or 270.
        skew: degrees clockwise after that, on a page large enough for all of it.
    """
    if rotation:
        image = image.transpose(TURNS[rotation])
    return _straightened(image, skew) if skew else image


def _study(image: Image.Image) -> NDArray[np.uint8]:
    factor = max(1, max(image.size) // STUDY_SIDE)
    return np.asarray(image.convert("L").reduce(factor))


def _stretched(image: Image.Image, dark: float, light: float) -> Image.Image:
    scale = 255 / (light - dark)
    table = [round(min(255.0, max(0.0, (value - dark) * scale))) for value in range(256)]
    return image.point(table * len(image.getbands()))


def _straightened(image: Image.Image, skew: float) -> Image.Image:
    """Turn clockwise by some degrees on a page large enough for all of it, its corners filled with paper."""
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -skew, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    wide, tall = round(width * cosine + height * sine), round(width * sine + height * cosine)
    matrix[:, 2] += ((wide - width) / 2, (tall - height) / 2)
    paper = [float(np.percentile(band, 75)) for band in pixels.reshape(height * width, -1)[::97].T]
    turned = cv2.warpAffine(pixels, matrix, (wide, tall), flags=cv2.INTER_CUBIC, borderValue=paper)
    return Image.fromarray(turned)
