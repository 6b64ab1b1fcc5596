"""The draft: it proposes what stands in the source, and finds its place again after an edit."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrwatchd.llm.draft import FRESH, KINDS, Draft, Proposed
from ocrwatchd.llm.draft_length import MOST, SIZES, Pace

TEXT = (
    "It was a bright cold day in April, and the clocks were striking thirteen. The committee met on 14 March 1859 "
    "and paid the money to Mr. Gillespie, who was the last of them to leave the house that evening."
)


class Pieces:
    """A tokenizer: every string that it has seen gets a number; runs of up to ``longest`` letters, space before."""

    def __init__(self, longest=5):
        self.longest, self.pieces = longest, []

    def __call__(self, text):
        """The tokens of some bytes."""
        found = re.findall(rb" ?\w{1,%d}|." % self.longest, text, re.DOTALL)
        self.pieces += [piece for piece in dict.fromkeys(found) if piece not in self.pieces]
        return [self.pieces.index(piece) for piece in found]


def decoded(source, answer, pace=None, longest=5):
    """Decode with a model that says ``answer``: the tokens that came out, and the passes it took."""
    tokenise = Pieces(longest)
    answer, source = tokenise(answer.encode()), tokenise(source.encode())
    draft = Draft(source, [tokenise.pieces[token] for token in source], tokenise)
    pace = pace or Pace()
    said, passes = answer[:1], 0
    while len(said) < len(answer):
        draft.hear(tokenise.pieces[said[-1]])
        passes += 1
        ahead = draft.ahead(MOST)
        drafted = [each.token for each in ahead[: pace.length(ahead)]]
        right = 0
        while right < len(drafted) and [*answer, None][len(said) + right] == drafted[right]:
            right += 1
        pace.heed(ahead[: len(drafted)], right)
        said += drafted[:right]
        for token in drafted[:right]:
            draft.hear(tokenise.pieces[token])
        said += answer[len(said) : len(said) + 1]
    return said == answer, passes


class Always(Pace):
    """Drafts as much as it may."""

    def length(self, ahead):
        """All of it."""
        return len(ahead)


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        (TEXT.replace("bright", "brlght"), TEXT),
        (TEXT.replace("clocks", "c1ock5"), TEXT),
        (TEXT.replace("the money", "themoney"), TEXT),
        (TEXT.replace("striking", "stri king"), TEXT),
        (TEXT.replace("committee ", "committee .-~ "), TEXT),
        (TEXT, TEXT.replace("The committee met on 14 March 1859 ", "")),
        (TEXT, TEXT.replace("and paid", "and so it paid")),
        (TEXT.replace("It was", "lt was"), TEXT),
    ],
    ids=["substitution", "two in a word", "join", "split", "stray marks", "skip", "words put in", "at the beginning"],
)
def test_it_finds_its_place_again_after_an_edit(source, answer):
    """A few passes for the edit, and one for all that is behind it."""
    right, passes = decoded(source, answer, Always())
    assert right
    assert passes <= 7


def test_a_clean_text_takes_one_pass():
    """The first token comes from the question, all others are right."""
    assert decoded(TEXT, TEXT, Always()) == (True, 1)


def test_an_answer_that_is_cut_otherwise_is_followed_within_a_token():
    """The pointer counts bytes; the rest of a token is cut anew."""
    tokenise = Pieces()
    source = tokenise(b"some words here")
    draft = Draft(source, [tokenise.pieces[token] for token in source], tokenise)
    draft.hear(b"so")
    assert [tokenise.pieces[each.token] for each in draft.ahead(9)] == [b"me", b" words", b" here"]


def test_at_the_sources_end_nothing_is_proposed():
    """The model goes on alone."""
    draft = Draft([0], [b"word"])
    draft.hear(b"word")
    assert draft.ahead(5) == []


@given(
    st.lists(st.binary(max_size=6), max_size=30),
    st.lists(st.binary(max_size=6), max_size=30),
    st.integers(0, MOST),
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_heard_a_draft_comes(pieces, heard, most):
    """Never longer than asked for, of the source's tokens and of known kinds, and at most of what is left."""
    draft = Draft(range(len(pieces)), pieces)
    for piece in heard:
        draft.hear(piece)
        ahead = draft.ahead(most)
        assert len(ahead) <= most
        assert all(0 <= each.token < len(pieces) and 0 <= each.kind < KINDS for each in ahead)
        tokens = [each.token for each in ahead]
        assert tokens == [*range(tokens[0], tokens[0] + len(tokens))] if tokens else True


words = st.lists(st.sampled_from([*TEXT.split(), "é", "1859", "\n", "-"]), min_size=1, max_size=40).map(" ".join)


@given(words, words, st.integers(1, 7))
@settings(max_examples=200, deadline=None)
def test_whatever_the_source_the_answer_is_the_models(source, answer, longest):
    """A draft is never taken for an answer, and never costs more passes than there are tokens."""
    right, passes = decoded(source, answer, longest=longest)
    assert right
    assert passes <= len(answer.encode())


def test_a_draft_is_as_long_as_agreement_and_costs_let_it():
    """Longer while it is right, shorter or none while it is not; no longer than there is to propose."""
    ahead = Draft(range(200), [b" word"] * 200).ahead(MOST)
    good, bad = Pace(), Pace()
    for _ in range(40):
        good.heed(ahead, MOST)
        bad.heed(ahead, 0)
    assert good.length(ahead) == MOST
    assert bad.length(ahead) == 0
    assert good.length(ahead[:15]) == 15
    assert 1 + Pace().length(ahead) in SIZES
    assert good.length([]) == 0


def test_costs_are_learned_from_the_passes():
    """Where a large pass costs no more than a small one, long drafts pay even if they are often wrong."""
    ahead = Draft(range(200), [b" word"] * 200).ahead(MOST)
    even, steep = Pace(), Pace()
    for size in SIZES:
        for _ in range(30):
            even.timed(size, 0.02)
            steep.timed(size, 0.02 * size)
    assert even.length(ahead) == MOST
    assert steep.length(ahead) == 0
    assert even.cost(0) == pytest.approx(0.02, rel=0.3)
    even.timed(5, 1.0)
    even.timed(8, 0.0)
    assert even.length(ahead) == MOST


COSTS_ELSEWHERE = dict(zip(SIZES, (1.0, 3.5, 4.5, 7.0, 8.1, 9.2, 11.8, 14.4, 20.5, 26.7), strict=True))
"""Of another machine than the one whose costs are believed at first."""


def gained(length, share=0.97, passes=150):
    """Tokens for the time of a pass of one token, where each drafted token is right with this probability."""
    chances, ahead = random.Random(1), [Proposed(0, 1)] * MOST
    tokens = cost = 0
    for _ in range(passes):
        drafted = ahead[: length.length(ahead) if isinstance(length, Pace) else length]
        right = next((number for number in range(len(drafted)) if chances.random() > share), len(drafted))
        spent = COSTS_ELSEWHERE[1 + len(drafted)]
        if isinstance(length, Pace):
            length.timed(1 + len(drafted), 0.015 * spent)
            length.heed(drafted, right)
        tokens, cost = tokens + right + 1, cost + spent
    return tokens / cost


def test_a_machine_with_other_costs_is_learned():
    """A size that seems too dear is tried all the same: soon as much is gained, or nearly, as with the best size."""
    assert gained(Pace()) > 0.95 * max(gained(size - 1) for size in SIZES)


def test_after_an_edit_the_first_token_counts_by_itself():
    """It is a guess at where the answer goes on."""
    tokenise = Pieces()
    source = tokenise(b"the honse stood there")
    draft = Draft(source, [tokenise.pieces[token] for token in source], tokenise)
    draft.hear(b"the")
    assert FRESH not in [each.kind for each in draft.ahead(9)]
    draft.hear(b" house")
    ahead = draft.ahead(9)
    assert (tokenise.pieces[ahead[0].token], ahead[0].kind) == (b" stood", FRESH)
