"""The rows of the ledger as values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ocrwatchd.core.i18n import NOTHING, Message

State = Literal["claimed", "delivering", "delivered", "failed"]
Goal = Literal["outbox", "failed"]

COUNTED: Final = ("words", "scored_words", "unreadable", "edits_by_reason", "refused_by_reason", "confidence")
"""The figures of a document that the ledger keeps."""


@dataclass(frozen=True, slots=True)
class PlannedSet:
    """Where one set of a delivery goes.

    Args:
        folder: under the outbox, or under ``failed/``.
        stem: its name without a number, from which another free one can be chosen.
        tail: an end of the stem, plain ASCII, without which it would be that of another set of the scan; mostly "".
        name: of the set, without suffix.
        suffixes: of its files, in the order of their moves.
    """

    folder: Path
    stem: str
    tail: str
    name: str
    suffixes: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The set's path under the outbox, without a suffix."""
        return self.folder / self.name


@dataclass(frozen=True, slots=True)
class Entry:
    """The row of a scan; ``name`` is that of the original, and of its set where there is only one."""

    job: str
    relative: Path
    state: State
    refusal: Message
    started: int
    blamed: int
    outcome: str
    name: str
    sets: tuple[PlannedSet, ...]
    reason: Message


@dataclass(frozen=True, slots=True)
class Original:
    """An original in ``archive/`` or ``failed/``.

    Args:
        relative: the scan's path under the inbox.
        outcome: "outbox" for one in the archive, or "failed".
        name: of its set, without suffix.
        sha256: of the content, or "" where unknown.
        size: bytes, or None where unknown.
        mtime_ns: modification time, or None where unknown.
        ended_at: Unix time of the delivery.
        ours: ocrwatchd has put it there for certain; other files are never removed.
    """

    job: str
    relative: Path
    outcome: Goal
    name: str
    sha256: str = ""
    size: int | None = None
    mtime_ns: int | None = None
    ended_at: float = 0.0
    reason: Message = NOTHING
    ours: bool = True
