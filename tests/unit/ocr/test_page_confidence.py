"""What is told of pages that were read with little confidence."""

import pytest

from ocrwatchd.core.model import Line, Word
from ocrwatchd.ocr.page_confidence import low_confidence


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
    assert all(f"read with {told} confidence" in each and "scan that again" in each for each in warnings)
