"""Where the corrected words lie on their page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Box, Correction, Edit, FinishedPage, PageText
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output.word_boxes import LINES_A_PAGE, placed, with_mark
from ocrwatchd.gate.verdicts import apply
from ocrwatchd.ocr.direction import runs_leftward
from tests.fakes.worded import LETTER_PX, LINE_PX, MARGIN_PX, document, worded

WHY = Reason.SIMILAR_WORD


def at(start, end, row=0):
    """The box of these columns of a row."""
    top = MARGIN_PX + 2 * LINE_PX * row
    return Box(MARGIN_PX + LETTER_PX * start, top, MARGIN_PX + LETTER_PX * end, top + LINE_PX)


def boxes(finished):
    """Each word with its box, line by line."""
    return [[(word.text, tuple(map(round, word.box))) for word in line.words] for line in placed(finished)]


def test_a_word_that_was_mended_lies_on_its_own_box():
    """And the others on theirs, with the confidence of what was read there."""
    finished = worded(
        "teh quick\nbrwn fox",
        (Edit(0, "teh", "the", WHY), Edit(10, "brwn", "brown", WHY)),
    )
    assert boxes(finished) == [
        [("the", at(0, 3)), ("quick", at(4, 9))],
        [("brown", at(0, 4, 1)), ("fox", at(5, 8, 1))],
    ]
    assert {word.confidence for line in placed(finished) for word in line.words} == {0.9}


def test_words_that_were_joined_lie_on_the_bounds_of_both():
    """From the first one's left to the last one's right."""
    assert boxes(worded("an exam ple here", (Edit(3, "exam ple", "example", WHY),))) == [
        [("an", at(0, 2)), ("example", at(3, 11)), ("here", at(12, 16))]
    ]


def test_a_word_that_was_split_is_shared_out():
    """Each part has its share of the box, in order, none on the other."""
    (line,) = boxes(worded("x ofthe y", (Edit(2, "ofthe", "of the", WHY),)))
    (_, of), (_, the) = line[1:3]
    assert [text for text, _ in line] == ["x", "of", "the", "y"]
    assert at(2, 7).left == of[0] < of[2] < the[0] < the[2] == at(2, 7).right


def test_a_word_from_both_sides_of_a_lines_end_lies_where_most_of_it_was():
    """Its bounds would cover all that lies between."""
    (line,) = boxes(worded("an exam-\nple here", (Edit(3, "exam-\nple", "example", WHY),)))
    assert line[1] == ("example", at(3, 8))


def test_a_word_that_was_put_in_stands_beside_the_one_before():
    """Narrow, and said to be nobody's word."""
    (line,) = placed(worded("one two", (Edit(3, "", " and", WHY),)))
    assert [(word.text, word.told) for word in line.words] == [("one", True), ("and", False), ("two", True)]
    assert line.words[1].box.left == line.words[0].box.right


def test_an_engine_that_tells_lines_alone_has_them_shared_out():
    """By the words' letters."""
    finished = worded("some words")
    line = finished.page.lines[0]
    page = PageText(1, "some words", 1000, 1400, 0.0, lines=(type(line)(line.text, 0, line.box, 0.7),))
    assert boxes(FinishedPage(page, Correction("some words"))) == [[("some", at(0, 4)), ("words", at(5, 10))]]


def test_text_without_any_box_stands_at_the_top_in_lines():
    """As from an engine in evaluation mode: on the page, one line below the other, and not told as found there."""
    finished = worded("first line\nsecond", boxes=False)
    one, two = placed(finished)
    assert [word.text for word in (*one.words, *two.words)] == ["first", "line", "second"]
    assert not any(word.told for line in (one, two) for word in line.words)
    assert one.box.bottom <= two.box.top < two.box.bottom <= 3 * finished.page.height / LINES_A_PAGE


def test_a_page_that_could_not_be_read_has_its_line():
    """Though it has no size."""
    finished = FinishedPage(PageText(3, "[page 3]", 0, 0, 0.0, error=Message("torn")), Correction("[page 3]"))
    assert [word.text for line in placed(finished) for word in line.words] == ["[page", "3]"]


def test_the_mark_of_evaluation_mode_stands_first():
    """As in NAME.txt."""
    cut = document("scan.png", evaluation=True)
    first = worded("some text")
    told = with_mark(cut, first, placed(first))
    assert " ".join(word.text for word in told[0].words).startswith("[Aspose.OCR evaluation mode:")
    assert told[1:] == placed(first)


@pytest.mark.parametrize(("word", "expected"), [("abc", False), ("שלום", True), ("(سلام", True), ("12", False)])
def test_words_run_as_their_letters_do(word, expected):
    """Digits and marks alone from left to right."""
    assert runs_leftward(word) is expected


def test_the_share_of_a_word_that_runs_to_the_left_counts_from_the_right():
    """The first letters lie to the right."""
    (line,) = placed(worded("שלוםעולם", (Edit(4, "ע", " ע", WHY),)))
    assert line.words[0].box.left > line.words[1].box.left


@given(
    st.text("ab \n", max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6), st.text("xy \n", max_size=6)), max_size=4),
)
def test_every_corrected_word_is_placed_in_order_with_a_box_on_the_page(text, wanted):
    """Whatever was edited."""
    edits, done = [], 0
    for offset, length, after in sorted(wanted):
        if done <= offset <= len(text):
            before = text[offset : offset + length]
            edits.append(Edit(offset, before, after, WHY))
            done = offset + len(before) + (not before)
    finished = worded(text, tuple(edits), size=(1000, 4000))
    lines = placed(finished)
    assert [[word.text for word in line.words] for line in lines] == [
        line.split() for line in apply(text, edits).split("\n")
    ]
    for line in lines:
        for word in line.words:
            assert 0 <= word.box.left < word.box.right
            assert 0 <= word.box.top < word.box.bottom <= 4000
