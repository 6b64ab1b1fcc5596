"""Known words that a misread one may have been, and how the model chooses among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.llm.builtin.spelling import spelled
from ocrwatchd.llm.builtin.suggestions import MOST, Guesser, guesser
from ocrwatchd.llm.builtin.vocabulary import DONE, FIRST_PIECE, FIX, spell
from tests.fakes.reading import Weighing

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_END = 0x21


class Speller(Weighing):
    """Spells one word of its own, and likes some words as it is told.

    ``likes`` maps words to their likelihood; what is not in it is next to impossible.
    """

    def __init__(self, own: str, likes: dict[str, float]) -> None:
        self.own, self.likes = own, likes
        self.stream: list[int] = [0] * 7

    def forget(self, length: int) -> None:
        """Cut the stream back."""
        del self.stream[length:]

    def read(self, tokens: Sequence[int], places: Sequence[int]) -> np.ndarray:
        """Read on, and answer."""
        before = len(self.stream)
        self.stream += tokens
        return np.stack([self._row(self.stream[: before + place + 1]) for place in places])

    def _row(self, stream: list[int]) -> np.ndarray:
        """All the likelihood of a word lies in its first letter that tells it from the model's own."""
        row = np.full(FIRST_PIECE + 5, -30.0, np.float32)
        letters = stream[8:]
        for word, likely in {**self.likes, self.own: 1.0}.items():
            target = [*spell(word), DONE]
            if target[: len(letters)] == letters and len(target) > len(letters):
                row[target[len(letters)]] = max(row[target[len(letters)]], np.log(likely))
        return row


@pytest.mark.parametrize(
    ("misread", "meant"),
    [
        ("illustrnllng", "illustrating"),
        ("muideied,", "murdered,"),
        ("Tbe", "The"),
        ("(«ontracted", "(contracted"),
        ("RECEIVBD", "RECEIVED"),
        ("nnd", "and"),
        ("ofthe", "of the"),
        ("wliich", "which"),
    ],
)
def test_the_word_that_was_meant_is_among_the_guesses(misread: str, meant: str) -> None:
    """Letters that look alike, marks and capitals, and words run together are all found by their looks."""
    assert meant in guesser().guesses(misread)


@given(st.text(max_size=80))
def test_any_text_has_few_guesses_and_never_itself(word: str) -> None:
    """Whatever stands on a page, the work is bounded, and a guess is always a change."""
    found = Guesser(["the", "of", "and", "house"]).guesses(word)
    assert len(found) <= MOST
    assert word not in found


def test_the_commoner_of_two_words_equally_near_is_likelier() -> None:
    """Before the model is asked, a common word has the better chance, and an unknown one nearly none."""
    words = Guesser(["the", "house", "tie"])
    assert words.prior("t e", "the") > words.prior("t e", "tie") > words.prior("t e", "tze")


def test_a_known_word_that_the_model_likes_as_well_beats_its_own_spelling() -> None:
    """What the model spells by itself and is no word gives way to a word, unless the model is far surer of its own."""
    words = Guesser(["illustrating", "illumination"])
    chosen = spelled(FIX, "illustrnllng", Speller("illustrnting", {"illustrating": 0.5}), 7, words)
    assert chosen.text == "illustrating"
    assert chosen.certainty > 0.9
    kept = spelled(FIX, "illustrnllng", Speller("illustrnting", {"illustrating": 1e-9}), 7, words)
    assert kept.text == "illustrnting"


def test_two_words_that_are_liked_alike_leave_the_choice_uncertain() -> None:
    """The certainty of a choice is its share among all that was weighed."""
    words = Guesser(["bell", "ball"])
    chosen = spelled(FIX, "bcll", Speller("b", {"ball": 0.5, "bell": 0.5}), 7, words)
    assert 0.4 < chosen.certainty < 0.9


def test_the_stream_is_left_as_it_was() -> None:
    """Weighing words leaves no trace in the model's stream."""
    model = Speller("bell", {"ball": 0.5})
    spelled(FIX, "bcll", model, 7, Guesser(["bell", "ball"]))
    assert len(model.stream) == 7


def test_a_spelling_without_an_end_is_worth_nothing() -> None:
    """A model that goes on and on is stopped, and its word is not taken."""

    class Endless(Speller):
        def _row(self, stream: list[int]) -> np.ndarray:
            row = np.zeros(FIRST_PIECE + 5, np.float32)
            row[NO_END] = 30.0
            return row

    assert spelled(FIX, "word", Endless("", {}), 7).certainty == 0.0
