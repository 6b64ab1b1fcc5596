"""Reading order, paragraphs and tables from boxes alone."""

import math
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrwatchd.core.model import Box, Line, Word
from ocrwatchd.ocr.geometry import bounds, straightened, tilt_of, words_of
from ocrwatchd.ocr.gutters import RUN, divided
from ocrwatchd.ocr.layout import RawLine, arrange
from ocrwatchd.ocr.print_size import small_print

HEIGHT = 40
PITCH = 44


def line(text, left, top, right, height=HEIGHT):
    """A line of text at a place."""
    return RawLine(text, Box(left, top, right, top + height))


def column(name, left, right, top, count):
    """Lines NAMEa, NAMEb, … one under the other."""
    return [line(text, left, top + n * PITCH, right) for n, text in enumerate(names(name, count))]


def words(arranged):
    """The words of the text in order."""
    return arranged.text.split()


def names(name, count):
    """NAMEa, NAMEb and so on."""
    return [f"{name}{chr(ord('a') + n)}" for n in range(count)]


def across(lines):
    """The same lines as a detector gives them: from the top down, right across the page."""
    return sorted(lines, key=lambda one: (one.box.top, one.box.left))


def test_nothing_gives_nothing():
    """A page without lines has the text ""."""
    for layout in ("auto", "columns", "rows"):
        assert arrange([], layout).text == ""


def test_two_columns_are_read_one_after_the_other():
    """The left column comes whole before the right one."""
    page = across(column("a", 100, 900, 100, 12) + column("b", 980, 1800, 106, 12))
    assert words(arrange(page)) == names("a", 12) + names("b", 12)


@pytest.mark.parametrize(("left", "right"), [(4, 15), (15, 4)])
def test_columns_may_differ_in_length(left, right):
    """A short column is still read whole before or after its longer neighbour."""
    page = across(column("a", 100, 900, 100, left) + column("b", 980, 1800, 100, right))
    assert words(arrange(page)) == names("a", left) + names("b", right)


def test_headline_over_two_columns_comes_first():
    """A headline as wide as the page is read before both columns, and one between them after what is above it."""
    top = column("a", 100, 900, 200, 5) + column("b", 980, 1800, 200, 5)
    bottom = column("c", 100, 900, 700, 5) + column("d", 980, 1800, 700, 5)
    page = across([line("head", 100, 60, 1800, 80), *top, line("middle", 100, 540, 1800, 80), *bottom])
    expected = ["head", *names("a", 5), *names("b", 5), "middle", *names("c", 5), *names("d", 5)]
    assert words(arrange(page)) == expected


def test_pull_quote_between_columns_does_not_cut_them():
    """Columns that flow round a quote set between them are read through; the quote follows them."""
    a = column("a", 100, 900, 100, 6) + column("n", 100, 600, 100 + 6 * PITCH, 6)
    a += column("w", 100, 900, 100 + 12 * PITCH, 6)
    b = column("b", 980, 1800, 100, 6) + column("m", 1280, 1800, 100 + 6 * PITCH, 6)
    b += column("v", 980, 1800, 100 + 12 * PITCH, 6)
    quote = [line(names("q", 4)[n], 720 + 10 * n, 100 + 7 * PITCH + n * 36, 1160 - 10 * n, 30) for n in range(4)]
    left, right = [*names("a", 6), *names("n", 6), *names("w", 6)], [*names("b", 6), *names("m", 6), *names("v", 6)]
    assert words(arrange(across([*a, *b, *quote]))) == [*left, *right, *names("q", 4)]


def test_running_foot_is_read_last():
    """A page number under the left column does not come between the columns."""
    page = across([*column("a", 100, 900, 100, 12), *column("b", 980, 1800, 100, 12), line("54", 60, 720, 100)])
    assert words(arrange(page)) == [*names("a", 12), *names("b", 12), "54"]


def test_letter_keeps_its_date_before_the_salutation():
    """What stands alone at the right above the salutation is read before it, though it is not to the left of it."""
    page = [line("date", 1400, 100, 1800), line("Dear", 100, 300, 400), *column("a", 100, 1800, 400, 5)]
    assert words(arrange(page)) == ["date", "Dear", *names("a", 5)]


def test_pieces_of_a_line_are_joined_by_a_space():
    """What the detector split inside a line becomes one line again."""
    page = [line("right", 512, 102, 900), line("left", 100, 100, 500), line("under", 100, 144, 900)]
    assert arrange(page).text == "left right\nunder"


def test_rows_are_kept_together_with_tabs():
    """In layout "rows" cells of one row stand on one line, set apart by tabs."""
    page = column("a", 100, 300, 100, 3) + column("b", 800, 1000, 104, 3) + column("c", 1500, 1800, 98, 3)
    assert arrange(across(page), "rows").text == "aa\tba\tca\nab\tbb\tcb\nac\tbc\tcc"


def test_a_clear_table_is_read_by_rows_without_being_asked():
    """A bill's items keep their prices; its letterhead and closing words are read as text."""
    items = [(line(f"item{n}", 100, 300 + n * 50, 400), line(f"{n},00", 1500, 300 + n * 50, 1600)) for n in range(4)]
    page = [line("letterhead", 100, 60, 900), *(cell for row in items for cell in row), line("thanks", 100, 700, 1000)]
    text = "letterhead\n\nitem0\t0,00\nitem1\t1,00\nitem2\t2,00\nitem3\t3,00\n\nthanks"
    assert arrange(page).text == text
    assert "\t" not in arrange(page, "columns").text.split("thanks")[0].replace("letterhead", "")


def test_three_columns_of_prose_are_no_table():
    """Columns whose lines fill them are read as columns, however many there are."""
    page = column("a", 100, 600, 100, 8) + column("b", 660, 1160, 100, 8) + column("c", 1220, 1720, 100, 8)
    assert words(arrange(across(page))) == names("a", 8) + names("b", 8) + names("c", 8)


def test_a_wide_gap_and_an_indent_begin_paragraphs():
    """Blank lines stand before a paragraph set off by space and before one whose first line stands in."""
    page = [
        *column("a", 100, 900, 100, 4),
        *column("b", 100, 900, 100 + 5 * PITCH, 3),
        line("in", 150, 100 + 8 * PITCH, 900),
        *column("c", 100, 900, 100 + 9 * PITCH, 2),
    ]
    assert arrange(page).text == "aa\nab\nac\nad\n\nba\nbb\nbc\n\nin\nca\ncb"


def test_evenly_spaced_lines_stay_one_paragraph():
    """Ragged, double-spaced or centred lines get no blank lines."""
    ragged = [line(f"r{n}", 100 + n % 3, 100 + n * 88 + n % 2 * 3, 700 + 37 * n % 200) for n in range(8)]
    centred = [line(f"c{n}", 400 - 50 * (n % 2), 100 + n * PITCH, 600 + 50 * (n % 2)) for n in range(8)]
    assert "\n\n" not in arrange(ragged).text
    assert "\n\n" not in arrange(centred).text


@pytest.mark.parametrize("degrees", [-3.0, 3.0])
def test_a_tilted_page_is_read_as_if_it_lay_level(degrees):
    """Lines keep their order where tilt makes their upright boxes overlap."""
    level = across(column("a", 100, 900, 100, 12) + column("b", 980, 1800, 100, 12))
    turn = math.radians(degrees)

    def turned(x, y):
        return x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)

    quads = []
    for one in level:
        left, top, right, bottom = one.box
        quads.append(tuple(turned(x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))))
    tilt = tilt_of(quads)
    page = [RawLine(one.text, bounds(q), place=straightened(q, tilt)) for one, q in zip(level, quads, strict=True)]
    assert tilt == pytest.approx(turn)
    assert [one.place for one in page] == [pytest.approx(one.box) for one in level]
    assert words(arrange(page)) == names("a", 12) + names("b", 12)


def test_a_quote_between_columns_does_not_exchange_them():
    """The left column comes first even where the right one begins a little higher."""
    a, b = column("a", 100, 900, 106, 12), column("b", 980, 1800, 100, 12)
    quote = [line(names("q", 4)[n], 820 + 10 * n, 100 + 4 * PITCH + n * 36, 1060 - 10 * n, 30) for n in range(4)]
    assert words(arrange(across([*a, *b, *quote]))) == [*names("a", 12), *names("b", 12), *names("q", 4)]


def test_sums_under_a_bill_stay_with_what_they_are_of():
    """Labels beside their amounts, however much of the row they fill, go on with the table above or make one alone."""
    items = [
        cell
        for n in range(3)
        for cell in (line(f"item{n}", 100, 300 + n * 50, 400), line(f"{n}0.00", 1700, 300 + n * 50, 1800))
    ]
    sums = [
        cell
        for n, name in enumerate(["Subtotal", "VAT 20 %", "Total EUR"])
        for cell in (line(name, 1400, 500 + n * 50, 1640), line(f"{n}9.14", 1700, 500 + n * 50, 1800))
    ]
    told = "Subtotal\t09.14\nVAT 20 %\t19.14\nTotal EUR\t29.14"
    assert told in arrange([*items, *sums]).text
    assert arrange(sums).text == told


@pytest.mark.parametrize("rows", [2, 5])
def test_a_form_keeps_its_labels_and_values_together(rows):
    """Not first all labels and then all values; what stands above and below stays there."""
    form = [
        cell
        for n in range(rows)
        for cell in (line(f"Label{n}:", 100, 300 + n * 50, 400), line(f"value{n}", 460, 300 + n * 50, 900))
    ]
    page = [line("above", 100, 250, 900), *form, line("below", 100, 300 + rows * 50, 900)]
    expected = ["above", *(f"Label{n}:\tvalue{n}" for n in range(rows)), "below"]
    assert [text for text in arrange(page).text.split("\n") if text] == expected


def test_chinese_pieces_are_joined_without_a_space():
    """Signs that are written without spaces get none, beside Latin letters they do."""
    page = [line("人人生", 100, 100, 300), line("而自由", 310, 100, 500), line("Berlin", 510, 100, 700)]
    assert arrange(page).text == "人人生而自由 Berlin"


def spaced(texts, top, starts, letter=18, tall=HEIGHT):
    """A line whose words begin at these places; a letter is 18 pixels wide."""
    found, offset = [], 0
    for text, left in zip(texts, starts, strict=True):
        found.append(Word(text, offset, Box(left, top, left + letter * len(text), top + tall), 0.9))
        offset += len(text) + 1
    box = Box(found[0].box.left, top, found[-1].box.right, top + tall)
    return RawLine(" ".join(texts), box, 0.9, tuple(found))


def joined(count, gutter=40, left=("this", "column", "stands"), right=("that", "one", "beside")):
    """Two columns whose every line the detector has joined; words are about 16 pixels apart."""
    lines = []
    for n in range(count):
        # Words lie elsewhere in each line, as in print; the columns' edges at the gutter stay.
        starts, x = [], 500 - (16 + 7 * n % 11) * (len(left) - 1) - 18 * len("".join(left))
        for place, text in enumerate((*left, *right)):
            starts.append(500 + gutter if place == len(left) else x)
            x = starts[-1] + 18 * len(text) + 16 + 7 * n % 11
        lines.append(spaced([*left, *right], 100 + n * PITCH, starts))
    return lines


def test_lines_joined_across_a_gutter_are_divided():
    """Each half keeps its words, its offsets and its side of the page, and columns are read one after the other."""
    lines = divided(joined(8))
    assert [one.text for one in lines] == ["this column stands", "that one beside"] * 8
    for one in lines:
        assert " ".join(word.text for word in one.words) == one.text
        assert all(one.text[word.offset :].startswith(word.text) for word in one.words)
        assert (one.box.right < 520) == one.text.startswith("this")
    assert arrange(lines).text.split("\n\n") == [
        "\n".join(["this column stands"] * 8),
        "\n".join(["that one beside"] * 8),
    ]


def test_lines_found_apart_tell_where_to_divide_the_joined_ones():
    """One joined line among separate ones is divided where they are."""
    ten = joined(10)
    apart = divided(ten)[:18]
    assert divided([*apart, ten[9]])[:18] == apart
    assert [one.text for one in divided([*apart, ten[9]])[18:]] == ["this column stands", "that one beside"]


def test_lines_that_meet_in_the_gutter_are_kept_apart():
    """Boxes of neighbouring columns that touch are not joined to one line again."""
    pieces = divided(joined(10))
    left, right = pieces[8], pieces[9]
    pieces[8] = RawLine(left.text, Box(*left.box[:2], 530, left.box.bottom), 0.9, left.words)
    pieces[9] = RawLine(right.text, Box(525, *right.box[1:]), 0.9, right.words)
    wide = spaced(joined(1)[0].text.split(), 100 + 10 * PITCH, [w.box.left for w in joined(1)[0].words])
    text = arrange(divided([*pieces, wide])).text
    assert text.split("\n\n") == ["\n".join(["this column stands"] * 11), "\n".join(["that one beside"] * 11)]


@pytest.mark.parametrize(
    "lines",
    [
        joined(RUN - 1),
        joined(8, gutter=16),
        joined(8, left=("12.",)),
        joined(8, right=("12", "3.50", "42.00")),
        joined(8, left=("Widget", "A")),
        [*joined(9)[:4], line("headline", 100, 100 + 4 * PITCH, 900), *joined(9)[5:]],
        [line("no words", 100, 100 + n * PITCH, 900) for n in range(9)],
        [],
    ],
    ids=["few lines", "narrow gap", "numbered list", "figures", "short cells", "crossed", "no words", "nothing"],
)  # fmt: skip
def test_nothing_is_divided_without_a_gutter(lines):
    """Lists, tables and what too few lines show are left alone."""
    assert divided(lines) == lines


@pytest.mark.parametrize("page", range(200))
def test_justified_text_with_wide_gaps_is_not_divided(page):
    """Gaps four letters wide, at random places, make no gutter: by chance they do on one page in thousands."""
    random = Random(85_900 + page)
    lines = []
    for n in range(40):
        texts = ["x" * random.randint(2, 9) for _ in range(random.randint(6, 12))]
        room = 1500 - sum(18 * len(text) for text in texts)
        starts, x = [], 100.0
        for text in texts:
            starts.append(x)
            x += 18 * len(text) + max(8, room / (len(texts) - 1))
        lines.append(spaced(texts, 100 + n * PITCH, starts))
    assert divided(lines) == lines


def test_low_lines_are_told():
    """The warning goes by the letters' size on the picture, whatever resolution the file claims."""
    low, high = (Line("x", 0, Box(0, 0, 100, tall)) for tall in (14, 46))
    assert small_print([low, low, high]) == (
        "lines are only 14 pixels high: characters may be misread; scan with 300 dpi",
    )
    assert small_print([low, high, high]) == small_print([Line("x", 0)]) == small_print([]) == ()


def test_words_follow_their_line_into_the_text():
    """Offsets of words, given within the line, point into the page's text."""
    box = Box(0, 0, 100, 40)
    two = RawLine("one two", box, 0.9, (Word("one", 0, box), Word("two", 4, box)))
    page = [line("above", 0, -50, 100), two]
    arranged = arrange(page)
    for word in arranged.lines[1].words:
        assert arranged.text[word.offset :].startswith(word.text)


def test_words_get_their_part_of_the_line():
    """A word lies where its letters were recognised, with the mean of their confidences."""
    quad = ((100.0, 0.0), (300.0, 0.0), (300.0, 40.0), (100.0, 40.0))
    first, second = words_of(" ab c", quad, [2, 4, 14], 20.0, [0.1, 0.5, 0.7, 0.2, 0.9])
    assert (first.text, first.offset, second.text, second.offset) == ("ab", 0, "c", 3)
    assert first.confidence == pytest.approx(0.6)
    assert second.confidence == pytest.approx(0.9)
    assert first.box == (115.0, 0.0, 155.0, 40.0)
    assert second.box == (235.0, 0.0, 255.0, 40.0)


def test_words_without_matching_letters_are_left_out():
    """A recogniser that lost count gives a line without words rather than with wrong ones."""
    assert words_of("ab c", ((0, 0), (9, 0), (9, 4), (0, 4)), [1, 2], 9.0, [0.5] * 4) == ()


BOXES = st.builds(
    lambda left, top, wide, tall: Box(left, top, left + wide, top + tall),
    *(st.floats(-50, 2000), st.floats(-50, 2000), st.floats(0.5, 1500), st.floats(0.5, 200)),
)
LINES = st.lists(st.builds(RawLine, st.text("ab1 ", min_size=1).map(lambda text: f"x{text}x"), BOXES), max_size=25)


@given(LINES, st.sampled_from(["auto", "columns", "rows"]))
@settings(max_examples=200, deadline=None)
def test_every_line_occurs_exactly_once_where_its_offset_says(lines, layout):
    """Whatever the boxes, no line is lost, doubled or moved away from its offset."""
    arranged = arrange(lines, layout)
    assert sorted((one.text, one.box) for one in arranged.lines) == sorted((one.text, one.box) for one in lines)
    covered = 0
    for one in arranged.lines:
        assert arranged.text[covered : one.offset].strip() == ""
        assert arranged.text[one.offset : one.offset + len(one.text)] == one.text
        covered = one.offset + len(one.text)
    assert covered == len(arranged.text)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["columns", "rows"])
@pytest.mark.parametrize("apart", [(500, PITCH), (500, 400), (90, 35)])
def test_two_thousand_lines_stay_sane(layout, apart):
    """The work is bounded: thousands of lines take seconds where the plain triple loop would take hours."""
    page = [line("x", n % 40 * apart[0], n // 40 * apart[1], n % 40 * apart[0] + 100) for n in range(2000)]
    start = time.process_time()
    arrange(page, layout)
    assert time.process_time() - start < 60
