"""Run one task on one text, part by part and within its budget, and join the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from ocrwatchd.core.config.profile import Task
from ocrwatchd.correct import answer_text
from ocrwatchd.engine.process.tasks.json_answers import NoValue, broken, found, merged
from ocrwatchd.engine.process.tasks.quotes import Quotes
from ocrwatchd.engine.process.tasks.splitting import NoRoom, parts
from ocrwatchd.llm.protocol import Ending, Model, Schema

MOST_ROUNDS = 3
"""Greatest number of rounds in which ``join_prompt`` joins answers; the first joins those of the text's parts."""

ANY_JSON: Schema = {"anyOf": [{"type": "object"}, {"type": "array"}]}
"""The schema of a JSON answer without ``json_schema``."""


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to one question.

    Args:
        value: a text or a JSON value; None without a valid answer.
        dropped: number of strings that do not occur in the text.
    """

    value: JsonValue = None
    dropped: int = 0
    why_none: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A task's answers so far and the used seconds of its budget: the same task on the same text resumes there."""

    said: tuple[Said, ...] = ()
    spent_s: float = 0.0


NOTHING_YET: Final = Record()


class _NoAnswer(Exception):
    """A part has no valid answer; the message names the reason and quotes nothing of the document."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a task.

    Args:
        value: a text or a JSON value; None without a result.
        answered: number of parts with a valid answer.
        dropped: number of strings that do not occur in the text.
        reason: why it does not cover the whole text, or is not as requested.
    """

    value: JsonValue = None
    parts: int = 0
    answered: int = 0
    dropped: int = 0
    reason: str = ""


@dataclass(slots=True)
class TaskRun:
    """One run of a task.

    Args:
        task: with the languages inserted into its prompt.
        begins: called first and before each further question; its exceptions end the task.
        keep: called with the progress after each question.
        record: the progress of an interrupted attempt.
    """

    task: Task
    model: Model
    clock: Callable[[], float]
    begins: Callable[[], None]
    keep: Callable[[Record], None] = lambda _: None
    record: Record = NOTHING_YET
    _deadline: float = field(init=False)
    _replayed: int = 0
    _announced: bool = False
    _dropped: int = 0
    _reasons: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._deadline = self.clock() - self.record.spent_s + self.task.budget_s

    @property
    def _out_of_time(self) -> _NoAnswer:
        return _NoAnswer(f"its {self.task.budget_s:g} s ran out (budget_s)")

    def answer(self, text: str) -> Answer:
        """Run the task on the corrected text."""
        self.begins()  # the tokenizer may fail too
        self._announced = True
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
        return Answer(value, len(pieces), len(answers), self._dropped, "; ".join(self._reasons))

    def _parts(self, prompt: str, text: str) -> tuple[str, ...]:
        def fits(part: str) -> bool:
            if self._replayed == len(self.record.said):  # else recorded answers follow
                self._confirm_time()
            return self.model.fits(prompt, part, self.task.max_tokens)

        return parts(text, fits)

    def _confirm_time(self) -> None:
        if self.clock() >= self._deadline:
            raise self._out_of_time

    def _tried(self, prompt: str, text: str) -> JsonValue:
        """The answer about a part; None without a valid one, whose reason is kept."""
        try:
            return self._asked(prompt, text)
        except _NoAnswer as error:
            self._reasons[str(error)] = None
            return None

    def _asked(self, prompt: str, text: str) -> JsonValue:
        if self._replayed == len(self.record.said):
            try:
                said = self._ask(prompt, text)
            except _NoAnswer as error:
                said = Said(why_none=str(error))
            spent_s = self.clock() - self._deadline + self.task.budget_s
            self.record = Record((*self.record.said, said), spent_s)
            self.keep(self.record)
        said = self.record.said[self._replayed]
        self._replayed += 1
        self._dropped += said.dropped
        if said.why_none:
            raise _NoAnswer(said.why_none)
        return said.value

    def _ask(self, prompt: str, text: str) -> Said:
        self._confirm_time()
        if not self._announced:
            self.begins()
        self._announced = False
        schema = (self.task.json_schema or ANY_JSON) if self.task.output == "json" else None
        proposal = self.model.answer(prompt, text, self._deadline, self.task.max_tokens, schema)
        match proposal.ending:
            case Ending.TIME:
                raise self._out_of_time
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
                self._reasons[f"the parts' answers stand one after the other: {error}"] = None
        return "\n\n".join(texts)

    def _merged(self, answers: Sequence[JsonValue]) -> JsonValue:
        value = merged(answers)
        place = broken(value, self.task.json_schema)
        if place and not any(broken(answer, self.task.json_schema) for answer in answers):
            self._reasons[f"the parts' answers put together do not keep to json_schema, at {place}"] = None
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
