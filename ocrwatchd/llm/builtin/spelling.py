"""Spell a repair: letter by letter as the model likes, or a known word that the model likes better. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from ocrwatchd.llm.builtin.vocabulary import BYTES, DONE, FIRST_PIECE, spell
from ocrwatchd.llm.prefix_tree import MOST_TOKENS, Tree

SPELLED_RATIO = 1.3
SPELLED_SLACK = 4
"""A repair may have so many times its source's bytes as tokens, plus so many."""

LONGEST = 128
"""Bytes of a word that may be repaired; a longer one stays as it is, for a part of it is no repair of the whole."""


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

    def weigh(self, tree: Tree, length: int) -> npt.NDArray[np.float32]:
        """Read spellings behind the stream's first ``length`` tokens; the stream is left as it is.

        Returns:
            The logits after each node: (nodes, vocabulary).
        """

    def forget(self, length: int) -> None:
        """Cut the stream back to its first ``length`` tokens."""


class Guess(Protocol):
    """Knows words; see ``suggestions.Guesser``."""

    def guesses(self, word: str, /) -> Sequence[str]:
        """Known words that ``word`` may have been."""

    def prior(self, before: str, after: str, /) -> float:
        """How likely ``after`` is for ``before``, as a logarithm, before the model is asked."""


class Spelled(NamedTuple):
    """A repair: its text, and how certain it is that this one and no other is right, 0 to 1."""

    text: str
    certainty: float


def spelled(opening: int, before: str, reader: Reader, length: int, guess: Guess | None = None) -> Spelled:
    """Let the model spell a repair, or choose a known word, without a change of the stream.

    Args:
        opening: the control token before the repair.
        before: the replaced words, with a space between them.
        reader: the model.
        length: of the stream before the repair, tokens.
        guess: suggests words.
    """
    source = spell(before)
    if len(source) > LONGEST:
        return Spelled(before, 0.0)
    # Two words that belong together are looked up as the one they may be.
    known = [word for word in guess.guesses(before.replace(" ", "")) if word != before] if guess else []
    tree = Tree(opening, [source, *map(spell, known)])
    likely = _likely(reader.weigh(tree, length))
    own = _own(tree, likely, source, reader, length) or Spelled(before, 0.0)
    liked = {word: _liked(tree, likely, word) for word in known if word != own.text and tree.path(spell(word))}
    if guess is None or not liked:
        return own
    scores = {word: guess.prior(before, word) + score for word, score in liked.items()}
    if own.certainty:
        scores[own.text] = guess.prior(before, own.text) + math.log(own.certainty)
    best = max(scores, key=lambda word: scores[word])
    if best == own.text:
        return own
    return Spelled(best, 1 / sum(math.exp(score - scores[best]) for score in scores.values()))


def shares(row: npt.NDArray[np.float32]) -> list[float]:
    """The softmax of some logits."""
    grown = np.exp(row - row.max())
    return [float(share) for share in grown / grown.sum()]


def _own(
    tree: Tree, likely: npt.NDArray[np.float64], source: Sequence[int], reader: Reader, length: int
) -> Spelled | None:
    """The likeliest letter each time; None where it does not come to an end.

    What the model writes is mostly what stands there, or a known word: in the tree already. Where it leaves the tree,
    the rest of the source is the next draft (see ``correct.draft``).
    """
    letters: list[int] = []
    certainty, node = 0.0, 0
    for _ in range(int(len(source) * SPELLED_RATIO) + SPELLED_SLACK):
        token = int(likely[node].argmax())
        certainty += likely[node][token]
        if token == DONE:
            return Spelled(bytes(letters).decode("utf-8", "replace"), math.exp(certainty))
        letters.append(token)
        following = tree.child(node, token)
        if following is None:
            tree = Tree(tree.tokens[0], [[*letters, *_rest(source, letters)][: MOST_TOKENS - 1]])
            likely = _likely(reader.weigh(tree, length))
            following = len(letters)
        node = following
    return None


def _rest(source: Sequence[int], letters: Sequence[int]) -> Sequence[int]:
    """What is left of the source behind the part of it that is nearest to the letters."""
    ends = range(len(source), -1, -1)
    return source[min(ends, key=lambda end: Levenshtein.distance(source[:end], letters)) :]


def _liked(tree: Tree, likely: npt.NDArray[np.float64], word: str) -> float:
    """How likely the model is to spell a word of the tree, as a logarithm."""
    letters = spell(word)
    return float(likely[tree.path(letters), [*letters, DONE]].sum())


def _likely(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Logarithms of how likely each byte and the end are; nothing else can follow within a repair."""
    letters = rows[:, :FIRST_PIECE].astype(np.float64)
    letters[:, BYTES:][:, np.arange(BYTES, FIRST_PIECE) != DONE] = -np.inf
    letters -= letters.max(1, keepdims=True)
    grown: npt.NDArray[np.float64] = letters - np.log(np.exp(letters).sum(1, keepdims=True))
    return grown
