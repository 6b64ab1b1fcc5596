"""Columns of Chinese and Japanese are read from right to left."""

from ocrwatchd.core.model import Box
from ocrwatchd.ocr.layout import RawLine, arrange


def column(text, x, top, size=40):
    """A column of square signs whose left side is at x."""
    return RawLine(text, Box(x, top, x + size, top + size * len(text)))


def row(text, left, y, size=40):
    """A row of square signs."""
    return RawLine(text, Box(left, y, left + size * len(text), y + size))


def test_columns_are_read_from_right_to_left_and_keep_their_boxes():
    """Each column is a row of the text."""
    lines = [column("孩子们在河边", 100, 100), column("老人慢慢走过", 180, 100), column("春天来了院子", 260, 100)]
    found = arrange(lines)
    assert found.text == "春天来了院子\n老人慢慢走过\n孩子们在河边"
    assert [line.box for line in found.lines] == [line.box for line in reversed(lines)]


def test_pieces_of_one_column_are_joined():
    """A detector may end a line at a full stop."""
    lines = [column("小猫坐在窗台", 100, 100), column("春天来了", 180, 100), column("院子里的梅花", 181, 264)]
    assert arrange(lines).text == "春天来了院子里的梅花\n小猫坐在窗台"


def test_the_upper_tier_is_read_before_the_lower_one():
    """Each tier from right to left."""
    first = "天地玄黄宇宙洪荒日月盈昃辰宿列張"
    upper = [column(f"{sign}二三四五六七八", 700 - 70 * n, 100) for n, sign in enumerate(first[:8])]
    lower = [column(f"{sign}二三四五六七八", 700 - 70 * n, 520) for n, sign in enumerate(first[8:])]
    text = arrange([*lower, *upper]).text
    assert [each[0] for each in text.split()] == list(first)


def test_a_column_that_stands_in_begins_a_paragraph():
    """Japanese sets a paragraph in by one sign."""
    lines = [
        column("一" * 9, 500, 140),
        column("二" * 10, 430, 100),
        column("三" * 9, 360, 140),
        column("四" * 10, 290, 100),
        column("五" * 10, 220, 100),
    ]
    assert [each[0] for each in arrange(lines).text.split("\n\n")] == ["一", "三"]


def test_a_page_of_rows_with_one_vertical_heading_is_read_in_rows():
    """Most of the page decides."""
    rows = [row("学而时习之不亦说乎", 100, 100 + 60 * n) for n in range(4)]
    found = arrange([column("论语", 600, 100), *rows])
    assert [line.box for line in found.lines if line.text != "论语"] == [line.box for line in rows]


def test_letters_on_their_side_are_no_columns():
    """A margin of Latin print is not written from right to left."""
    lines = [RawLine(text, Box(x, 100, x + 40, 700)) for text, x in (("first line", 100), ("second line", 200))]
    assert [line.box for line in arrange(lines).lines] == [line.box for line in lines]
