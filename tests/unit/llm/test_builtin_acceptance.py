"""Which repairs of the built-in model are taken, by what a dictionary says about their words."""

from __future__ import annotations

import pytest

from ocrwatchd.llm.builtin.acceptance import (
    DROPPED,
    FARFETCHED,
    JOINED,
    MARKED,
    MENDED,
    NAMED,
    OTHER,
    RUINED,
    RUINED_WORDS,
    SPOILED,
    STRANGE,
    WordTrust,
)

WORDS = frozenset("the of had bad sample well known don fa".split())  # noqa: SIM905 - words
COMMON = ("the", "of", "had", "bad", "well", "don")


def knows(word: str) -> bool:
    """Look a word up, whatever its capitals."""
    return word.lower() in WORDS


@pytest.mark.parametrize(
    ("before", "after", "bar"),
    [
        ("tho", "the", MENDED),
        ("s4mple,", "sample,", MENDED),
        ("ofthe", "of the", MENDED),
        ("well-kn0wn", "well-known", MENDED),
        ("d0n't", "don't", MENDED),
        ("Jobn", "John", NAMED),
        ("l847", "1847", NAMED),
        ("gtv", "giv", STRANGE),
        ("bad", "had", OTHER),
        ("the", "tho", SPOILED),
        ("~", "", DROPPED),
        ("bad", "", DROPPED),
        ("fa", "of", FARFETCHED),
        ("hod", "bad", FARFETCHED),
        ("wcll", "well", MENDED),
        ("well.", "well,", MARKED),
        ("tHe", "the", MENDED),
        ("w ell", "well", JOINED),
    ],
)
def test_the_bar_is_higher_the_more_a_repair_may_harm(before: str, after: str, bar: float) -> None:
    """Making a word of what was none needs little certainty; making another word of one needs much."""
    assert WordTrust(knows, COMMON).bar(before, after) == bar


def test_a_repair_is_trusted_from_its_bar_on() -> None:
    """The model's certainty decides, against the bar for these words."""
    trust = WordTrust(knows, COMMON).within("the well of tho sample")
    assert trust("tho", "the", MENDED)
    assert not trust("tho", "the", MENDED - 0.01)


@pytest.mark.parametrize(("good", "ruined", "bar"), [(12, 10, MENDED), (10, 12, RUINED), (2, 6, MENDED)])
def test_among_ruined_words_only_the_certain_is_trusted(good: int, ruined: int, bar: float) -> None:
    """Where most of many words are none, what is likely among good words is a guess; a short text proves nothing."""
    assert (good + ruined >= RUINED_WORDS) == (good > 2)
    trust = WordTrust(knows, COMMON).within("well " * good + "pleny " * ruined)
    assert trust("tho", "the", bar)
    assert not trust("tho", "the", bar - 0.01)
