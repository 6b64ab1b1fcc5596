"""What becomes of an attempt to read a scan, and who makes it: what engines and workers tell the supervisor."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocrwatchd.core.model import Job


class Ending(enum.Enum):
    """What became of an attempt."""

    DONE = "done"
    """The finished set lies in ``job.out``."""
    UNREADABLE = "unreadable"
    """The scan's own content is at fault; it belongs in ``failed/`` with the reason."""
    DIED = "died"
    """The engine died or was ended at its deadline over this job: an attempt that counts."""
    RETURNED = "returned"
    """Nobody's fault: stopping, no engine, no disk room. The job waits and is offered again."""
    PUT_BACK = "put-back"
    """As it was asked to, between two pages, for one that goes first: it goes on with the next page, none ends."""
    KNOWN = "known"
    """The same content was delivered before, and such scans are to be skipped."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt's ending, told by the dispatcher.

    Args:
        reason: in plain words, for everything but DONE.
        figures: pages, seconds, warnings and the like; plain JSON values, never document text.
        attempt: its number where another machine has made it, which may be told twice; else 0.
    """

    job: Job
    ending: Ending
    reason: str = ""
    figures: dict[str, object] = field(default_factory=dict)
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """The page in work, for people who watch; ``done`` says that it is finished and kept."""

    job: Job
    page: int
    pages: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A step of a job has begun, by its name on the wire."""

    job: Job
    step: str


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that is there, as it has told of itself.

    Args:
        name: its own.
        state: of its engine, in words.
        job: the scan that it reads, "" for none.
        page: of it, from 1.
        pages: it has, 0 while unknown.
        pages_done: since the worker's start.
        seconds_a_page: wall time that one of its last pages took on average; 0.0 before the first.
    """

    name: str
    state: str
    job: str
    page: int
    pages: int
    pages_done: int
    seconds_a_page: float
