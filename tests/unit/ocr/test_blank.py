"""Which pages are blank, by their ink, their text and the other side of the sheet."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ocrwatchd.core.model import Box, Line, PageText
from ocrwatchd.ocr.blank import is_blank
from tests.blank_pages import BLANK, KEPT
from tests.sheets import FRONTS, Sheet, front, printed, scanned, signature, tick, written

pytestmark = pytest.mark.slow


def sheet(**traits):
    """A sheet at 150 dpi."""
    return Sheet(np.random.default_rng(5), dpi=150, **traits)


def judged(made, behind=None, text=(), reader=lambda _: (), *, duplex=True):
    """Whether the back of a sheet is blank where an engine has read these lines on it."""
    picture, other = scanned(made, made.layer() if behind is None else behind)
    read = PageText(1, "", *picture.size, float(made.dpi), lines=tuple(text))
    return is_blank(picture, read, lambda: other if duplex else None, reader)


def letter():
    """Print for a front."""
    return front(FRONTS[1], 150)


def read_as(text, confidence=0.99):
    """An engine that reads any piece so."""
    return lambda _: (Line(text, 0, Box(0, 0, 9, 9), confidence),)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_bare_paper_is_blank(mode):
    """White, and tinted."""
    assert judged(sheet(mode=mode))
    assert judged(sheet(mode=mode, tint=(200.0, 220.0, 190.0)))


@pytest.mark.parametrize(
    "traits",
    [
        {"dust": 60},
        {"holes": 2},
        {"holes": 4, "staple": True},
        {"folds": 1},
        {"border": 5.0, "skew": 1.0},
        {"border": 210.0, "skew": -0.8},
        {"shade": 0.12},
        {"quality": 30, "grain": 3.0},
        {"mode": "1", "dust": 20},
    ],
    ids=str,
)
def test_what_paper_and_scanner_leave_is_no_content(traits):
    """None of it keeps a page, and a tick beside it does."""
    assert judged(sheet(**traits))
    ticked = sheet(**traits)
    ticked.ink(tick(ticked, (80, 110), 6), 0.7)
    assert not judged(ticked)


@pytest.mark.parametrize("flipped", [False, True])
def test_the_other_side_explains_what_shows_through(flipped):
    """The sheet may be turned over about either side; without the other side such a page stays."""
    assert judged(sheet(through=0.3, flipped=flipped), letter())
    assert not judged(sheet(through=0.3, flipped=flipped), letter(), duplex=False)


def test_the_other_side_explains_no_other_ink():
    """A pencil's note amid the print that shows through keeps the page."""
    made = sheet(through=0.3)
    made.ink(written(made, "please file", (70, 110), 5), 0.5)
    assert not judged(made, letter())


def test_a_front_that_does_not_show_through_explains_nothing():
    """Print of this side, mirrored by no other."""
    made = sheet()
    made.ink(letter(), 0.2)
    assert not judged(made, front(FRONTS[2], 150))


@pytest.mark.parametrize("kind", KEPT)
def test_little_content_keeps_a_page(kind):
    """One page of each kind that only looks blank."""
    made = sheet()
    KEPT[kind](made)
    assert not judged(made)


@pytest.mark.parametrize("kind", [kind for kind in BLANK if kind not in {"page number", "bilevel"}])
def test_blank_pages_are_found(kind):
    """One page of each kind, with a letter on its front; numbers have tests of their own."""
    made = sheet()
    BLANK[kind](made)
    assert judged(made, letter())


@pytest.mark.parametrize("at", [(2.0, 150.0), (196.0, 3.0), (100.0, 291.0)])
def test_content_at_the_very_edge_keeps_a_page(at):
    """Beside dark edges too."""
    for traits in ({}, {"border": 5.0, "skew": 0.7}):
        made = sheet(**traits)
        made.ink(printed(made, "No. 8", at, 9), 0.8)
        assert not judged(made)


def test_a_signature_over_a_fold_keeps_a_page():
    """Only the line is taken away."""
    made = sheet(folds=1)
    made.ink(signature(made, (80, 150), 40), 0.8)
    assert not judged(made)


def numbered(text, at=(100.0, 280.0), points=10.0):
    """A page with a lone text in print."""
    made = sheet()
    made.ink(printed(made, text, at, points), 0.9)
    return made


@pytest.mark.parametrize("text", ["12", "- 12 -", "Page 12", "12 / 214", "Seite 3"])
def test_a_lone_page_number_is_no_content(text):
    """In the place of page numbers, in their size, read as one."""
    assert judged(numbered(text), reader=read_as(text))
    assert judged(numbered(text, (100, 12)), reader=read_as(text))


@pytest.mark.parametrize(
    ("text", "at", "points", "as_read"),
    [
        ("12", (100, 150), 10, "12"),
        ("12", (100, 270), 22, "12"),
        ("12.40", (100, 280), 10, "12.40"),
        ("4711", (100, 280), 10, "4711"),
        ("yes", (100, 280), 10, "yes"),
        ("7", (30, 280), 10, "7"),
        ("12", (100, 280), 10, ""),
    ],
)
def test_what_may_be_no_page_number_keeps_a_page(text, at, points, as_read):
    """Elsewhere, larger, an amount, a longer number, a word, a digit aside, or what the engine does not read."""
    assert not judged(numbered(text, at, points), reader=read_as(as_read))
    assert not judged(numbered("12"), reader=read_as("12", confidence=0.7))


def test_a_number_beside_a_note_keeps_a_page():
    """The number alone is taken away."""
    made = numbered("12")
    made.ink(tick(made, (80, 110), 6), 0.7)
    assert not judged(made, reader=read_as("12"))


def test_text_that_an_engine_has_read_keeps_a_page():
    """What it sees and we do not; what it doubts counts for nothing, and neither does a single sign."""
    line = Line("Hall", 0, Box(300, 300, 380, 330), 0.97)
    assert not judged(sheet(), text=[line])
    assert judged(sheet(), text=[replace(line, confidence=0.6)])
    assert judged(sheet(), text=[replace(line, text=".-")])


def test_much_text_decides_without_a_look():
    """Neither the picture nor the other side is opened."""
    lines = [Line("All of this was read with confidence, letter by letter.", 0, None, None)]
    read = PageText(1, "", 100, 100, 0.0, lines=tuple(lines))
    assert not is_blank(None, read, lambda: pytest.fail("the other side was opened"))


def test_the_other_side_is_opened_only_in_doubt():
    """A clean page needs none."""
    picture, _ = scanned(sheet(dust=20), sheet().layer())
    read = PageText(1, "", *picture.size, 150.0)
    assert is_blank(picture, read, lambda: pytest.fail("the other side was opened"))


@pytest.mark.parametrize("shade", [0, 90])
def test_dark_pages_stay(shade):
    """They may be photographs, or scans with the lid open."""
    picture = Image.new("L", (1240, 1754), shade)
    assert not is_blank(picture, PageText(1, "", 1240, 1754, 150.0))


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (40, 3), (60, 60), (5000, 20)])
def test_odd_pictures_are_judged_too(size):
    """Whatever their size and their stated resolution."""
    for dpi in (0.0, 1.0, 72.0, 1e9):
        is_blank(Image.new("L", size, 255), PageText(1, "", *size, dpi), lambda: Image.new("RGB", (7, 5)))
