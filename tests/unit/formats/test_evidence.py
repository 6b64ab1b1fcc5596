"""What was weighed for an edit, in words, and which words a reader is asked to check."""

import typing

import pytest

from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.model import Correction, Doubt, Edit, Source, Term
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output.edit_positions import delivered_word, raw_offset
from ocrwatchd.formats.output.evidence import MOST_ASKED, asked, in_words, request
from ocrwatchd.gate import features, judge

WHY = Reason.SIMILAR_WORD
ENGLISH = language("")
MINUS = "\N{MINUS SIGN}"


def test_terms_are_said_in_their_order_with_source_and_sum():
    """Each with its sign; the sum is the one that is given."""
    said = in_words("picture", (Term("picture", -0.42), Term("words", 6.14)), 5.7, ENGLISH)
    assert said == f"proposed by the picture; the picture allows it: {MINUS}0.4; a frequent word: +6.1; sum: +5.7 nats"


@pytest.mark.parametrize(
    ("nats", "words"),
    [(0.3, "allows"), (-2.0, "allows"), (-2.1, "hardly allows"), (-4.0, "hardly allows"), (-4.1, "contradicts")],
)
def test_the_picture_allows_or_contradicts(nats, words):
    """By how much the reading of the picture loses."""
    assert in_words("", [("picture", nats)], nats, ENGLISH).startswith(f"the picture {words} it: ")


@pytest.mark.parametrize(
    ("name", "favourable", "against"),
    [
        ("words", "a frequent word", "a rare word"),
        ("digits", "a known number format", "no known number format"),
        ("context", "the word fits the sentence", "the word does not fit the sentence"),
        ("a name to come", "a name to come", "a name to come"),
    ],
)
def test_what_speaks_against_an_edit_is_said_otherwise(name, favourable, against):
    """A term of another version is said by its name."""
    assert in_words("", [(name, 1.0)], 1.0, ENGLISH).startswith(f"{favourable}: +1.0")
    assert in_words("", [(name, -1.0)], -1.0, ENGLISH).startswith(f"{against}: {MINUS}1.0")


def test_nothing_is_said_where_nothing_is_known():
    """Neither of a source nor of a sum; a term that is nothing is left out."""
    assert in_words("", (), 0.0, ENGLISH) == ""
    assert in_words("model", (), 0.0, ENGLISH) == "proposed by the language model"
    said = in_words("", [("words", 0.04), ("marks", 1.0)], 1.0, ENGLISH)
    assert said == "the usual punctuation: +1.0; sum: +1.0 nats"


def test_every_source_is_said():
    """Whoever adds one finds words for it."""
    assert all(in_words(source, (), 0.0, ENGLISH) for source in typing.get_args(Source) if source)


def test_the_most_doubtful_words_are_asked_for_first():
    """So many, and none that is hardly doubtful."""
    doubts = [Doubt(offset, 1, wrong) for offset, wrong in enumerate((0.2, 0.9, 0.05, 0.9, 0.1))]
    assert [doubt.offset for doubt in asked(doubts)] == [1, 3, 0, 4]
    assert len(asked([Doubt(offset, 1, 0.5) for offset in range(40)])) == MOST_ASKED


def test_the_request_tells_what_checking_is_good_for():
    """Whole numbers without a decimal; never less than no errors."""
    assert str(request([0.9, 0.6, 0.5, 1.0, 1.0], 6.0)) == "Check 5 words: expected errors 6 \N{RIGHTWARDS ARROW} 2"
    assert str(request([0.75], 0.749)) == "Check 1 word: expected errors 0.7 \N{RIGHTWARDS ARROW} 0"


RAW = "a teh bhnd storrnlast x"
EDITS = (
    Edit(2, "teh", "the", WHY),
    Edit(6, "", "be", WHY),
    Edit(11, "storrnlast", "storm last", WHY),
)
DELIVERED = "a the bebhnd storm last x"


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [(0, 1, ("a", None)), (2, 3, ("the", 0)), (6, 4, ("bebhnd", 1)), (11, 6, ("storm last", 2)), (22, 1, ("x", None)),
     (2, 8, ("the bebhnd", 0))],
)  # fmt: skip
def test_a_doubtful_word_is_told_as_it_is_delivered(offset, length, expected):
    """With all of the edits that touch the word, and the first one of them."""
    assert delivered_word(RAW, Doubt(offset, length, 0.5), EDITS) == expected


@pytest.mark.parametrize(("offset", "expected"), [(0, 0), (2, 2), (4, 2), (6, 6), (8, 6), (9, 7), (13, 11), (24, 22)])
def test_a_place_of_the_delivered_text_is_found_in_the_raw_one(offset, expected):
    """Inside an edit it is the edit's."""
    correction = Correction(DELIVERED, EDITS)
    assert raw_offset(offset, correction.edits) == expected


@pytest.mark.parametrize("code", ["", "de", "zh"])
@pytest.mark.parametrize("name", sorted({*judge.TERMS, *features.TERMS.values()}))
def test_every_term_is_said_in_every_language(code, name):
    """By the gate and by the picture: whoever adds one finds words for it."""
    for nats in (1.0, -9.0):
        said = in_words("", [(name, nats)], nats, language(code))
        assert not said.startswith(f"{name}: ")
        assert (said == in_words("", [(name, nats)], nats, ENGLISH)) == (not code)


def test_a_term_of_another_version_is_no_template():
    """Receipts lie where other people write."""
    assert in_words("", [("{0.x}", 1.0)], 1.0, language("de")).startswith("{0.x}: +1.0")
