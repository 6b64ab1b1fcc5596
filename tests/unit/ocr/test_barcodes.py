"""Codes on scans: found however the page lies and looks, and harmless whatever is in them."""

import time

import numpy as np
import pytest
import zxingcpp
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from zxingcpp import BarcodeFormat

from ocrwatchd.ocr import barcodes
from tests.paths import CHECKOUT
from tests.scanner import worn

NEWSPAPER = CHECKOUT / "tests" / "data" / "8087_054.3B.tif"
CODES = {
    BarcodeFormat.QRCode: "https://example.org/?a=1&b=\N{LATIN SMALL LETTER U WITH DIAERESIS}",
    BarcodeFormat.DataMatrix: "Invoice 2026-00123",
    BarcodeFormat.Aztec: "RE 2026/7",
    BarcodeFormat.PDF417: "A longer text, as on a driving licence",
    BarcodeFormat.Code128: "INV-2026-00123",
    BarcodeFormat.Code39: "ABC-123",
    BarcodeFormat.EAN13: "4006381333931",
    BarcodeFormat.ITF: "12345678901231",
}
MODULE_IN = 0.33 / 25.4
"""Narrowest bar of an EAN code in its usual size, inches."""


def symbol(content, kind, scale=1, **options):
    """A code with its quiet zone, as a grey picture."""
    made = zxingcpp.create_barcode(content, kind, **options)
    return Image.fromarray(np.array(made.to_image(scale=scale, add_quiet_zones=True)))


def page(codes, dpi=200):
    """A4 in newspaper print, with codes pasted over it, printed finely and seen at this resolution."""
    fine = 600
    with Image.open(NEWSPAPER) as print_:
        paper = print_.convert("L").resize((4960, 7016), Image.Resampling.BOX)
    at = 300
    for kind, content in codes.items():
        squares = kind in {BarcodeFormat.QRCode, BarcodeFormat.DataMatrix, BarcodeFormat.Aztec}
        code = symbol(content, kind, round(MODULE_IN * fine) * (1 + squares))
        label = Image.new("L", (code.width + 120, code.height + 120), 255)
        label.paste(code, (60, 60))
        paper.paste(label, (500, at))
        at += label.height + 60
    assert at < paper.height
    return paper.resize((round(8.27 * dpi), round(11.69 * dpi)), Image.Resampling.BOX)


@pytest.fixture(scope="module")
def pages():
    """The page with all codes, at each resolution."""
    return {dpi: page(CODES, dpi) for dpi in (150, 300)}


@pytest.mark.parametrize("dpi", [150, 300])
@pytest.mark.parametrize("turns", range(4))
def test_every_common_code_is_read_in_any_direction(pages, dpi, turns):
    """However the paper was laid in; and nothing else is made of the print around the codes."""
    assert set(barcodes.texts(worn(pages[dpi], turns))) == set(CODES.values())


@pytest.mark.parametrize(
    "wear",
    [
        {"degrees": 4},
        {"degrees": -6},
        {"noise": 12, "degrees": 2},
        {"paper": 200, "ink": 110, "noise": 5, "turns": 1},
        {"bilevel": True, "noise": 20, "degrees": -3, "turns": 3},
    ],
    ids=str,
)
def test_codes_are_read_on_bad_scans(pages, wear):
    """Skewed, noisy, faint, and in black and white."""
    assert set(barcodes.texts(worn(pages[300], **wear))) == set(CODES.values())


def test_a_scan_of_a_high_resolution_is_made_smaller(pages):
    """600 dpi shows no more than 300 dpi."""
    assert set(barcodes.texts(pages[300].resize((4960, 7016)))) == set(CODES.values())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_a_picture_may_have_any_mode(mode):
    """What is transparent counts as white paper."""
    code = symbol("any mode", BarcodeFormat.QRCode, 6)
    if mode in {"LA", "RGBA"}:
        picture = Image.new(mode, code.size, 0)  # black, and nothing of it is seen
        picture.putalpha(code.point(lambda value: 255 - value))
    else:
        picture = code.convert(mode)
    assert barcodes.texts(picture) == ("any mode",)


def test_light_codes_on_a_dark_ground_are_left_alone():
    """Nobody prints them on paper, and to look for them takes as long again."""
    assert barcodes.texts(symbol("light", BarcodeFormat.QRCode, 6).point(lambda value: 255 - value)) == ()


def test_a_page_without_codes_has_none():
    """Print is not taken for bars."""
    assert barcodes.texts(page({})) == ()


def test_a_page_without_codes_takes_little_time():
    """A4 at 300 dpi: 80 ms on a core that does nothing else; ten times as much would be felt on every page."""
    plain = page({}, 300)
    spent = []
    for _ in range(3):
        begun = time.thread_time()
        barcodes.texts(plain)
        spent.append(time.thread_time() - begun)
    assert min(spent) < 0.8


def test_equal_codes_count_once():
    """A sheet may bear its code twice."""
    code = symbol("twice", BarcodeFormat.QRCode, 4)
    paper = Image.new("L", (code.width * 3, code.height), 255)
    paper.paste(code, (0, 0))
    paper.paste(code, (code.width * 2, 0))
    assert barcodes.texts(paper) == ("twice",)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.binary(min_size=1, max_size=60))
@example(b"\xff\xfe\x00")
@example(b"\xed\xa0\x80")
@example(b"\x00" * 20)
@example(bytes(range(256)))
def test_any_bytes_may_be_in_a_code(raw):
    """They become a text that every file can carry, or no text at all."""
    for text in barcodes.texts(symbol(raw, BarcodeFormat.QRCode, 5)):
        assert text.encode()
        assert "\0" not in text


def test_a_gs1_code_shows_its_keys():
    """As people read them; the separators between its fields cannot be seen."""
    code = symbol("(01)09506000134352(10)AB-123", BarcodeFormat.DataMatrix, 6, gs1=True)
    assert barcodes.texts(code) == ("(01)09506000134352(10)AB-123",)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 70_000), (140_000, 2), (12_000, 9_000)], ids=str)
def test_a_picture_may_have_any_size(size):
    """A hostile one is a line, a dot or a wall."""
    assert barcodes.texts(Image.new("L", size, 200)) == ()
