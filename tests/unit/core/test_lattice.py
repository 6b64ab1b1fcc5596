"""Lattices: which probabilities are kept of a line, and how they follow it through cuts."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode

from ocrwatchd.core.lattice import BLANK, CHARACTERS, COLUMN, FLOOR, Lattice
from ocrwatchd.core.model import Box, Word
from ocrwatchd.ocr.layout import RawLine
from ocrwatchd.ocr.rapidocr_decoder import LatticeDecode
from ocrwatchd.ocr.reading_order import divided
from tests.lattices import of_steps

MODEL = [*(c for c in CHARACTERS if c not in {BLANK, " "}), "\uff06", "\u4e2d"]
"""A model's characters, in its order; the decoder puts the blank before them and the space behind."""


@pytest.fixture(scope="module")
def decode():
    """The decoder for a small model."""
    return LatticeDecode(CTCLabelDecode(character=list(MODEL)))


def seen(decode, *steps):
    """What a model saw: for each step the probabilities of some characters, the rest being the blank's."""
    preds = np.zeros((1, len(steps), len(decode.character)), np.float32)
    for step, told in enumerate(steps):
        for character, probability in told.items():
            preds[0, step, decode.dict[character]] = probability
        preds[0, step, 0] = 1 - sum(told.values())
    return preds


def lattice_of(decode, *steps, width=1.0):
    """The lattice of one line that fills a share of its batch's width."""
    _, (info,) = decode(seen(decode, *steps), True, wh_ratio_list=[width], max_wh_ratio=1.0)
    return info.lattice


def test_probabilities_are_kept_as_logarithms(decode):
    """Each column holds ln P of its character, and nothing is less than the floor."""
    lattice = lattice_of(decode, {"a": 0.9, "e": 0.05}, {}, {"b": 1.0})
    assert lattice.columns.dtype == np.float16
    assert math.exp(lattice.columns[0, COLUMN["a"]]) == pytest.approx(0.9, abs=0.001)
    assert math.exp(lattice.columns[0, COLUMN["e"]]) == pytest.approx(0.05, abs=0.001)
    assert lattice.columns[1, COLUMN[BLANK]] == 0
    assert lattice.columns[2, COLUMN["a"]] == pytest.approx(math.log(1e-9), abs=0.01)
    assert lattice.steps == (0, 2)


def test_full_width_forms_count_as_ascii(decode):
    """What the model gives the full-width form is added to the usual one's."""
    lattice = lattice_of(decode, {"&": 0.3, "\uff06": 0.6})
    assert math.exp(lattice.columns[0, COLUMN["&"]]) == pytest.approx(0.9, abs=0.001)


def test_a_line_does_not_hold_the_padding_of_its_batch(decode):
    """Of a line half as wide as the widest, half of the steps and two more belong to it."""
    assert len(lattice_of(decode, {"a": 0.9}, *[{}] * 19, width=0.5).columns) == 12


def test_a_line_holds_all_that_was_read_of_it(decode):
    """RapidOCR takes narrow lines to end before their last letters; these have their steps too."""
    lattice = lattice_of(decode, {"a": 1.0}, *({} for _ in range(8)), {"b": 1.0}, {"c": 1.0}, {}, width=0.1)
    assert lattice.steps == (0, 9, 10)
    assert [lattice.space_at(gap) for gap in (1, 2)] == [pytest.approx(math.log(1e-9), abs=0.01)] * 2


def test_a_space_is_looked_for_between_two_letters(decode):
    """The space's greatest probability in the gap counts; letters side by side count themselves."""
    lattice = lattice_of(decode, {"a": 0.9}, {" ": 0.1}, {" ": 0.3}, {"b": 0.9}, {"c": 0.8, " ": 0.1})
    assert math.exp(lattice.space_at(1)) == pytest.approx(0.3, abs=0.001)
    assert math.exp(lattice.space_at(2)) == pytest.approx(0.1, abs=0.001)


def test_a_part_keeps_its_steps(decode):
    """Each part has the steps up to the middle of the gap, counted from its own beginning."""
    lattice = lattice_of(decode, {"a": 0.9}, {}, {"b": 0.9}, {}, {" ": 0.3}, {}, {"c": 0.9}, {})
    left, right = lattice.part(0, 2), lattice.part(2, 3)
    assert (left.steps, right.steps) == ((0, 2), (2,))
    assert np.array_equal(np.vstack([left.columns, right.columns]), lattice.columns)
    assert math.exp(right.columns[right.steps[0], COLUMN["c"]]) == pytest.approx(0.9, abs=0.001)


def columns_of(*steps):
    """The columns of a line of which the recogniser saw these characters, sure of each."""
    columns = np.full((len(steps), len(CHARACTERS)), math.log(1e-4), np.float16)
    columns[range(len(steps)), [COLUMN[character] for character in steps]] = math.log(0.98)
    return columns


SEEN = [BLANK, "a", "a", BLANK, "l", BLANK, "l", " ", "o", "f", BLANK, "x", BLANK]


@pytest.mark.parametrize("text", ["all of x", "all ofx", " a l l  of\tx"])
def test_a_text_is_aligned_with_what_was_seen(text):
    """Each letter gets the step at which it appears, as if the recogniser had read it; spaces may be new."""
    lattice = Lattice.aligned(columns_of(*SEEN), text)
    assert lattice.steps == (1, 4, 6, 8, 9, 11)
    assert lattice.columns.shape == (len(SEEN), len(CHARACTERS))


def test_letters_that_were_read_otherwise_keep_their_place():
    """The others stay at their steps; the doubt about the word is great, and what was seen is an alternative."""
    lattice = Lattice.aligned(columns_of(*SEEN), "all oi x")
    assert lattice.steps == (1, 4, 6, 8, 9, 11)
    word = lattice.part(3, 5)
    assert word.doubt("oi") > 0.9
    assert "of" in word.alternatives()


def test_the_same_letter_twice_needs_a_gap():
    """Of "ll" where the recogniser saw one, the second letter is not in the same ink: a step of its own."""
    lattice = Lattice.aligned(columns_of("a", "l", "l", BLANK, "o", "f", "e", "n", "s"), "allofens")
    assert lattice.steps in {(0, 1, 3, 4, 5, 6, 7, 8), (0, 2, 3, 4, 5, 6, 7, 8)}


@pytest.mark.parametrize("text", ["", " \t", "all \u0436 x", "eight ten", "a text that is longer than the line"])
def test_a_text_that_is_not_on_the_picture_has_no_lattice(text):
    """Nothing, letters that are not kept, another line's text, and more letters than steps."""
    assert Lattice.aligned(columns_of(*SEEN), text) is None


def test_letters_that_stand_apart_are_no_word():
    """Where the recogniser saw a space behind each letter, a text without spaces does not fit."""
    columns = columns_of(*" ".join("apart"))
    assert Lattice.aligned(columns, "a p a r t").steps == (0, 2, 4, 6, 8)
    assert Lattice.aligned(columns, "apart") is None


def test_the_pieces_of_a_divided_line_keep_their_lattices():
    """Where a gutter divides a line, each piece has the steps of its own letters."""
    texts, words, left, offset = ["this", "column", "stands", "that", "one", "beside"], [], 100.0, 0
    for text in texts:
        left += 60.0 * (text == "that")
        words.append(Word(text, offset, Box(left, 100.0, left + 18 * len(text), 140.0), 0.9))
        left, offset = words[-1].box.right + 16, offset + len(text) + 1
    letters = len("".join(texts))
    columns = np.arange(letters, dtype=np.float16)[:, None].repeat(len(CHARACTERS), axis=1)
    box = Box(100.0, 100.0, words[-1].box.right, 140.0)
    line = RawLine(" ".join(texts), box, 0.9, tuple(words), lattice=Lattice(columns, tuple(range(letters))))
    pieces = divided(line, [words[3].box.left - 20.0])
    assert [piece.text for piece in pieces] == ["this column stands", "that one beside"]
    for piece in pieces:
        letters = "".join(piece.text.split())
        first = "".join(texts).index(letters)
        found = [piece.lattice.columns[step, 0] for step in piece.lattice.steps]
        assert found == list(range(first, first + len(letters)))


def test_lattices_do_not_make_lines_differ():
    """Lines are compared by what they say and where."""
    line = RawLine("a", Box(0, 0, 1, 1))
    assert replace(line, lattice=Lattice(np.zeros((1, 1), np.float16), (0,))) == line


def enumerated(lattice, text):
    """P of a text by looking at every path, white space at the ends taken off."""
    total = 0.0
    probabilities = np.exp(lattice.columns.astype(np.float64))
    some = [column for column in range(len(CHARACTERS)) if probabilities[:, column].max() > 1e-6]
    for path in itertools.product(some, repeat=len(probabilities)):
        written = "".join(CHARACTERS[column] for column, _ in itertools.groupby(path))
        if written.strip() == text:
            total += math.prod(probabilities[step, column] for step, column in enumerate(path))
    return total


@pytest.mark.parametrize("text", ["aa", "a", "ab", "b a"])
def test_a_texts_probability_is_the_sum_over_its_paths(text):
    """The forward algorithm gives what all paths give together, for doubled letters and spaces inside too."""
    lattice = of_steps({"a": 0.5, "b": 0.2, " ": 0.1}, {"a": 0.3, " ": 0.2}, {"a": 0.6, "b": 0.1}, {" ": 0.4})
    assert math.exp(lattice.log_probabilities([text, "b"])[0]) == pytest.approx(enumerated(lattice, text), rel=0.02)


def test_a_text_too_long_for_the_steps_is_impossible():
    """More characters than steps cannot be."""
    assert of_steps({"a": 0.5}, {"b": 0.5}).log_probabilities(["abab"])[0] < -1e6


def test_a_character_that_is_not_kept_has_the_least_probability():
    """A sign beyond the columns costs the floor at each step."""
    told = of_steps({"a": 0.9}).log_probabilities(["a", "\u4e2d"])
    assert told[0] - told[1] == pytest.approx(math.log(0.9 / FLOOR), abs=0.1)


def test_alternatives_come_with_the_most_probable_first():
    """The search finds what the picture allows, and strips spaces at the ends."""
    lattice = of_steps({"h": 0.98}, {"n": 0.6, "u": 0.38}, {"m": 0.97}, {"a": 0.99}, {}, {"n": 0.97}, {" ": 0.9})
    found = lattice.alternatives()
    assert found[:2] == ["hnman", "human"]
    told = lattice.log_probabilities(found[:2])
    assert told[0] > told[1]


def test_doubt_is_what_speaks_against_the_text():
    """A clear word is read without doubt, whatever the borders of letters; a second letter at a step is a doubt."""
    clear = of_steps({"a": 0.6}, {"a": 0.3}, {"b": 0.999}, {})
    assert replace(clear, steps=(0, 2)).doubt("ab") < 0.01
    assert of_steps({"a": 0.6, "o": 0.3}, {"b": 0.999}).doubt("ab") == pytest.approx(0.3, abs=0.01)
