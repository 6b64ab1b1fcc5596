"""The seam between the supervisor and whatever does the work, and the bounded queue behind it on one machine."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Protocol

from ocrwatchd.model import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.model import Job, Outcome


class Dispatcher(Protocol):
    """Takes jobs, tells what became of them. Used from one thread; no call blocks."""

    @property
    def room(self) -> int:
        """How many more jobs it takes now."""

    @property
    def busy(self) -> bool:
        """True while a job is queued or in work."""

    @property
    def progress(self) -> Progress | None:
        """The page in work, where there is one."""

    def submit(self, job: Job) -> bool:
        """Take a job; False where there is no room, and the job is offered again later."""

    def outcomes(self) -> list[Outcome]:
        """What has ended since the last call."""

    def turn(self) -> None:
        """Do what is due: hand over the next job, watch deadlines."""

    def next_due(self) -> float | None:
        """When ``turn`` has something to do again, on the monotonic clock; None while only events matter."""


class Host(Protocol):
    """One engine, one job at a time; :class:`ocrwatchd.engine.host.EngineHost` is the real one."""

    @property
    def idle(self) -> bool:
        """Ready for a job."""

    def give(self, job: Job) -> None:
        """Hand over a job; only while idle."""

    def turn(self) -> None:
        """Watch deadlines, start again what has died."""

    def next_due(self) -> float | None:
        """When ``turn`` has something to do again."""


class BoundedQueue:
    """Dispatcher of one machine: a bounded queue in front of one engine.

    The higher ``job.work.priority``, the sooner; among equals the first come first.

    Args:
        size: how many jobs wait at most, the one in work not counted.
        starting: called with each job right before the engine may touch it.
        holding: True for a job that has to wait; those behind it go first meanwhile.
    """

    def __init__(
        self, size: int, starting: Callable[[Job], None], holding: Callable[[Job], bool] = lambda _: False
    ) -> None:
        self._size = size
        self._starting = starting
        self._holding = holding
        self._host: Host | None = None
        self._waiting: list[tuple[int, int, Job]] = []
        self._order = itertools.count()
        self._outcomes: list[Outcome] = []
        self._in_work: Job | None = None
        self.progress: Progress | None = None

    def attach(self, host: Host) -> None:
        """Set the engine at the queue's far end."""
        self._host = host

    @property
    def room(self) -> int:
        """How many more jobs fit."""
        return self._size - len(self._waiting)

    @property
    def busy(self) -> bool:
        """True while a job is queued or in work."""
        return bool(self._waiting) or self._in_work is not None

    @property
    def in_work(self) -> Job | None:
        """The job that the engine has."""
        return self._in_work

    @property
    def waiting(self) -> int:
        """How many jobs are queued."""
        return len(self._waiting)

    def submit(self, job: Job) -> bool:
        """Queue a job; False where the queue is full."""
        if self.room <= 0:
            return False
        self._waiting.append((-job.work.priority, next(self._order), job))
        return True

    def hear(self, told: Outcome | Progress) -> None:
        """What the host says."""
        if isinstance(told, Progress):
            self.progress = told
            return
        self._in_work = self.progress = None
        self._outcomes.append(told)

    def outcomes(self) -> list[Outcome]:
        """What has ended since the last call."""
        ended, self._outcomes = self._outcomes, []
        return ended

    def turn(self) -> None:
        """Let the host look after itself, then hand over the next job."""
        if self._host is None:
            return
        self._host.turn()
        if self._in_work is None and self._host.idle:
            free = [entry for entry in self._waiting if not self._holding(entry[2])]
            if not free:
                return
            entry = min(free)
            self._starting(entry[2])  # where this fails the job keeps its place
            self._waiting.remove(entry)
            self._in_work = entry[2]
            self._host.give(entry[2])

    def next_due(self) -> float | None:
        """When the host wants its turn."""
        return self._host.next_due() if self._host else None
