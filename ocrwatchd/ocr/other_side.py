"""How much of a page is the print on the other side of its sheet, seen through the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ocrwatchd.ocr.paper import Map, Paper

Matrix: TypeAlias = NDArray[np.float64]
"""An affine change of place, (2, 3)."""

COARSE_MM = 1.0
"""Dots a millimetre of the pictures on which the sides are brought together first."""
ANGLES = np.arange(-2.5, 2.51, 0.5)
"""Degrees by which the sides may be askew to each other."""
FARTHEST = 12.0
"""The sides may be off by so much, mm."""
FINE_MM = 3.0
"""Dots a millimetre of those on which their places are mended."""
PIECE, NEAR = 20.0, 2.0
"""Then pieces of this size are moved by at most so much, mm."""
PIECE_INK, PIECE_ALIKE = 0.02, 0.4
"""Pieces with less ink, as a part of their area, or less correlation tell nothing."""
ALIKE, ALIKE_BILEVEL = 0.15, 0.2
"""Least correlation of two sides of which one shows through, in grey and in black and white; others have less."""
DEEPEST = 0.6
"""Print of the other side has at most this part of its darkness here."""
NEARBY = 5.0
"""Standard deviation of the surroundings over which it has the same darkness, mm."""
SLACK = 1.35
"""It is darker than there on average in places by this factor at most."""
BLUR = 0.2
"""The paper blurs by this standard deviation, mm."""
OFF = 0.35
"""Letters may be off by this, mm."""
HALO = 8.0
"""Beside dark print of the other side the paper seems lighter within this, mm."""
INSIDE = 0.9
"""In black and white: so much of the ink nearby lies within the other side's letters."""
SOLID = 0.6
"""Where more than this part is covered by ink of the other side, lying within it tells nothing."""
BLACK = 255.0


class Placed(NamedTuple):
    """The other side as it lies behind this one: its contrast, and how alike they are, -1 to 1."""

    contrast: Map
    alike: float


def seen_through(page: Paper, other: Paper) -> Map:
    """How much contrast, dark or light, the other side explains on a page, (height, width)."""
    nothing = np.zeros_like(page.contrast)
    placed = _placed(page, other)
    if placed is None:
        return nothing
    behind: Map = np.maximum(cv2.GaussianBlur(placed.contrast, (0, 0), BLUR * page.mm), 0.0).astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (page.dots(2 * OFF), page.dots(2 * OFF)))
    wide = cv2.dilate(behind, kernel)
    here = np.maximum(page.contrast, 0.0)
    if page.bilevel:
        letters = (wide > other.high).astype(np.float32)
        inside = _around(page, here * letters) / np.maximum(_around(page, here), 1e-3)
        return np.asarray(BLACK * letters * (inside > INSIDE) * (_around(page, letters) < SOLID), np.float32)
    part = _around(page, here * behind) / np.maximum(_around(page, behind * behind), 1.0)
    bounded: Map = np.clip(part, 0.0, DEEPEST).astype(np.float32)
    light = _light(page, bounded, behind)
    return np.asarray(SLACK * np.where(page.contrast < 0.0, light, bounded * wide), np.float32)


def _light(page: Paper, part: Map, behind: Map) -> Map:
    """How light a dot among dark ones of the other side may be: beside a picture, and in it."""
    inked = part[behind > behind.max() / 2]
    usual = float(np.median(inked)) if inked.size else 0.0
    factor = COARSE_MM / page.mm
    small = cv2.resize(behind, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    reach = 2 * round(HALO * COARSE_MM) + 1
    near = cv2.dilate(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    near = cv2.resize(near, behind.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.maximum(part, usual) * near, np.float32)


def _around(page: Paper, values: Map) -> Map:
    small = cv2.resize(values, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), NEARBY * page.mm / 4)
    return np.asarray(cv2.resize(small, values.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _ink(paper: Paper, dots_mm: float) -> Map:
    """The marks darker than the grain, smaller."""
    ink = np.where(paper.contrast > paper.low, paper.contrast, 0.0).astype(np.float32)
    factor = dots_mm / paper.mm
    return np.asarray(cv2.resize(ink, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.float32)


def _placed(page: Paper, other: Paper) -> Placed | None:
    """Bring the other side, mirrored, behind this one: shift and turn by correlation, then finely."""
    here, there = _ink(page, COARSE_MM), _ink(other, COARSE_MM)
    if not here.any() or not there.any():
        return None
    # A sheet is turned over about its long side or about its short one.
    views = [(flip, np.asarray(cv2.flip(there, flip), np.float32)) for flip in (1, 0)]
    reach = round(FARTHEST * COARSE_MM)
    size = [cv2.getOptimalDFTSize(max(sides) + reach) for sides in zip(here.shape, there.shape, strict=True)]
    target = np.fft.rfft2(here - here.mean(), size)
    best = max(
        (*_match(here, target, view, float(angle), size), flip, float(angle))
        for flip, view in views
        for angle in ANGLES
    )
    alike, across, down, flip, angle = best
    if alike < (ALIKE_BILEVEL if page.bilevel else ALIKE):
        return None
    matrix = _matrix(there.shape, angle, across, down)
    flipped = cv2.flip(other.contrast, flip)
    turned = np.asarray(cv2.flip(_ink(other, FINE_MM), flip), np.float32)
    fine = _refined(_ink(page, FINE_MM), turned, _scaled(matrix, COARSE_MM, FINE_MM, FINE_MM))
    matrix = _scaled(fine, FINE_MM, page.mm, other.mm)
    tall, wide = page.contrast.shape
    return Placed(np.asarray(cv2.warpAffine(flipped, matrix, (wide, tall)), np.float32), alike)


def _match(
    here: Map, target: NDArray[np.complex128], view: Map, angle: float, size: list[int]
) -> tuple[float, float, float]:
    """The best correlation at this angle, and the shift across and down."""
    turned = cv2.warpAffine(view, _matrix(view.shape, angle, 0.0, 0.0), view.shape[::-1])
    turned = turned - turned.mean()
    found = np.fft.irfft2(target * np.conj(np.fft.rfft2(turned, size)), size)
    reach = round(FARTHEST * COARSE_MM)
    near = np.roll(found, (reach, reach), axis=(0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    down, across = np.unravel_index(np.argmax(near), near.shape)
    norm = float(np.linalg.norm(here - here.mean()) * np.linalg.norm(turned))
    return float(near.max()) / max(norm, 1e-6), float(across) - reach, float(down) - reach


def _matrix(shape: tuple[int, ...], angle: float, across: float, down: float) -> Matrix:
    matrix = np.array(cv2.getRotationMatrix2D(((shape[1] - 1) / 2, (shape[0] - 1) / 2), angle, 1.0), np.float64)
    matrix[:, 2] += np.array([across, down])
    return matrix


def _scaled(matrix: Matrix, before: float, target: float, source: float) -> Matrix:
    """The same on pictures with other dots a millimetre."""
    scaled = np.array(matrix, dtype=np.float64)
    scaled[:, :2] *= target / source
    scaled[:, 2] *= target / before
    return scaled


def _refined(here: Map, there: Map, matrix: Matrix) -> Matrix:
    """Bring single pieces of the sides together, and follow most of them; as it was where they tell nothing."""
    laid = cv2.warpAffine(there, matrix, here.shape[::-1])
    side, reach = round(PIECE * FINE_MM), round(NEAR * FINE_MM)
    before, after = [], []
    for top in range(reach, here.shape[0] - side - reach + 1, side):
        for left in range(reach, here.shape[1] - side - reach + 1, side):
            piece = laid[top : top + side, left : left + side]
            if np.count_nonzero(piece) < PIECE_INK * piece.size:
                continue
            around = here[top - reach : top + side + reach, left - reach : left + side + reach]
            found = cv2.matchTemplate(around, piece, cv2.TM_CCOEFF_NORMED)
            _, best, _, (across, down) = cv2.minMaxLoc(found)
            if best < PIECE_ALIKE:
                continue
            middle = (left + side / 2, top + side / 2)
            before.append(middle)
            after.append((middle[0] + across - reach, middle[1] + down - reach))
    if len(before) < 3:
        return _moved(matrix, before, after)
    change, inside = cv2.estimateAffine2D(np.array(before), np.array(after), ransacReprojThreshold=1.5)
    if change is None or not np.isfinite(change).all() or inside.sum() < max(3, len(before) / 3):
        return _moved(matrix, before, after)
    return np.asarray(change @ np.vstack([matrix, (0.0, 0.0, 1.0)]), np.float64)


def _moved(matrix: Matrix, before: list[tuple[float, float]], after: list[tuple[float, float]]) -> Matrix:
    moved = matrix.copy()
    if before:
        moved[:, 2] += np.median(np.subtract(after, before), axis=0)
    return moved
