"""Draw text in Debian's fonts and damage the page as scanners, copiers and fax machines do."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FOLDERS = (
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/truetype/liberation",
    "/usr/share/fonts/truetype/freefont",
    "/usr/share/fonts/opentype/linux-libertine",
    "/usr/share/fonts/opentype/urw-base35",
)
_NO_TEXT = (
    "Symbol",
    "D050000L",
    "MathTeX",
    "Z003",
    "LinBiolinum_K",
    "_Initials",
    "RZ",
    "ExtraLight",
    "LinLibertine_DR",
)
_PAPER = 255


def fonts() -> list[Path]:
    """The text faces of Debian's packages fonts-dejavu, -liberation, -freefont-ttf, -linuxlibertine, -urw-base35."""
    found = [path for folder in FOLDERS for path in sorted(Path(folder).glob("*.[ot]tf"))]
    return [path for path in found if not any(name in path.name for name in _NO_TEXT)]


def set_page(lines: Sequence[str], face: Path, dpi: int, points: float) -> Image.Image:
    """Draw lines of text on a page just large enough, mode "L"."""
    size = points * dpi / 72
    font = ImageFont.truetype(face, size)
    leading = int(size * 1.35)
    width = int(max((font.getlength(line) for line in lines), default=1)) + 2 * leading
    page = Image.new("L", (width, leading * (len(lines) + 2)), _PAPER)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        draw.text((leading, leading * (number + 1)), line, fill=15, font=font)
    return page


def _blurred(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    return page.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.3)))


def _speckled(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    dots = np.array(page)
    share = rng.uniform(0.002, 0.02)
    hit = rng.random(dots.shape)
    dots[hit < share] = 0
    dots[hit > 1 - 2 * share] = _PAPER
    return Image.fromarray(dots)


def _grained(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    dots = np.array(page, dtype=np.float32) + rng.normal(0, rng.uniform(8, 40), (page.height, page.width))
    return Image.fromarray(np.clip(dots, 0, 255).astype(np.uint8))


def _skewed(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    return page.rotate(rng.uniform(-1.5, 1.5), Image.Resampling.BICUBIC, expand=True, fillcolor=_PAPER)


def _coarse(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    factor = rng.uniform(0.4, 0.75)
    small = page.resize(
        (max(1, int(page.width * factor)), max(1, int(page.height * factor))), Image.Resampling.BILINEAR
    )
    return small.resize(page.size, Image.Resampling.BICUBIC)


def _compressed(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    packed = io.BytesIO()
    page.save(packed, "JPEG", quality=int(rng.integers(8, 35)))
    return Image.open(packed).convert("L")


def _shining_through(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    back = np.array(page.transpose(Image.Transpose.FLIP_LEFT_RIGHT).filter(ImageFilter.GaussianBlur(2)), np.float32)
    shade = (_PAPER - back) * rng.uniform(0.15, 0.45)
    return Image.fromarray(np.clip(np.array(page, np.float32) - shade, 0, 255).astype(np.uint8))


def _faxed(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    coarse = _grained(_coarse(page, rng), rng)
    limit = rng.uniform(110, 190)
    return coarse.point(lambda dot: _PAPER if dot > limit else 0)


def _faint(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    weak = page.filter(ImageFilter.MaxFilter(3)) if rng.random() < 0.5 else page  # half of them
    dark = rng.uniform(90, 190)
    return weak.point(lambda dot: int(dark + dot * (_PAPER - dark) / _PAPER))


HARMS: tuple[Callable[[Image.Image, np.random.Generator], Image.Image], ...] = (
    _blurred,
    _speckled,
    _grained,
    _skewed,
    _coarse,
    _compressed,
    _shining_through,
    _faxed,
    _faint,
)


def spoiled(page: Image.Image, rng: np.random.Generator, harms: int) -> Image.Image:
    """Damage a page in this number of different ways."""
    for index in rng.choice(len(HARMS), size=harms, replace=False):
        page = HARMS[index](page, rng)
    return page
