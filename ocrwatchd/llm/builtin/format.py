"""How the built-in model is asked: each source word, and right after the next one the decision about it.

A stream of tokens is the source itself, word by word, with one white-space token after each word. Reading the token
after word n+1, the model is asked about word n, so that it has seen what follows. It answers with one of three control
tokens: ``SAME``, which is never written down, so that good text costs nothing but reading; ``FIX``, after which it
spells the repair and ends it with ``DONE``; ``JOIN``, the same for a repair that replaces the words n and n+1. Repairs
stay in the stream and the source goes on behind them::

    START T h 1 s ␣ i s ␣ FIX This DONE a ␣ 5 4 m p l e ␣ t e x t ␣ FIX sample DONE END
                        ↑               ↑           ↑         ↑                    ↑
                    Th1s?             is?          a?    54mple?               text?

A word that needs no repair can therefore not be garbled, whatever the model is like. The caller forces the source, and
reads as many words in one forward pass as it likes: only at a repair it has to go back and let the model spell.

Words are runs without white space. In the source, a run of letters that is one of the vocabulary's pieces is one token,
so that a common word is known at sight; all else, and every repair, is spelled in bytes, so that the model has one way
of copying letters and no list of answers to learn by heart. Pure: it sees document text and so never logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ocrwatchd.llm.builtin.spelling import Guess, Reader, shares, spelled
from ocrwatchd.llm.builtin.vocabulary import (
    DONE,
    END,
    FIX,
    JOIN,
    NEWLINE,
    SAME,
    SPACE,
    START,
    WORD_TOKENS,
    Vocabulary,
    spell,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

STRETCH_TOKENS = 320
"""Source tokens in one stream; repairs come on top, and the model is trained on streams of 512."""

CONTEXT_WORDS = 8
"""Words before a stretch, as repaired, that are shown with it; nothing is asked about them."""

READ_TOKENS = 32
"""Tokens read in one pass. After a repair what was read behind it is read again, so a larger number costs more."""

FLOOR = 0.2
"""The least certainty, 0-1, of a decision after which a repair is spelled at all."""

BAR = 0.6
"""The least certainty, 0-1, of a repair of which nothing else is known: the decision's times each byte's."""

_WORD = re.compile(r"\S+")


class Repair(NamedTuple):
    """One change: ``before`` stands ``offset`` code points from the text's beginning; certainty from 0 to 1."""

    offset: int
    before: str
    after: str
    certainty: float


class Trust(Protocol):
    """Decides which repairs are taken, by their words and the model's certainty."""

    def __call__(self, before: str, after: str, certainty: float, /) -> bool:
        """True where ``after`` may stand for ``before``."""


def certain(_before: str, _after: str, certainty: float) -> bool:
    """Trust what is above ``BAR``."""
    return certainty >= BAR


def repaired(text: str, repairs: Sequence[Repair]) -> str:
    """The text with repairs in it. A word that is dropped takes one space beside it along."""
    pieces: list[str] = []
    done = 0
    for repair in repairs:
        start, end = repair.offset, repair.offset + len(repair.before)
        if not repair.after and text[end : end + 1] == " ":
            end += 1
        pieces += (text[done:start], repair.after)
        done = end
    return "".join((*pieces, text[done:]))


def propose(
    text: str, reader: Reader, vocabulary: Vocabulary, trust: Trust = certain, guess: Guess | None = None
) -> list[Repair]:
    """Let a model repair a text.

    Args:
        text: as recognised.
        reader: the model.
        vocabulary: the model's.
        trust: decides which repairs are taken; other repairs are removed from the stream.
        guess: suggests words to the model.

    Returns:
        The repairs in order, for ``repaired``. White space between words does not change.
    """
    found = [(match.start(), match.group()) for match in _WORD.finditer(text)]
    gaps = [_gap(text, found, number) for number in range(len(found))]
    repairs: list[Repair] = []
    now = [word for _, word in found]
    first = 0
    while first < len(found):
        last = _stretch_end(found, first, vocabulary)
        stream = _stream(now, gaps, first, last, vocabulary)
        for number, count, after, certainty in _answers(stream, now, reader, trust, guess):
            start = found[number][0]
            end = found[number + count - 1][0] + len(found[number + count - 1][1])
            repairs.append(Repair(start, text[start:end], after, certainty))
            now[number : number + count] = [after] + [""] * (count - 1)
        first = last
    return repairs


def _gap(text: str, found: Sequence[tuple[int, str]], number: int) -> int:
    start, word = found[number]
    following = found[number + 1][0] if number + 1 < len(found) else len(text)
    return NEWLINE if "\n" in text[start + len(word) : following] or following == len(text) else SPACE


def _stretch_end(found: Sequence[tuple[int, str]], first: int, vocabulary: Vocabulary) -> int:
    tokens, last = 0, first
    while last < len(found) and tokens < STRETCH_TOKENS:
        tokens += min(WORD_TOKENS, len(vocabulary.encode(found[last][1]))) + 1
        last += 1
    return last


class _Question(NamedTuple):
    """After reading the stream's token ``place`` the model is asked about word ``number``.

    It may be joined with the next one if both are asked about and on one line.
    """

    place: int
    number: int
    joinable: bool


class _Stream(NamedTuple):
    tokens: list[int]
    questions: list[_Question]


def _stream(now: Sequence[str], gaps: Sequence[int], first: int, last: int, vocabulary: Vocabulary) -> _Stream:
    """Words ``[first, last)`` with what stands before them and the word behind them."""
    tokens, questions = [START], []
    beginning, ending = max(0, first - CONTEXT_WORDS), min(len(now), last + 1)
    askable = False
    for number in range(beginning, ending):
        shown = vocabulary.encode(now[number])
        if number < first and not shown:
            continue
        tokens += [*shown[:WORD_TOKENS], gaps[number]]
        if askable:
            joinable = number < last and gaps[number - 1] == SPACE and len(shown) <= WORD_TOKENS
            questions.append(_Question(len(tokens) - 1, number - 1, joinable))
        askable = first <= number < last and len(shown) <= WORD_TOKENS
    if askable:
        tokens.append(END)
        questions.append(_Question(len(tokens) - 1, ending - 1, joinable=False))
    return _Stream(tokens, questions)


def _answers(
    stream: _Stream, now: Sequence[str], reader: Reader, trust: Trust, guess: Guess | None
) -> Iterator[tuple[int, int, str, float]]:
    """Ask; yield (word, words replaced, repair, certainty)."""
    reader.forget(0)
    done = shift = asked = 0  # a token's place in the stream is its number among the source's tokens and ``shift``
    while asked < len(stream.questions):
        end = min(len(stream.tokens), done + READ_TOKENS)
        waiting = [question for question in stream.questions[asked:] if question.place < end]
        logits = reader.read(stream.tokens[done:end], [question.place - done for question in waiting])
        done = end
        for row, question in zip(logits, waiting, strict=True):
            asked += 1
            opening, certainty = _decision(row)
            if opening == SAME or (opening == JOIN and not question.joinable):
                continue
            length = question.place + 1 + shift
            count = 2 if opening == JOIN else 1
            before = " ".join(now[question.number : question.number + count])
            after, sure = spelled(opening, before, reader, length, guess)
            if after != before and trust(before, after, sure * certainty):
                # What was read behind it is read again, now with the repair before it.
                reader.forget(length)
                answer = [opening, *spell(after), DONE]
                reader.read(answer, [])
                done, shift = question.place + 1, shift + len(answer)
                yield question.number, count, after, sure * certainty
                asked += count - 1
                break


def _decision(row: npt.NDArray[np.float32]) -> tuple[int, float]:
    """The control token to go on with and its certainty; ``SAME`` where no repair is certain enough to be spelled."""
    same, fix, join = shares(row[[SAME, FIX, JOIN]])
    opening, certainty = (FIX, fix) if fix >= join else (JOIN, join)
    return (opening, certainty) if certainty >= FLOOR else (SAME, same)
