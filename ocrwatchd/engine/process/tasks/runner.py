"""Carry out one task on one text: part by part, within its budget, and make one result of the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocrwatchd.correct import answer_text
from ocrwatchd.engine.process.tasks.json_answers import NoValue, broken, found, merged
from ocrwatchd.engine.process.tasks.progress import NOTHING_YET, Record, Said
from ocrwatchd.engine.process.tasks.quotes import Quotes
from ocrwatchd.engine.process.tasks.splitting import NoRoom, parts
from ocrwatchd.llm.protocol import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import JsonValue

    from ocrwatchd.core.config.profile import Task
    from ocrwatchd.llm.protocol import Model, Schema

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


def follow(
    task: Task,
    model: Model,
    text: str,
    clock: Callable[[], float],
    begins: Callable[[], None],
    *,
    earlier: Record = NOTHING_YET,
    keep: Callable[[Record], None] = lambda _: None,
) -> Answer:
    """Carry out a task.

    Args:
        task: its prompt with the languages put in.
        model: is asked.
        text: corrected.
        clock: the model's.
        begins: called first of all, and before each further question; what it raises ends the task.
        earlier: how far an attempt came that was interrupted.
        keep: called after each question, with how far it has come.
    """
    return _Asking(task, model, clock, begins, keep, earlier, clock() - earlier.spent_s).answer(text)


@dataclass(slots=True)
class _Asking:
    task: Task
    model: Model
    clock: Callable[[], float]
    begins: Callable[[], None]
    keep: Callable[[Record], None]
    record: Record
    began: float
    replayed: int = 0
    announced: bool = False
    dropped: int = 0
    reasons: dict[str, None] = field(default_factory=dict)

    @property
    def deadline(self) -> float:
        return self.began + self.task.budget_s

    @property
    def spent(self) -> str:
        return f"its {self.task.budget_s:g} s ran out (budget_s)"

    def answer(self, text: str) -> Answer:
        self.begins()  # a tokenizer may stumble over a text too
        self.announced = True
        try:
            pieces = self._parts(self.task.prompt, text)
        except NoRoom:
            return Answer(reason="the model's context has no room for a text: lower max_tokens of the task, shorten "
                          "its prompt, or raise llm.context_size")  # fmt: skip
        except _NoAnswer as error:
            return Answer(reason=str(error))
        if not pieces:
            return Answer(reason="the document has no text")
        answers = [answer for piece in pieces if (answer := self._tried(self.task.prompt, piece)) is not None]
        value = self._joined(answers) if answers else None
        return Answer(value, len(pieces), len(answers), self.dropped, "; ".join(self.reasons))

    def _parts(self, prompt: str, text: str) -> tuple[str, ...]:
        def fits(part: str) -> bool:
            if self.replayed == len(self.record.said):  # else there are answers that count
                self._confirm_time()
            return self.model.fits(prompt, part, self.task.max_tokens)

        return parts(text, fits)

    def _confirm_time(self) -> None:
        if self.clock() >= self.deadline:
            raise _NoAnswer(self.spent)

    def _tried(self, prompt: str, text: str) -> JsonValue:
        """The answer about a part; None where there is none that counts, and the reason is kept."""
        try:
            return self._asked(prompt, text)
        except _NoAnswer as error:
            self.reasons[str(error)] = None
            return None

    def _asked(self, prompt: str, text: str) -> JsonValue:
        if self.replayed == len(self.record.said):
            try:
                said = self._ask(prompt, text)
            except _NoAnswer as error:
                said = Said(why_none=str(error))
            self.record = Record((*self.record.said, said), self.clock() - self.began)
            self.keep(self.record)
        said = self.record.said[self.replayed]
        self.replayed += 1
        self.dropped += said.dropped
        if said.why_none:
            raise _NoAnswer(said.why_none)
        return said.value

    def _ask(self, prompt: str, text: str) -> Said:
        self._confirm_time()
        if not self.announced:
            self.begins()
        self.announced = False
        schema = (self.task.json_schema or ANY_JSON) if self.task.output == "json" else None
        proposal = self.model.answer(prompt, text, self.deadline, self.task.max_tokens, schema)
        match proposal.ending:
            case Ending.TIME:
                raise _NoAnswer(self.spent)
            case Ending.UNABLE:
                raise _NoAnswer(proposal.reason)
            case Ending.LENGTH:
                raise _NoAnswer(f"the answer came to no end within {self.task.max_tokens} tokens (max_tokens)")
        answer = answer_text.said(proposal.text, text).strip()
        if schema is None:
            if not answer:
                raise _NoAnswer("the model had nothing to say")
            return Said(answer)
        try:
            value = found(answer, schema)
        except NoValue as error:
            raise _NoAnswer(str(error)) from None
        return self._quoted(value, text)

    def _quoted(self, value: JsonValue, text: str) -> Said:
        if not self.task.quotes:
            return Said(value)
        quotes = Quotes(text, self.task.json_schema)
        kept = quotes.kept(value)
        return Said(kept, quotes.dropped, "what was quoted does not occur in the text" if kept is None else "")

    def _joined(self, answers: Sequence[JsonValue]) -> JsonValue:
        if self.task.output == "json":
            return self._merged(answers)
        texts = [str(answer) for answer in answers]
        if self.task.join_prompt:
            try:
                texts = self._made_one(texts)
            except _NoAnswer as error:
                self.reasons[f"the parts' answers stand one after the other: {error}"] = None
        return "\n\n".join(texts)

    def _merged(self, answers: Sequence[JsonValue]) -> JsonValue:
        value = merged(answers)
        place = broken(value, self.task.json_schema)
        if place and not any(broken(answer, self.task.json_schema) for answer in answers):
            self.reasons[f"the parts' answers put together do not keep to json_schema, at {place}"] = None
        return value

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
