"""Stacks of paper for the engine that fails on purpose: pages by their scenes, and separator sheets with real codes."""

import zxingcpp
from PIL import Image

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
            frames.append(Image.new("L", (WIDTH[page], HEIGHT), "white"))
    frames[0].save(path, format="TIFF", save_all=True, append_images=frames[1:], dpi=(75, 75))
    return path
