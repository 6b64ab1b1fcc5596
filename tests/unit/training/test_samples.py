"""What the built-in model learns from: misreadings, counted and made."""

from __future__ import annotations

import random

import pytest

from ocrwatchd.correct.confusions import confusions_of
from ocrwatchd.llm.builtin.training_units import Unit
from ocrwatchd.llm.builtin.vocabulary import NEWLINE, SPACE
from ocrwatchd.training.confusions import Confusions, counted
from ocrwatchd.training.corpus import is_validation, same_but_for_style
from ocrwatchd.training.noise import Noise

TEXT = "The president has appointed John Pitts to attend the centennial.\nHe paid 1,250.00 for A-4711 on 12.03.1998."


@pytest.mark.parametrize(
    ("read", "true", "found"),
    [
        ("tbe", "the", [("h", "b")]),
        ("modem", "modern", [("rn", "m")]),
        ("the", "the", []),
        ("xyzzy", "the", []),
    ],
)
def test_confusions_of_a_word(read: str, true: str, found: list[tuple[str, str]]) -> None:
    """Neighbouring changes are one confusion, and a ruined word shows none."""
    assert confusions_of(read, true) == found


def test_rare_confusions_are_left_out() -> None:
    """What was seen once may be chance."""
    assert counted([("tbe", "the"), ("tbat", "that"), ("xhat", "what")]) == {"h": {"b": 2}}


def test_misreadings_are_drawn_as_they_were_counted() -> None:
    """A word is misread only in ways that the table knows, in a place where it fits."""
    table = Confusions({"rn": {"m": 1}})
    assert table.misread("modern", random.Random(1)) == "modem"
    assert table.misread("word", random.Random(1)) == "word"


def _true(units: list[Unit]) -> str:
    pieces = []
    for unit in units:
        right = " ".join(unit.words) if unit.repair is None else unit.repair
        if right:
            pieces += [right, "\n" if unit.gaps[-1] == NEWLINE else " "]
        elif unit.gaps[-1] == NEWLINE:
            pieces[-1] = "\n"
    return "".join(pieces).strip()


@pytest.mark.parametrize("seed", range(60))
def test_every_misread_text_can_be_repaired(seed: int) -> None:
    """The repairs give the text back, line breaks included, whatever the style."""
    noise = Noise(random.Random(seed))
    assert _true(noise.misread(TEXT, noise.style(1.0), 0.2)) == TEXT


def test_no_digit_is_read_as_another_one() -> None:
    """Digits are misread as letters at most, for nobody could tell which digit was right."""
    noise = Noise(random.Random(3))
    text = "1,250.00 12.03.1998 A-4711 90210"
    for _ in range(200):
        for unit in noise.misread(text, noise.style(1.0)):
            if unit.repair and unit.repair[0].isdigit() and len(unit.words) == 1 and " " not in unit.repair:
                pairs = zip(unit.words[0], unit.repair, strict=True)
                assert all(read == true or not read.isdigit() for read, true in pairs)


def test_at_least_three_in_ten_documents_are_clean() -> None:
    """A model that sees errors everywhere mends what is right."""
    noise = Noise(random.Random(5))
    clean = sum(noise.style(0.5) is None for _ in range(2000))
    assert clean >= 0.28 * 2000


def test_exercises_are_good_words_without_a_question() -> None:
    """A word that is to be spelled again for exercise teaches no decision."""
    units = Noise(random.Random(1)).misread("a good word", None, copied=1.0)
    assert units == [
        Unit(("a",), (SPACE,), "a", asked=False),
        Unit(("good",), (SPACE,), "good", asked=False),
        Unit(("word",), (NEWLINE,), "word", asked=False),
    ]


def test_validation_is_two_in_a_hundred_and_stays_so() -> None:
    """Which paragraphs are kept aside depends on nothing but their text."""
    kept = sum(is_validation(f"paragraph {number}") for number in range(20_000))
    assert 300 < kept < 500


def test_quotes_and_dashes_make_no_other_word() -> None:
    """The shape of a quote is no error to repair."""
    assert same_but_for_style("\u201cdon\u2019t\u201d", '"don\'t"')
    assert not same_but_for_style("dont", "don't")
