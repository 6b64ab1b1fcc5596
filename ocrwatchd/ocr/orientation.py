"""The orientation of a page: skew by the profile of its lines, quarter turns by the look of its letters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrwatchd.ocr.rapidocr_models import load

MOST_SKEW = 15.0
"""Degrees."""
LEAST_SKEW = 0.4
"""Degrees; rotation blurs a picture. RapidOCR reads lines with 1° of skew, but Aspose loses whole lines at 0.5°: with
its skew of 0.7° eurotext has a character error rate of 0.31, and of 0.02 once it is straightened."""
PROFILE_SIDE = 400
"""Longer side of the picture for the coarse search, pixels."""
CLEAR = 1.15
"""The profile of the best angle is at least this much sharper than that of the unturned page, or the page stays
unturned."""
SIDEWAYS = 2.0
"""A page may lie on its side if text along columns is at least this many times as long as text along rows."""
PIECES = 16
"""Number of pieces of lines that the classifier sees."""
FEWEST_PIECES = 3
"""Least number of pieces for a decision."""
ASPECT = 4
"""Width over height of a piece: the shape of the classifier's input."""
HEAD_DOWN = 0.6
"""Least mean vote for a turn, from -1 (upright) to 1 (upside down); real pages give more than 0.9 either way."""
MODELS = {"Cls.model_path": "ch_ppocr_mobile_v2.0_cls_mobile.onnx"}

Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line of text, pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class View:
    """A page in one orientation, level after a turn by ``skew`` degrees clockwise, with its lines."""

    grey: Grey
    skew: float
    lines: tuple[Piece, ...]

    @property
    def length(self) -> int:
        """Length of all lines, pixels."""
        return sum(line.width for line in self.lines)


class Upright:
    """Finds how a page must be turned, with RapidOCR's classifier of lines that are upside down.

    Args:
        threads: for the classifier.

    Raises:
        EngineUnavailable: the model is missing or cannot be loaded.
    """

    def __init__(self, threads: int) -> None:
        blank = np.full((48, 192, 3), 255, dtype=np.uint8)
        self._ocr = load(MODELS, threads, {}, lambda engine: engine.cls_and_rotate([blank]))

    def pose_of(self, grey: Grey) -> tuple[int, float]:
        """Find how to turn a page so that it can be read.

        Args:
            grey: the page, reduced to about 1,000 pixels.

        Returns:
            Quarter turns clockwise in degrees (0, 90, 180, 270), then degrees clockwise (-15 to 15); 0 if the page is
                upright or the evidence is weak.
        """
        view = _view(grey)
        across = _lines(ink_of(_quarter(view.grey)))
        if view.length <= SIDEWAYS * sum(line.width for line in across):
            side = _view(_quarter(grey))
            vote = self._vote(side) if side.length > SIDEWAYS * view.length else 0.0
            if abs(vote) > HEAD_DOWN:
                return (270 if vote > 0 else 90), side.skew
        return (180 if self._vote(view) > HEAD_DOWN else 0), view.skew

    def _vote(self, view: View) -> float:
        pieces = [piece for line in view.lines for piece in _pieces(line)]
        if len(pieces) < FEWEST_PIECES:
            return 0.0
        chosen = pieces[:: max(1, len(pieces) // PIECES)][:PIECES]
        _, result = self._ocr.cls_and_rotate([_cut(view.grey, piece) for piece in chosen])
        return fmean(score if label == "180" else -score for label, score in result.cls_res or [])


def _view(grey: Grey) -> View:
    skew = _skew_of(ink_of(grey))
    level = _rotated(grey, skew, cv2.INTER_LINEAR) if skew else grey
    lines = _lines(ink_of(level))
    if skew and len(lines) < FEWEST_PIECES:
        return View(grey, 0.0, ())
    return View(level, skew, lines)


def ink_of(grey: Grey) -> Grey:
    """Letters and rules as 255 on 0, for any shade of paper; of large dark areas only the outlines."""
    return np.asarray(
        cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, 15), dtype=np.uint8
    )


def _skew_of(ink: Grey) -> float:
    """The angle in degrees clockwise by which a page becomes level; 0 if there is none or the evidence is weak.

    After W. Postl, "Detection of linear oblique structures and skew scan in digitized documents" (ICPR 1986): the sum
    of squared differences between neighbouring rows is greatest if the lines run along the rows.
    """
    factor = min(1.0, PROFILE_SIDE / max(ink.shape))
    coarse = np.asarray(cv2.resize(ink, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    rough = _sharpest(coarse, np.arange(-MOST_SKEW, MOST_SKEW + 0.5, 1.0))
    fine = _sharpest(ink, np.arange(rough - 1.0, rough + 1.01, 0.25))
    if not LEAST_SKEW <= abs(fine) <= MOST_SKEW or _sharpness(ink, fine) < CLEAR * _sharpness(ink, 0.0):
        return 0.0
    return fine


def _sharpest(ink: Grey, angles: Iterable[float]) -> float:
    return max((round(float(angle), 2) for angle in angles), key=lambda angle: _sharpness(ink, angle))


def _sharpness(ink: Grey, angle: float) -> float:
    turned = _rotated(ink, angle, cv2.INTER_NEAREST, paper=0) if angle else ink
    profile = np.asarray(cv2.reduce(turned, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F), dtype=np.float64).ravel() / 255
    return float(np.square(np.diff(profile)).sum())


def _rotated(grey: Grey, angle: float, how: int, paper: int = 255) -> Grey:
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
    return np.asarray(cv2.warpAffine(grey, matrix, (width, height), flags=how, borderValue=paper), dtype=np.uint8)


def _quarter(grey: Grey) -> Grey:
    """Turn by 90° clockwise."""
    return np.ascontiguousarray(np.rot90(grey, -1))


def _lines(ink: Grey) -> tuple[Piece, ...]:
    """Runs of letters along rows, the widest first."""
    reach = max(3, max(ink.shape) // 100)
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    _, _, found, _ = cv2.connectedComponentsWithStats(closed)
    left, top, width, height, area = found[1:].T
    # The shape of a line of letters, not of a rule or a picture.
    text = (height >= 6) & (height <= ink.shape[0] / 8) & (width >= 3 * height) & (area > 0.3 * width * height)
    boxes = np.stack([left, top, width, height], axis=1)[text]
    return tuple(Piece(*(int(value) for value in box)) for box in boxes[np.argsort(-boxes[:, 2], kind="stable")])


def _pieces(line: Piece) -> list[Piece]:
    width = ASPECT * line.height
    return [
        Piece(left, line.top, min(width, line.left + line.width - left), line.height)
        for left in range(line.left, max(line.left + line.width - width, line.left) + 1, width)
    ]


def _cut(grey: Grey, piece: Piece) -> Grey:
    margin = max(1, piece.height // 6)
    top, bottom = max(0, piece.top - margin), piece.top + piece.height + margin
    cut = np.ascontiguousarray(grey[top:bottom, piece.left : piece.left + piece.width])
    return np.asarray(cv2.cvtColor(cut, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
