"""A model is asked about doubtful words, in the text as it is decided so far, and its answer counts."""

import pytest

from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Correction
from ocrwatchd.correct.choosing import compared
from ocrwatchd.correct.corrector import Corrector as RealCorrector
from ocrwatchd.correct.page import with_words
from ocrwatchd.correct.picture import candidates_of, seen_words
from ocrwatchd.gate.consistency import Memory
from ocrwatchd.gate.weights import MOST_NATS
from ocrwatchd.llm import calibration_store, models
from tests.lattices import page_of
from tests.unit.llm.test_calibration_store import verdict

PAGE = page_of("the word casc is hnman and odd", casc=("cask", 0.2), hnman=("human", 0.3))
WORK = Work(ocr=Ocr(languages=("eng",)), llm=Llm(model="/a.gguf"))


class Reader:
    """A model that likes some words."""

    def __init__(self, **nats):
        self.nats, self.asked, self.texts, self.reason = nats, [], [], ""

    def compare(self, text, questions, decide):
        """Note what it is asked, and tell."""
        self.texts.append(text)
        for question in questions:
            word = decide(question, [self.nats.get(each, 0.0) for each in question.candidates])
            self.asked.append((question.candidates, word))
            assert text[question.offset : question.end] == question.candidates[0]
        return self.reason


def doubtful(page):
    """Words and their candidates."""
    return list(candidates_of(list(seen_words(page)), lexicon(("eng",)), {}))


def corrected(reader, page=PAGE):
    """What becomes of a page."""

    def choose(text, _work, _spent, doubtful):
        return compared(text, doubtful, reader.compare)

    return with_words(page, Correction(page.text, model="a"), WORK, Memory(), choose)


def test_the_model_decides_between_what_the_picture_allows():
    """Liked, the candidate is taken; disliked, the reading stays; the receipt has the term."""
    liked = corrected(Reader(cask=14.0))
    assert "cask" in liked.text
    [edit] = [edit for edit in liked.edits if edit.after == "cask"]
    assert {term.name: term.nats for term in edit.terms}["context"] > 0
    assert "casc" in corrected(Reader(cask=-14.0)).text


def test_sure_repairs_stand_in_the_text_that_the_model_reads():
    """It is not asked about them, and offsets point into that text."""
    page = page_of("all hnman beings like the casc here", hnman=("human", 0.4), casc=("cask", 0.2))
    reader = Reader()
    corrected(reader, page)
    assert reader.texts == ["all human beings like the casc here"]
    assert [candidates[0] for candidates, _ in reader.asked] == ["casc"]


def test_nats_count_up_to_a_bound():
    """However unlikely the reading is, one word's context does not outweigh everything."""
    found = compared(PAGE.text, doubtful(PAGE), Reader(cask=1000.0).compare)
    [features] = [each.features for each in found.candidates[9] if each.text == "cask"]
    assert features["context"] == MOST_NATS["context"]


def test_where_nothing_is_in_doubt_the_model_is_not_asked():
    """A clear page costs nothing."""
    reader = Reader()
    corrected(reader, page_of("all human beings"))
    assert not reader.texts


def test_why_some_words_were_not_asked_about_is_told():
    """The reason stands in the receipt; the picture alone decides."""
    reader = Reader()
    reader.reason = "no time for 1 of 1 doubtful words (llm.page_budget_s)"
    assert str(corrected(reader).reason) == reader.reason


class Model:
    """A model that is asked nothing."""

    name, version, languages = "m", "0", ()

    def __init__(self, *, compares):
        self.compares = compares


def with_method(method, *, compares=True):
    """What asks the model, and the settings."""
    work = WORK.model_copy(update={"llm": Llm(method=method)})
    return RealCorrector(models.BUILTIN, work.llm, load=lambda *_: Model(compares=compares)), work


@pytest.mark.parametrize(
    ("method", "with_picture", "without"),
    [
        ("auto", "choose", "rewrite"),
        ("choose", "choose", "none"),
        ("rewrite", "rewrite", "rewrite"),
        ("both", "both", "rewrite"),
    ],
)
def test_what_a_model_is_asked_for(method, with_picture, without):
    """It chooses where there is a picture, unless it is to write; one that cannot compare always writes."""
    asked, work = with_method(method)
    found = asked.methods(work)
    assert found == (with_picture, without)
    assert found.chooses == (with_picture != "rewrite")
    asked, work = with_method(method, compares=False)
    assert asked.methods(work) == ("rewrite", "rewrite")


@pytest.mark.parametrize("compares", [True, False])
def test_a_model_that_did_harm_when_it_was_calibrated_is_asked_nothing(compares):
    """The page is corrected by its picture alone, and its receipt says why; it is asked where the settings say so."""
    asked, work = with_method("auto", compares=compares)
    uses = {"choose": "harm", "rewrite": "harm", "both": "harm", "text": "harm"}
    calibration_store.keep(verdict(models.BUILTIN, work, "harm", uses=uses))
    assert not asked.methods(work).chooses
    found = with_words(PAGE, asked.correct(PAGE, work), work, Memory())
    assert found.text == with_words(PAGE, Correction(PAGE.text), work, Memory()).text
    assert str(found.reason).startswith("by its calibration the model is of no use here")
    told, work = with_method("both", compares=True)
    assert told.methods(work).picture == "both"
