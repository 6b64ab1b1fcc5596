"""RapidOCR on real scans: text, boxes, languages, and what it does with bad pictures."""

import socket
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import EngineUnavailable, UnreadablePage
from ocrwatchd.core.model import Box, Page
from ocrwatchd.gate.scoring import error_rate
from ocrwatchd.ocr import rapidocr_models
from ocrwatchd.ocr.layout import RawLine
from ocrwatchd.ocr.rapidocr import RapidEngine
from ocrwatchd.ocr.tick_lines import with_tick_boxes
from tests.paths import DATA

pytestmark = pytest.mark.slow

SCANS = {
    "phototest": ("phototest.gold.txt", 0.01),
    "eurotext": ("eurotext.txt", 0.02),
    "8087_054.3B": ("8087_054.3B.txt", 0.10),
}


@pytest.fixture(scope="module")
def engine():
    """One engine for all tests: its models are loaded once."""
    engine = RapidEngine(Ocr())
    yield engine
    engine.close()


def read(engine, image, **ocr):
    """Recognise one picture."""
    return engine.recognise(Page(1, image, 300.0), Ocr(**ocr))


def scan(name):
    """A page of tests/data as the pipeline hands it over."""
    with Image.open(DATA / f"{name}.tif") as image:
        return image.convert("L")


def test_tick_boxes_are_told_apart(engine):
    """RapidOCR reads "new used \u22a0 rejected"; with the boxes that are found beside the words each has its state."""
    with Image.open(DATA / "symbols.png") as image:
        found = with_tick_boxes(read(engine, image.convert("L")), image)
    assert "\n\u2610 new \u2611 used \u2612 rejected\n" in found.text
    assert sum(symbol in found.text for symbol in "\u22a0\u2610\u2611\u2612") == 3


def test_lost_spaces_come_back(engine):
    """A clean page at 200 dpi is read with its spaces; each word has its place in the text and in the picture."""
    cases = DATA / "field-cases"
    with Image.open(cases / "lost_spaces.jpg") as image:
        found = read(engine, image.convert("L"))
    assert found.text.split() == (cases / "lost_spaces.expected.txt").read_text("utf-8").split()
    for line in found.lines:
        for before, after in pairwise(line.words):
            assert found.text[before.offset :].startswith(f"{before.text} {after.text}")
            assert before.box.right < after.box.left + 2  # upright boxes of a line that is read a little aslant


@pytest.mark.parametrize("name", SCANS)
def test_scans_have_no_tick_boxes(engine, name):
    """No letter and no picture is taken for one."""
    found = read(engine, scan(name))
    assert with_tick_boxes(found, scan(name)) == found


@pytest.mark.parametrize("name", SCANS)
def test_scans_are_read_in_order(engine, name):
    """Each scan's text is close to the truth, columns and pull quote included, and every offset points at its text."""
    truth, most = SCANS[name]
    found = read(engine, scan(name))
    assert error_rate(found.text, (DATA / truth).read_text(encoding="utf-8")) <= most
    assert (found.engine, found.width, found.height) == ("rapidocr", *scan(name).size)
    for line in found.lines:
        assert found.text[line.offset :].startswith(line.text)
        assert 0.5 <= line.confidence <= 1
        assert " ".join(word.text for word in line.words) == " ".join(line.text.split())
        for word in line.words:
            assert found.text[word.offset :].startswith(word.text)
            assert 0 <= word.confidence <= 1
            assert line.box.left - 1 <= word.box.left < word.box.right <= line.box.right + 1
            assert line.box.top - 1 <= word.box.top < word.box.bottom <= line.box.bottom + 1


def test_words_lie_where_they_are_printed(engine):
    """A word cut out of the page by its box is read as that word."""
    image = scan("eurotext")
    word = next(w for line in read(engine, image).lines for w in line.words if w.text == "preguiçoso.")
    cut = Image.new("L", image.size, 255)
    box = tuple(round(side) for side in word.box)
    cut.paste(image.crop(box), box[:2])
    assert read(engine, cut).text == "preguiçoso."


def test_clean_scans_have_no_blank_line_inside_their_paragraph(engine):
    """Evenly set lines are one paragraph."""
    assert "\n\n" not in read(engine, scan("phototest")).text
    assert "\n\n" not in read(engine, scan("eurotext")).text


@pytest.mark.parametrize(
    "image", [Image.new("L", (2480, 3508), 255), Image.new("RGB", (1, 1)), Image.new("L", (800, 3))]
)
def test_a_blank_page_has_no_text(engine, image):
    """Nothing on a page is no error, whatever its size."""
    assert read(engine, image).text == ""


def test_a_page_of_more_than_a_thousand_cells_is_seen_whole(engine):
    """RapidOCR of its own accord drops the top of such a page without a word."""
    image = Image.new("L", (2000, 1300), 255)
    for n in range(1200):
        place = (10 + n % 40 * 50, 10 + n // 40 * 42)
        ImageDraw.Draw(image).text(place, f"{n % 97:02d}", font=ImageFont.load_default(22), fill=0)
    assert len(engine._ocr.text_det(np.asarray(image.convert("RGB"))).boxes) == 1200


def test_single_small_digits_are_read_under_a_text_of_usual_size(engine):
    """96 digits of 5 points on A4 at 300 dpi: on a smaller picture the detector loses most of them without a word."""
    image = Image.new("L", (2480, 3508), 255)
    for n in range(12):
        ImageDraw.Draw(image).text((300, 200 + n * 80), f"Number {1990 + n}", font=ImageFont.load_default(46), fill=0)
    for n in range(96):
        place = (300 + n % 8 * 220, 1700 + n // 8 * 46)
        ImageDraw.Draw(image).text(place, str(n % 9 + 1), font=ImageFont.load_default(21), fill=0)
    assert sum(len(word) == 1 for word in read(engine, image).text.split()) >= 70


def test_narrow_columns_are_read_one_after_the_other(engine):
    """Three columns with 6 mm between them on A4, which the detector joins in many lines."""
    image = Image.new("L", (2480, 1000), 255)
    font = ImageFont.load_default(40)
    words = ["the", "river", "runs", "past", "seven", "old", "mills", "and", "nobody", "minds", "them"]
    expected = []
    for column in range(3):
        left = 200 + column * 710
        for n in range(12):
            text = [words[(column * 5 + n * 3 + k) % len(words)] for k in range(6)]
            expected += text
            room = (656 - sum(font.getlength(word) for word in text)) / 5
            for word in text:
                ImageDraw.Draw(image).text((left, 100 + n * 56), word, font=font, fill=0)
                left += font.getlength(word) + room
            left = 200 + column * 710
    assert error_rate(read(engine, image).text, " ".join(expected)) <= 0.02


def test_a_page_of_doubtful_words_is_told_and_a_clear_one_is_not(engine):
    """On a page of too few dots most words are wrong, whatever resolution the file claims."""
    page = scan("phototest")
    few = page.resize((page.width * 2 // 15, page.height * 2 // 15), Image.Resampling.BOX)
    coarse = few.resize(page.size, Image.Resampling.BICUBIC)
    clear, doubtful = (
        [each for each in read(engine, image).warnings if "confidence" in each] for image in (page, coarse)
    )
    assert clear == []
    assert len(doubtful) == 1
    assert "less than 95 %" in doubtful[0]


def test_what_is_left_out_is_told_and_marks_are_not(engine, monkeypatch):
    """An unclear amount of two characters is mentioned; the page's own warnings are left to whoever keeps the page."""
    box = Box(0, 0, 100, 40)
    found = [RawLine("clear", box, 0.97), RawLine("12", box, 0.4), RawLine("...", box, 0.4)]
    monkeypatch.setattr(engine, "_read", lambda *_, **__: found)
    page = Page(1, Image.new("L", (100, 100), 255), 300.0, ("known before",))
    assert engine.recognise(page, Ocr()).warnings == ("1 line too unclear to read left out",)


def case(name):
    """A field case as the pipeline hands it over."""
    with Image.open(DATA / "field-cases" / name) as image:
        return image.convert("L")


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("shiftplan.png", ["Adams\tearly\t\tlate\t\tearly", "Brook\t\tlate\t\tearly\tlate", "Foster\t\t\tlate\tlate"]),
        ("invoice.png", ["1\tOak board, planed\t12\t18.40\t220.80", "4\tCutting to size\t\t\t45.00"]),
        ("comb_form.jpg", ["Account no\t40817263", "Postcode\tTN24 8QX", "Date of birth\t17031962"]),
        (
            "pleading.jpg",
            [
                "2\tThe plaintiff states that on the fourth of May the",
                "7\tboards of the same kind from another merchant at a cost",
            ],
        ),
    ],
)
def test_rows_of_tables_and_forms_stay_rows(engine, name, rows):
    """Empty cells keep their place, a box for each letter makes a word, line numbers stand before their lines."""
    found = read(engine, case(name)).text.split("\n")
    assert [row for row in rows if row not in found] == []


def test_print_that_shows_through_from_the_back_is_left_out_with_a_warning(engine):
    """A blank back through which the front shows has no text of its own."""
    found = read(engine, case("bleed_strong.jpg"))
    assert found.text == ""
    assert found.warnings == ("13 lines too unclear to read left out",)


def test_pale_print_of_this_side_stays(engine):
    """Grey headings and pencil are much paler than the print around them, and no mirror makes them clearer."""
    image = scan("phototest")
    ink = np.asarray(image).astype(float)
    ink[:150] = 255 - (255 - ink[:150]) * 0.25
    pale = read(engine, Image.fromarray(ink.astype(np.uint8)))
    assert pale.text == read(engine, image).text
    assert pale.warnings == ()


def test_a_line_on_its_head_is_read_turned_and_its_words_lie_where_they_are_printed(engine):
    """The first word of a label on its head is the rightmost one."""
    found = read(engine, case("label_180.jpg"))
    assert found.text == "FRAGILE: this side up, please"
    lefts = [word.box.left for word in found.lines[0].words]
    assert lefts == sorted(lefts, reverse=True)
    assert found.lines[0].words[0].box.left > 850


@pytest.mark.parametrize(("angle", "direction"), [(90, (0, -1)), (-90, (0, 1)), (180, (-1, 0))])
def test_a_turned_line_beside_upright_ones_is_read_in_its_own_direction(engine, angle, direction):
    """A margin that runs up or down, or a heading on its head, is no scraps; the upright lines stay as they are."""
    page = Image.new("L", (1600, 1400), 255)
    page.paste(scan("phototest"), (300, 100))
    label = case("label_180.jpg").rotate(180).resize((1000, 250)).rotate(angle, expand=True)
    page.paste(label, (10, 150) if angle != 180 else (400, 900))
    found = read(engine, page)
    line = next(line for line in found.lines if line.text == "FRAGILE: this side up, please")
    first, last = line.words[0].box, line.words[-1].box
    assert (round((last.left - first.left) / 1000), round((last.top - first.top) / 1000)) == direction
    upright = read(engine, scan("phototest"))
    assert [each.text for each in found.lines if each is not line] == [each.text for each in upright.lines]


def test_chinese_columns_are_read_from_right_to_left(engine):
    """Each column is a line."""
    assert read(engine, case("zh_vertical.png"), languages=("zho",)).text == (
        "春天来了院子里的梅花开得很好\n小猫坐在窗台上看着外面的雨\n老人慢慢走过石桥去买早饭\n孩子们在河边放风筝笑声不断"
    )


def test_grey_and_colour_give_the_same_text(engine):
    """Pages in mode "RGB" are read as those in mode "L"."""
    image = scan("phototest")
    assert read(engine, image.convert("RGB")).text == read(engine, image).text


def test_a_language_with_other_letters_is_refused_with_the_remedy(engine):
    """Languages that the model has no letters for are refused, at loading and for each page, naming Aspose."""
    with pytest.raises(EngineUnavailable, match=r'letters of ara, rus: set ocr\.engine = "aspose"'):
        RapidEngine(Ocr(languages=("eng", "rus", "ara")))
    with pytest.raises(EngineUnavailable, match="ell"):
        read(engine, Image.new("L", (100, 100), 255), languages=("ell",))


def test_a_picture_that_breaks_the_library_is_one_unreadable_page(engine):
    """A failure inside RapidOCR (here: a strip that it scales to no height) concerns this page only."""
    with pytest.raises(UnreadablePage, match="cannot read this picture"):
        read(engine, Image.new("L", (20_000, 2), 255))
    assert read(engine, scan("phototest")).text


def test_nothing_is_fetched_from_the_network(monkeypatch):
    """Loading and reading work where no address can be looked up or connected to."""

    def refused(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    engine = RapidEngine(Ocr(threads=1))
    assert engine.version
    assert "quick brown dog" in read(engine, scan("phototest")).text
    engine.close()


def test_a_missing_model_is_told_with_the_remedy(monkeypatch, tmp_path):
    """Where the wheel's models are gone, nothing is downloaded: the message says what to install."""
    monkeypatch.setattr(rapidocr_models.resources, "files", lambda _: tmp_path)
    with pytest.raises(EngineUnavailable, match=r"PP-OCRv6_det_small\.onnx is missing .* install"):
        RapidEngine(Ocr())
    assert not list(tmp_path.iterdir())


def test_its_own_log_stays_silent(engine, capfd):
    """RapidOCR prints nothing, not even about an empty page."""
    read(engine, Image.new("L", (300, 300), 255))
    assert capfd.readouterr() == ("", "")
