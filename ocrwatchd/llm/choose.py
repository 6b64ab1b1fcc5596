"""Let a language model compare candidates for doubtful words by the likelihood of each in its text.

The model writes nothing, so it need not be tuned for instructions. It reads the page once, from left to right, with
each decided word in place; behind that trunk a pass scores the candidates of the next word, each with the text that
follows. All candidates end at the same character, so that their likelihoods compare though their tokens differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice

from ocrwatchd.llm.native import BATCH_TOKENS, Native
from ocrwatchd.llm.prefix_tree import MOST_TOKENS, Tree
from ocrwatchd.llm.protocol import MOST_CANDIDATES, Decide, Question
from ocrwatchd.llm.scan_tokens import tokenise_ink
from ocrwatchd.llm.tree_pass import MOST_ROWS

SEQUENCES = 1 + MOST_CANDIDATES
"""Sequences of the context of a model that chooses."""
FOLLOWING = 16
"""Characters behind a word that are scored with the word, up to the end of a word if one ends there."""
DOUBT_TOKENS = 64
"""Scoring a word's candidates takes as long as reading this many tokens: 52 with Gemma 3 270M
(``tests.bench.choosing``)."""
FIRST_TOKENS = BATCH_TOKENS - MOST_ROWS
"""Most tokens of the trunk in the pass that scores."""
PLAIN_TOKENS = 96
"""A model that cannot roll back to its trunk reads this many tokens before a word again for each candidate."""


class Chooser:
    """Asks a loaded model with :data:`SEQUENCES` sequences, and clears its context; deadlines are on ``clock``."""

    def __init__(self, native: Native, clock: Callable[[], float] = time.monotonic) -> None:
        self._native = native
        self._clock = clock
        self._token_s: float | None = None
        self._spaced = b"".join(map(native.piece, native.tokenise("a", control=False))) == b" a"

    def compare(self, text: str, questions: Sequence[Question], decide: Decide, deadline: float) -> int:
        """Ask about the words of a page, see ``Model.compare``; skip words whose candidates do not fit a pass.

        Returns:
            The number of words for which there was no time.

        Raises:
            NativeFailure: llama.cpp failed.
        """
        trunk = _Trunk(self._native, self._clock, deadline)
        try:
            asked, work = self._affordable(text, questions, deadline)
            began = time.perf_counter()
            done, carried = 0, ""
            for number, question in enumerate(asked):
                # The space before a word is read with it: most vocabularies hold both in one token.
                start = max(done, question.offset - (question.offset > 0 and text[question.offset - 1].isspace()))
                lead, behind = text[start : question.offset], text[question.end : _end(text, question.end)]
                before = self._tokens(carried + text[done:start])
                spellings = [self._tokens(f"{lead}{each}{behind}") for each in question.candidates]
                told = trunk.score(before, spellings)
                if told is None:
                    return len(questions) - number
                word = decide(question, told) if told else question.candidates[0]
                done, carried = question.end, lead + word
            if work >= BATCH_TOKENS:
                self._token_s = (time.perf_counter() - began) / work
            return len(questions) - len(asked)
        finally:
            self._native.forget_all()

    def _tokens(self, text: str) -> list[int]:
        # Some vocabularies put a space before any text.
        return tokenise_ink(self._native, text[1:] if self._spaced and text.startswith(" ") else text)

    def _affordable(self, text: str, questions: Sequence[Question], deadline: float) -> tuple[list[Question], float]:
        """Choose the questions for which there is time, the most probable errors first.

        Returns:
            The questions in order of offset, and their cost in tokens to read.
        """
        if not questions:
            return [], 0.0
        tokens = self._tokens(text[: questions[-1].end])
        if self._token_s is None:
            self._token_s = self._measured(tokens)
        left = (deadline - self._clock()) / self._token_s
        branches = self._native.rolls_back
        read = len(tokens) / questions[-1].end if branches else 0.0
        each = DOUBT_TOKENS if branches else MOST_CANDIDATES * PLAIN_TOKENS
        chosen: list[Question] = []
        end, work = 0, 0.0
        for question in sorted(questions, key=lambda question: -question.wrong):
            reached = max(end, question.end)
            needed = reached * read + each * (len(chosen) + 1)
            if needed <= left:
                end, work = reached, needed
                chosen.append(question)
        return sorted(chosen, key=lambda question: question.offset), work

    def _measured(self, tokens: Sequence[int]) -> float:
        """Measure the seconds for a token of a full pass."""
        full = [*islice(cycle(tokens), min(BATCH_TOKENS, self._native.context))]
        began = time.perf_counter()
        self._native.logits(full, 0, ())
        spent = time.perf_counter() - began
        self._native.forget_all()
        return spent / len(full)


class _Trunk:
    """The page's tokens that the model reads, and how many of them its context holds."""

    def __init__(self, native: Native, clock: Callable[[], float], deadline: float) -> None:
        native.forget_all()
        self._native = native
        self._clock = clock
        self._deadline = deadline
        # A model without a token for the beginning of a text needs another token before the first word.
        self._begin = native.tokenise("", control=False, begin=True) or native.tokenise("\n", control=False)
        self._tokens = list(self._begin)
        self._held = 0

    def score(self, before: Sequence[int], spellings: Sequence[Sequence[int]]) -> list[float] | None:
        """Read the tokens ``before``, and score each spelling behind them.

        Returns:
            ln P of each spelling; an empty list if they are too long; None after the deadline.
        """
        self._tokens += before
        if not self._native.rolls_back:
            return self._plainly(spellings)
        room = self._native.context - MOST_TOKENS
        if len(self._tokens) > room:
            # The page continues in another window, which begins with half a window of the text before.
            self._tokens = [*self._begin, *self._tokens[-(room // 2) :]]
            self._native.forget_all()
            self._held = 0
        while len(self._tokens) - self._held > FIRST_TOKENS:
            if self._clock() >= self._deadline:
                return None
            part = self._tokens[self._held : -1][:BATCH_TOKENS]
            self._native.logits(part, self._held, ())
            self._held += len(part)
        if self._clock() >= self._deadline:
            return None
        told = self._told(self._tokens[self._held :], self._held, spellings)
        self._held = len(self._tokens) if told else self._held
        return told

    def _plainly(self, spellings: Sequence[Sequence[int]]) -> list[float] | None:
        window = [*self._begin, *self._tokens[len(self._begin) :][-PLAIN_TOKENS:]]
        told: list[float] = []
        for spelling in spellings:
            if self._clock() >= self._deadline:
                return None
            self._native.forget_all()
            told += self._told(window, 0, [spelling])
        return told if len(told) == len(spellings) else []

    def _told(self, tokens: Sequence[int], position: int, spellings: Sequence[Sequence[int]]) -> list[float]:
        tree = Tree(tokens[-1], spellings)
        paths = [tree.path(spelling) for spelling in spellings]
        if None in paths:
            return []
        scores = self._native.score(tokens, tree, position)
        return [sum(scores[node] for node in path) for path in paths if path]


def _end(text: str, at: int) -> int:
    """The end of the text that is scored with the word before ``at``."""
    end = at + FOLLOWING
    if end >= len(text):
        return len(text)
    # The first letters of a cut word would have other tokens than the word.
    cut = max(text.rfind(space, at + 2, end + 1) for space in " \n")
    return cut if cut > 0 else end
