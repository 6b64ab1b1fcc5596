"""Carry out one task on one text: part by part, within its budget, and make one result of the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocrwatchd.correct import Ending
from ocrwatchd.correct.unwrap import said
from ocrwatchd.tasks.parts import NoRoom, parts
from ocrwatchd.tasks.quotes import Quotes
from ocrwatchd.tasks.values import NoValue, found, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import JsonValue

    from ocrwatchd.correct import Model, Schema
    from ocrwatchd.settings import Task

MOST_ROUNDS = 3
"""So often answers are put together by ``join_prompt``; the first round goes over the text's own parts."""

ANY_JSON: Schema = {"anyOf": [{"type": "object"}, {"type": "array"}]}
"""What a JSON answer is where no ``json_schema`` says it."""


class _NoAnswer(Exception):
    """A part has no answer that counts; the message says why, and nothing of the document."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A task's result.

    Args:
        value: a text, or what JSON may hold; None where there is none.
        parts: into how many the text was cut.
        answered: how many of them have an answer that counts.
        dropped: how many strings did not occur in the text.
        reason: why it does not cover the text, or is not as it was asked for.
    """

    value: JsonValue = None
    parts: int = 0
    answered: int = 0
    dropped: int = 0
    reason: str = ""


def follow(task: Task, model: Model, text: str, clock: Callable[[], float], begins: Callable[[], None]) -> Answer:
    """Carry out a task.

    Args:
        task: its prompt with the languages put in.
        model: is asked.
        text: corrected.
        clock: the model's.
        begins: called first of all, and before each question; what it raises ends the task.
    """
    return _Asking(task, model, clock, begins, clock() + task.budget_s).answer(text)


@dataclass(slots=True)
class _Asking:
    task: Task
    model: Model
    clock: Callable[[], float]
    begins: Callable[[], None]
    deadline: float
    dropped: int = 0
    reasons: dict[str, None] = field(default_factory=dict)

    def answer(self, text: str) -> Answer:
        self.begins()  # a tokenizer may stumble over a text too
        try:
            pieces = self._parts(self.task.prompt, text)
        except NoRoom:
            return Answer(reason="the model's context has no room for a text: lower max_tokens of the task, shorten "
                          "its prompt, or raise llm.context_size")  # fmt: skip
        if not pieces:
            return Answer(reason="the document has no text")
        answers = [answer for piece in pieces if (answer := self._tried(self.task.prompt, piece)) is not None]
        value = self._joined(answers) if answers else None
        return Answer(value, len(pieces), len(answers), self.dropped, "; ".join(self.reasons))

    def _parts(self, prompt: str, text: str) -> tuple[str, ...]:
        return parts(text, lambda part: self.model.fits(prompt, part, self.task.max_tokens))

    def _tried(self, prompt: str, text: str) -> JsonValue:
        """The answer about a part; None where there is none that counts, and the reason is kept."""
        try:
            return self._asked(prompt, text)
        except _NoAnswer as error:
            self.reasons[str(error)] = None
            return None

    def _asked(self, prompt: str, text: str) -> JsonValue:
        spent = f"its {self.task.budget_s:g} s ran out (budget_s)"
        if self.clock() >= self.deadline:
            raise _NoAnswer(spent)
        self.begins()
        schema = (self.task.json_schema or ANY_JSON) if self.task.output == "json" else None
        proposal = self.model.answer(prompt, text, self.deadline, self.task.max_tokens, schema)
        match proposal.ending:
            case Ending.TIME:
                raise _NoAnswer(spent)
            case Ending.UNABLE:
                raise _NoAnswer(proposal.reason)
            case Ending.LENGTH:
                raise _NoAnswer(f"the answer came to no end within {self.task.max_tokens} tokens (max_tokens)")
        answer = said(proposal.text, text).strip()
        if schema is None:
            if not answer:
                raise _NoAnswer("the model had nothing to say")
            return answer
        try:
            value = found(answer, schema)
        except NoValue as error:
            raise _NoAnswer(str(error)) from None
        return self._quoted(value, text)

    def _quoted(self, value: JsonValue, text: str) -> JsonValue:
        if not self.task.quotes:
            return value
        quotes = Quotes(text, self.task.json_schema)
        kept = quotes.kept(value)
        self.dropped += quotes.dropped
        if kept is None:
            raise _NoAnswer("what was quoted does not occur in the text")
        return kept

    def _joined(self, answers: Sequence[JsonValue]) -> JsonValue:
        if self.task.output == "json":
            return merged(answers)
        texts = [str(answer) for answer in answers]
        if self.task.join_prompt:
            try:
                texts = self._made_one(texts)
            except _NoAnswer as error:
                self.reasons[f"the parts' answers stand one after the other: {error}"] = None
        return "\n\n".join(texts)

    def _made_one(self, texts: list[str]) -> list[str]:
        for _ in range(MOST_ROUNDS):
            if len(texts) == 1:
                break
            try:
                pieces = self._parts(self.task.join_prompt, "\n\n".join(texts))
            except NoRoom:
                raise _NoAnswer("the model's context has no room for them") from None
            if len(pieces) >= len(texts):
                break
            texts = [str(self._asked(self.task.join_prompt, piece)) for piece in pieces]
        if len(texts) > 1:
            raise _NoAnswer("they do not get shorter")
        return texts
