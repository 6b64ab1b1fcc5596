"""How a repair is spelled: whatever the model says of a word, nothing of the page is lost, and a tree has room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ocrwatchd.llm.builtin.spelling import LONGEST, Spelled, spelled
from ocrwatchd.llm.builtin.vocabulary import DONE, FIRST_PIECE, FIX, JOIN, spell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.llm.prefix_tree import Tree

CERTAIN = 30.0
ENDLESS = "x" * 400


class Says:
    """Spells one text, whatever stands in the tree: what it says next depends on how many letters there are."""

    def __init__(self, text: str) -> None:
        self.text = [*spell(text), DONE]
        self.weighed = 0

    def read(self, tokens: Sequence[int], places: Sequence[int]) -> np.ndarray:
        """Never asked for."""
        raise NotImplementedError

    def forget(self, length: int) -> None:
        """Never asked for."""
        raise NotImplementedError

    def weigh(self, tree: Tree, _length: int) -> np.ndarray:
        """A row for each node."""
        self.weighed += 1
        rows = np.zeros((len(tree.depths), FIRST_PIECE), np.float32)
        for row, depth in zip(rows, tree.depths, strict=True):
            row[self.text[min(depth, len(self.text) - 1)]] = CERTAIN
        return rows


class Knows:
    """Proposes one word for any."""

    def __init__(self, word: str) -> None:
        self.word = word

    def guesses(self, _word: str) -> list[str]:
        """The one."""
        return [self.word]

    def prior(self, _before: str, after: str) -> float:
        """The same for all."""
        return 0.0 * len(after)


@pytest.mark.parametrize(
    "word",
    ["and-the-" * 40, "\u00e9" * (LONGEST // 2) + "!", "the " + "a-" * LONGEST],
    ids=["hyphens", "accents", "two words"],
)
@pytest.mark.parametrize("said", ["and-the-", "", ENDLESS], ids=["a part", "nothing", "no end"])
def test_a_word_too_long_to_be_repaired_stays_whole(word: str, said: str) -> None:
    """However certain the model is of a part of it; it is not even asked."""
    reader = Says(said)
    assert spelled(JOIN, word, reader, 0, Knows("and")) == Spelled(word, 0.0)
    assert reader.weighed == 0


def test_the_longest_word_that_is_repaired_is_repaired_to_its_end() -> None:
    """Nothing is cut off."""
    word = "and-the-" * (LONGEST // 8)
    found = spelled(FIX, word.replace("the-", "tbe-", 1), Says(word), 0)
    assert found.text == word
    assert found.certainty > 0.9


@pytest.mark.parametrize("word", ["tbe", "\ud800lone", "a b"])
def test_a_spelling_without_an_end_leaves_the_word_as_it_is(word: str) -> None:
    """To the last sign, even one that no encoding knows; with and without words to choose from."""
    assert spelled(FIX, word, Says(ENDLESS), 0) == Spelled(word, 0.0)


def test_a_spelling_much_longer_than_its_word_has_room() -> None:
    """A model that writes every letter twice leaves the tree at each; what is left of the word is still a draft."""
    word = "".join(map(chr, range(33, 33 + 90))) + "0123456789" * 3
    assert spelled(FIX, word, Says("".join(letter * 2 for letter in word)), 0) == Spelled(word, 0.0)


def test_known_words_without_room_are_no_choice() -> None:
    """A tree that is full of the word itself leaves them out: the word stays, with a certainty that is a number."""
    word = "and-the-" * (LONGEST // 8)
    assert spelled(FIX, word, Says(ENDLESS), 0, Knows("x" * 100)) == Spelled(word, 0.0)
