"""Spell a repair: letter by letter as the model likes, or a known word that the model likes better. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from ocrwatchd.correct.builtin.vocabulary import BYTES, DONE, FIRST_PIECE, spell

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

SPELLED_RATIO = 1.3
SPELLED_SLACK = 4
"""A repair may have so many times its source's bytes as tokens, plus so many."""


class Reader(Protocol):
    """A loaded model with one stream in it. What it raises ends the repair of a text."""

    def read(self, tokens: Sequence[int], places: Sequence[int]) -> npt.NDArray[np.float32]:
        """Read on.

        Args:
            tokens: to append to the stream.
            places: indices into ``tokens``, ascending.

        Returns:
            The logits after each of the places: (places, vocabulary).
        """

    def forget(self, length: int) -> None:
        """Cut the stream back to its first ``length`` tokens."""


class Guess(Protocol):
    """Knows words; see ``guess.Guesser``."""

    def guesses(self, word: str, /) -> Sequence[str]:
        """Known words that ``word`` may have been."""

    def prior(self, before: str, after: str, /) -> float:
        """How likely ``after`` is for ``before``, as a logarithm, before the model is asked."""


class Spelled(NamedTuple):
    """A repair: its text, and how certain it is that this one and no other is right, 0 to 1."""

    text: str
    certainty: float


def spelled(opening: int, before: str, reader: Reader, length: int, guess: Guess | None = None) -> Spelled:
    """Let the model spell a repair, or choose a known word. The stream is left as it was.

    Args:
        opening: the control token that the repair begins with.
        before: the words that it replaces, with a space between them.
        reader: the model.
        length: of its stream, tokens.
        guess: knows words.
    """
    own = _own(opening, before, reader)
    reader.forget(length)
    if guess is None:
        return own
    # Two words that belong together are looked up as the one they may be.
    known = [word for word in guess.guesses(before.replace(" ", "")) if word not in {own.text, before}]
    if not known:
        return own
    scores = [guess.prior(before, word) + _liked(opening, word, reader, length) for word in known]
    if own.certainty:
        known.append(own.text)
        scores.append(guess.prior(before, own.text) + float(np.log(own.certainty)))
    best = int(np.argmax(scores))
    share = float(1 / np.exp(np.array(scores) - scores[best]).sum())
    return own if known[best] == own.text else Spelled(known[best], share)


def shares(row: npt.NDArray[np.float32]) -> list[float]:
    """The softmax of some logits."""
    grown = np.exp(row - row.max())
    return [float(share) for share in grown / grown.sum()]


def _own(opening: int, before: str, reader: Reader) -> Spelled:
    """The likeliest byte each time; the certainty is 0 where it does not come to an end."""
    letters: list[int] = []
    certainty = 1.0
    token = opening
    for _ in range(int(len(before.encode("utf-8", "replace")) * SPELLED_RATIO) + SPELLED_SLACK):
        row = _letters(reader.read([token], [0]))[0]
        token = int(row.argmax())
        certainty *= shares(row)[token]
        if token == DONE:
            return Spelled(bytes(letters).decode("utf-8", "replace"), certainty)
        letters.append(token)
    return Spelled(before, 0.0)


def _liked(opening: int, word: str, reader: Reader, length: int) -> float:
    """How likely the model is to spell a word, as a logarithm."""
    letters = spell(word)
    rows = _letters(reader.read([opening, *letters], range(len(letters) + 1))).astype(np.float64)
    reader.forget(length)
    top = rows.max(1, keepdims=True)
    likely = rows - top - np.log(np.exp(rows - top).sum(1, keepdims=True))
    return float(likely[np.arange(len(letters) + 1), [*letters, DONE]].sum())


def _letters(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Only bytes and the end can follow within a repair."""
    rows = rows[:, :FIRST_PIECE].copy()
    rows[:, BYTES:][:, np.arange(BYTES, FIRST_PIECE) != DONE] = -np.inf
    return rows
