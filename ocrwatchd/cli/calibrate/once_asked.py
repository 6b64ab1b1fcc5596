"""A model that answers each question once, however many gates judge its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from ocrwatchd.correct.answer_text import unwrap
from ocrwatchd.llm.context import Context, without
from ocrwatchd.llm.protocol import Decide, Ending, Model, Proposal, Question, Schema

ENDLESS: Final = 5
"""The model is not asked again after this many answers without an end, and as many more for each answer with one."""


class OnceAsked:
    """Remembers the answers about a text.

    Questions for which the first gate had no time stay unasked: later gates would have their whole time for them. A
    model that hardly ever ends an answer is not asked every question.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._proposals: dict[tuple[str, str, Context | None], Proposal] = {}
        self._all_asked = False
        self._endings = Counter[Ending]()
        self.name, self.version, self.languages = model.name, model.version, model.languages
        self.compares = model.compares
        self.compared = 0
        """Number of words whose candidates the model compared."""

    @property
    def heard(self) -> list[tuple[str, str]]:
        """The questions since ``forget`` that the model answered, each with the bare answer."""
        answered = (Ending.FINISHED, Ending.LENGTH)
        return [
            (text, without(unwrap(each.text, prompt, text), context or Context(), text))
            for (prompt, text, context), each in self._proposals.items()
            if each.ending in answered
        ]

    def propose(self, prompt: str, text: str, deadline: float, context: Context | None = None) -> Proposal:
        key = (prompt, text, context)
        if key not in self._proposals:
            if self._all_asked:
                return Proposal("", Ending.TIME)
            if self._endings[Ending.LENGTH] >= ENDLESS * (1 + self._endings[Ending.FINISHED]):
                return Proposal("", Ending.UNABLE, reason="too many of its answers did not end to ask it for more")
            self._proposals[key] = self._model.propose(prompt, text, deadline, context)
            self._endings[self._proposals[key].ending] += 1
        return self._proposals[key]

    def fits(self, prompt: str, text: str, most_tokens: int) -> bool:
        return self._model.fits(prompt, text, most_tokens)

    def answer(
        self, prompt: str, text: str, deadline: float, most_tokens: int, schema: Schema | None = None
    ) -> Proposal:
        return self._model.answer(prompt, text, deadline, most_tokens, schema)

    def compare(self, text: str, questions: Sequence[Question], decide: Decide, deadline: float) -> str:
        def counted(question: Question, nats: Sequence[float]) -> str:
            self.compared += 1
            return decide(question, nats)

        return self._model.compare(text, questions, counted, deadline)

    def forget(self) -> None:
        """Forget the answers; another text begins."""
        self._proposals.clear()
        self._all_asked = False

    def only_repeat(self) -> None:
        """Ask nothing more about this text."""
        self._all_asked = True

    def close(self) -> None:
        self._model.close()
