"""The protocol that every language model passes through.

A model proposes, and the gate decides. Neither the corrector nor the pipeline can tell one model from another. This
module is light; only the engine process imports llama.cpp.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from pydantic import JsonValue

    from ocrwatchd.llm.context import Context

Schema: TypeAlias = "Mapping[str, JsonValue]"
Decide: TypeAlias = Callable[["Question", Sequence[float]], str]
"""Gets ln P of each candidate with the text behind it, but for a constant, and returns the word. The next words are
judged by the text with this word."""

MOST_CANDIDATES = 4
"""For each word, the reading included."""


class Ending(enum.Enum):
    """Why a model stopped."""

    FINISHED = "finished"
    """The model ended the answer."""
    LENGTH = "length"
    """The answer reached the bound on tokens and was cut off."""
    TIME = "time"
    """The deadline passed; the text is a part of an answer."""
    UNABLE = "unable"
    """There is no answer; the proposal's reason says why."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A model's answer or a part of one, with the number of its tokens; ``reason`` is for people, for UNABLE only."""

    text: str
    ending: Ending
    tokens: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A doubtful word.

    Args:
        offset: in the text.
        candidates: the reading first, at most :data:`MOST_CANDIDATES`.
        wrong: probability that the reading is wrong.
    """

    offset: int
    candidates: tuple[str, ...]
    wrong: float

    @property
    def end(self) -> int:
        """Offset behind the word."""
        return self.offset + len(self.candidates[0])


class Model(Protocol):
    """A loaded language model. Loading is its constructor's work and may take seconds."""

    name: str
    """For people."""
    version: str
    """Version of the package that runs the model."""
    languages: tuple[str, ...]
    """The only languages that the model can correct, ISO 639-3; empty for a model without such a limit."""
    compares: bool
    """Whether ``compare`` is implemented."""

    def propose(self, prompt: str, text: str, deadline: float, context: Context | None = None) -> Proposal:
        """Answer ``prompt`` about ``text``.

        Args:
            prompt: the operator's instruction.
            text: a piece of a page. Models read all of it as content, never as control tokens.
            deadline: on the model's clock, checked between forward passes: an answer may end one pass late.
            context: the lines around ``text`` on the page, also content.
        """

    def fits(self, prompt: str, text: str, most_tokens: int) -> bool:
        """Whether there is room for ``prompt``, ``text`` and an answer of so many tokens at once."""

    def answer(
        self, prompt: str, text: str, deadline: float, most_tokens: int, schema: Schema | None = None
    ) -> Proposal:
        """Answer any question about ``text``; no gate follows, so the answer never becomes a document's text.

        Args:
            prompt: as for ``propose``.
            text: corrected text, all of it content.
            deadline: as for ``propose``.
            most_tokens: the answer is cut off there.
            schema: a JSON Schema that guides the answer, as far as the model's library can.
        """

    def compare(self, text: str, questions: Sequence[Question], decide: Decide, deadline: float) -> str:
        """Compare candidates for words of a text by the likelihood of the text with each.

        Args:
            text: of a page, all of it content.
            questions: in order of offset. If time is short, the words that are most probably wrong come first.
            decide: called from left to right.
            deadline: as for ``propose``.

        Returns:
            Why the model compared only some of the words, or "".
        """

    def close(self) -> None:
        """Free everything; the model is not used again."""
