"""Tick boxes on pages that are drawn here: found, told apart, and put into the text."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocrwatchd.core.model import Box, Line, PageText, Word
from ocrwatchd.ocr.tick_boxes import find_tick_boxes
from ocrwatchd.ocr.tick_lines import with_tick_boxes

EMPTY, TICKED, CROSSED = "\u2610", "\u2611", "\u2612"
SIDE, LINE = 40, 52
LEFT, TOP = 100, 80
FONT = ImageFont.load_default(40)


def stroke(draw, *points):
    """A stroke of a pen; points are parts of the side from the box's corner."""
    draw.line([(LEFT + x * SIDE, TOP + y * SIDE) for x, y in points], fill=0, width=6, joint="curve")


def tick(draw):
    """A tick that runs over the border."""
    stroke(draw, (0.2, 0.5), (0.45, 0.8), (1.1, -0.15))


def cross(draw):
    """Two strokes, drawn by hand."""
    stroke(draw, (0.15, 0.2), (0.8, 0.85))
    stroke(draw, (0.9, 0.12), (0.2, 0.8))


def large_cross(draw):
    """A cross that runs over all four corners."""
    stroke(draw, (-0.15, -0.15), (1.15, 1.15))
    stroke(draw, (1.15, -0.15), (-0.15, 1.15))


def dot(draw):
    """A dot of a pen."""
    draw.ellipse((LEFT + 14, TOP + 14, LEFT + 26, TOP + 26), fill=0)


def scribble(draw):
    """Blackened by hand, up to the border."""
    stroke(draw, *((0.05 + 0.9 * (n % 2), 0.15 + 0.07 * n) for n in range(11)))


def black(draw):
    """Blackened all over."""
    draw.rectangle((LEFT, TOP, LEFT + SIDE, TOP + SIDE), fill=0)


def slash(draw):
    """One stroke."""
    stroke(draw, (0.1, 0.9), (0.9, 0.1))


def page(mark=lambda draw: None, text="used", others=True):
    """A page with a box beside a word, and below an empty one of the same size."""
    image = Image.new("L", (700, 300), 255)
    draw = ImageDraw.Draw(image)
    for top in (TOP, TOP + 100)[: 1 + others]:
        draw.rectangle((LEFT, top, LEFT + SIDE, top + SIDE), outline=0, width=3)
        draw.text((LEFT + SIDE + 20, top - 5), text, font=FONT, fill=0)
    mark(draw)
    return image


def symbols(image, line_height=LINE):
    """The symbols found on a picture, from the top down."""
    return [found.symbol for found in find_tick_boxes(np.asarray(image.convert("L")), line_height)]


@pytest.mark.parametrize("mark", [tick, slash, dot, scribble, black])
def test_any_mark_makes_a_box_ticked(mark):
    """Ticks, strokes, dots and fillings count, also those that run over the border."""
    assert symbols(page(mark)) == [TICKED, EMPTY]


@pytest.mark.parametrize("mark", [cross, large_cross])
def test_two_crossing_diagonals_make_a_box_crossed(mark):
    """By hand, and over the corners."""
    assert symbols(page(mark)) == [CROSSED, EMPTY]


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.5])
@pytest.mark.parametrize(("mark", "symbol"), [(tick, TICKED), (cross, CROSSED), (lambda draw: None, EMPTY)])
def test_resolution_does_not_matter(mark, symbol, factor):
    """Boxes are measured beside the height of the lines."""
    image = page(mark)
    image = image.resize((round(image.width * factor), round(image.height * factor)))
    assert symbols(image, LINE * factor) == [symbol, EMPTY]


@pytest.mark.parametrize(("mark", "symbol"), [(tick, TICKED), (cross, CROSSED), (lambda draw: None, EMPTY)])
def test_bad_pictures_are_read_as_well(mark, symbol):
    """Compression, grey paper, thresholds and some tilt change nothing."""
    image = page(mark).rotate(0.8, Image.Resampling.BICUBIC, fillcolor=255)
    file = io.BytesIO()
    image.point(lambda shade: 40 + shade * 3 // 5).save(file, "JPEG", quality=30)
    assert symbols(Image.open(file)) == [symbol, EMPTY]
    assert symbols(image.point(lambda shade: 255 * (shade > 128))) == [symbol, EMPTY]


@pytest.mark.parametrize("text", ["O", "D", "0", "B", "8", "Q", "ODD 80 BOOK HUNDREDS"])
def test_letters_are_no_boxes(text):
    """However square they are, alone and in words."""
    image = Image.new("L", (900, 300), 255)
    for size in (40, 60):
        ImageDraw.Draw(image).text((50, 2 * size), text, font=ImageFont.load_default(size), fill=0, stroke_width=1)
    assert symbols(image) == []


def grid(step, side, count, rows):
    """Squares beside each other and in rows."""
    image = Image.new("L", (900, 400), 255)
    draw = ImageDraw.Draw(image)
    for row in range(rows):
        for column in range(count):
            x, y = 60 + column * step, 60 + row * step
            draw.rectangle((x, y, x + side, y + side), outline=0, width=2)
    return image


@pytest.mark.parametrize(
    ("step", "count", "rows"),
    [(40, 12, 1), (40, 2, 1), (40, 1, 5), (40, 12, 6), (55, 12, 1), (55, 10, 5)],
    ids=["comb", "two cells", "column", "table", "comb with gaps", "map"],
)
def test_cells_are_no_boxes(step, count, rows):
    """Of comb fields, tables and crosswords: sides go on, or squares stand close to each other."""
    assert symbols(grid(step, 40, count, rows)) == []


@pytest.mark.parametrize("height", [15, 36])
def test_a_square_among_letters_is_one_of_them(height):
    """As in Chinese: signs stand closer to each other than a box to its text."""
    image, middle = page(others=False), TOP + SIDE // 2
    ImageDraw.Draw(image).rectangle(
        (LEFT + SIDE + 6, middle - height // 2, LEFT + SIDE + 16, middle + height // 2), fill=0
    )
    assert symbols(image) == []


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("gap", [(0.45, 0.57), (0.3, 0.7), (0.1, 0.3), (-0.1, 1.1)])
def test_an_open_square_is_no_box(gap, turn):
    """A gap in a side, such as between the feet of letters, makes it something else."""
    image = page(others=False)
    start, end = (TOP + round(part * SIDE) for part in gap)
    ImageDraw.Draw(image).rectangle((LEFT, start, LEFT + 3, end), fill=255)
    assert symbols(image.rotate(turn, expand=True)) == []


def test_a_black_square_alone_is_an_ornament():
    """Only beside clear boxes of its size is it one that was blackened."""
    assert symbols(page(black, others=False)) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (200, 7), (60, 60)])
@pytest.mark.parametrize("line_height", [0.5, 10, 50, 5000])
def test_odd_pictures_have_no_boxes(shape, line_height):
    """Tiny, black and noisy ones raise nothing."""
    noise = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    for picture in (np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8), noise):
        assert find_tick_boxes(picture, line_height) == ()


def read(*lines):
    """A page as an engine reads it, from lines of (word, left, right, confidence) and their tops."""
    text, made = "", []
    for top, words in lines:
        text += "\n" if text else ""
        start, placed = len(text), []
        for word, left, right, confidence in words:
            text += " " if placed else ""
            placed.append(Word(word, len(text), Box(left, top, right, top + LINE), confidence))
            text += word
        box = Box(words[0][1], top, words[-1][2], top + LINE)
        made.append(Line(text[start:], start, box, 0.9, tuple(placed)))
    return PageText(1, text, 700, 300, 300.0, lines=tuple(made))


def lines_of(*first):
    """The page of two lines that ``page`` draws, the first one as given."""
    return read((TOP - 6, first), (TOP + 94, [("used", 160, 260, 0.9)]))


@pytest.mark.parametrize(
    ("first", "text"),
    [
        ([("used", 160, 260, 0.9)], f"{TICKED} used"),
        ([("\u22a0", 98, 142, 0.4), ("used", 160, 260, 0.9)], f"{TICKED} used"),
        ([("x", 105, 135, 0.9), ("used", 160, 260, 0.9)], f"{TICKED} used"),
        ([("\u53e3", 100, 140, 0.9), ("used", 160, 260, 0.9)], f"{TICKED} used"),
        ([("W", 100, 140, 0.3), ("used", 160, 260, 0.9)], f"{TICKED} used"),
        ([("\u25a1used", 100, 260, 0.9)], f"{TICKED} used"),
        ([("not", 10, 80, 0.9), ("used", 160, 260, 0.9)], f"not {TICKED} used"),
        ([("not", 10, 80, 0.9)], f"not {TICKED}"),
        ([("W", 100, 140, 0.9), ("used", 160, 260, 0.9)], "W used"),
        ([("notused", 10, 260, 0.9)], "notused"),
    ],
)
def test_a_symbol_stands_in_its_line(first, text):
    """Once, where the box is, in place of what was read there; a word that was read there stays, without a symbol."""
    found = with_tick_boxes(lines_of(*first), page(tick))
    assert found.text == f"{text}\n{EMPTY} used"
    for line in found.lines:
        assert found.text[line.offset :].startswith(line.text)
        for word in line.words:
            assert found.text[word.offset :].startswith(word.text)
    boxes = {word.text: word.box for line in found.lines for word in line.words}
    assert boxes[EMPTY] == pytest.approx(Box(LEFT, TOP + 100, LEFT + SIDE, TOP + SIDE + 100), abs=3)


def test_lines_without_words_get_symbols():
    """Each word counts as lying at its share of the line."""
    given = lines_of(("used", 160, 260, 0.9))
    given = PageText(1, given.text, 700, 300, 300.0, lines=tuple(Line(e.text, e.offset, e.box) for e in given.lines))
    found = with_tick_boxes(given, page(tick))
    assert found.text == f"{TICKED} used\n{EMPTY} used"
    assert [(line.text, line.words) for line in found.lines] == [(f"{TICKED} used", ()), (f"{EMPTY} used", ())]


def test_hebrew_lines_get_symbols_on_their_right():
    """There they begin."""
    given = read((TOP - 6, [("\u05d7\u05d3\u05e9", 10, 80, 0.9)]))
    assert with_tick_boxes(given, page(tick, others=False)).text == f"{TICKED} \u05d7\u05d3\u05e9"


def test_a_box_far_from_all_text_is_left_out():
    """It must stand beside text."""
    assert with_tick_boxes(read((TOP - 6, [("x", 650, 660, 0.9)])), page(tick)).text == "x"


@pytest.mark.parametrize("cut", [(), slice(1)])
def test_text_without_places_stays(cut):
    """Where the engine does not tell where all of it lies, no symbol can be put into it."""
    given = lines_of(("used", 160, 260, 0.9))
    given = PageText(1, given.text, 700, 300, 300.0, lines=given.lines[cut] if cut else ())
    assert with_tick_boxes(given, page(tick)) is given
