"""Reports of engines and workers to the supervisor: the progress and the end of an attempt to read a scan."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocrwatchd.core.model import Job


class Ending(enum.Enum):
    """How an attempt ended."""

    DONE = "done"
    """The finished set is in ``job.out``."""
    UNREADABLE = "unreadable"
    """The scan's content is at fault: the scan belongs in ``failed/`` with the reason."""
    DIED = "died"
    """The engine died or was ended at its deadline over this job: an attempt that counts."""
    RETURNED = "returned"
    """The scan is not at fault: stop, no engine, no disk room. The job waits and is offered again."""
    PUT_BACK = "put-back"
    """The job made way for a more urgent job between two pages, and continues later with the next page."""
    KNOWN = "known"
    """The same content was delivered before, and ``job.duplicates`` is "skip"."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt's ending, as the dispatcher reports it.

    Args:
        reason: in plain words, for everything but DONE.
        figures: pages, seconds, warnings and the like; plain JSON values, never document text.
        attempt: its number on another machine, which may report it twice; else 0.
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
    """A present worker's own report.

    Args:
        name: the worker's name.
        state: the state of its engine, as text.
        job: the scan that it reads, or "".
        page: the page in work, from 1.
        pages: pages of the scan, 0 while unknown.
        pages_done: pages since the worker's start.
        seconds_a_page: mean wall time of its last pages; 0.0 before the first.
    """

    name: str
    state: str
    job: str
    page: int
    pages: int
    pages_done: int
    seconds_a_page: float
