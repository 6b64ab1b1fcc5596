"""A sheet of paper, what people and time leave on it, and the scanner that sees it.

A sheet has a front with real print (pages of ``tests/data``, or others) and the back that is judged. Lengths are
millimetres, shades 0 to 255, ink 0 to 1.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.paths import DATA

A4 = (210.0, 297.0)
INCH = 25.4
FRONTS = (
    "8087_054.3B.tif",
    "eurotext.tif",
    "phototest.tif",
    "field-cases/shiftplan.png",
    "field-cases/pleading.jpg",
    "field-cases/invoice.png",
)
HANDS = (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX)
PEN, PENCIL = 0.45, 0.55


@dataclass
class Sheet:
    """What happened to a sheet of paper and its scan; ``rng`` decides what is left open."""

    rng: np.random.Generator
    dpi: int = 200
    tint: tuple[float, float, float] = (246.0, 246.0, 246.0)
    through: float = 0.0
    flipped: bool = False
    grain: float = 1.2
    dust: int = 0
    holes: int = 0
    staple: bool = False
    folds: int = 0
    border: float | None = None
    skew: float = 0.0
    shade: float = 0.0
    quality: int = 0
    mode: str = "L"
    marks: list[tuple[np.ndarray, tuple[float, float, float]]] = field(default_factory=list)
    """Ink on the back, (height, width), with its colour."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.px(A4[0]), self.px(A4[1])

    def px(self, mm: float) -> int:
        """A length in pixels."""
        return round(mm * self.dpi / INCH)

    def layer(self) -> np.ndarray:
        """No ink yet."""
        return np.zeros(self.size[::-1], np.float32)

    def between(self, low: float, high: float) -> float:
        """A random number."""
        return float(self.rng.uniform(low, high))

    def ink(self, layer: np.ndarray, strength: float, colour: tuple[float, float, float] = (30, 30, 34)) -> None:
        """Put ink on the back."""
        self.marks.append((np.clip(layer, 0, 1) * strength, colour))


def written(sheet: Sheet, text: str, at: tuple[float, float], tall: float, pen: float = PEN) -> np.ndarray:
    """Handwriting whose first letter stands at ``at``, capitals ``tall`` high, with an unsteady hand."""
    layer = np.zeros(sheet.size[::-1], np.uint8)
    font = HANDS[int(sheet.rng.integers(len(HANDS)))]
    thick = max(1, sheet.px(pen))
    scale = cv2.getFontScaleFromHeight(font, sheet.px(tall), thick)
    cv2.putText(layer, text, (sheet.px(at[0]), sheet.px(at[1])), font, scale, 255, thick, cv2.LINE_AA)
    return shaken(sheet, layer.astype(np.float32) / 255)


def shaken(sheet: Sheet, layer: np.ndarray) -> np.ndarray:
    """Bent a little, and pressed unevenly."""
    tall, wide = layer.shape
    y, x = np.mgrid[0:tall, 0:wide].astype(np.float32)
    length, amount = sheet.px(sheet.between(2, 5)), sheet.px(0.3)
    phase = sheet.between(0, 6)
    bent = cv2.remap(layer, x + amount * np.sin(y / length + phase), y + amount * np.sin(x / length + phase), 1)
    coarse = sheet.rng.normal(0, 1, (tall // 6 + 1, wide // 6 + 1)).astype(np.float32)
    return np.asarray(bent * np.clip(0.85 + 0.15 * cv2.resize(coarse, (wide, tall)), 0.3, 1.0))


def signature(sheet: Sheet, at: tuple[float, float], wide: float) -> np.ndarray:
    """Loops from left to right."""
    layer = sheet.layer()
    knots = sheet.rng.normal(0, 1, (9, 2)) * (2.5, 3.5) + np.stack([np.linspace(0, wide, 9), np.zeros(9)], axis=1)
    fine = np.linspace(0, 8, 300)
    curve = np.stack([np.interp(fine, range(9), knots[:, axis]) for axis in (0, 1)], axis=1)
    kernel = np.hanning(45)
    curve = np.stack([np.convolve(np.pad(c, 22, "edge"), kernel / kernel.sum(), "valid") for c in curve.T], axis=1)
    points = ((curve + at) * sheet.dpi / INCH * 8).astype(np.int32)
    cv2.polylines(layer, [points], False, 1.0, max(1, sheet.px(PEN)), cv2.LINE_AA, shift=3)
    return layer


def printed(sheet: Sheet, text: str, at: tuple[float, float], points: float) -> np.ndarray:
    """Print whose top left corner is ``at``."""
    image = Image.new("L", sheet.size)
    font = ImageFont.load_default(points * sheet.dpi / 72)
    ImageDraw.Draw(image).multiline_text((sheet.px(at[0]), sheet.px(at[1])), text, 255, font)
    return np.asarray(image, np.float32) / 255


def stamp(sheet: Sheet, at: tuple[float, float], text: str) -> np.ndarray:
    """A frame around a word, inked unevenly."""
    layer = printed(sheet, text, at, 13)
    left, top = sheet.px(at[0] - 2), sheet.px(at[1] - 1)
    cv2.rectangle(layer, (left, top), (left + sheet.px(30), top + sheet.px(9)), 1.0, sheet.px(0.7))
    return shaken(sheet, layer)


def picture(sheet: Sheet, at: tuple[float, float], wide: float) -> np.ndarray:
    """A small photograph: soft shapes with an edge around."""
    layer = sheet.layer()
    side = sheet.px(wide)
    soft = cv2.resize(sheet.rng.uniform(0.1, 1, (5, 5)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    layer[sheet.px(at[1]) : sheet.px(at[1]) + side, sheet.px(at[0]) : sheet.px(at[0]) + side] = soft
    return layer


def tick(sheet: Sheet, at: tuple[float, float], tall: float) -> np.ndarray:
    """A hand-drawn tick."""
    layer = sheet.layer()
    shape = np.array([(0, 0.6), (0.3, 1), (1, 0)]) * tall + at
    cv2.polylines(layer, [(shape * sheet.dpi / INCH).astype(np.int32)], False, 1.0, sheet.px(PEN), cv2.LINE_AA)
    return shaken(sheet, layer)


@cache
def front(name: str, dpi: int) -> np.ndarray:
    """A real page as ink on A4."""
    with Image.open(DATA / name) as image:
        return placed(image, dpi)


def placed(image: Image.Image, dpi: int) -> np.ndarray:
    """A scan as ink on A4, its own size where that fits."""
    own = float(image.info.get("dpi", (300, 300))[0]) or 300.0
    grey = image.convert("L")
    wide, tall = round(A4[0] * dpi / INCH), round(A4[1] * dpi / INCH)
    factor = min(dpi / own, wide / grey.width, tall / grey.height)
    grey = grey.resize((round(grey.width * factor), round(grey.height * factor)), Image.Resampling.BOX)
    paper = Image.new("L", (wide, tall), 255)
    paper.paste(grey, ((wide - grey.width) // 2, (tall - grey.height) // 3))
    return 1 - np.asarray(paper, np.float32) / 255


def scanned(sheet: Sheet, print_on_front: np.ndarray) -> tuple[Image.Image, Image.Image]:
    """The back and the front of a sheet as a scanner delivers them."""
    back = sheet.layer()
    for layer, _ in sheet.marks:
        back = np.maximum(back, layer)
    front_marks = [(print_on_front, (25.0, 25.0, 28.0))]
    folds = [(sheet.between(0.3, 0.7), sheet.between(-0.004, 0.004)) for _ in range(sheet.folds)]
    inset = sheet.between(11, 13)
    return (
        _side(sheet, sheet.marks, _mirrored(sheet, print_on_front), folds, inset, mirrored=False),
        _side(sheet, front_marks, _mirrored(sheet, back), folds, inset, mirrored=True),
    )


def _mirrored(sheet: Sheet, ink: np.ndarray) -> np.ndarray:
    seen = np.ascontiguousarray(ink[::-1] if sheet.flipped else ink[:, ::-1])
    blurred = cv2.GaussianBlur(seen, (0, 0), sheet.between(0.15, 0.35) * sheet.dpi / INCH)
    paper = sheet.rng.normal(1, 0.12, (30, 21)).astype(np.float32)
    return blurred * cv2.resize(paper, seen.shape[::-1], interpolation=cv2.INTER_CUBIC) * sheet.through


def _side(sheet: Sheet, marks, seen: np.ndarray, folds, inset: float, *, mirrored: bool) -> Image.Image:
    paper = np.ones((*seen.shape, 3), np.float32) * np.array(sheet.tint, np.float32)
    if sheet.shade:
        paper *= np.linspace(1 - sheet.shade, 1, seen.shape[1], dtype=np.float32)[None, :, None]
    paper *= 1 - seen[..., None]
    for layer, colour in marks:
        soft = cv2.GaussianBlur(layer, (0, 0), 0.09 * sheet.dpi / INCH)[..., None]
        paper = paper * (1 - soft) + np.array(colour, np.float32) * soft
    _blemish(sheet, paper, folds, inset, mirrored=mirrored)
    paper = _laid(sheet, paper)
    paper += cv2.GaussianBlur(sheet.rng.normal(0, sheet.grain * 2, paper.shape).astype(np.float32), (0, 0), 0.7)
    image = Image.fromarray(paper.clip(0, 255).astype(np.uint8))
    return _filed(sheet, image)


def _blemish(sheet: Sheet, paper: np.ndarray, folds, inset: float, *, mirrored: bool) -> None:
    tall, wide = paper.shape[:2]
    for _ in range(sheet.dust):
        at = (int(sheet.rng.integers(wide)), int(sheet.rng.integers(tall)))
        axes = (max(1, sheet.px(sheet.between(0.05, 0.28))), max(1, sheet.px(sheet.between(0.05, 0.2))))
        cv2.ellipse(paper, at, axes, sheet.between(0, 180), 0, 360, (sheet.between(20, 190),) * 3, -1, cv2.LINE_AA)
    for number in range(sheet.holes):
        x = sheet.px(inset if mirrored else A4[0] - inset)
        y = tall // 2 + sheet.px(80 * (number - (sheet.holes - 1) / 2))
        cv2.circle(paper, (x + 3, y + 3), sheet.px(3.05), (150.0,) * 3, -1, cv2.LINE_AA)
        cv2.circle(paper, (x, y), sheet.px(3), (sheet.between(40, 230),) * 3, -1, cv2.LINE_AA)
    if sheet.staple:
        for step in (0, 11):
            at = (sheet.px(8 + step * 0.7), sheet.px(14 - step * 0.7))
            at = at if mirrored else (wide - at[0], at[1])
            cv2.ellipse(paper, at, (sheet.px(0.5), sheet.px(0.3)), 45, 0, 360, (90.0,) * 3, -1, cv2.LINE_AA)
    for place, slope in folds:
        y = np.arange(tall)[:, None] - (place + slope * (np.arange(wide)[None, :] / wide - 0.5)) * tall
        width = 0.5 * sheet.dpi / INCH
        paper += ((22 * y / width) * np.exp(-(y**2) / (2 * width**2)))[..., None].astype(np.float32)


def _laid(sheet: Sheet, paper: np.ndarray) -> np.ndarray:
    """On the glass: a little askew and off its place; beyond the paper lies the scanner's ground."""
    tall, wide = paper.shape[:2]
    matrix = cv2.getRotationMatrix2D((wide / 2, tall / 2), sheet.skew + sheet.between(-0.3, 0.3), 1.0)
    matrix[:, 2] += [sheet.px(sheet.between(-1.5, 1.5)) for _ in range(2)]
    if sheet.border is None:
        return cv2.warpAffine(paper, matrix, (wide, tall), borderMode=cv2.BORDER_REPLICATE)
    return cv2.warpAffine(paper, matrix, (wide, tall), borderValue=(sheet.border,) * 3)


def _filed(sheet: Sheet, image: Image.Image) -> Image.Image:
    if sheet.mode == "1":
        limit = 0.72 * float(np.mean(sheet.tint))
        return image.convert("L").point(lambda value: 255 if value > limit else 0)
    image = image.convert(sheet.mode)
    if sheet.quality:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=sheet.quality)
        image = Image.open(file)
        image.load()
    return image
