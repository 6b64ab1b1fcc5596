"""Let a language model compare what doubtful words may be, by the likelihood of each with the text around it.

The model writes nothing, so any will do, tuned for instructions or not. It reads the page once, from left to right,
each doubtful word as it was decided; behind that trunk a pass scores the candidates of the next word, each with the
text that follows it. All end at the same character, so that their likelihoods compare though their tokens differ.
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
"""That the context of a model which chooses must tell apart."""
FOLLOWING = 16
"""So many characters behind a word are scored with it, up to the end of a word where one ends there."""
DOUBT_TOKENS = 64
"""To score the candidates of a word takes as long as to read so many tokens: 52 with Gemma 3 270M
(``tests.bench.choosing``)."""
FIRST_TOKENS = BATCH_TOKENS - MOST_ROWS
"""So many tokens of the trunk have room in the pass that scores."""
PLAIN_TOKENS = 96
"""A model that cannot go back to its trunk reads so much of the text before a word anew for each candidate."""


class Chooser:
    """Asks a loaded model.

    Args:
        native: the model, with :data:`SEQUENCES`. Whatever its context holds is forgotten.
        clock: seconds that never run backwards; deadlines are read on it.
    """

    def __init__(self, native: Native, clock: Callable[[], float] = time.monotonic) -> None:
        self._native = native
        self._clock = clock
        self._token_s: float | None = None
        self._spaced = b"".join(map(native.piece, native.tokenise("a", control=False))) == b" a"

    def compare(
        self,
        text: str,
        questions: Sequence[Question],
        decide: Decide,
        deadline: float,
    ) -> int:
        """Ask about the words of a page from left to right, those that are most probably wrong if time is short.

        Args:
            text: of the page.
            questions: in order of offset.
            decide: not called for a word for which there was no room in a pass.
            deadline: on the clock; looked at between passes.

        Returns:
            For how many words there was no time.

        Raises:
            NativeFailure: llama.cpp could not do it.
        """
        trunk = _Trunk(self._native, self._clock, deadline)
        try:
            asked, work = self._affordable(text, questions, deadline)
            began = time.perf_counter()
            done, carried = 0, ""
            for number, question in enumerate(asked):
                # What stands before a word is read with it: most vocabularies hold a word and its space in one token.
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
        # Some vocabularies put a space before whatever they are given.
        return tokenise_ink(self._native, text[1:] if self._spaced and text.startswith(" ") else text)

    def _affordable(self, text: str, questions: Sequence[Question], deadline: float) -> tuple[list[Question], float]:
        """The questions that there is time for, the most probable errors first.

        Returns:
            The questions in order of offset, and the work: as much as to read so many tokens.
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
        """Seconds for a token of a full pass, on a machine whose pace is not known yet."""
        full = [*islice(cycle(tokens), min(BATCH_TOKENS, self._native.context))]
        began = time.perf_counter()
        self._native.logits(full, 0, ())
        spent = time.perf_counter() - began
        self._native.forget_all()
        return spent / len(full)


class _Trunk:
    """What the model reads of a page, and how much of that its context holds."""

    def __init__(self, native: Native, clock: Callable[[], float], deadline: float) -> None:
        native.forget_all()
        self._native = native
        self._clock = clock
        self._deadline = deadline
        # A model that wants no token to begin a text needs another one before the first word.
        self._begin = native.tokenise("", control=False, begin=True) or native.tokenise("\n", control=False)
        self._tokens = list(self._begin)
        self._held = 0

    def score(self, before: Sequence[int], spellings: Sequence[Sequence[int]]) -> list[float] | None:
        """Read on, and tell how probable each spelling is then.

        Args:
            before: tokens to read first.
            spellings: tokens.

        Returns:
            ln P of each; none where they are too long; None once the deadline has passed.
        """
        self._tokens += before
        if not self._native.rolls_back:
            return self._plainly(spellings)
        room = self._native.context - MOST_TOKENS
        if len(self._tokens) > room:
            # The page goes on in another window, with half of what fits before it.
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
    """Where the text ends that is scored with the word before ``at``."""
    end = at + FOLLOWING
    if end >= len(text):
        return len(text)
    # A word's first letters would be spelled in tokens that the word itself has not.
    cut = max(text.rfind(space, at + 2, end + 1) for space in " \n")
    return cut if cut > 0 else end
