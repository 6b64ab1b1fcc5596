"""Dispatcher of one machine: a bounded queue in front of one engine."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import crashpoints
from ocrwatchd.core.attempt import Begun, Ending, Progress
from ocrwatchd.core.component import Trouble
from ocrwatchd.dispatch.priority import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.core.attempt import EngineStatus, Outcome, Worker
    from ocrwatchd.core.i18n import Message
    from ocrwatchd.core.model import Job
    from ocrwatchd.dispatch.priority import Place
    from ocrwatchd.dispatch.protocol import Hooks, Host

log = structlog.get_logger()


class BoundedQueue:
    """Dispatcher of one machine: a bounded queue in front of one engine.

    :mod:`ocrwatchd.dispatch.priority` decides the order and the interruptions. A job is interrupted only while a page
    is read or a task runs, so each turn makes some progress. No new attempt begins when the job continues.
    """

    def __init__(
        self,
        size: int,
        hooks: Hooks,
        host: Callable[[Callable[[Outcome | Progress | Begun], None]], Host],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = size
        self._hooks = hooks
        self._clock = clock
        self._queue = Waiting(clock)
        self._outcomes: list[Outcome] = []
        self._in_work: Place | None = None
        self._given_at = 0.0
        self._makes_way = False
        self._asking = False
        self._finishing = False
        self._joined = False
        self.progress: Progress | None = None
        self.workers: tuple[Worker, ...] = ()
        self._host = host(self._hear)

    @property
    def room(self) -> int:
        """As the protocol says; interrupted jobs are not counted, or long ones would block all others."""
        return self._size - self._queue.unturned

    @property
    def urgent(self) -> int | None:
        """A full queue has one more place for a job that interrupts the job in work."""
        return None if self._in_work is None or self.room < 0 else self._in_work.job.work.priority + 1

    @property
    def in_work(self) -> Job | None:
        return self._in_work.job if self._in_work else None

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def submit(self, job: Job) -> None:
        self._queue.join(job)
        self._joined = True

    def _hear(self, told: Outcome | Progress | Begun) -> None:
        if isinstance(told, Begun):
            self._asking = told.step == "task"
            if self._asking and self._in_work is not None:  # where it goes on, no page of it was read
                self.progress = self.progress or self._in_work.left
            if told.priority is not None and (place := self._in_work) is not None:
                work = place.job.work.model_copy(update={"priority": told.priority})
                self._in_work = replace(place, job=replace(place.job, work=work))
            self._hooks.step(told.step)
            return
        if isinstance(told, Progress):
            if told.done:
                self._hooks.page_done(told.job, told.page)
            else:
                self.progress = told
            return
        self._hooks.step("")
        place, left = self._in_work, self.progress
        self._in_work = self.progress = None
        self._makes_way = self._asking = False
        if told.ending is Ending.PUT_BACK and place is not None:
            self._queue.make_way(place, self._clock() - self._given_at, left)
        else:
            self._outcomes.append(told)

    def outcomes(self) -> list[Outcome]:
        ended, self._outcomes = self._outcomes, []
        return ended

    def tick(self, now: float) -> None:
        """Let the host do its work, then hand over the next job, or interrupt the job in work."""
        self._joined = False
        self._host.tick(now)
        if self._finishing:
            return
        if self._in_work is not None:
            self._make_way(self._in_work, now)
        elif self._host.idle:
            self._give_next(now)

    def _make_way(self, place: Place, now: float) -> None:
        """Interrupt the job in work if a more urgent one would otherwise wait for pages, or for tasks."""
        if self._makes_way or self.progress is None:
            return
        if self.progress.page >= self.progress.pages and not self._asking:
            return
        before = self._queue.before(place, now - self._given_at)
        first = next((each.job for each in before if not self._waits(each.job)), None)
        if first is None:
            return
        self._makes_way = True
        self._host.put_back()
        job, page = place.job, self.progress.page
        log.info("job.makes_way", job=job.id, file=str(job.relative), after_page=page, first=first.id)

    def _waits(self, job: Job) -> bool:
        return self._hooks.holding(job) or self._host.lacks(job.work.llm)

    def _give_next(self, now: float) -> None:
        for place in self._queue:
            job = place.job
            if place.left is not None:
                log.info("job.goes_on", job=job.id, file=str(job.relative), after_page=place.left.page)
            elif self._waits(job):
                continue
            elif outcome := self._hooks.shortcut(job):
                self._queue.leave(place)
                self._outcomes.append(outcome)
                continue
            else:
                self._hooks.starting(job)  # where this fails the job keeps its place
            self._queue.leave(place)
            self._in_work, self._given_at = place, now
            self._host.give(job)
            crashpoints.reached("job-given")
            return

    def next_due(self) -> float | None:
        return 0.0 if self._joined else self._host.next_due()

    def troubles(self) -> tuple[Trouble, ...]:
        return Trouble("model", self._host.model_trouble), Trouble("engine", self._host.trouble)

    def start(self) -> None:
        self._host.start()

    def finish(self) -> None:
        self._finishing = True
        self._host.finish()

    def stop(self) -> None:
        self._host.stop()

    @property
    def status(self) -> EngineStatus:
        status = self._host.status
        return replace(status, notes=(*status.notes, *filter(None, (place.remark for place in self._queue))))

    @property
    def unavailable(self) -> Message:
        return self._host.unavailable

    @property
    def down(self) -> bool:
        return self._host.resting
