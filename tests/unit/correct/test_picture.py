"""Words corrected by their picture, and what a model proposes beside that."""

from dataclasses import replace

import pytest

from ocrwatchd.core.config.profile import Correct, Gate, Llm, Ocr, Work
from ocrwatchd.core.model import Correction, Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.correct.document import corrected as of_text
from ocrwatchd.correct.page import with_words
from ocrwatchd.correct.picture import seen_words
from ocrwatchd.gate.consistency import Memory
from tests.lattices import page_of

OFF = Work(ocr=Ocr(languages=("eng",)), llm=Llm(model="off"))
HUMAN = "All hnman beings are born free"


def corrected(page, found=None, work=OFF, memory=None):
    """What becomes of a page."""
    return with_words(page, found or Correction(page.text, reason='llm.model is "off"'), work, memory or Memory())


def test_a_misread_word_becomes_what_the_picture_allows():
    """No model is needed, and the receipt can say why."""
    found = corrected(page_of(HUMAN, hnman=("human", 0.05)))
    assert found.text == "All human beings are born free"
    (edit,) = found.edits
    assert (edit.offset, edit.before, edit.after, edit.source) == (4, "hnman", "human", "picture")
    assert {term.name for term in edit.terms} >= {"picture", "words"}
    assert found.corrected
    assert not found.reason


def test_a_word_that_the_recogniser_is_sure_of_is_not_looked_at():
    """Without a doubt in the picture a word stays, known or not."""
    found = corrected(page_of(HUMAN))
    assert not found.edits
    assert not found.doubts


def test_words_that_may_be_wrong_are_told():
    """A word with two likely readings is in the list of doubts, with its place."""
    found = corrected(page_of("the word casc is odd", casc=("cask", 0.2)))
    told = [(doubt.offset, doubt.length) for doubt in found.doubts]
    assert not found.edits or found.edits[0].offset == 9
    assert (9, 4) in told or found.edits


@pytest.mark.parametrize(
    "work",
    [
        OFF.model_copy(update={"correct": Correct(words=False)}),
        OFF.model_copy(update={"ocr": Ocr(languages=("chi",))}),
        OFF.model_copy(update={"ocr": Ocr(languages=("lat",))}),
    ],
)
def test_nothing_is_corrected_where_it_is_not_wanted_or_there_is_no_list(work):
    """Turned off, or in a language whose words nobody has listed, the page is as it was."""
    page = page_of(HUMAN, hnman=("human", 0.05))
    assert corrected(page, work=work) == Correction(page.text, reason='llm.model is "off"')


def test_a_page_without_lattices_is_left_alone():
    """Other engines tell nothing of the kind."""
    page = page_of(HUMAN, hnman=("human", 0.05))
    page = replace(page, lines=tuple(replace(line, lattice=None) for line in page.lines))
    assert not corrected(page).edits


def test_a_badly_read_text_without_a_picture_is_corrected_by_the_lists_of_words():
    """With no model at all, and not where ``correct.words`` is off."""
    text = "the man lookcd at his ncighbour, whcn the horsc went homc with a qniet step and nothing was hcard"
    found = of_text(text, None, OFF)
    assert (
        found.text
        == "the man looked at his neighbour, when the horse went home with a quiet step and nothing was heard"
    )
    assert {edit.source for edit in found.edits} == {"words"}
    assert found.corrected
    assert not found.reason
    assert not of_text(text, None, OFF.model_copy(update={"correct": Correct(words=False)})).edits


def test_the_picture_refuses_what_it_contradicts():
    """A model's edit of a clear word is refused, and so is one for which too little speaks."""
    page = page_of(HUMAN, born=("horn", 0.01))
    clear, unlikely = Edit(10, "beings", "things", Reason.SIMILAR_WORD), Edit(21, "born", "horn", Reason.SIMILAR_WORD)
    found = corrected(page, Correction("", (clear, unlikely), corrected=True))
    assert not found.edits
    assert found.refused == (replace(clear, why=Reason.PICTURE), replace(unlikely, why=Reason.PICTURE))
    assert found.text == page.text


def test_what_the_picture_does_not_show_is_left_to_the_gate():
    """An edit over two words, and one that drops a word, stand as they were judged without a picture."""
    page = page_of("the infor mation of # men")
    joined, dropped = Edit(4, "infor mation", "information", Reason.SPLIT_WORD), Edit(20, "# ", "", Reason.STRAY_MARK)
    found = corrected(page, Correction("", (joined, dropped), corrected=True))
    assert (found.text, found.edits) == ("the information of men", (joined, dropped))


def test_what_a_model_proposes_competes_with_what_the_picture_allows():
    """Where both would change a word, the likelier one is taken, and the other is refused."""
    page = page_of(HUMAN, hnman=("human", 0.05))
    found = corrected(page, Correction("", (Edit(4, "hnman", "woman", Reason.SIMILAR_WORD),), corrected=True))
    assert [edit.after for edit in found.edits] == ["human"]
    assert [edit.why for edit in found.refused] == [Reason.PICTURE]


def test_a_proposal_that_the_gate_refused_gets_in_where_the_picture_allows_it():
    """The gate did not see the picture; where it is proposed a word is likelier, and it is told once."""
    page = page_of(HUMAN, hnman=("human", 0.0006))
    assert corrected(page).text == HUMAN
    refused = Edit(4, "hnman", "human", Reason.CONFIDENT, "built-in")
    found = corrected(page, Correction("", refused=(refused,), corrected=True))
    assert found.text == "All human beings are born free"
    assert not found.refused
    assert "model" in {term.name for term in found.edits[0].terms}


def test_a_proposal_for_two_words_says_nothing_about_one():
    """What a model leaves of two words is no proposal for the first of them."""
    page = page_of(HUMAN, hnman=("human", 0.0006))
    refused = Edit(4, "hnman beings", "human", Reason.TOO_MANY_WORDS, "built-in")
    assert corrected(page, Correction("", refused=(refused,), corrected=True)).text == HUMAN


def test_an_amount_is_written_as_the_page_writes_amounts():
    """The same picture is read otherwise where the page writes thousands otherwise."""
    thousands = "paid 1.250.75 and 3.175.10 and 7.340.20 and 9.120.35 for"
    usual = thousands.replace(".", ",", 1).replace("3.", "3,").replace("7.", "7,").replace("9.", "9,")
    unsure = {"5.000.00": ("5,000.00", 0.15)}
    assert corrected(page_of(f"{usual} 5.000.00", **unsure)).text.endswith(" 5,000.00")
    assert corrected(page_of(f"{thousands} 5.000.00", **unsure)).text.endswith(" 5.000.00")


def test_protected_digits_stay_whatever_the_picture_allows():
    """With ``gate.digits`` on "protect" the picture changes no digit either, but the word is still told as doubtful."""
    page = page_of("it is t1me to go", t1me=("time", 0.3))
    assert corrected(page).text == "it is time to go"
    found = corrected(page, work=OFF.model_copy(update={"gate": Gate(digits="protect")}))
    assert not found.edits
    assert [(doubt.offset, doubt.length) for doubt in found.doubts] == [(6, 4)]
    assert found.doubts[0].wrong > 0.5


def test_the_document_is_remembered():
    """A name of an earlier page speaks for itself on a later one."""
    memory = Memory()
    for _ in range(20):
        memory.read(page_of("Mr Zielinski was here"))
    page = page_of("Mr Zlelinski came", Zlelinski=("Zielinski", 0.02))
    assert corrected(page, memory=memory).text == "Mr Zielinski came"


@pytest.mark.parametrize(
    ("text", "read", "other", "wanted"),
    [
        ("6.00 PKTS 13.00 104.00", "6.00", "8.00", "8.00 PKTS 13.00 104.00"),
        ("3 x 13.00 39.80", "39.80", "39.00", "3 x 13.00 39.00"),
        ("2 x 1,300.00 2,500.00", "2,500.00", "2,600.00", "2 x 1,300.00 2,600.00"),
        ("8.00 PKTS 13.00 104.00", "8.00", "6.00", "8.00 PKTS 13.00 104.00"),
        ("6.00 PKTS 13.00 105.00", "6.00", "8.00", "6.00 PKTS 13.00 105.00"),
        ("6 points of 13 104", "6", "8", "6 points of 13 104"),
    ],
)
def test_a_digit_is_mended_where_a_quantity_times_its_price_is_then_the_amount(text, read, other, wanted):
    """The picture allows both digits; a right product stays, and where none comes out nothing changes."""
    assert corrected(page_of(text, **{read: (other, 0.05)})).text == wanted


def test_places_know_their_neighbours_and_broken_words():
    """The next word is told, and the halves of a word that is broken at a line's end."""
    page = page_of("the condi- tions")
    (line,) = page.lines
    page = replace(page, text="the condi-\ntions")
    places = [word.place for word in seen_words(replace(page, lines=(line,)))]
    assert [place.after for place in places] == ["condi-", "tions", ""]
    assert places[1].tail == "tions"
    assert places[2].head == "condi"
