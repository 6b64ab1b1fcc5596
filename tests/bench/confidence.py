"""How much of a page is wrong by the confidence it was read with: ``python -m tests.bench.confidence FOLDER ...``.

Each folder holds pictures with their true text beside them (``NAME.txt``). Some of each are read as they are, and one
copy of each of these that is coarse, blurred or noisy. A word counts as found where the true text holds it too.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.formats.input import open_pages
from ocrwatchd.ocr.page_confidence import LEAST_CONFIDENCE, page_confidence
from ocrwatchd.ocr.preprocess import Cleaner
from ocrwatchd.ocr.rapidocr import RapidEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocrwatchd.core.model import Page

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}
USUAL_DPI = 300
BAD, GOOD = 0.75, 0.9
"""Of a page's words so many were found."""


def coarse(image: Image.Image, dpi: float, *, to: float) -> Image.Image:
    """As scanned with fewer dots."""
    small = [max(1, round(side * to / dpi)) for side in image.size]
    return image.resize((small[0], small[1]), Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)


def blurred(image: Image.Image, dpi: float, *, radius: float) -> Image.Image:
    """Out of focus; ``radius`` at 300 dpi."""
    return image.filter(ImageFilter.GaussianBlur(radius * dpi / USUAL_DPI))


def noisy(image: Image.Image, _dpi: float, *, deviation: float) -> Image.Image:
    """Faint, and with grain."""
    values = np.asarray(image, float) * 0.35 + 110
    values += np.random.default_rng(1).normal(0, deviation, values.shape)
    return Image.fromarray(values.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))


COPIES: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "60 dpi": lambda image, dpi: coarse(image, dpi, to=60),
    "blurred 4": lambda image, dpi: blurred(image, dpi, radius=4),
    "noisy 60": lambda image, dpi: noisy(image, dpi, deviation=60),
    "45 dpi": lambda image, dpi: coarse(image, dpi, to=45),
    "blurred 6": lambda image, dpi: blurred(image, dpi, radius=6),
    "noisy 90": lambda image, dpi: noisy(image, dpi, deviation=90),
}


def sample(folder: Path, most: int) -> list[Path]:
    """Some of a folder's pictures, evenly."""
    pictures = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    pictures = [path for path in pictures if path.with_suffix(".txt").exists()]
    return pictures[:: max(1, len(pictures) // most)][:most]


def cases(folders: list[Path], most: int) -> Iterator[tuple[str, Path, Page]]:
    """What was done to a page, its file, and the page."""
    copies = cycle(COPIES.items())
    for path in (path for folder in folders for path in sample(folder, most)):
        with open_pages(path, Ocr()) as pages:
            page = pages.page(1)
        yield "as it is", path, page
        name, copy = next(copies)
        yield name, path, replace(page, image=copy(page.image.convert("L"), page.dpi or USUAL_DPI))


def found_words(truth: str, text: str) -> float:
    """The share of the true text's words that the text holds."""
    words = Counter(truth.split())
    return (words & Counter(text.split())).total() / max(1, words.total())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="with pictures and their texts")
    parser.add_argument("--most", type=int, default=4, help="pictures of each folder (default: 4)")
    arguments = parser.parse_args()
    ocr = Ocr(threads=1)
    engine, cleaner = RapidEngine(ocr), Cleaner(1)
    below: list[float] = []
    above: list[float] = []
    for name, path, page in cases(arguments.folders, arguments.most):
        read = engine.recognise(cleaner.clean(page).page, ocr)
        confidence = page_confidence(read.lines)
        if confidence is None:
            continue
        right = found_words(path.with_suffix(".txt").read_text(encoding="utf-8", errors="replace"), read.text)
        warned = any("confidence on average" in warning for warning in read.warnings)
        (below if warned else above).append(right)
        sys.stdout.write(f"{confidence:.3f}  {right:4.0%}  {name:10} {path.parent.name}/{path.name}\n")
        sys.stdout.flush()
    for words, shares in ((f"below {LEAST_CONFIDENCE}", below), (f"from {LEAST_CONFIDENCE}", above)):
        bad, good = sum(share < BAD for share in shares), sum(share > GOOD for share in shares)
        middle = f", median {median(shares):.0%}" if shares else ""
        sys.stdout.write(
            f"{words}: {len(shares)} pages; under {BAD:.0%} of the words: {bad}, over {GOOD:.0%}: {good}{middle}\n"
        )


if __name__ == "__main__":
    main()
