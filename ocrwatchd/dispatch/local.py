"""Dispatcher of one machine: a bounded queue in front of one engine."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import crashpoints
from ocrwatchd.core.attempt import Begun, Ending, Progress
from ocrwatchd.dispatch.priority import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.core.attempt import EngineStatus, Outcome, Worker
    from ocrwatchd.core.i18n import Message
    from ocrwatchd.core.model import Job
    from ocrwatchd.dispatch.priority import Place
    from ocrwatchd.dispatch.protocol import Host

log = structlog.get_logger()


class BoundedQueue:
    """Dispatcher of one machine: a bounded queue in front of one engine.

    Who goes first, and who makes way for whom, is told by :mod:`ocrwatchd.dispatch.priority`. A job in work is asked
    back only while a page of it is read, or a task carried out: each turn brings it on by a page, or by an answer. No
    new attempt begins when it goes on.

    Args:
        size: how many jobs wait at most, the one in work not counted.
        starting: called with each job right before the engine may touch it.
        holding: True for a job that has to wait, as one waits whose model the host lacks; those behind it go first.
        shortcut: the outcome of a job that needs no engine, or None.
        page_done: called with a job and the number of each of its pages that is finished.
        begun: called with the name of each step that begins, and with "" where nothing is in work any more.
        clock: monotonic, seconds.
        host: makes the engine, given what it is to tell.
    """

    def __init__(  # noqa: PLR0913 - each is another room's face
        self,
        size: int,
        starting: Callable[[Job], object],
        host: Callable[[Callable[[Outcome | Progress | Begun], None]], Host],
        *,
        holding: Callable[[Job], bool] = lambda _: False,
        shortcut: Callable[[Job], Outcome | None] = lambda _: None,
        page_done: Callable[[Job, int], None] = lambda _job, _page: None,
        begun: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = size
        self._starting = starting
        self._holding = holding
        self._shortcut = shortcut
        self._page_done = page_done
        self._begun = begun
        self._clock = clock
        self._queue = Waiting(clock)
        self._outcomes: list[Outcome] = []
        self._in_work: Place | None = None
        self._given_at = 0.0
        self._makes_way = False
        self._asking = False
        self._finishing = False
        self.progress: Progress | None = None
        self.workers: tuple[Worker, ...] = ()
        self._host = host(self._hear)

    @property
    def room(self) -> int:
        """How many more jobs fit; those that have had a turn take no place, or long ones would shut out all others."""
        return self._size - self._queue.unturned

    @property
    def urgent(self) -> int | None:
        """A full queue has one place more, for a job that goes before the one in work."""
        return None if self._in_work is None or self.room < 0 else self._in_work.job.work.priority + 1

    @property
    def in_work(self) -> Job | None:
        """The job that the engine has."""
        return self._in_work.job if self._in_work else None

    @property
    def waiting(self) -> int:
        """How many jobs are queued."""
        return len(self._queue)

    def submit(self, job: Job) -> bool:
        """Queue a job; False where the queue is full."""
        if self.room <= 0 and (self.urgent is None or job.work.priority < self.urgent):
            return False
        self._queue.join(job)
        return True

    def _hear(self, told: Outcome | Progress | Begun) -> None:
        """What the host says."""
        if isinstance(told, Begun):
            self._asking = told.step == "task"
            if self._asking and self._in_work is not None:  # where it goes on, no page of it was read
                self.progress = self.progress or self._in_work.left
            self._begun(told.step)
            return
        if isinstance(told, Progress):
            if told.done:
                self._page_done(told.job, told.page)
            else:
                self.progress = told
            return
        self._begun("")
        place, left = self._in_work, self.progress
        self._in_work = self.progress = None
        self._makes_way = self._asking = False
        if told.ending is Ending.PUT_BACK and place is not None:
            self._queue.make_way(place, self._clock() - self._given_at, left)
        else:
            self._outcomes.append(told)

    def outcomes(self) -> list[Outcome]:
        """What has ended since the last call."""
        ended, self._outcomes = self._outcomes, []
        return ended

    def turn(self) -> None:
        """Let the host look after itself, then hand over the next job, or ask for the one in work back."""
        self._host.turn()
        if self._finishing:
            return
        if self._in_work is not None:
            self._make_way(self._in_work)
        elif self._host.idle:
            self._give_next()

    def _make_way(self, place: Place) -> None:
        """Ask for the job in work back where one that goes first would wait for further pages, or for tasks."""
        if self._makes_way or self.progress is None:
            return
        if self.progress.page >= self.progress.pages and not self._asking:
            return
        before = self._queue.before(place, self._clock() - self._given_at)
        first = next((each.job for each in before if not self._waits(each.job)), None)
        if first is None:
            return
        self._makes_way = True
        self._host.put_back()
        job, page = place.job, self.progress.page
        log.info("job.makes_way", job=job.id, file=str(job.relative), after_page=page, first=first.id)

    def _waits(self, job: Job) -> bool:
        return self._holding(job) or self._host.lacks(job.work.llm)

    def _give_next(self) -> None:
        for place in self._queue:
            job = place.job
            if place.left is not None:
                log.info("job.goes_on", job=job.id, file=str(job.relative), after_page=place.left.page)
            elif self._waits(job):
                continue
            elif outcome := self._shortcut(job):
                self._queue.leave(place)
                self._outcomes.append(outcome)
                continue
            else:
                self._starting(job)  # where this fails the job keeps its place
            self._queue.leave(place)
            self._in_work, self._given_at = place, self._clock()
            self._host.give(job)
            crashpoints.reached("job-given")
            return

    def next_due(self) -> float | None:
        """When the host wants its turn."""
        return self._host.next_due()

    def start(self) -> None:
        """Start the host."""
        self._host.start()

    def finish(self) -> None:
        """Begin nothing more; let the host complete the page in work."""
        self._finishing = True
        self._host.finish()

    def stop(self) -> None:
        """Stop the host."""
        self._host.stop()

    @property
    def status(self) -> EngineStatus:
        """The host's, and what has made way."""
        status = self._host.status
        return replace(status, notes=(*status.notes, *filter(None, (place.remark for place in self._queue))))

    @property
    def unavailable(self) -> Message:
        """What the host misses."""
        return self._host.unavailable

    @property
    def trouble(self) -> Message:
        """Why the host has no engine that serves."""
        return self._host.trouble

    @property
    def model_trouble(self) -> Message:
        """What the host could not fetch."""
        return self._host.model_trouble

    @property
    def down(self) -> bool:
        """The host has no process, and does not start one at once."""
        return self._host.resting
