"""Stacks of paper for the engine that fails on purpose: pages by their scenes, and separator sheets with real codes."""

import random

import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ocrwatchd.cli.sheet.drawing import draw
from ocrwatchd.core.i18n.language import Language
from ocrwatchd.core.sheet_code import SheetSettings, encode
from tests.fakes.engine import HEIGHT, WIDTH

SHEET = (620, 877)
"""A4 at 75 dpi."""


def code_page(text, kind=zxingcpp.BarcodeFormat.QRCode):
    """A page with a code on it."""
    page = Image.new("L", SHEET, "white")
    code = Image.fromarray(zxingcpp.create_barcode(text, kind).to_image(scale=3))
    page.paste(code, (60, 60))
    return page


def write_stack(path, key, *pages):
    """Write a TIFF: a page for each scene, for each sheet by its settings, for each code by its picture."""
    frames = []
    for page in pages:
        if isinstance(page, SheetSettings):
            frames.append(code_page(encode(page, key)))
        elif isinstance(page, Image.Image):
            frames.append(page)
        else:
            frames.append(Image.new("L", (WIDTH[page], 701 if page == "blank" else HEIGHT), "white"))
    frames[0].save(path, format="TIFF", save_all=True, append_images=frames[1:], dpi=(60, 60))
    return path


def printed_sheet(settings, key):
    """The page as `ocrwatchd sheet` prints it, and as a feeder scans it: not quite straight."""
    with pypdfium2.PdfDocument(draw(encode(settings, key), settings, Language("en"))) as pdf:
        page = pdf[0].render(scale=SHEET[0] / pdf[0].get_width()).to_pil().convert("L")
    return page.rotate(1.5, fillcolor=255).resize(SHEET)


def letter(*lines):
    """A small page with printed lines."""
    page = Image.new("L", SHEET, 250)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=24)
    for number, line in enumerate(lines):
        pen.text((60, 80 + 44 * number), line, font=font, fill=15)
    return page


def blank_back(front, seed=0):
    """The unprinted back of a page, which shines through, with dust."""
    back = ImageOps.mirror(front).point(lambda value: 250 - (250 - value) // 16)
    pen, dice = ImageDraw.Draw(back), random.Random(seed)
    for _ in range(12):
        pen.point((dice.randrange(SHEET[0]), dice.randrange(SHEET[1])), fill=90)
    return back
