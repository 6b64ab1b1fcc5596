"""Choosing through real llama.cpp: each candidate is as likely as if it were read by itself, within the bounds."""

import math
import os
import random
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.llm.choose import SEQUENCES, Chooser
from ocrwatchd.llm.decode import LlamaModel
from ocrwatchd.llm.native import Native
from ocrwatchd.llm.prefix_tree import Tree
from ocrwatchd.llm.protocol import Question
from tests import gguf_factory

pytestmark = pytest.mark.slow

SMALL = Llm(context_size=512, threads=1)
FAR = 1e12
TEXT = (
    "The old apple tree behind our bouse came down in the storm last nigbt.\nNobody was hurt, but a hcavy branch fell."
)
BOUSE = Question(TEXT.index("bouse"), ("bouse", "house", "mouse"), 0.3)
NIGBT = Question(TEXT.index("nigbt."), ("nigbt.", "night.", "might."), 0.6)
HCAVY = Question(TEXT.index("hcavy"), ("hcavy", "heavy"), 0.5)
ASKED = [BOUSE, NIGBT, HCAVY]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One model of each kind."""
    folder = tmp_path_factory.mktemp("models")
    kinds = (gguf_factory.noise, gguf_factory.sliding, gguf_factory.recurrent)
    return {kind.__name__: kind(folder / f"{kind.__name__}.gguf") for kind in kinds}


@pytest.fixture
def load(files):
    """Load a model that is closed when the test is over."""
    opened = []

    def opener(kind):
        opened.append(Native(files[kind], SMALL, SEQUENCES))
        return opened[-1]

    yield opener
    for each in opened:
        each.close()


def alone(native, tokens, count):
    """The sum of ln P of the last tokens, of which there are so many, read by themselves."""
    native.forget_all()
    first = len(tokens) - count - 1
    rows = native.logits(tokens[:-1], 0, range(first, len(tokens) - 1)).astype(np.float64)
    native.forget_all()
    rows -= np.log(np.exp(rows - rows.max(1, keepdims=True)).sum(1, keepdims=True)) + rows.max(1, keepdims=True)
    return sum(rows[at, token] for at, token in enumerate(tokens[first + 1 :]))


def compared(native, questions=ASKED, text=TEXT, deadline=FAR, clock=lambda: 0.0):
    """What the model was asked, and what it told; each word becomes its second candidate."""
    told = {}

    def decide(question, nats):
        told[question] = list(nats)
        return question.candidates[1]

    Chooser(native, clock).compare(text, questions, decide, deadline)
    return told


@pytest.mark.parametrize("kind", ["noise", "sliding"])
def test_a_tree_is_scored_as_each_spelling_by_itself(load, kind):
    """Trees of up to four spellings with beginnings that they share, one of them too large for one pass."""
    native, rng = load(kind), random.Random(1)
    for number in range(8):
        trunk = [rng.randrange(256) for _ in range(rng.randint(1, 60))]
        shared = [rng.randrange(256) for _ in range(rng.randint(0, 3))]
        longest = 40 if number == 0 else 9
        spellings = [
            [*shared, first, *(rng.randrange(3) for _ in range(rng.randint(0, longest)))] for first in (7, 8, 9, 10)
        ]
        tree = Tree(trunk[-1], spellings)
        native.forget_all()
        cut = rng.randint(0, len(trunk) - 1)
        if cut:
            native.logits(trunk[:cut], 0, ())
        scores = native.score(trunk[cut:], tree, cut)
        found = [sum(scores[node] for node in tree.path(each)) for each in spellings]
        expected = [alone(native, [*trunk, *each], len(each)) for each in spellings]
        np.testing.assert_allclose(
            np.subtract(found, found[0]), np.subtract(expected, expected[0]), rtol=1e-4, atol=2e-3
        )


def test_the_tree_is_forgotten_and_the_trunk_is_not(load):
    """What comes next is as likely as if no tree had been scored."""
    native = load("noise")
    trunk = list(b"The old apple tree")
    expected = native.logits([*trunk, 32], 0, [len(trunk)])
    native.forget_all()
    native.score(trunk, Tree(trunk[-1], [list(b" behind"), list(b" beyond")]), 0)
    np.testing.assert_allclose(native.logits([32], len(trunk), [0]), expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["noise", "sliding", "recurrent"])
def test_each_candidate_is_as_likely_as_in_the_repaired_text(load, kind):
    """A model that cannot go back to its trunk tells the same, asked plainly."""
    native = load(kind)
    told = compared(native)
    assert list(told) == ASKED
    begin = native.tokenise("\n", control=False)
    for question, before, behind in (
        (BOUSE, "The old apple tree behind our", " came down in"),
        (NIGBT, "The old apple tree behind our house came down in the storm last", "\nNobody was"),
    ):
        spelled = [f" {each}{behind}".encode() for each in question.candidates]
        expected = [alone(native, [*begin, *before.encode(), *each], len(each)) for each in spelled]
        found = told[question]
        np.testing.assert_allclose(
            np.subtract(found, found[0]), np.subtract(expected, expected[0]), rtol=1e-4, atol=2e-3
        )


def test_a_page_longer_than_the_context_is_read_in_windows(load):
    """Of a page of several contexts every doubt is asked about; what the window holds is the repaired text before."""
    native = load("noise")
    text = "\n".join([TEXT] * 12)
    step = len(TEXT) + 1
    questions = [
        Question(each.offset + number * step, each.candidates, each.wrong) for number in range(12) for each in ASKED
    ]
    told = compared(native, questions, text)
    assert list(told) == questions
    assert all(len(nats) == len(question.candidates) for question, nats in told.items())


def test_the_same_page_tells_the_same(load):
    """Whatever page came before."""
    native = load("noise")
    first = compared(native)
    compared(native, [HCAVY])
    assert compared(native) == first


def test_where_time_is_short_the_most_probable_errors_are_asked_about(load):
    """The budgets suffice for none, one, two and all of the words."""
    native = load("noise")
    chooser = Chooser(native, lambda: 0.0)
    chooser._token_s = 0.01
    asked = []
    for deadline in (0.9, 1.4, 2.4, 3.0):
        chooser.compare(TEXT, ASKED, lambda question, _: asked.append(question) or question.candidates[0], deadline)
        asked.append(None)
    assert asked == [None, NIGBT, None, NIGBT, HCAVY, None, *ASKED, None]


def test_the_pace_is_that_of_the_last_long_page(load):
    """A page in a busy hour does not shorten all later ones."""
    chooser = Chooser(load("noise"), lambda: 0.0)
    chooser._token_s = 1e6
    chooser.compare(TEXT, ASKED, lambda question, _: question.candidates[0], FAR)
    assert 0 < chooser._token_s < 1


@pytest.mark.parametrize(("kind", "asked"), [("noise", [BOUSE]), ("recurrent", [])])
def test_no_pass_begins_after_the_deadline(load, kind, asked):
    """The words that are left are not asked about: the deadline passes after one pass."""
    times = iter([0.0] * 2)
    assert list(compared(load(kind), clock=lambda: next(times, math.inf), deadline=1e9)) == asked


def test_a_word_without_room_is_left_as_it_is(load):
    """Its spellings do not fit into a pass; the words behind it are asked about all the same."""
    native = load("noise")
    long = Question(0, ("x" * 120, "y" * 120), 0.9)
    told = compared(native, [long, Question(121, ("bouse", "house"), 0.5)], f"{'x' * 120} bouse came")
    assert [question.offset for question in told] == [121]


def test_a_word_at_the_very_beginning_is_asked_about(load):
    """Nothing stands before it."""
    native = load("noise")
    told = compared(native, [Question(0, ("Tbe", "The"), 0.5)], "Tbe")
    assert len(told[Question(0, ("Tbe", "The"), 0.5)]) == 2


@pytest.fixture
def model(files):
    """The same model as it is used: it writes and compares."""
    loaded = LlamaModel(files["noise"], SMALL, lambda: 0.0)
    yield loaded
    loaded.close()


def test_comparing_changes_no_answer(model):
    """What a model writes is the same before and after, and what it compares too."""

    def heard():
        nats = []
        written = model.propose("Fix it.", TEXT, FAR)
        assert not model.compare(TEXT, ASKED, lambda question, each: nats.append(each) or question.candidates[0], FAR)
        return written, nats

    first = heard()
    assert heard() == first
    assert len(first[1]) == len(ASKED)


def test_what_was_not_asked_about_is_told(model, monkeypatch):
    """Why, in words that say what to set; a pass that fails is no crash."""
    assert model.compare(TEXT, ASKED, lambda *_: "", -1.0) == "no time for 3 of 3 doubtful words (llm.page_budget_s)"
    monkeypatch.setattr(llama_cpp, "llama_decode", lambda *_: 1)
    assert model.compare(TEXT, ASKED, lambda *_: "", FAR) == "the model failed (llama_decode: 1)"


def test_a_real_model_prefers_what_makes_sense():
    """The model that ``OCRWATCHD_TEST_MODEL`` names, a GGUF file that has learnt English."""
    file = os.environ.get("OCRWATCHD_TEST_MODEL")
    if not file:
        pytest.skip("OCRWATCHD_TEST_MODEL names no model")
    native = Native(Path(file), SMALL, SEQUENCES)
    told = compared(native)
    native.close()
    for nats in told.values():
        assert max(nats) == nats[1]
