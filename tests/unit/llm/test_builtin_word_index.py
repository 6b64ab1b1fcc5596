"""Words found by their spelling: the short way finds what a look at each word finds."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate.glyph_similarity import strokes
from ocrwatchd.llm.builtin.suggestions import LETTERS, STROKE_LETTERS, WORDS
from ocrwatchd.llm.builtin.word_index import LOOKED_AT, Shelves

if TYPE_CHECKING:
    from collections.abc import Sequence

FEW_LETTERS = "ab'\u00e9\ud800"


def looked_up(words: Sequence[str], spelled: Sequence[str], wanted: str, most: int) -> list[str]:
    """Compare with every word: of each length the nearest, and of these the commonest."""
    found = defaultdict(list)
    for rank, (word, spelling) in enumerate(zip(words, spelled, strict=True)):
        far = Levenshtein.distance(wanted, spelling)
        if far <= most and spelling:
            found[len(spelling)].append((far, rank, word))
    return [word for length in sorted(found) for _, _, word in sorted(found[length])[:LOOKED_AT]]


@given(
    st.lists(st.text(FEW_LETTERS, max_size=9), max_size=60, unique=True),
    st.text(FEW_LETTERS, max_size=9),
    st.integers(0, 4),
    st.sampled_from(["a", "ab", "abcdefghijklmnopqrstuvwxyz"]),
)
def test_it_finds_what_a_look_at_each_finds(words: list[str], wanted: str, most: int, alphabet: str) -> None:
    """Whatever the words, the letters that are counted, and those that are not."""
    assert list(Shelves(words, words, alphabet).near(wanted, most)) == looked_up(words, words, wanted, most)


@pytest.mark.parametrize("alphabet", [LETTERS, STROKE_LETTERS])
def test_it_finds_the_same_among_real_words(alphabet: str) -> None:
    """Of the words that ship, by letters and by strokes, with none, some and many letters changed."""
    randomly = random.Random(0)
    words = WORDS.read_text("utf-8").split()[::8]
    spelled = words if alphabet is LETTERS else [strokes(word) for word in words]
    shelves = Shelves(words, spelled, alphabet)
    for wanted in randomly.sample(spelled, 40):
        letters = [*wanted]
        for _ in range(randomly.randrange(4)):
            letters[randomly.randrange(len(letters))] = randomly.choice("eitlc\u00e91")
        misread = "".join(letters)
        assert list(shelves.near(misread, 3)) == looked_up(words, spelled, misread, 3)
