"""Which lines are too pale to be print of this side of the sheet."""

import numpy as np
import pytest

from ocrwatchd.ocr.second_look import Reading
from ocrwatchd.ocr.show_through import ink_of, with_pale_lines


def crop(ink, paper=240):
    """Bars of print on paper."""
    picture = np.full((40, 300, 3), paper, dtype=np.uint8)
    picture[10:30, ::6] = paper - ink
    return picture


def through(*lines):
    """Which of lines, told by confidence, ink and whether they were found mirrored, show through."""
    readings = [Reading("text", confidence, None, shows_through=mirrored) for confidence, _, mirrored in lines]
    found = with_pale_lines(readings, [crop(ink) for _, ink, _ in lines])
    return [reading.shows_through for reading in found]


@pytest.mark.parametrize("paper", [255, 120])
def test_ink_is_the_difference_from_the_paper(paper):
    """Dark paper does not make dark print."""
    assert ink_of(crop(100, paper)) == 100
    assert ink_of(crop(0, paper)) == 0


def test_pale_doubtful_lines_show_through():
    """Much paler than the page's print, and read with doubt: both are needed."""
    lines = [(0.99, 200, False)] * 3 + [(0.6, 40, False), (0.97, 40, False), (0.6, 90, False)]
    assert through(*lines) == [False, False, False, True, False, False]


def test_beside_mirrored_lines_whatever_is_as_pale_shows_through():
    """Signs such as 000 read the same in a mirror, and with confidence; a pencil's note is darker."""
    lines = [(0.99, 200, False)] * 3 + [(0.7, 40, True), (1.0, 45, False), (0.97, 90, False)]
    assert through(*lines) == [False, False, False, True, True, False]


def test_a_dark_mirrored_line_tells_nothing_about_others():
    """Print seen in a mirror on the front itself is no measure of what shows through."""
    lines = [(0.99, 200, False)] * 3 + [(0.7, 190, True), (0.97, 90, False)]
    assert through(*lines) == [False, False, False, True, False]


def test_a_page_of_doubtful_lines_alone_is_left_as_it_is():
    """Without print that is surely of this side nothing is pale."""
    assert through((0.6, 200, False), (0.6, 20, False)) == [False, False]
