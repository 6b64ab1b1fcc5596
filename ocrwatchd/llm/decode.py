"""Ask a GGUF model, token by token, within bounds of our own.

Greedy: the likeliest token each time, so the same scan gives the same text. The text itself is the draft of its
correction (``draft``): a pass takes in the model's own last token and, behind it, what the text lets expect, and what
the model would have said itself is kept, up to the first token that differs. The same tokens come out as without a
draft, but where two are as likely as each other: the sums of a large pass are rounded otherwise than those of a small
one.

The scan's text is tokenised apart from the chat template and never taken for control tokens, so that ``<|im_end|>``
printed on a page stays ink.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.llm.chat_template import framed
from ocrwatchd.llm.choose import SEQUENCES, Chooser
from ocrwatchd.llm.context import Context, laid_out
from ocrwatchd.llm.draft import Draft, Proposed
from ocrwatchd.llm.draft_length import MOST, Pace
from ocrwatchd.llm.grammar import Grammar
from ocrwatchd.llm.native import BATCH_TOKENS, Native, NativeFailure
from ocrwatchd.llm.protocol import Decide, Ending, Proposal, Question, Schema
from ocrwatchd.llm.scan_tokens import tokenise_ink

ANSWER_RATIO = 1.3
ANSWER_SLACK_TOKENS = 32
"""An answer's most tokens: the source's tokens times the ratio, plus the slack."""

MOST_CHARACTERS_A_TOKEN = 16
"""A text with more characters for each token of the context is too long, and is not tokenised."""


def answer_bound(source_tokens: int) -> int:
    """The most tokens of an answer."""
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

    version = str(llama_cpp.__version__)
    languages: tuple[str, ...] = ()
    compares = True

    def __init__(self, path: Path, llm: Llm, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = path.stem
        self._native = Native(path, llm, SEQUENCES)
        self._chooser = Chooser(self._native, clock)
        self._clock = clock
        self._held: list[int] = []
        self._drafts = self._native.rolls_back
        self._pace = Pace()
        self._frames: dict[tuple[str, str], tuple[list[int], list[int]]] = {}

    def propose(self, prompt: str, text: str, deadline: float, context: Context | None = None) -> Proposal:
        head, tail = self._frame(prompt)
        # The bound includes the context: an answer that repeats the context is no endless one.
        body = tokenise_ink(self._native, laid_out(text, context or Context()))
        bound = answer_bound(len(body))
        question = [*head, *body, *tail]
        if len(question) + bound > self._native.context:
            return self._too_long()
        try:
            return self._answer(question, self._draft(text), bound, deadline)
        except NativeFailure as failure:
            return self._failed(failure)

    def fits(self, prompt: str, text: str, most_tokens: int) -> bool:
        if len(text) > MOST_CHARACTERS_A_TOKEN * self._native.context:
            return False
        return len(self._question(prompt, text)) + most_tokens <= self._native.context

    def answer(
        self, prompt: str, text: str, deadline: float, most_tokens: int, schema: Schema | None = None
    ) -> Proposal:
        """Answer without a draft, because the answer is no copy of the text; see ``Model.answer``."""
        question = self._question(prompt, text)
        if len(question) + most_tokens > self._native.context:
            return self._too_long()
        grammar = Grammar.of(self._native, schema) if schema is not None else None
        try:
            return self._answer(question, None, most_tokens, deadline, grammar)
        except NativeFailure as failure:
            return self._failed(failure)
        finally:
            if grammar is not None:
                grammar.close()

    def compare(self, text: str, questions: Sequence[Question], decide: Decide, deadline: float) -> str:
        self._held.clear()
        try:
            left = self._chooser.compare(text, questions, decide, deadline)
        except NativeFailure as failure:
            return str(failure)
        return f"no time for {left} of {len(questions)} doubtful words (llm.page_budget_s)" if left else ""

    def close(self) -> None:
        self._native.close()

    def _question(self, prompt: str, text: str) -> list[int]:
        head, tail = self._frame(prompt, "Answer")
        return [*head, *tokenise_ink(self._native, text), *tail]

    def _too_long(self) -> Proposal:
        reason = f"too long for the model's context of {self._native.context} tokens (llm.context_size)"
        return Proposal("", Ending.UNABLE, reason=reason)

    def _failed(self, failure: NativeFailure) -> Proposal:
        self._held.clear()
        self._native.forget_all()
        return Proposal("", Ending.UNABLE, reason=str(failure))

    def _answer(
        self,
        question: list[int],
        draft: Draft | None,
        bound: int,
        deadline: float,
        grammar: Grammar | None = None,
    ) -> Proposal:
        """Answer with at most ``bound`` tokens; with a grammar there is no draft."""
        token = self._ask(question, deadline, grammar)
        spoken: list[int] = []
        while token is not None:
            if self._native.ends(token):
                return self._proposal(spoken, Ending.FINISHED)
            spoken.append(token)
            if len(spoken) == bound:
                return self._proposal(spoken, Ending.LENGTH)
            if draft is None:
                if grammar is not None:
                    grammar.accept(token)
                token = self._take([token], deadline, grammar)
                continue
            draft.hear(self._native.piece(token))
            agreed, token = self._verify(token, draft.ahead(min(MOST, bound - len(spoken))), deadline)
            spoken += agreed
            for each in agreed:
                draft.hear(self._native.piece(each))
            if len(spoken) == bound:
                return self._proposal(spoken, Ending.LENGTH)
        return self._proposal(spoken, Ending.TIME)

    def _verify(self, token: int, ahead: Sequence[Proposed], deadline: float) -> tuple[list[int], int | None]:
        """Decode a token and a draft of its continuation in one pass.

        Returns:
            The tokens of the draft that the model agrees with, and the model's next token; None after the deadline.
        """
        if self._clock() >= deadline:
            return [], None
        drafted = ahead[: self._pace.length(ahead)]
        held = len(self._held)
        began = time.perf_counter()
        choices = self._native.choices([token, *(each.token for each in drafted)], held)
        agreed: list[int] = []
        own = next(choices)
        for each in drafted:
            if own != each.token or self._native.ends(own):
                break
            agreed.append(own)
            own = next(choices)
        self._pace.timed(1 + len(drafted), time.perf_counter() - began)
        self._pace.heed(drafted, len(agreed))
        self._held += [token, *(each.token for each in drafted)]
        self._keep(held + 1 + len(agreed))
        return agreed, own

    def _keep(self, count: int) -> None:
        """Drop all but the first tokens that the context holds."""
        if count == len(self._held):
            return
        kept = self._held[:count]
        if not self._native.forget(count):
            # Unheard of where ``rolls_back`` says otherwise: taken in again, and from now on nothing is drafted.
            self._drafts = False
            self._native.forget_all()
            for start in range(0, count, BATCH_TOKENS):
                self._native.advance(kept[start : start + BATCH_TOKENS], start)
        self._held = kept

    def _ask(self, question: list[int], deadline: float, grammar: Grammar | None) -> int | None:
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
            token = self._take(question[start : start + BATCH_TOKENS], deadline, grammar)
            if token is None:
                return None
        return token

    def _take(self, tokens: list[int], deadline: float, grammar: Grammar | None = None) -> int | None:
        """Take tokens in and give the likeliest next one; None once the deadline has passed."""
        if self._clock() >= deadline:
            return None
        if grammar is None:
            token = self._native.advance(tokens, len(self._held))
        else:
            token = grammar.choose(self._native.logits(tokens, len(self._held), [len(tokens) - 1])[0])
        self._held += tokens
        return token

    def _draft(self, text: str) -> Draft | None:
        """The text as the draft of its correction; None for a model that cannot take a step back."""
        if not self._drafts:
            return None
        tokens = tokenise_ink(self._native, text)
        return Draft(tokens, [self._native.piece(token) for token in tokens], self._tokens_of)

    def _tokens_of(self, part: bytes) -> list[int]:
        """The tokens of the rest of a word; none where that cannot be, as within a character."""
        try:
            tokens = self._native.tokenise(part.decode(), control=False)
        except UnicodeDecodeError:
            return []
        # Some vocabularies put a space before whatever they are given.
        return tokens if b"".join(map(self._native.piece, tokens)) == part else []

    def _proposal(self, spoken: Sequence[int], ending: Ending) -> Proposal:
        # Decoded at the end, for a character's bytes may come in several tokens.
        text = b"".join(map(self._native.piece, spoken)).decode("utf-8", "replace")
        return Proposal(text, ending, len(spoken))

    def _frame(self, prompt: str, answer: str = "Corrected text") -> tuple[list[int], list[int]]:
        """The tokens before and after the text, kept for the prompt of each profile."""
        if (prompt, answer) not in self._frames:
            frame = framed(self._native.template, prompt, self._native.begin, self._native.end, answer)
            self._frames[prompt, answer] = (
                self._native.tokenise(frame.head, control=True, begin=not frame.complete),
                self._native.tokenise(frame.tail, control=True),
            )
        return self._frames[prompt, answer]
