"""RapidOCR's recogniser on lines that another engine has found: RapidOCR itself, for want of a licence of Aspose."""

from dataclasses import replace

import pytest
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Box, Line, Page, PageText
from ocrwatchd.correct.picture import judged, seen_words
from ocrwatchd.ocr.rapidocr import RapidEngine
from ocrwatchd.ocr.second_reader import SecondReader
from tests.bench.second_reader import bare, compared
from tests.paths import DATA

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def second():
    """One reader for all tests: its model is loaded once."""
    reader = SecondReader(Ocr())
    yield reader
    reader.close()


@pytest.fixture(scope="module")
def scan():
    """A page, what RapidOCR reads of it, and RapidOCR."""
    with Image.open(DATA / "phototest.tif") as opened:
        picture = opened.convert("L")
    engine = RapidEngine(Ocr())
    yield picture, engine.recognise(Page(1, picture, 300.0), Ocr()), engine
    engine.close()


def test_a_second_reading_sees_what_the_first_one_saw(second, scan):
    """All lines, each letter at its step, the words in their places, and the text as it was."""
    picture, first, _ = scan
    again = second.with_lattices(bare(first), picture)
    assert (again.text, [line.text for line in again.lines]) == (first.text, [line.text for line in first.lines])
    found = compared(first, again)
    assert found["lines read again"] == found["lines"] > 5
    assert found["letters at the same step"] >= 0.98 * found["letters"]
    for one, other in zip(first.lines, again.lines, strict=True):
        assert [(word.text, word.offset) for word in other.words] == [(word.text, word.offset) for word in one.words]
        pitch = (one.box.right - one.box.left) / len(one.text)
        for before, after in zip(one.words, other.words, strict=True):
            assert abs(after.box.left - before.box.left) < pitch
            assert after.confidence is None


def test_a_misread_word_is_corrected_by_the_second_reading(second, scan):
    """A word that the other engine has misread: the recogniser's own reading is the candidate that is chosen."""
    picture, first, _ = scan
    text = first.text.replace("quick", "qulck")
    assert text != first.text
    lines = tuple(replace(line, text=line.text.replace("quick", "qulck")) for line in first.lines)
    page = second.with_lattices(bare(replace(first, text=text, lines=lines)), picture)
    edits = judged(list(seen_words(page)), lexicon(("eng",)), {}).edits
    assert {(edit.before, edit.after) for edit in edits} >= {("qulck", "quick")}


@pytest.mark.parametrize("name", ["comb_form.jpg", "label_180.jpg", "invoice.png"])
def test_what_was_read_rightly_stays(second, scan, name):
    """Letters in the boxes of a form, which RapidOCR takes for words, a line on its head, and an invoice."""
    with Image.open(DATA / "field-cases" / name) as opened:
        picture = opened.convert("L")
    read = scan[2].recognise(Page(1, picture, 300.0), Ocr())
    again = second.with_lattices(bare(read), picture)
    assert {"comb_form.jpg": "40817263", "label_180.jpg": "FRAGILE", "invoice.png": "IBAN GB82"}[name] in again.text
    assert any(line.lattice for line in again.lines) == (name != "label_180.jpg")
    assert judged(list(seen_words(again)), lexicon(("eng",)), {}).edits == ()


def test_lines_that_are_not_in_the_picture_stay_as_they_are(second):
    """On white paper nothing fits; nor do letters beyond the recogniser's, a line without a box, and one of no size."""
    lines = (
        Line("Nothing stands here at all", 0, Box(20, 20, 400, 60)),
        Line("\u0434\u043e\u043c", 27, Box(20, 80, 400, 120)),
        Line("nowhere", 31),
        Line("thin", 39, Box(20, 200, 20, 200)),
        Line("outside", 44, Box(700, 700, 900, 740)),
    )
    page = PageText(1, "\n".join(line.text for line in lines), 500, 300, 300.0, lines=lines)
    assert second.with_lattices(page, Image.new("L", (500, 300), "white")) == page
