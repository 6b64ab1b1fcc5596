"""Typeset text on pages and degrade them as bad scanners and fax machines do. Each run makes equal pages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ocrwatchd.cli.calibrate.corpus import Sheet
from ocrwatchd.core.errors import ConfigError

FACES: Final = (
    "DejaVuSerif.ttf",
    "LiberationSerif-Regular.ttf",
    "NotoSerif-Regular.ttf",
    "DejaVuSans.ttf",
    "LiberationSans-Regular.ttf",
    "NotoSans-Regular.ttf",
)
"""Those that are installed are used in turn, and Pillow's own font, which has only English letters."""

POINTS: Final = 10.0
LEADING: Final = 1.4
"""Line height in letter sizes."""
PAPER, INK = 255, 15
ABSENT: Final = "\U0010ffff"
"""No font has this character."""


class Wear(NamedTuple):
    """How badly a page is scanned.

    Args:
        dpi: of the scan.
        blur: radius in dots.
        noise: standard deviation of grey levels, of 255.
        threshold: dots of this grey level or more become white, others black; 0: the page stays grey.
    """

    dpi: int
    blur: float
    noise: float
    threshold: int


WEARS: Final = (
    Wear(dpi=150, blur=0.8, noise=10, threshold=0),
    Wear(dpi=100, blur=0.8, noise=10, threshold=0),
    Wear(dpi=150, blur=2.0, noise=20, threshold=0),
    Wear(dpi=120, blur=0.8, noise=30, threshold=150),
    Wear(dpi=90, blur=0.7, noise=25, threshold=0),
)
"""Used in turn."""


def drawn(sheet: Sheet, number: int) -> Image.Image:
    """Draw a page as scanned; the page's number selects font and wear.

    Returns:
        Mode "L", just large enough for the text, with its resolution in ``info["dpi"]``.

    Raises:
        ConfigError: no font here has all letters of the text.
    """
    wear = WEARS[number % len(WEARS)]
    size = POINTS * wear.dpi / 72
    usable = [face for face in faces() if _has(face, sheet.text)]
    if not usable:
        raise ConfigError(
            f"{sheet.name}: no font here has all letters of the text; install the package fonts-dejavu-core, or "
            "measure on scans with their texts, by --truth"
        )
    page = _set(sheet.text.split("\n"), _font(usable[number % len(usable)], size), round(size * LEADING))
    dots = np.asarray(page.filter(ImageFilter.GaussianBlur(wear.blur)), np.float64)
    dots = dots + np.random.default_rng(number).normal(0.0, wear.noise, dots.shape)
    if wear.threshold:
        dots = np.where(dots < wear.threshold, 0, PAPER)
    worn = Image.fromarray(np.clip(dots, 0, PAPER).astype(np.uint8))
    worn.info["dpi"] = (wear.dpi, wear.dpi)
    return worn


def _set(lines: Sequence[str], font: ImageFont.FreeTypeFont, leading: int) -> Image.Image:
    width = round(max(font.getlength(line) for line in lines)) + 4 * leading
    page = Image.new("L", (width, leading * (len(lines) + 4)), PAPER)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((2 * leading, leading * (number + 2)), line, INK, font)
    return page


@cache
def faces() -> tuple[str, ...]:
    """The names of the installed fonts; "" is Pillow's own."""
    found = []
    for face in FACES:
        try:
            ImageFont.truetype(face, POINTS)
        except OSError:
            continue
        found.append(face)
    return (*found, "")


@cache
def _font(face: str, size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(face, size) if face else ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise ConfigError("Pillow was built without FreeType, and sets no text; measure on scans, by --truth")
    return font


def _has(face: str, text: str) -> bool:
    font = _font(face, 2 * POINTS)
    absent = bytes(font.getmask(ABSENT))
    return all(letter.isspace() or bytes(font.getmask(letter)) != absent for letter in set(text))
