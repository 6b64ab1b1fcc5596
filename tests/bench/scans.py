"""Real scans as files of several types, for figures that need many pages."""

from __future__ import annotations

import random
from functools import cache, partial
from typing import TYPE_CHECKING

from PIL import Image

from tests.bench.copies import faint, skewed, turned
from tests.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SCANS = ("phototest.tif", "eurotext.tif", "8087_054.3B.tif")
OPTIONS: dict[str, dict[str, object]] = {
    ".png": {"dpi": (300, 300)},
    ".jpg": {"dpi": (300, 300)},
    ".tif": {"dpi": (300, 300), "compression": "tiff_lzw"},
    ".pdf": {"resolution": 300},
}
MARGIN = 12
"""At most so many pixels are cut off a page's sides, so that no two pages are the same."""

ALTERATIONS: tuple[Callable[[Image.Image], Image.Image], ...] = (
    lambda image: image,
    faint,
    partial(skewed, degrees=2.5),
    partial(turned, quarter=90),
)
KINDS = {".png": 1, ".jpg": 1, ".tif": 3, ".pdf": 2}
"""What scanners send, and of how many pages."""


@cache
def _scan(name: str) -> Image.Image:
    with Image.open(DATA / name) as image:
        return image.convert("L")


def plain(folder: Path, count: int) -> list[Path]:
    """Write one-page scans that need no straightening, as PNG."""
    randomly = random.Random(count)
    return [_save(folder / f"page-{number:03}.png", [_page(number, randomly)]) for number in range(count)]


def mixed(folder: Path, pages: int) -> Iterator[tuple[Path, int]]:
    """Write scans of several types with so many pages in all: good ones, faint, skewed and turned ones.

    Yields:
        Each file as it is wanted, and how many pages it has.
    """
    randomly = random.Random(pages)
    kinds = list(KINDS.items())
    done = number = 0
    while done < pages:
        suffix, count = kinds[number % len(kinds)]
        count = min(count, pages - done)
        made = [randomly.choice(ALTERATIONS)(_page(randomly.randrange(len(SCANS)), randomly)) for _ in range(count)]
        yield _save(folder / f"scan-{number:04}{suffix}", made), count
        done, number = done + count, number + 1


def _page(number: int, randomly: random.Random) -> Image.Image:
    image = _scan(SCANS[number % len(SCANS)])
    left, top = randomly.randrange(MARGIN), randomly.randrange(MARGIN)
    return image.crop((left, top, image.width, image.height))


def _save(path: Path, images: list[Image.Image]) -> Path:
    more = {"save_all": True, "append_images": images[1:]} if len(images) > 1 else {}
    images[0].save(path, **OPTIONS[path.suffix], **more)
    return path
