"""Spaces that the recogniser lost: put back where picture, gap and words agree, and nowhere else."""

import math

import numpy as np
import pytest

from ocrwatchd.core.lattice import CHARACTERS, COLUMN, Lattice
from ocrwatchd.core.model import Box, Word
from ocrwatchd.ocr.layout import RawLine
from ocrwatchd.ocr.spaces import spaced


def line(text, sure=0.0, pitch=2, gap=5, confidence=0.9):
    """A line whose letters are ``pitch`` steps apart, and its words ``gap``; a step is 10 pixels wide.

    "|" is a lost space, whose probability in the lattice is ``sure``.
    """
    steps, lost, at = [], [], 1
    for sign in text:
        if sign in " |":
            at += gap - pitch
            if sign == "|":
                lost.append(at - 1)
            continue
        steps.append(at)
        at += pitch
    columns = np.full((at + 2, len(CHARACTERS)), math.log(1e-9), np.float16)
    columns[lost, COLUMN[" "]] = math.log(max(sure, 1e-9))
    read = text.replace("|", "")
    for sign, step in zip(read.replace(" ", ""), steps, strict=True):
        if sign in COLUMN:
            columns[step, COLUMN[sign]] = math.log(confidence)
    words, first, offset = [], 0, 0
    for word in read.split():
        left, right = steps[first] * 10 - 10, steps[first + len(word) - 1] * 10 + 10
        words.append(Word(word, offset, Box(left, 0, right, 40), 0.8))
        first, offset = first + len(word), offset + len(word) + 1
    return RawLine(read, Box(0, 0, at * 10, 40), 0.9, tuple(words), lattice=Lattice(columns, tuple(steps)))


def read(text, languages=("eng",), **told):
    """The text of a line with its spaces put back."""
    (found,) = spaced([line(text, **told)], languages)
    return found.text


@pytest.mark.parametrize(
    "text",
    [
        "welcomed nine|members",
        "that the|bridge|should be painted",
        "12 March|2024",
        "the bill of 318.40|is payable",
        "Order 7 of 30 for 14|Mill Lane",
        "Ashford TN24|8QX",
    ],
)
def test_lost_spaces_come_back(text):
    """Between words, and between words and numbers, where the recogniser half saw a space and the gap is a word's."""
    assert read(text, sure=0.3) == text.replace("|", " ")


@pytest.mark.parametrize("text", ["the tele|phone rang", "the sum is 1|204 today", "the com|mittee met"])
def test_no_space_is_put_into_a_word_or_a_number(text):
    """A trace of a space is not enough against the words."""
    assert read(text, sure=0.02, gap=4) == text.replace("|", "")


def test_nothing_is_invented_in_a_justified_line():
    """Wide gaps alone, as in a spaced or justified line, are no spaces: the recogniser must have seen one."""
    assert read("the|old|lamps should be kept", sure=0.0, gap=9) == "theoldlamps should be kept"
    assert read("w i|d e l y spaced", sure=0.01, pitch=5, gap=7) == "w id e l y spaced"


def test_chinese_gets_no_spaces():
    """Between Chinese signs, and between them and others, no space is put, however sure the recogniser is."""
    assert read("\u4e2d|\u6587|A4", ("zho",), sure=0.9) == "\u4e2d\u6587A4"


def test_a_line_without_a_lattice_stays():
    """Other engines tell none."""
    plain = RawLine("ninemembers", Box(0, 0, 100, 40))
    assert spaced([plain], ("eng",)) == [plain]


def test_words_are_divided_with_their_boxes_and_confidences():
    """Each part has its own letters' place and confidence; later words move on in the text, and not on the page."""
    before = line("and the|old|lamps burn", sure=0.4)
    (found,) = spaced([before], ("eng",))
    assert found.text == "and the old lamps burn"
    assert [word.text for word in found.words] == found.text.split()
    assert all(found.text[word.offset :].startswith(word.text) for word in found.words)
    assert [found.words[0].box, found.words[-1].box] == [before.words[0].box, before.words[-1].box]
    parts = [word.box for word in found.words[1:4]]
    assert [(box.left, box.right) for box in parts] == [(90, 150), (180, 240), (270, 370)]
    assert [word.confidence for word in found.words] == pytest.approx([0.8, 0.9, 0.9, 0.9, 0.8], abs=0.01)
