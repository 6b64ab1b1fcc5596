"""Draw clean pages at 200 dpi, with their texts: ``python -m tests.bench.drawn OUT FOLDER``.

RapidOCR loses more spaces on such pages than on scans. FOLDER holds texts, OUT gets a picture and a text for some.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = ("DejaVuSerif.ttf", "DejaVuSans.ttf", "DejaVuSerifCondensed.ttf", "DejaVuSerif-Italic.ttf")
SPACE = (1.0, 0.85, 1.1, 0.75)
"""Of the font's own width of a space, font by font."""
WIDTH, HEIGHT, MARGIN, SIZE, LEADING = 1654, 1240, 150, 32, 44
"""Pixels: half a page of A4."""
MOST_LINES, MOST_LETTERS = 21, 62


def draw(text: str, font: ImageFont.FreeTypeFont, space: float) -> Image.Image:
    """A page of lines, word by word."""
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(text.split("\n")):
        x = float(MARGIN)
        for word in line.split():
            pen.text((x, MARGIN + number * LEADING), word, 0, font)
            x += font.getlength(word) + space * font.getlength(" ")
    return page


def lines_of(text: str) -> str:
    """The first lines of a text, as many as a page has, in the width of a page."""
    return "\n".join(textwrap.wrap(" ".join(text.split()), MOST_LETTERS)[:MOST_LINES])


def main() -> int:
    """Write a picture and a text for each font."""
    out, folder = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    sources = sorted(folder.glob("*.txt"))
    for number, (name, space) in enumerate(zip(FONTS, SPACE, strict=True)):
        shown = lines_of(sources[number * len(sources) // len(FONTS)].read_text("utf-8"))
        stem = out / f"{number}-{Path(name).stem}"
        draw(shown, ImageFont.truetype(name, SIZE), space).save(stem.with_suffix(".png"), dpi=(200, 200))
        stem.with_suffix(".txt").write_text(shown, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
