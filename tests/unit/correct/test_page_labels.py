"""What a page says about its own number."""

import pytest

from ocrwatchd.correct.page_labels import Form, label_with, labels_of


def read(line):
    """Number and total of a first line, 0 for none."""
    return next(((label.number, label.total) for label in labels_of(f"{line}\n{BODY}") if label.top), None)


BODY = "\n".join(["The text of the page goes on as texts do."] * 8)


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("Page 2 of 5", (2, 5)),
        ("Seite 2 von 5", (2, 5)),
        ("page 3 sur 7", (3, 7)),
        ("Pag. 1 di 3", (1, 3)),
        ("Página 1 de 2", (1, 2)),
        ("стр. 2 из 7", (2, 7)),
        ("第2页 共5页", (2, 5)),
        ("Page 2/5", (2, 5)),
        ("2/5", (2, 5)),
        ("- 3/4 -", (3, 4)),
        ("3 of 4", (3, 4)),
        ("Sida 2 (5)", (2, 5)),
        ("2/5 oldal", (2, 5)),
        ("Invoice 4711   12.03.2024   Page 1 of 3", (1, 3)),
        ("Invoice 4711\tPage 1 of 3", (1, 3)),
        ("Page2of5", (2, 5)),
        ("Page: 1 of 2 pages", (1, 2)),
        ("Seite 3", (3, 0)),
        ("Page No. 4", (4, 0)),
        ("2. oldal", (2, 0)),
        ("2ページ", (2, 0)),
        ("- 2 -", (2, 0)),
        ("[12]", (12, 0)),
        ("7", (7, 0)),
        ("xiv", (14, 0)),
        ("10 LAKE BONNEVILLE.", (10, 0)),
        ("FRESHENING OF LAKES\t223", (223, 0)),
    ],
)
def test_a_label_is_read(line, label):
    """In the languages that the engines read, alone or at the end of a line."""
    assert read(line) == label


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("Page l of 3", (1, 3)),
        ("Seite O2 von lO", (2, 10)),
        ("Pagc 2 oi 5", (2, 5)),
        ("Page 5 of S", (5, 5)),
        ("Seite 4 v on 9", (4, 9)),
        ("2/1Z", (2, 12)),
        ("Page l", (1, 0)),
    ],
)
def test_a_misread_label_is_read_all_the_same(line, label):
    """Letters that look like digits are digits there, and one letter of "Page" may be wrong."""
    assert read(line) == label


@pytest.mark.parametrize(
    "line",
    [
        "12/03/2024",
        "5/3",
        "the rules on pages 5 to 7 are",
        "livid",
        "ABC",
        "1234567",
        "see p s",
        "side so of it",
        "D-3",
        "8-78",
        "0",
        "Page 9999999",
        "\N{LATIN SMALL LETTER LONG S}/\N{LATIN SMALL LETTER DOTLESS I}",
        "",
    ],
)
def test_what_is_no_label_is_not_read(line):
    """Dates, fractions, ranges, section numbers and words."""
    assert read(line) is None


def test_the_middle_of_a_page_is_not_looked_at():
    """A number there is a part of the text."""
    assert labels_of(f"{BODY}\nPage 2 of 5\n{BODY}") == []


def test_a_label_knows_its_line_and_its_edge():
    """So that it is no part of the running text."""
    (label,) = labels_of(f"{BODY}\n\nPage 2 of 5\n")
    assert (label.line, label.top, label.form) == (9, False, Form.WORD_OF)


@pytest.mark.parametrize(
    ("line", "number"),
    [("Pa\N{POUND SIGN}e 2 of 5", 2), ("www.example.orgPage 3/5", 3), ("page 4 sur | 5", 4), ("Page 6 of 5", None)],
)
def test_a_known_total_is_enough_to_read_the_number(line, number):
    """Where other pages have told of how many."""
    label = label_with(f"{BODY}\n{line}", 5, top=False)
    assert (label and label.number) == number
    assert label_with(f"{BODY}\n{line}", 5, top=True) is None
