"""Draw the pictures of docs/stacks.md: ``python -m tests.sheet_pictures ocrwatchd/docs``, in the project's folder.

Their code is signed with a key that no installation has, so that a print of them chooses no settings.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from ocrwatchd.cli.sheet import drawing
from ocrwatchd.core.i18n.language import Language
from ocrwatchd.core.sheet_code import SheetSettings, encode
from tests.scanner import drawn

SHEET_DPI = 52
HEIGHT = 150
"""Of a page in the picture of a stack, pixels."""
WIDTH = round(HEIGHT / 297 * 210)
GAP = 12
GREY, LIGHT = 110, 205


def sheet(settings):
    """A separator sheet as a PDF."""
    return drawing.draw(encode(settings, bytes(32)), settings, Language("en"))


def framed(page):
    """A page with the edge of its paper."""
    ImageDraw.Draw(page).rectangle((0, 0, page.width - 1, page.height - 1), outline=GREY)
    return page


def letter(lines):
    """A small page with so many lines of print."""
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(page)
    for line in range(lines):
        y = 20 + line * 9
        pen.rectangle((13, y, WIDTH - (13 if line % 4 != 3 else 45), y + 3), fill=LIGHT)
    return framed(page)


def stack():
    """Sheets and letters in the order of the feeder, and what becomes one document."""
    thumbnail = framed(drawn(sheet(SheetSettings()), 300).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    pages = [thumbnail, letter(13), letter(6), thumbnail, letter(11), thumbnail, letter(13), letter(13), letter(3)]
    picture = Image.new("L", (len(pages) * (WIDTH + GAP) + GAP, HEIGHT + 2 * GAP + 14), 255)
    pen = ImageDraw.Draw(picture)
    begun = None
    for number, page in enumerate([*pages, thumbnail]):
        left = GAP + number * (WIDTH + GAP)
        if page is thumbnail:
            if begun is not None:
                foot = HEIGHT + GAP + 8
                pen.line((begun, foot, begun, foot + 8, left - GAP, foot + 8, left - GAP, foot), fill=0, width=2)
            begun = None
        elif begun is None:
            begun = left
        if number < len(pages):
            picture.paste(page, (left, GAP))
    return picture


def main(folder):
    """Write both pictures."""
    page = framed(drawn(sheet(SheetSettings("invoices", ("deu",), 5)), SHEET_DPI))
    for name, picture in (("sheet.png", page), ("stack.png", stack())):
        picture.quantize(16).save(folder / name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
