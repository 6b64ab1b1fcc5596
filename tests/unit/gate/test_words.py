"""Words and the marks around them."""

from __future__ import annotations

import time

import pytest

from ocrwatchd.gate.words import core, folded, parts, plain_marks, typed


@pytest.mark.parametrize(
    ("word", "front", "inside", "back"),
    [
        ("“Hello,”", "“", "Hello", ",”"),
        ("it\u2019s", "", "it\u2019s", ""),
        ("_x_", "_", "x", "_"),
        ("—…", "—…", "", ""),
        ("", "", "", ""),
    ],
)
def test_a_word_and_the_marks_around_it(word: str, front: str, inside: str, back: str) -> None:
    """A word is parted from the marks around it, not from those inside it."""
    assert parts(word) == (front, inside, back)
    assert core(word) == inside


def test_words_are_counted_in_one_form() -> None:
    """Capitals, marks around a word, and which apostrophe a page has make no other word."""
    assert folded("“It\u2019s") == folded("it's,") == "it's"


def test_marks_that_a_printer_chooses_between() -> None:
    """Quotes and dashes have one form each; a typewriter has one sign for quotes and apostrophes."""
    assert plain_marks("\u2039«\u2013…") == "'\"-."
    assert typed("\u2039«\u2013…") == "''-..."


def test_a_long_run_of_marks_costs_little() -> None:
    """The time to part a word grows with its length, not with the square: no page can hold the daemon up so."""
    began = time.process_time()
    assert core("(a" + 20_000 * "!" + "b") == "a" + 20_000 * "!" + "b"
    assert time.process_time() - began < 1
