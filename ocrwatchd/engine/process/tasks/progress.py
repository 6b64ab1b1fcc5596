"""How far a task has come, so that an interruption costs no answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue  # noqa: TC002 - pydantic resolves it when a record is read


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one question.

    Args:
        value: a text, or what JSON may hold; None where nothing counts.
        dropped: how many of its strings did not occur in the text.
        why_none: why nothing counts.
    """

    value: JsonValue = None
    dropped: int = 0
    why_none: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """How far a task has come: the same task on the same text goes on there.

    Args:
        said: what came of its questions so far, in order.
        spent_s: of its budget, seconds.
    """

    said: tuple[Said, ...] = ()
    spent_s: float = 0.0


NOTHING_YET: Final = Record()
