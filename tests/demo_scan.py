# ruff: noqa: T201 - it reports to a person
"""Make the demo's scan again: ``python -m tests.demo_scan ocrwatchd/cli/demo/letter.jpg``.

A letter written for this purpose is set in one of Debian's fonts and spoiled as by a cheap scanner: coarse, blurred,
speckled, JPEG. Where the font is another version the file differs in some dots: the committed file is what counts.
``--search N`` tries N other ways to spoil it, and prints for each how many characters are wrong before and after
correction, and its repairs: for choosing again when engine or model have changed.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.model import Page
from ocrwatchd.correct.corrector import Corrector
from ocrwatchd.gate.verdicts import apply
from ocrwatchd.llm.models import BUILTIN
from ocrwatchd.ocr.preprocess import Cleaner
from ocrwatchd.ocr.rapidocr import RapidEngine

FONTS = Path("/usr/share/fonts")
FACES = (
    "truetype/liberation/LiberationSerif-Regular.ttf",
    "truetype/freefont/FreeSerif.ttf",
    "truetype/dejavu/DejaVuSerif.ttf",
    "opentype/urw-base35/C059-Roman.otf",
    "opentype/urw-base35/URWBookman-Light.otf",
)
LETTER = """\
Dear neighbour,

the old apple tree behind our
house came down in the storm
last night. Nobody was hurt,
but a heavy branch lies across
your garden fence, and some of
the boards are broken.

My brother will bring his saw
on Saturday morning and clear
it away. Please let us know
what the repair will cost; we
shall gladly pay for it. There
is plenty of firewood for your
kitchen stove as well.

With kind regards,
Margaret Whitfield
"""
PAPER, INK = 255, 20
FEWEST, MOST = 8, 40
"""Character errors of a page that shows something: neither too few of them nor ruin."""


@dataclass(frozen=True, slots=True)
class Spoiling:
    """How badly a page is scanned.

    Args:
        face: the font's file under ``FONTS``.
        points: the letters' size.
        dpi: of the scan.
        blur: radius in dots.
        speckle: share of dots that turn black; twice as many turn white.
        quality: of the JPEG file.
        seed: of the speckles.
    """

    face: str
    points: float
    dpi: int
    blur: float
    speckle: float
    quality: int
    seed: int


CHOSEN = Spoiling(FACES[2], points=8.5, dpi=110, blur=0.8, speckle=0.005, quality=15, seed=183)


def scan(how: Spoiling) -> bytes:
    """The letter as a JPEG file."""
    size = how.points * how.dpi / 72
    font = ImageFont.truetype(FONTS / how.face, size)
    leading = round(size * 1.4)
    lines = LETTER.splitlines()
    width = round(max(font.getlength(line) for line in lines)) + 4 * leading
    page = Image.new("L", (width, leading * (len(lines) + 4)), PAPER)
    for number, line in enumerate(lines):
        ImageDraw.Draw(page).text((2 * leading, leading * (number + 2)), line, fill=INK, font=font)
    dots = np.array(page.filter(ImageFilter.GaussianBlur(how.blur)))
    drawn = np.random.default_rng(how.seed).random(dots.shape)
    dots[drawn < how.speckle] = INK
    dots[drawn > 1 - 2 * how.speckle] = PAPER
    packed = io.BytesIO()
    Image.fromarray(dots).save(packed, "JPEG", quality=how.quality, dpi=(how.dpi, how.dpi))
    return packed.getvalue()


def errors(text: str) -> int:
    """Wrong characters, white space folded."""
    return Levenshtein.distance(" ".join(text.split()), " ".join(LETTER.split()))


def search(tries: int, seed: int) -> None:
    """Spoil, read as the product does, correct with the built-in model, and print."""
    work = Work(ocr=Ocr(threads=1), llm=Llm(threads=1))
    engine, cleaner, corrector = RapidEngine(work.ocr), Cleaner(1), Corrector(BUILTIN, work.llm)
    rng = random.Random(seed)
    for _ in range(tries):
        how = Spoiling(
            rng.choice(FACES),
            points=rng.choice((7, 7.5, 8, 8.5, 9, 10)),
            dpi=rng.choice((100, 110, 120)),
            blur=rng.choice((0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)),
            speckle=rng.choice((0.002, 0.005, 0.01, 0.02)),
            quality=rng.choice((15, 20, 30, 40)),
            seed=rng.randrange(1000),
        )
        page = Page(1, Image.open(io.BytesIO(scan(how))).convert("L"), float(how.dpi))
        try:
            read = engine.recognise(cleaner.clean(page).page, work.ocr)
        except OcrwatchdError:
            continue
        if FEWEST <= errors(read.text) <= MOST:
            said = corrector.correct(replace(read, number=1), work)
            alone = [errors(apply(read.text, [edit])) - errors(read.text) for edit in said.edits]
            good, bad = (sum(change < 0 for change in alone), sum(change >= 0 for change in alone))
            print(f"{errors(read.text):3} → {errors(said.text):3}  {good} good, {bad} bad  {how}")
            print("          " + "  ".join(f"{edit.before} → {edit.after}" for edit in said.edits), flush=True)


def main() -> None:
    """Write the file, or search."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--search", type=int, default=0, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.search:
        search(options.search, options.seed)
    elif options.file:
        options.file.write_bytes(scan(CHOSEN))
    else:
        sys.exit(parser.format_usage())


if __name__ == "__main__":
    main()
