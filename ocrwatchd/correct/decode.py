"""Ask a GGUF model, token by token, within bounds of our own.

Greedy: the likeliest token each time, so the same scan gives the same text. The scan's text is tokenised apart from
the chat template and never taken for control tokens, so that ``<|im_end|>`` printed on a page stays ink.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import llama_cpp

from ocrwatchd.correct import Ending, Proposal
from ocrwatchd.correct.context import Context, laid_out
from ocrwatchd.correct.frame import framed
from ocrwatchd.correct.ink import tokenise_ink
from ocrwatchd.correct.native import BATCH_TOKENS, Native, NativeFailure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.config import Llm

ANSWER_RATIO = 1.3
ANSWER_SLACK_TOKENS = 32
"""An answer may have so many times its source's tokens, plus so many; a correction is hardly longer than its source."""


def answer_bound(source_tokens: int) -> int:
    """The most tokens that an answer about so many tokens may have."""
    return int(source_tokens * ANSWER_RATIO) + ANSWER_SLACK_TOKENS


class LlamaModel:
    """A GGUF model behind the ``Model`` protocol.

    Args:
        path: of the model's file.
        llm: context size, GPU layers, threads.
        clock: seconds that never run backwards; deadlines are read on it.

    Raises:
        ModelUnavailable: the model cannot be loaded here.
    """

    def __init__(self, path: Path, llm: Llm, clock: Callable[[], float] = time.monotonic) -> None:
        self._native = Native(path, llm)
        self._clock = clock
        self._name = path.stem
        self._held: list[int] = []
        self._frames: dict[str, tuple[list[int], list[int]]] = {}

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self._name

    @property
    def version(self) -> str:
        """Of llama-cpp-python."""
        return str(llama_cpp.__version__)

    @property
    def languages(self) -> tuple[str, ...]:
        """Whatever the model has learnt: none is left out."""
        return ()

    def propose(self, prompt: str, text: str, deadline: float, context: Context | None = None) -> Proposal:
        """Answer ``prompt`` about ``text``; see ``Model.propose``."""
        head, tail = self._frame(prompt)
        # The bound counts the context in: a model that repeats it has not lost its way.
        body = tokenise_ink(self._native, laid_out(text, context or Context()))
        bound = answer_bound(len(body))
        question = [*head, *body, *tail]
        if len(question) + bound > self._native.context:
            return Proposal(
                "",
                Ending.UNABLE,
                reason=f"too long for the model's context of {self._native.context} tokens (llm.context_size)",
            )
        try:
            return self._answer(question, bound, deadline)
        except NativeFailure as failure:
            self._held.clear()
            self._native.forget_all()
            return Proposal("", Ending.UNABLE, reason=str(failure))

    def close(self) -> None:
        """Free the native memory."""
        self._native.close()

    def _answer(self, question: list[int], bound: int, deadline: float) -> Proposal:
        token = self._ask(question, deadline)
        spoken = bytearray()
        for count in range(bound):
            if token is None:
                return _proposal(spoken, Ending.TIME, count)
            if self._native.ends(token):
                return _proposal(spoken, Ending.FINISHED, count)
            spoken += self._native.piece(token)
            token = self._take([token], deadline)
        return _proposal(spoken, Ending.LENGTH, bound)

    def _ask(self, question: list[int], deadline: float) -> int | None:
        """Take the question in, but for what the context still holds of the last one."""
        shared = 0
        # The last token is always taken in afresh: its logits are what the answer begins with.
        for held, asked in zip(self._held, question[:-1], strict=False):
            if held != asked:
                break
            shared += 1
        if not self._native.forget(shared):
            self._native.forget_all()
            shared = 0
        del self._held[shared:]
        token = None
        for start in range(shared, len(question), BATCH_TOKENS):
            token = self._take(question[start : start + BATCH_TOKENS], deadline)
            if token is None:
                return None
        return token

    def _take(self, tokens: list[int], deadline: float) -> int | None:
        """Take tokens in and give the likeliest next one; None once the deadline has passed."""
        if self._clock() >= deadline:
            return None
        token = self._native.advance(tokens, len(self._held))
        self._held += tokens
        return token

    def _frame(self, prompt: str) -> tuple[list[int], list[int]]:
        """The tokens before and after the text, kept for the prompt of each profile."""
        if prompt not in self._frames:
            frame = framed(self._native.template, prompt, self._native.begin, self._native.end)
            self._frames[prompt] = (
                self._native.tokenise(frame.head, control=True, begin=not frame.complete),
                self._native.tokenise(frame.tail, control=True),
            )
        return self._frames[prompt]


def _proposal(spoken: bytearray, ending: Ending, tokens: int) -> Proposal:
    # Decoded at the end, for a character's bytes may come in several tokens.
    return Proposal(spoken.decode("utf-8", "replace"), ending, tokens)
