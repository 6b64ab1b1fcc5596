"""The gate's own candidates: words that are plainly misread are mended without a model, on badly read pages alone."""

import pytest

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Edit
from ocrwatchd.gate.own_words import own_edits
from ocrwatchd.gate.verdicts import Evidence, Policy, apply

ENGLISH = Evidence(lexicon=lexicon(("eng",)))
MISREAD = "the man lookcd at his ncighbour, whcn the horsc went homc with a qniet step and nothing was hcard,"
MENDED = "the man looked at his neighbour, when the horse went home with a quiet step and nothing was heard,"


def mended(source, edits=(), refused=(), evidence=ENGLISH):
    """A text with the gate's own edits alone."""
    return apply(source, own_edits(source, edits, refused, Policy(), evidence))


def test_a_badly_read_page_is_mended_without_a_model():
    """Each word that is in no list becomes the likeliest one that it may be; the source of the edit is told."""
    assert mended(MISREAD) == MENDED
    assert {edit.source for edit in own_edits(MISREAD, (), (), Policy(), ENGLISH)} == {"words"}


@pytest.mark.parametrize(
    "text",
    [
        "the farmer looked at his ncighbour and went home",
        "it was a brave sennight of enigmatical judicatories, and the whalemen expatiated on their peltry",
        "il ne pouvait défendre la conquête, et la galère fut détruite",
    ],
)
def test_a_page_that_was_read_well_stays(text):
    """A lone odd word, old spellings, rare words and foreign ones say nothing about the page."""
    assert mended(text) == text


@pytest.mark.parametrize(
    "word", ["Dekins", "Sangsby", "Frnest", "Keesing", "Wrn", "4tb", "a.b@exarnple.org", "CRT-2b", "xqzvbrt"]
)
def test_names_numbers_and_what_no_word_is_near_to_stay(word):
    """Also on a page that was read badly."""
    assert mended(f"{MISREAD} {word} said").endswith(f" {word} said")


@pytest.mark.parametrize(("read", "true"), [("Austialia", "Australia"), ("Liabililies", "Liabilities")])
def test_a_word_with_a_capital_is_mended_where_no_other_word_comes_near(read, true):
    """Its misreading must be a usual one, too."""
    assert mended(f"{MISREAD} {read} said").endswith(f" {true} said")


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("he went In to the house", "he went in to the house"),
        ("the Jury was out", "the jury was out"),
        ("he came In July with us", "he came In July with us"),
        ("the house of India stood", "the house of India stood"),
        ("he went out. It was late", "he went out. It was late"),
        ("the great Inspector of mines", "the great Inspector of mines"),
    ],
)
def test_words_that_are_seldom_written_with_a_capital_get_their_small_letter_back(text, true):
    """Between words in small letters alone; names, titles and what begins a sentence stay."""
    assert mended(f"{MISREAD} {text}") == f"{MENDED} {true}"


def test_no_small_letters_are_given_where_not_all_is_english():
    """Other languages write other words with a capital."""
    two = Evidence(lexicon=lexicon(("eng", "deu")))
    assert mended(f"{MISREAD} the Jury was out", evidence=two).endswith("the Jury was out")


def test_a_page_tells_how_it_was_misread():
    """A word becomes another one sooner where the same letter was misread for the same one before."""
    source = f"{MISREAD} a proporty"
    assert mended(source).endswith("a proporty")
    words = "moro moro moro "
    edits = [Edit(at, "moro", "more", "similar word") for at in (0, 5, 10)]
    assert mended(words + source, edits=edits).endswith("a property")


def test_a_word_that_the_page_has_stays():
    """What comes again and again, and its candidate never, is no misreading."""
    text = f"{MISREAD} branchiae of one, branchiae of two, branchiae of all"
    assert mended(text).endswith("branchiae of one, branchiae of two, branchiae of all")


def test_what_a_model_spoke_about_is_left_to_it():
    """Neither a word that it mended nor one of which its proposal was refused gets a candidate."""
    at = MISREAD.index("horsc")
    refused = (Edit(at, "horsc", "worse", "another word is likelier"),)
    assert mended(MISREAD, refused=refused) == MENDED.replace("horse", "horsc")
    assert mended(MISREAD, edits=(Edit(at, "horsc", "horse", "similar word"),)) == MENDED.replace("horse", "horsc")


def test_without_a_list_of_words_nothing_is_mended():
    """Nothing tells a misread word then."""
    assert mended(MISREAD, evidence=Evidence()) == MISREAD
    assert mended(MISREAD, evidence=Evidence(lexicon=lexicon(("lat",)))) == MISREAD
