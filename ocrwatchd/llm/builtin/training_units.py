"""What the built-in model is taught: the stream for a text of which the right repairs are known. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ocrwatchd.llm.builtin.vocabulary import DONE, END, FIX, JOIN, SAME, START, WORD_TOKENS, Vocabulary, spell

NOTHING = -1
"""The target of a token after which nothing is to be learned."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One lesson about a word, or about two words to be joined.

    Args:
        words: one source word, or two.
        gaps: the token of white space after each word.
        repair: the right text, "" if the words are to be dropped, None if they are right.
        asked: False if no decision is to be learned: it is unknown, or the repair only trains the spelling.
    """

    words: tuple[str, ...]
    gaps: tuple[int, ...]
    repair: str | None = None
    asked: bool = True


class Lesson(NamedTuple):
    """A stream for training: after ``tokens[i]`` the model should say ``targets[i]``, if that is not ``NOTHING``."""

    tokens: list[int]
    targets: list[int]


def lesson(units: Sequence[Unit], vocabulary: Vocabulary) -> Lesson:
    """Write the stream for a text of which the right repairs are known."""
    tokens, targets = [START], [NOTHING]
    pending: Unit | None = None
    for unit in units:
        for number, (word, gap) in enumerate(zip(unit.words, unit.gaps, strict=True)):
            shown = vocabulary.encode(word)[:WORD_TOKENS]
            tokens += [*shown, gap]
            targets += [NOTHING] * (len(shown) + 1)
            if pending is not None:
                _answer(pending, tokens, targets)
            # The first of two words to be joined is answered after the second; the second is never asked about.
            pending = unit if number == 0 else None
    tokens.append(END)
    targets.append(NOTHING)
    if pending is not None:
        _answer(pending, tokens, targets)
    return Lesson(tokens, targets)


def _answer(unit: Unit, tokens: list[int], targets: list[int]) -> None:
    if unit.repair is None:
        targets[-1] = SAME if unit.asked else NOTHING
        return
    opening = JOIN if len(unit.words) > 1 else FIX
    spelled = spell(unit.repair)
    targets[-1] = opening if unit.asked else NOTHING
    tokens += [opening, *spelled, DONE]
    targets += [*spelled, DONE, NOTHING]
