"""A printed page as a scanner or a fax machine would hand it over."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

DPI = 300
FAX_DPI = (204, 196)
SKEW = 1.5
"""Degrees, at most."""


def saved(image: Image.Image, seed: int, path: Path) -> str:
    """Write a page as a TIFF, with the faults that belong to the seed.

    Args:
        image: at 300 dpi.
        seed: the same seed gives the same faults.
        path: of the file.

    Returns:
        The name of the faults: "clean", "scan", "skew", "fax", "jpeg" or "blur".
    """
    chance = np.random.default_rng(seed)
    name = list(FAULTS)[seed % len(FAULTS)]
    page, dpi = FAULTS[name](np.asarray(image.convert("L")), chance)
    kept = Image.fromarray(page)
    if name == "fax":
        kept.convert("1", dither=Image.Dither.NONE).save(path, dpi=dpi, compression="group4")
    else:
        kept.save(path, dpi=dpi, compression="tiff_lzw")
    return name


def _clean(page: Picture, _: Generator) -> tuple[Picture, tuple[int, int]]:
    return page, (DPI, DPI)


def _scan(page: Picture, chance: Generator) -> tuple[Picture, tuple[int, int]]:
    """Grey paper, grey ink, noise."""
    paper, ink = chance.uniform(225, 250), chance.uniform(20, 70)
    noise = chance.normal(0, chance.uniform(3, 9), page.shape)
    grey = ink + page.astype(np.float32) * ((paper - ink) / 255) + noise
    return np.clip(grey, 0, 255).astype(np.uint8), (DPI, DPI)


def _skew(page: Picture, chance: Generator) -> tuple[Picture, tuple[int, int]]:
    angle = chance.uniform(0.3, SKEW) * chance.choice((-1, 1))
    tall, wide = page.shape
    turn = cv2.getRotationMatrix2D((wide / 2, tall / 2), angle, 1.0)
    turned = cv2.warpAffine(page, turn, (wide, tall), flags=cv2.INTER_CUBIC, borderValue=(255.0,))
    return _scan(turned.astype(np.uint8), chance)


def _fax(page: Picture, chance: Generator) -> tuple[Picture, tuple[int, int]]:
    """Two colours, few dots, and speckles."""
    tall, wide = page.shape
    size = (round(wide * FAX_DPI[0] / DPI), round(tall * FAX_DPI[1] / DPI))
    small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    bilevel = np.where(small > chance.uniform(140, 190), 255, 0).astype(np.uint8)
    share = chance.uniform(0.0002, 0.001)
    bilevel[chance.random(bilevel.shape) < share] = 0
    return bilevel, FAX_DPI


def _jpeg(page: Picture, chance: Generator) -> tuple[Picture, tuple[int, int]]:
    packed = BytesIO()
    Image.fromarray(page).save(packed, "JPEG", quality=int(chance.integers(25, 60)))
    with Image.open(packed) as image:
        return np.asarray(image.convert("L")), (DPI, DPI)


def _blur(page: Picture, chance: Generator) -> tuple[Picture, tuple[int, int]]:
    soft = cv2.GaussianBlur(page, (0, 0), float(chance.uniform(0.8, 1.6)))
    return _scan(soft.astype(np.uint8), chance)


FAULTS: dict[str, Callable[[Picture, Generator], tuple[Picture, tuple[int, int]]]] = {
    "clean": _clean,
    "scan": _scan,
    "skew": _skew,
    "fax": _fax,
    "jpeg": _jpeg,
    "blur": _blur,
}
