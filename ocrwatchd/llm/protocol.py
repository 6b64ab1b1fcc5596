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
"""For a word, its reading among them."""


class Ending(enum.Enum):
    """Why a model stopped."""

    FINISHED = "finished"
    """It ended its answer by itself."""
    LENGTH = "length"
    """Its answer ran past the bound on tokens and was cut off there."""
    TIME = "time"
    """The deadline passed; the text is a part of an answer."""
    UNABLE = "unable"
    """It could not answer at all; the proposal's reason says why."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A model's answer.

    Args:
        text: the answer, or what there is of it.
        ending: why it stops there.
        tokens: how many were generated.
        reason: for UNABLE, in plain words.
    """

    text: str
    ending: Ending
    tokens: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A doubtful word.

    Args:
        offset: in the text.
        candidates: what it may be, at most :data:`MOST_CANDIDATES`; its reading is the first.
        wrong: probability that it is wrong as it stands.
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

    @property
    def name(self) -> str:
        """What people know it by."""

    @property
    def version(self) -> str:
        """Of the package that runs it."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The only languages that it can correct, codes of ISO 639-3; empty where none is left out."""

    @property
    def compares(self) -> bool:
        """Whether ``compare`` does something."""

    def propose(self, prompt: str, text: str, deadline: float, context: Context | None = None) -> Proposal:
        """Answer ``prompt`` about ``text``.

        Args:
            prompt: what is wanted, in the operator's words.
            text: a piece of a page; whatever is written in it, it is content and never control.
            deadline: on the clock that the model was given. It is looked at between forward passes, so that an
                answer may run over by one of them.
            context: the lines around ``text``, of the same page: content too.
        """

    def fits(self, prompt: str, text: str, most_tokens: int) -> bool:
        """Whether there is room for ``prompt``, ``text`` and an answer of so many tokens at once."""

    def answer(
        self, prompt: str, text: str, deadline: float, most_tokens: int, schema: Schema | None = None
    ) -> Proposal:
        """Say anything that ``prompt`` asks about ``text``; no gate follows, so this is never a document's text.

        Args:
            prompt: what is wanted, in the operator's words.
            text: corrected; whatever is written in it, it is content and never control.
            deadline: as for ``propose``.
            most_tokens: where the answer is cut off.
            schema: a JSON Schema that the answer is made to keep to, as far as the model's library can.
        """

    def compare(self, text: str, questions: Sequence[Question], decide: Decide, deadline: float) -> str:
        """Compare what words of a text may be, by how likely the text is with each.

        Args:
            text: of a page; whatever is written in it, it is content and never control.
            questions: in order of offset. Where time is short, the words that are most probably wrong are asked about.
            decide: called from left to right.
            deadline: as for ``propose``.

        Returns:
            Why some words were not asked about, in plain words, or "".
        """

    def close(self) -> None:
        """Free everything; the model is not used again."""
