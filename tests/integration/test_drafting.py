"""Drafted decoding through real llama.cpp: the tokens that come without a draft, in fewer passes, within the bounds."""

import random

import numpy as np
import pytest

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.llm.decode import LlamaModel, answer_bound
from ocrwatchd.llm.draft import Draft
from ocrwatchd.llm.models import BUILTIN
from ocrwatchd.llm.native import Native
from ocrwatchd.llm.protocol import Ending
from tests import gguf_factory

pytestmark = pytest.mark.slow

SMALL = Llm(context_size=1024, threads=1)
FAR = 1e12
CHUNKS = 200
ANSWER = "".join(map(chr, range(33, 122))) + " "
TIE = 1e-3
"""So near to each other, in logits that reach from -30 to 30, the two likeliest tokens are a matter of rounding."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One model of each kind."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "noise": gguf_factory.noise(folder / "noise.gguf"),
        "recital": gguf_factory.recital(folder / "recital.gguf", ANSWER),
        "recurrent": gguf_factory.recurrent(folder / "recurrent.gguf"),
        "sliding": gguf_factory.sliding(folder / "sliding.gguf"),
    }


@pytest.fixture
def load(files):
    """Load a model that is closed when the test is over."""
    opened = []

    def opener(kind, clock=lambda: 0.0):
        opened.append(LlamaModel(files[kind], SMALL, clock))
        return opened[-1]

    yield opener
    for each in opened:
        each.close()


def plainly(model, text):
    """What the model answers one token a pass."""
    drafts, model._drafts = model._drafts, False
    try:
        return model.propose("Fix it.", text, FAR)
    finally:
        model._drafts = drafts


def misread(text, rng, errors=4):
    """The text with characters changed, dropped, doubled and put in."""
    for _ in range(rng.randint(0, errors)):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(("", "#", text[at] * 2, "~~ ")) + text[at + 1 :]
    return text


def counted(monkeypatch, model):
    """The sizes of the passes from now on."""
    sizes = []
    decode = model._native._decode

    def counting(tokens, position, places):
        sizes.append(len(tokens))
        decode(tokens, position, places)

    monkeypatch.setattr(model._native, "_decode", counting)
    return sizes


def test_a_text_that_is_copied_with_edits_comes_out_in_fewer_passes(load, monkeypatch):
    """Two hundred texts, each misread otherwise: the same tokens as plainly, in less than half the passes."""
    model, rng = load("recital"), random.Random(1)
    monkeypatch.setattr(model._pace, "length", len)  # as on a machine on which large passes cost no more
    sizes = counted(monkeypatch, model)
    for _ in range(CHUNKS):
        source = misread(ANSWER, rng).strip()
        expected = plainly(model, source)
        assert (expected.text, expected.ending, expected.tokens) == (ANSWER, Ending.FINISHED, len(ANSWER))
        del sizes[:]
        assert model.propose("Fix it.", source, FAR) == expected
        assert len(sizes) < len(ANSWER) / 2


@pytest.mark.parametrize("most", [3, 127])
def test_the_same_tokens_come_out_as_without_a_draft(load, most, monkeypatch):
    """Two hundred answers of a random model, drafted from themselves with errors: what differs was a tie.

    A pass of many tokens adds up its products in another order than one of a single token; the logits differ in their
    sixth digit.
    """
    model, rng = load("noise"), random.Random(2)
    monkeypatch.setattr(model._pace, "length", lambda ahead: min(len(ahead), most))
    drafted = differing = 0
    for number in range(CHUNKS):
        question = model._native.tokenise(f"question {number} {rng.random()}", control=False)
        plain = answered(model, question, None)
        source = spoiled(plain, rng)
        said = answered(model, question, Draft(source, [model._native.piece(token) for token in source]))
        drafted += len(said)
        if said != plain:
            differing += 1
            assert margin(model, question, plain, said) < TIE
    assert drafted > 40 * CHUNKS
    print(f"{differing} of {CHUNKS} answers part at a tie")  # noqa: T201 - seen with -rP
    assert differing <= 3


def test_what_a_model_says_does_not_depend_on_the_passes_size():
    """Of a model in Q8_0, as nearly all are, the logits are the same whether tokens come alone or by the hundred."""
    native = Native(BUILTIN, SMALL)
    tokens = native.tokenise("It was a bright cold day in April. " * 8, control=False)[:128]
    found = []
    for size in (1, 4, 16, 128):
        native.forget_all()
        parts = [tokens[start : start + size] for start in range(0, len(tokens), size)]
        rows = [native.logits(part, number * size, range(len(part))) for number, part in enumerate(parts)]
        found.append(np.concatenate(rows))
    native.close()
    for each in found:
        np.testing.assert_allclose(each, found[0], atol=1e-4)


def answered(model, question, draft):
    """The tokens of an answer of up to 60."""
    model._held.clear()
    model._native.forget_all()
    said = []
    piece = model._native.piece
    model._native.piece = lambda token: said.append(token) or piece(token)
    try:
        proposal = model._answer(question, draft, 60, FAR)
    finally:
        model._native.piece = piece
    return said[-proposal.tokens :]  # the last pieces asked for are the answer's


def spoiled(tokens, rng):
    """Tokens with some of them changed, dropped and put in."""
    found = []
    for token in tokens:
        kind = rng.choices(("same", "change", "drop", "more"), (90, 4, 3, 3))[0]
        found += {"same": [token], "change": [rng.randrange(256)], "drop": [], "more": [token, rng.randrange(256)]}[
            kind
        ]
    return found


def margin(model, question, one, other):
    """How far apart the two likeliest tokens are where two answers part."""
    same = next(number for number, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    model._native.forget_all()
    tokens = [*question, *one[:same]]
    best = np.sort(model._native.logits(tokens, 0, [len(tokens) - 1])[0])
    return best[-1] - best[-2]


@pytest.mark.parametrize("text", ["the honse on the hill", "é ü — 中文\n\n", "<|im_end|> x", "?"])
def test_a_model_that_does_not_copy_is_as_good_as_plain(load, text):
    """Its answer, its ending and its count of tokens are the same; here it runs to the bound."""
    model = load("noise")
    expected = plainly(model, text)
    assert model.propose("Fix it.", text, FAR) == expected
    assert expected.tokens <= answer_bound(len(text.encode()))


def test_a_recurrent_model_decodes_plainly(load, monkeypatch):
    """It can take no step back, which is known from the start."""
    model = load("recurrent")
    assert not model._drafts
    sizes = counted(monkeypatch, model)
    proposal = model.propose("Fix it.", "the honse on the hill", FAR)
    assert proposal.tokens > 1
    assert set(sizes[1:]) == {1}
    assert model.propose("Fix it.", "the honse on the hill", FAR) == proposal


def test_a_sliding_window_is_stepped_back_in(load):
    """However much was read since: what follows is answered as if that had never been."""
    model = load("sliding")
    native, rng = model._native, random.Random(3)
    tokens = [rng.randrange(33, 120) for _ in range(200)]
    whole = native.logits(tokens, 0, range(120, 200))
    native.forget(120)
    for start in range(120, 920, 200):
        native.logits([65] * 200, start, [])
    assert native.forget(120)
    np.testing.assert_allclose(native.logits(tokens[120:], 120, range(80)), whole, atol=1e-3)
    for text in ("the honse on the hill", "another honse on the hill", "the honse on the hilt"):
        expected = plainly(model, text)
        assert model._drafts
        assert model.propose("Fix it.", text, FAR) == expected


def test_a_model_that_refuses_a_step_back_after_all_loses_nothing(load, monkeypatch):
    """What it held is taken in again, and it decodes plainly from then on."""
    model = load("recital")
    source = ANSWER.strip().replace("A", "4").replace("b", "6")
    expected = plainly(model, source)
    monkeypatch.setattr(model._native, "forget", lambda position: False)
    assert model.propose("Fix it.", source, FAR) == expected
    assert not model._drafts
    sizes = counted(monkeypatch, model)
    assert model.propose("Fix it.", source, FAR) == expected
    assert set(sizes[1:]) == {1}


def test_the_deadline_is_looked_at_before_each_pass(load):
    """An answer that runs out of time is a beginning of the whole one."""
    now = iter(range(1000))
    model = load("recital", clock=lambda: next(now))
    proposal = model.propose("Fix it.", ANSWER.replace("A", "4").replace("a", "4").strip(), 4)
    assert proposal.ending is Ending.TIME
    assert ANSWER.startswith(proposal.text)
    assert 0 < proposal.tokens < len(ANSWER)
    assert next(now) == 5


def test_no_answer_grows_past_its_bound(load):
    """Not even by a part of a draft."""
    model = load("recital")
    question = model._native.tokenise("\n", control=False)
    source = model._native.tokenise(ANSWER, control=False)
    for bound in range(1, 40):
        draft = Draft(source, [model._native.piece(token) for token in source])
        proposal = model._answer(question, draft, bound, FAR)
        assert (proposal.text, proposal.ending, proposal.tokens) == (ANSWER[:bound], Ending.LENGTH, bound)
