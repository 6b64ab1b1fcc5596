"""What is told of pages that were read with little confidence."""

import pytest

from ocrwatchd.core.model import Box, Line, Word
from ocrwatchd.ocr.layout import RawLine
from ocrwatchd.ocr.page_confidence import clear_lines, low_confidence


def line(*confidences, own=None):
    """A line whose words were read with these."""
    return Line("a " * len(confidences), 0, None, own, tuple(Word("a", 0, None, each) for each in confidences))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], ""),
        ([line(None, None)], ""),
        ([line(0.99, 0.5, own=0.2), line(*[1.0] * 20)], ""),
        ([line(0.95)], ""),
        ([line(0.9499)], "94 %"),
        ([line(0.8, None, 0.9), line(0.72)], "80 %"),
        ([line(own=0.6)], "60 %"),
    ],
)
def test_a_page_of_doubtful_words_says_so(lines, told):
    """By the mean of its words, else of its lines; one doubtful word is no doubtful page."""
    warnings = low_confidence(lines)
    assert len(warnings) == bool(told)
    assert all(f"read with {told} confidence" in each and "scan the page again" in each for each in warnings)


def test_lines_far_less_clear_than_the_page_are_no_print():
    """A signature read as scraps goes; amounts, words and single signs stay, so does a page of poor print."""
    box = Box(0, 0, 100, 40)
    texts = {
        "We look forward": 0.99,
        "to your order.": 0.99,
        "Sincerely,": 0.98,
        "Jo Imhof": 0.98,
        "Oldham 55435": 0.85,
    }
    print_ = [RawLine(text, box, confidence) for text, confidence in texts.items()]
    amounts = [RawLine("7/74197", box, 0.6), RawLine("C 1", box, 0.55)]
    stamp = RawLine("PAID 12 March", box, 0.6)
    scraps = RawLine("KA Jrsepkien", box, 0.61)
    assert clear_lines([*print_, *amounts, stamp, scraps], ("eng",)) == [*print_, *amounts, stamp]
    poor = [RawLine(text, box, 0.7) for text in ("Sinerely", "Haed of sals")]
    assert clear_lines([*poor, scraps], ("eng",)) == [*poor, scraps]
    assert clear_lines([], ("eng",)) == []
