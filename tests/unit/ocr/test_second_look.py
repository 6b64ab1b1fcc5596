"""Which doubtful lines are read from another side, and which readings count."""

import numpy as np
import pytest

from ocrwatchd.ocr.second_look import FIRST, Reading, read_again

UPRIGHT, HEAD, MIRROR, FLIPPED = "upright", "head", "mirror", "flipped"


def crop(number, width=300):
    """A line's picture whose corners tell the line and the side from which it is seen."""
    picture = np.zeros((40, width, 3), dtype=np.uint8)
    picture[0, 0], picture[0, -1], picture[-1, 0], picture[-1, -1] = 1, 2, 3, 4
    picture[20, width // 2] = number
    return picture


def reader(answers):
    """A recogniser that answers by line and side; all else is unreadable. It notes how much it was asked."""
    sides = {1: UPRIGHT, 2: MIRROR, 3: FLIPPED, 4: HEAD}

    def recognise(crops):
        recognise.asked.append(len(crops))
        told = [(int(picture[18:22, 148:153].max()), sides[int(picture[0, 0, 0])]) for picture in crops]
        return [Reading(*answers.get(each, ("scraps", 0.3)), steps=each) for each in told]

    recognise.asked = []
    return recognise


def test_a_line_on_its_head_is_read_turned():
    """The turned reading replaces the first one, and says that the line stands on its head."""
    first = [Reading("clear line", 0.99, None), Reading("ase", 0.74, None)]
    found = read_again(first, [crop(5), crop(6)], reader({(6, HEAD): ("please", 0.99)}))
    assert found == [first[0], Reading("please", 0.99, (6, HEAD), on_its_head=True)]


@pytest.mark.parametrize("side", [MIRROR, FLIPPED])
def test_a_line_that_is_clear_in_a_mirror_shows_through(side):
    """The sheet may have been turned over about either side; the mirrored text is not taken."""
    found = read_again([Reading("bdA", 0.6, None)], [crop(6)], reader({(6, side): ("Ashford", 0.96)}))
    assert found == [Reading("bdA", 0.6, None, shows_through=True)]


def test_capitals_on_their_head_do_not_show_through():
    """CHECKED on its head reads the same in a mirror."""
    answers = {(6, HEAD): ("CHECKED", 0.98), (6, FLIPPED): ("CHECKED", 1.0)}
    assert read_again([Reading("CHEKE", 0.8, None)], [crop(6)], reader(answers))[0].on_its_head


@pytest.mark.parametrize(
    ("before", "text", "confidence"),
    [(0.6, "100", 1.0), (0.6, "CCO", 1.0), (0.6, "LOIVLIL", 0.88), (0.88, "please", 0.97)],
)
@pytest.mark.parametrize("side", [HEAD, MIRROR, FLIPPED])
def test_weak_evidence_changes_nothing(before, text, confidence, side):
    """Numbers and few letters look alike from several sides, and a slightly better reading may be chance."""
    first = [Reading("lOO", before, None)]
    assert read_again(first, [crop(6)], reader({(6, side): (text, confidence)})) == first


@pytest.mark.parametrize(("side", "text"), [(MIRROR, "MIIA"), (MIRROR, "OTTO"), (FLIPPED, "BECK OX")])
def test_letters_that_look_alike_in_a_mirror_are_no_evidence(side, text):
    """AIIM is MIIA in a mirror."""
    first = [Reading("AlM", 0.8, None)]
    assert read_again(first, [crop(6)], reader({(6, side): (text, 1.0)})) == first


def test_a_number_is_not_turned():
    """The digits of a date look like letters when they stand on their head."""
    first = [Reading("7/74197", 0.7, None)]
    assert read_again(first, [crop(6)], reader({(6, HEAD): ("LOIVLIL", 0.96)})) == first


def test_clear_lines_are_not_read_again():
    """A page without a doubtful line costs nothing."""
    recognise = reader({})
    first = [Reading("clear", 0.95, None)]
    assert read_again(first, [crop(6)], recognise) == first
    assert recognise.asked == []


@pytest.mark.parametrize(("answers", "asked"), [({}, [3 * FIRST]), ({(1, HEAD): ("please", 0.99)}, [3 * FIRST, 24])])
def test_a_page_of_doubtful_lines_is_read_again_only_where_the_longest_lie_otherwise(answers, asked):
    """Handwriting is doubtful throughout: its first lines are enough to tell that none is turned."""
    recognise = reader(answers)
    first = [Reading("scrawl", 0.6, None)] * (FIRST + 8)
    crops = [crop(2)] * 8 + [crop(1, 301)] * FIRST
    found = read_again(first, crops, recognise)
    assert recognise.asked == asked
    assert [reading.on_its_head for reading in found] == [False] * 8 + [bool(answers)] * FIRST
