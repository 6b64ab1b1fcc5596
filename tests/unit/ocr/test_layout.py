"""Reading order, paragraphs and tables from boxes alone."""

import math
import textwrap
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrwatchd.core.model import Box, Line, Word
from ocrwatchd.ocr.geometry import bounds, straightened, tilt_of, words_of
from ocrwatchd.ocr.layout import RawLine, arrange
from ocrwatchd.ocr.page_confidence import small_print

HEIGHT = 40
PITCH = 44


def line(text, left, top, right, height=HEIGHT):
    """A line of text at a place."""
    return RawLine(text, Box(left, top, right, top + height))


PROSE = (
    "The county surveyor had measured the northern meadow before the war, and nobody doubted his figures. When the "
    "new owner asked for a second map, he went there again with two young men and a chain. They found the old stones "
    "where they had been, but a brook had moved. He wrote a long letter about it, which the owner never answered. "
    "Years later the letter was read aloud in court, and the brook was given back to the village. It still runs past "
    "the mill. "
)


def prose(count, start=0, width=34):
    """So many lines of a text that goes on from line to line."""
    lines = textwrap.wrap(PROSE * 12, width)
    return lines[start : start + count]


def column(texts, left, right, top, pitch=PITCH):
    """Lines one under the other."""
    return [line(text, left, top + n * pitch, right) for n, text in enumerate(texts)]


def words(arranged):
    """The words of the text in order."""
    return arranged.text.split()


def said(*texts):
    """The words of lines."""
    return " ".join(text for some in texts for text in some).split()


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


A, B = prose(12), prose(12, 12)


@pytest.mark.parametrize("lower", [0, 6, 24])
def test_two_columns_are_read_one_after_the_other(lower):
    """The left column comes whole before the right one, whether or not their lines stand side by side."""
    page = across(column(A, 100, 900, 100) + column(B, 980, 1800, 100 + lower))
    assert words(arrange(page)) == said(A, B)


@pytest.mark.parametrize(("left", "right"), [(12, 20), (20, 12)])
def test_columns_may_differ_in_length(left, right):
    """A short column is still read whole before or after its longer neighbour."""
    first, second = prose(left), prose(right, left)
    page = across(column(first, 100, 900, 100) + column(second, 980, 1800, 100))
    assert words(arrange(page)) == said(first, second)


def test_headline_over_two_columns_comes_first():
    """A headline as wide as the page is read before both columns, and one between them after what is above it."""
    a, b, c, d = (prose(12, 12 * n) for n in range(4))
    top = column(a, 100, 900, 200) + column(b, 980, 1800, 200)
    bottom = column(c, 100, 900, 1000) + column(d, 980, 1800, 1000)
    page = across([line("head", 100, 60, 1800, 80), *top, line("middle", 100, 850, 1800, 80), *bottom])
    assert words(arrange(page)) == ["head", *said(a, b), "middle", *said(c, d)]


def test_pull_quote_between_columns_does_not_cut_them():
    """Columns that flow round a quote set between them are read through; the quote follows them."""
    left, right = prose(40), prose(40, 40)
    page = [line("set into the text", 720, 100 + 17 * PITCH, 1200), line("of two columns", 730, 100 + 18 * PITCH, 1190)]
    for n in range(40):
        beside = 14 <= n < 22
        page.append(line(left[n], 100, 100 + n * PITCH, 600 if beside else 900))
        page.append(line(right[n], 1280 if beside else 980, 100 + n * PITCH, 1800))
    assert words(arrange(across(page))) == said(left, right, ["set into the text of two columns"])


def test_running_foot_is_read_last():
    """A page number under the left column does not come between the columns."""
    page = across([*column(A, 100, 900, 100), *column(B, 980, 1800, 100), line("54", 60, 760, 100)])
    assert words(arrange(page)) == [*said(A, B), "54"]


def test_a_column_of_line_numbers_stays_with_its_lines():
    """Numbers at the margin stand before their lines, though a little higher or lower."""
    page = [line(text, 300, 100 + n * 88, 1800) for n, text in enumerate(prose(14, width=60))]
    page += [line(str(n + 1), 100, 120 + n * 88, 140) for n in range(14)]
    assert [row.split()[0] for row in arrange(across(page)).text.split("\n") if row] == [str(n + 1) for n in range(14)]


def test_wide_gaps_in_justified_lines_part_nothing():
    """A typed line that the detector has cut into words is one line."""
    page = []
    for n, text in enumerate(prose(20, width=60)):
        step = 1700 / len(text.split())
        page += [
            line(w, 100 + k * step, 100 + n * PITCH, 100 + k * step + 18 * len(w)) for k, w in enumerate(text.split())
        ]
    assert words(arrange(page)) == said(prose(20, width=60))


def test_letter_keeps_its_date_before_the_salutation():
    """What stands alone at the right above the salutation is read before it, though it is not to the left of it."""
    page = [line("date", 1400, 100, 1800), line("Dear", 100, 300, 400), *column(prose(5), 100, 1800, 400)]
    assert words(arrange(page)) == ["date", "Dear", *said(prose(5))]


def beside(lefts, rows, top):
    """Blocks side by side, their first lines at the same height; a letter is 18 pixels wide."""
    return [
        line(text, left, top + n * PITCH, left + 18 * len(text))
        for n, row in enumerate(rows)
        for left, text in zip(lefts, row, strict=True)
    ]


def test_addresses_side_by_side_stay_whole():
    """Their lines are alike from one to the other, and differ from line to line."""
    rows = [("Bill to:", "Ship to:"), ("Vera Garnier", "Olga Dubois"), ("142 Canal Walk", "9 Mill Lane")]
    page = [*beside((100, 1200), rows, 300), *column(prose(6, width=60), 100, 1800, 600)]
    assert arrange(page).text.split("\n\n")[:2] == [
        "Bill to:\nVera Garnier\n142 Canal Walk",
        "Ship to:\nOlga Dubois\n9 Mill Lane",
    ]


def test_a_letterhead_beside_an_address_comes_first():
    """Where lines side by side are not in line they are blocks, and the one that begins higher is read first."""
    office = ["Canal Rental Ltd.", "World headquarters", "9 Mill Lane", "Oldham 55435", "Tel. 830 2121"]
    address = ["Vera Garnier", "142 Canal Walk", "Lisbon 60143"]
    letter = column(prose(6, width=60), 100, 1800, 700)

    def page(shift):
        return [*column(office, 1300, 1700, 100), *column(address, 100, 500, 100 + 2 * PITCH + shift), *letter]

    assert words(arrange(page(PITCH / 2)))[:20] == said(office, address)[:20]
    assert "142 Canal Walk\tOldham 55435" in arrange(page(0)).text


def test_signatories_side_by_side_stay_whole():
    """Few lines side by side with white above and below are two blocks; a list under its heading is rows."""
    rows = [("Jonas Carver", "Edith Imhof"), ("Managing director", "Head of sales")]
    text = column(prose(6, width=60), 100, 1800, 100)
    assert arrange([*text, *beside((100, 1200), rows, 600)]).text.endswith(
        "Jonas Carver\nManaging director\n\nEdith Imhof\nHead of sales"
    )
    heading = line("Committee of this year", 100, 600 - PITCH, 800)
    assert arrange([*text, heading, *beside((100, 1200), rows, 600)]).text.endswith(
        "Jonas Carver\tEdith Imhof\nManaging director\tHead of sales"
    )


def cut_in_cells(rows, lefts, tops):
    """Rows of cells, each cell with its lines; a letter is 18 pixels wide."""
    return [
        line(text, left, top + n * PITCH, left + 18 * len(text))
        for row, top in zip(rows, tops, strict=True)
        for cell, left in zip(row, lefts, strict=True)
        for n, text in enumerate(cell)
    ]


def test_cells_of_several_lines_are_read_cell_by_cell():
    """White parts the rows of such a table; a cell's lines are joined."""
    rows = [
        [["Subject"], ["Finding"], ["Remedy"]],
        [
            ["A narrow boat", "The broken clock"],
            ["A crooked fence", "An iron key", "Two letters"],
            ["Some yellow roses"],
        ],
        [["His account book"], ["The church organ", "Twelve chairs"], ["A leather trunk", "An oak table", "A watch"]],
    ]
    page = cut_in_cells(rows, (100, 600, 1100), (300, 380, 550))
    text = "\n".join("\t".join(" ".join(cell) for cell in row) for row in rows)
    assert arrange(across(page)).text == text


def test_values_under_their_labels_are_read_with_them():
    """A form in two columns whose fields are frames with a label above the value; some are empty."""
    rows = [
        [["Surname", "Ada Petit"], ["Street", "9 Mill Lane"]],
        [["Branch"], ["Policy number", "248456"]],
        [["Insurer", "Olga Petit"], ["Telephone"]],
    ]
    page = cut_in_cells(rows, (100, 1000), (300, 460, 620))
    text = "Surname Ada Petit\tStreet 9 Mill Lane\nBranch\tPolicy number 248456\nInsurer Olga Petit\tTelephone"
    assert arrange(across(page)).text == text


def test_groups_of_rows_of_numbers_are_not_joined():
    """Rows of amounts that white parts in groups stay rows, though some cells are empty."""
    groups = [
        [["North", "South"], ["10.00", "20.00"], ["11.00"]],
        [["East", "West"], ["30.00", "40.00"], ["31.00"]],
        [["Home", "Abroad"], ["50.00", "60.00"], ["51.00"]],
    ]
    page = cut_in_cells(groups, (100, 600, 1100), (300, 430, 560))
    told = [text for text in arrange(across(page)).text.split("\n") if text]
    assert told == [
        "North\t10.00\t11.00",
        "South\t20.00",
        "East\t30.00\t31.00",
        "West\t40.00",
        "Home\t50.00\t51.00",
        "Abroad\t60.00",
    ]


def test_an_address_beside_a_small_table_stays_whole():
    """Two blocks with lines at different distances never meet for long."""
    address = ["Bill to:", "Irene Zeller", "190 Mill Lane", "70927 Larchmont"]
    table = [("Invoice No.", "47363"), ("Date", "22 May 2011"), ("Due", "23 June 2011")]
    page = column(address, 100, 500, 300) + [
        line(text, left, 312 + n * 68, left + 18 * len(text))
        for n, row in enumerate(table)
        for left, text in zip((1200, 1500), row, strict=True)
    ]
    told = "\n".join(address) + "\n\n" + "\n".join("\t".join(row) for row in table)
    assert arrange(across(page)).text == told


@pytest.mark.parametrize(
    ("right", "text"),
    [
        ("Case No. 12 COMPLAINT", "Rosa Fischer, Plaintiff, against Hugo\nKeller, Defendant.\n\nCase No. 12 COMPLAINT"),
        ("for its part. The", "Rosa Fischer, Plaintiff, against Hugo\tfor its part. The\nKeller, Defendant."),
    ],
)
def test_a_sentence_is_read_to_its_end_before_what_stands_beside_it(right, text):
    """The parties come before the case; where the right side goes on in small letters, there is only a blank."""
    page = [
        line("Rosa Fischer, Plaintiff, against Hugo", 100, 300, 766),
        line(right, 900, 300, 900 + 18 * len(right)),
        line("Keller, Defendant.", 100, 300 + PITCH, 424),
    ]
    assert arrange([*page, *column(prose(4, width=60), 100, 1300, 300 + 2 * PITCH)]).text.startswith(text)


def test_two_receipts_on_one_sheet_come_one_after_the_other():
    """Their rows meet as long as both list goods, but not to the end."""
    left = [("Rye loaf", "3.20", 300), ("Rolls", "2.40", 368), ("Plum cake", "4.10", 436), ("TOTAL", "9.70", 540)]
    right = [("Plasters", "2.15", 300), ("Syrup", "6.80", 368), ("Cream", "3.95", 436), ("Tissues", "1.25", 504)]
    right.append(("TOTAL", "14.15", 608))
    page = [
        line(text, x, top, x + 18 * len(text))
        for start, rows in ((100, left), (1200, right))
        for name, amount, top in rows
        for x, text in ((start, name), (start + 500, amount))
    ]
    expected = [f"{name}\t{amount}" for name, amount, _ in (*left, *right)]
    assert [text for text in arrange(across(page)).text.split("\n") if text] == expected


def test_the_number_of_the_left_one_of_two_facing_pages_is_read_before_the_right_page():
    """It stands under the middle of its page, not at the foot of the sheet."""
    left, right = prose(20), prose(16, 20)
    number = line("54", 480, 100 + 21 * PITCH, 520)
    page = across([*column(left, 100, 900, 100), *column(right, 980, 1800, 100), number])
    assert words(arrange(page)) == [*said(left), "54", *said(right)]


def test_pieces_of_a_line_are_joined_by_a_space():
    """What the detector split inside a line becomes one line again."""
    page = [line("right", 512, 102, 900), line("left", 100, 100, 500), line("under", 100, 144, 900)]
    assert arrange(page).text == "left right\nunder"


def test_rows_are_kept_together_with_tabs():
    """In layout "rows" cells of one row stand on one line, set apart by tabs."""
    tops = zip("abc", (100, 800, 1500), (100, 104, 98), strict=True)
    page = [each for name, left, top in tops for each in column(names(name, 3), left, left + 200, top)]
    assert arrange(across(page), "rows").text == "aa\tba\tca\nab\tbb\tcb\nac\tbc\tcc"


def test_a_clear_table_is_read_by_rows_without_being_asked():
    """A bill's items keep their prices; its letterhead and closing words are read as text."""
    items = [(line(f"item{n}", 100, 300 + n * 50, 400), line(f"{n},00", 1500, 300 + n * 50, 1600)) for n in range(4)]
    page = [line("letterhead", 100, 60, 900), *(cell for row in items for cell in row), line("thanks", 100, 700, 1000)]
    text = "letterhead\n\nitem0\t0,00\nitem1\t1,00\nitem2\t2,00\nitem3\t3,00\n\nthanks"
    assert arrange(page).text == text


def test_three_columns_of_prose_are_no_table():
    """Columns whose lines fill them are read as columns, however many there are."""
    a, b, c = (prose(12, 12 * n, 24) for n in range(3))
    page = column(a, 100, 600, 100) + column(b, 660, 1160, 100) + column(c, 1220, 1720, 100)
    assert words(arrange(across(page))) == said(a, b, c)


def test_an_empty_cell_keeps_its_place():
    """Each row of a table has as many tabs before a cell as there are columns before it."""
    cells = [
        ("Name", "Mon", "Tue", "Wed"),
        ("Adams", "early", "", "late"),
        ("Brook", "", "late", ""),
        ("Dean", "", "", "late"),
    ]
    lefts = (100, 400, 700, 1000)
    page = [
        line(text, left, 100 + n * 60, left + 110)
        for n, row in enumerate(cells)
        for left, text in zip(lefts, row, strict=True)
        if text
    ]
    assert arrange(page).text == "Name\tMon\tTue\tWed\nAdams\tearly\t\tlate\nBrook\t\tlate\nDean\t\t\tlate"


def test_one_box_a_letter_is_a_word():
    """Single signs at one pitch are joined; a free box is a space."""
    page = [
        line("Postcode", 100, 100, 280),
        *(line(s, 400 + 60 * n, 100, 430 + 60 * n) for n, s in enumerate("TN24 8QX") if s != " "),
    ]
    arranged = arrange(page)
    assert arranged.text == "Postcode\tTN24 8QX"
    assert [arranged.text[word.offset :].startswith(word.text) for word in arranged.lines[1].words] == [True, True]


def test_a_row_of_single_digits_is_no_number():
    """The columns of a table stand further apart than the boxes of a form."""
    page = [
        line("Marks", 100, 100, 280),
        *(line(str(n), 400 + 200 * n, 100, 430 + 200 * n) for n in range(1, 6)),
    ]
    assert arrange(page).text.split() == ["Marks", "1", "2", "3", "4", "5"]


def test_a_wide_gap_and_an_indent_begin_paragraphs():
    """Blank lines stand before a paragraph set off by space and before one whose first line stands in."""
    page = [
        *column(names("a", 4), 100, 900, 100),
        *column(names("b", 3), 100, 900, 100 + 5 * PITCH),
        line("in", 150, 100 + 8 * PITCH, 900),
        *column(names("c", 2), 100, 900, 100 + 9 * PITCH),
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
    level = across(column(A, 100, 900, 100) + column(B, 980, 1800, 100))
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
    assert words(arrange(page)) == said(A, B)


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


def joined(count, gutter=60, first=0):
    """Two columns whose every line the detector has joined; words are about 16 pixels apart."""
    lines = []
    for n, (left, right) in enumerate(zip(prose(count, first), prose(count, first + 40), strict=True)):
        # Words lie elsewhere in each line, as in print; the columns' edges at the gutter stay.
        starts, texts = [], [*left.split(), *right.split()]
        x = 800 - sum(18 * len(text) for text in left.split()) - 16 * (len(left.split()) - 1)
        for place, text in enumerate(texts):
            starts.append(800 + gutter if place == len(left.split()) else x)
            x = starts[-1] + 18 * len(text) + 16
        lines.append(spaced(texts, 100 + n * PITCH, starts))
    return lines


def test_lines_joined_across_a_gutter_are_divided():
    """Each half keeps its words, its offsets and its side of the page, and columns are read one after the other."""
    arranged = arrange(joined(20))
    assert words(arranged) == said(prose(20), prose(20, 40))
    for one in arranged.lines:
        for word in one.words:
            assert arranged.text[word.offset :].startswith(word.text)
        assert (one.text in prose(20)) if one.box.right < 820 else (one.text in prose(20, 40))


def test_lines_found_apart_tell_where_to_divide_the_joined_ones():
    """One joined line among separate ones is divided where they are."""
    page = joined(20)
    left, right = prose(20)[5], prose(20, 40)[5]
    pieces = [line(left, 800 - 18 * len(left), 100 + 5 * PITCH, 800), line(right, 860, 100 + 5 * PITCH, 1500)]
    assert words(arrange([*page[:5], *pieces, *page[6:]])) == said(prose(20), prose(20, 40))


@pytest.mark.parametrize(
    "lines",
    [
        joined(4),
        joined(20, gutter=16),
        [line("no words", 100, 100 + n * PITCH, 900) for n in range(9)],
        [],
    ],
    ids=["few lines", "narrow gap", "no words", "nothing"],
)
def test_nothing_is_divided_without_a_gutter(lines):
    """What too few lines show, and a common space, are left alone."""
    assert [one.text for one in arrange(lines).lines] == [one.text for one in lines]


@pytest.mark.parametrize("page", [*range(40), *(pytest.param(page, marks=pytest.mark.slow) for page in range(40, 200))])
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
    assert [one.text for one in arrange(lines).lines] == [one.text for one in lines]


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
