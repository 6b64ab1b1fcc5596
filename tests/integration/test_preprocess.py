"""Faint, skewed and turned pages are mended; clean ones pass untouched."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Page
from ocrwatchd.gate.scoring import error_rate
from ocrwatchd.ocr.preprocess import Cleaner
from ocrwatchd.ocr.rapidocr import RapidEngine
from tests.bench.copies import faint, skewed, turned
from tests.paths import DATA

pytestmark = pytest.mark.slow

TRUTH = {"phototest": "phototest.gold.txt", "eurotext": "eurotext.txt", "8087_054.3B": "8087_054.3B.txt"}


@pytest.fixture(scope="module")
def cleaner():
    """One cleaner for all tests."""
    return Cleaner(threads=2)


@pytest.fixture(scope="module")
def engine():
    """One engine for all tests."""
    engine = RapidEngine(Ocr())
    yield engine
    engine.close()


def scan(name, mode="L"):
    """A page of tests/data as the pipeline hands it over."""
    with Image.open(DATA / f"{name}.tif") as image:
        return image.convert(mode)


def rate(engine, page, name):
    """The error rate of a page's text."""
    return error_rate(engine.recognise(page, Ocr()).text, (DATA / TRUTH[name]).read_text(encoding="utf-8"))


SENTENCES = (
    "Dear Sir or Madam, thank you for your letter of",
    "the third of March, which reached us only today.",
    "We shall look into the matter without any delay",
    "and let you know as soon as there is any news.",
    "Please do not hesitate to call us in the meantime.",
)


def short_page(lines):
    """A4 at 200 dpi with a few lines of 12 points at the top."""
    image = Image.new("L", (1654, 2339), 255)
    for n in range(lines):
        ImageDraw.Draw(image).text((200, 200 + n * 50), SENTENCES[n], font=ImageFont.load_default(34), fill=0)
    return image


@pytest.mark.parametrize("quarter", [0, 90, 180, 270])
@pytest.mark.parametrize("lines", [1, 2, 3, 5])
def test_a_page_of_few_lines_is_judged_by_its_ink(cleaner, engine, lines, quarter):
    """However much white there is: it is turned as a full page would be, and black print is never taken for faint."""
    image = short_page(lines)
    page = Page(1, turned(image, quarter) if quarter else image, 200.0)
    cleaned = cleaner.clean(page)
    assert (cleaned.rotation, cleaned.skew) == (-quarter % 360, 0.0)
    assert cleaned.page.image.tobytes() == image.tobytes()
    assert error_rate(engine.recognise(cleaned.page, Ocr()).text, " ".join(SENTENCES[:lines])) <= 0.02


@pytest.mark.parametrize("lines", [1, 3])
def test_a_faint_page_of_few_lines_gets_its_contrast_back(cleaner, lines):
    """One grey line on a grey page is enough to tell."""
    cleaned = cleaner.clean(Page(1, faint(short_page(lines)), 200.0))
    assert cleaned.page.image.getextrema() == (0, 255)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("name", ["phototest", "8087_054.3B"])
def test_a_clean_page_passes_untouched(cleaner, name, mode):
    """The very same page comes back, with nothing turned."""
    page = Page(1, scan(name, mode), 300.0)
    cleaned = cleaner.clean(page)
    assert cleaned.page is page
    assert (cleaned.rotation, cleaned.skew) == (0, 0.0)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("name", ["phototest", "eurotext"])
def test_a_faint_page_gets_its_contrast_back(cleaner, engine, name, mode):
    """Grey print on grey paper becomes black on white, in the same mode."""
    cleaned = cleaner.clean(Page(1, faint(scan(name, mode)), 300.0))
    assert cleaned.page.image.mode == mode
    assert cleaned.page.image.convert("L").getextrema() == (0, 255)
    assert rate(engine, cleaned.page, name) <= 0.02


@pytest.mark.parametrize("degrees", [0.7, 3.5, -7.0, 13.0])
@pytest.mark.parametrize("name", ["phototest", "eurotext"])
def test_a_skewed_page_is_straightened(cleaner, engine, name, degrees):
    """A page that lies askew clockwise is turned back counter-clockwise, and the other way round."""
    cleaned = cleaner.clean(Page(1, skewed(scan(name), degrees), 300.0))
    assert cleaned.rotation == 0
    assert cleaned.skew == pytest.approx(-degrees, abs=1.0)  # eurotext itself lies askew by 0.7°
    assert rate(engine, cleaned.page, name) <= 0.02


@pytest.mark.parametrize("quarter", [90, 180, 270])
@pytest.mark.parametrize("name", TRUTH)
def test_a_turned_page_is_set_upright(cleaner, engine, name, quarter):
    """A page that was fed in sideways or upside down comes back pixel by pixel as it was."""
    cleaned = cleaner.clean(Page(1, turned(scan(name), quarter), 300.0))
    assert cleaned.rotation == 360 - quarter
    if name == "eurotext":
        assert cleaned.skew == pytest.approx(-0.7, abs=0.3)  # it lies askew itself
    else:
        assert cleaned.skew == 0.0
        assert cleaned.page.image.tobytes() == scan(name).tobytes()
    assert rate(engine, cleaned.page, name) <= 0.02


def test_faint_turned_and_skewed_at_once(cleaner, engine):
    """All three together are mended."""
    image = faint(turned(skewed(scan("phototest"), 5.0), 90))
    cleaned = cleaner.clean(Page(1, image, 300.0))
    assert cleaned.rotation == 270
    assert cleaned.skew == pytest.approx(-5.0, abs=0.5)
    assert rate(engine, cleaned.page, "phototest") <= 0.02


def pictures():
    """Pages without text: blank, grained, a gradient, noise, one pixel."""
    random = np.random.default_rng(1)
    yield "blank", Image.new("L", (2480, 3508), 250)
    yield "grain", Image.fromarray(random.normal(200, 3, (1754, 1240)).clip(0, 255).astype(np.uint8))
    yield "gradient", Image.fromarray((np.add.outer(np.arange(1000), np.arange(1500)) // 10 % 256).astype(np.uint8))
    yield "noise", Image.fromarray(random.integers(0, 255, (900, 900, 3), dtype=np.uint8))
    yield "pixel", Image.new("RGB", (1, 1))
    yield "hair", Image.new("L", (5000, 1), 255)


@pytest.mark.parametrize(("name", "image"), list(pictures()))
def test_pages_without_text_pass_unharmed(cleaner, name, image):
    """Where there are no lines there is no evidence, and nothing is done."""
    page = Page(1, image, 0.0)
    assert cleaner.clean(page).page is page
