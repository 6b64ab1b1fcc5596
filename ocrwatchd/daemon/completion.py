"""What becomes of a job once an attempt has ended: delivered, set aside, tried again, or waiting for a folder."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import time
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core import crashpoints
from ocrwatchd.core.attempt import Ending, ScanFigures
from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.component import Component, Trouble
from ocrwatchd.core.i18n import NOTHING, Message, count, say
from ocrwatchd.core.log import told
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.daemon import duplicates, late_change
from ocrwatchd.daemon.obstacles import Obstacles
from ocrwatchd.engine import page_failures
from ocrwatchd.monitoring.counters import Figures
from ocrwatchd.storage import outbox
from ocrwatchd.storage.records import COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ocrwatchd.core.attempt import Outcome
    from ocrwatchd.core.config.schema import Event
    from ocrwatchd.core.model import Job
    from ocrwatchd.dispatch.protocol import Dispatcher
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.records import Goal

BACKOFF = Backoff(first_s=1.0, cap_s=60.0)
"""Between two tries for a job whose folder is full, gone or broken."""

TURN_SECONDS = 0.5
"""A tick starts no further retry after this time: slow folders must not hold the loop."""

log = structlog.get_logger()


class JobCompletion(Component):
    """Brings each claimed job to its end.

    Args:
        max_attempts: a file is set aside when the engine has died this many times over it.
        figures: counts ended scans and the time spent on delivery.
        patient: False: do not retry; list the job in ``left``.
        has_lost: whether somebody has removed a job's folder; such a job is not retried.
        clear_canary: called with the path, goal and set name of each ended canary.
        attempt_over: called with each job whose attempt has ended.
        notify: called for each delivered set and each failed scan: event, job, its path under the outbox or ``failed/``
            without suffix, reason, figures of the document.
    """

    def __init__(
        self,
        ledger: Ledger,
        boxes: outbox.Outbox,
        dispatcher: Dispatcher,
        *,
        max_attempts: int,
        figures: Figures | None = None,
        patient: bool = True,
        has_lost: Callable[[Job], bool] = lambda _: False,
        clear_canary: Callable[[Path, Goal, str], None] = lambda *_: None,
        attempt_over: Callable[[Job], None] = lambda _: None,
        notify: Callable[[Event, Job, Path, Message, ScanFigures], None] = lambda *_: None,
    ) -> None:
        self._ledger = ledger
        self._boxes = boxes
        self._dispatcher = dispatcher
        self._figures = figures or Figures()
        self._max_attempts = max_attempts
        self._patient = patient
        self._has_lost = has_lost
        self._clear_canary = clear_canary
        self._attempt_over = attempt_over
        self._notify = notify
        self._troubles: dict[str, Trouble] = {}
        self._parked: list[tuple[float, int, Callable[[], None]]] = []
        self.obstacles: Final = Obstacles(boxes.tops)
        """Parked jobs whose obstacle concerns only them: many of them must not stop other jobs."""
        self._order = itertools.count()
        self._failures: dict[str, int] = {}
        self.left: list[Message] = []
        """Without patience: the scans that could not be completed, with the reason."""

    @property
    def parked(self) -> int:
        """How many jobs wait for a folder that other jobs need too."""
        return len(self._parked) - len(self.obstacles)

    def next_due(self) -> float | None:
        return self._parked[0][0] if self._parked else None

    def troubles(self) -> Iterator[Trouble]:
        yield from self._troubles.values()
        if full := self.obstacles.full:
            text = say(
                "further scans of the folder {folder} stay in the inbox until the waiting ones can be delivered",
                folder=told(str(full[0])),
            )
            yield Trouble("held", text)

    def tick(self, now: float) -> None:
        """Complete ended attempts; retry some of the jobs that are due. Slow folders must not hold the loop."""
        if outcomes := self._dispatcher.outcomes():
            with self._figures.spent_on("deliver"):
                for outcome in outcomes:
                    self.end(outcome)
                    self._attempt_over(outcome.job)
        while self._parked and self._parked[0][0] <= now and time.monotonic() < now + TURN_SECONDS:
            heapq.heappop(self._parked)[2]()

    def end(self, outcome: Outcome, *, stopping: bool = False) -> None:
        """Complete an attempt. While the daemon stops, no attempt counts and no new attempt begins."""
        job = outcome.job
        if outcome.ending is Ending.DONE:
            self._attempt(job, partial(self._deliver, job, outcome.figures))
        elif outcome.ending is Ending.KNOWN:
            self._attempt(job, partial(self._skip, job, outcome.figures))
        elif outcome.ending is Ending.UNREADABLE:
            self.set_aside(job, outcome.reason)
        elif stopping:
            log.info("job.put_back", job=job.id, file=str(job.relative), note="it goes on at the next start")
        elif outcome.ending is Ending.DIED:
            log.warning("attempt.died", job=job.id, file=str(job.relative), reason=outcome.reason)
            self._attempt(job, partial(self._blame, job, outcome))
        else:
            log.warning("attempt.returned", job=job.id, file=str(job.relative), reason=outcome.reason)
            self._retry_later(job, outcome.reason, partial(self._dispatcher.submit, job))

    def take(self, job: Job, action: Callable[[], Callable[[], None] | None]) -> None:
        """Take a job from before a restart: ``action`` decides the next step, and is retried if a folder fails."""
        self._attempt(job, action)

    def set_aside(self, job: Job, reason: Message) -> None:
        """Move a job's scan into ``failed/``."""
        self._attempt(job, partial(self._fail, job, reason))

    def resume(self, job: Job) -> None:
        """Complete a delivery that began before a restart, or delete the work folder after a complete delivery."""
        self._attempt(job, partial(self._resume, job))

    def _attempt(self, job: Job, action: Callable[[], Callable[[], None] | None]) -> None:
        """Run an action on a job's files; retry after a pause if a folder or the ledger fails.

        The action must be repeatable after it has failed half way. Its return value is the next step, if any.
        """
        try:
            then = action()
        except OSError as error:
            self._retry_later(job, in_words(error), partial(self._attempt, job, action), error)
            return
        self.obstacles.discard(job)
        self._failures.pop(job.id, None)
        self._troubles.pop(job.id, None)
        if then is not None:
            then()

    def _retry_later(self, job: Job, reason: Message, action: Callable[[], None], error: OSError | None = None) -> None:
        self.obstacles.discard(job)
        if self._has_lost(job):
            log.error("job.lost", job=job.id, file=str(job.relative), note="its folder was removed from .work")
            self._failures.pop(job.id, None)
            self._troubles.pop(job.id, None)
            with contextlib.suppress(OSError):  # the next start does it
                self._ledger.lost(job.id)
            return
        self._troubles[job.id] = Trouble(job.id, say("waits: {reason}", reason=reason), str(job.relative))
        if not self._patient:
            left = say(
                "{file} was left in {folder}: {reason}", file=told(str(job.relative)), folder=job.folder, reason=reason
            )
            self.left.append(left)
            return
        failures = self._failures[job.id] = self._failures.get(job.id, 0) + 1
        due = time.monotonic() + BACKOFF.pause_s(failures)
        if error is not None:
            self.obstacles.add(job, error)
        heapq.heappush(self._parked, (due, next(self._order), action))

    def _blame(self, job: Job, outcome: Outcome) -> Callable[[], None]:
        times = self._ledger.blamed(job.id, outcome.reason, outcome.attempt)
        most = page_failures.max_crashes(self._max_attempts, outcome.figures.pages, len(job.work.tasks))
        if times < most:
            return partial(self._dispatcher.submit, job)
        last = count(
            "it was tried once, and the engine ended: {reason}",
            "it was tried {n} times, and each time the engine ended; the last time {reason}",
            n=times,
            reason=outcome.reason,
        )
        return partial(self.set_aside, job, last)

    def _deliver(self, job: Job, figures: ScanFigures) -> None:
        crashpoints.reached("result-heard")
        known = asdict(figures)
        counts = {} if figures.duplicate_of else {key: known[key] for key in COUNTED}
        sha256, pages, seconds = figures.sha256, figures.pages, figures.seconds
        self._ledger.recognised(job.id, sha256=sha256, pages=pages, seconds=seconds, counts=counts)
        crashpoints.reached("result-recorded")
        name = self._boxes.deliver(job, figures.parts)
        late_change.look(*self._boxes.archived(self._placed(job), name), job.id, sha256, job.members)
        plain = {key: value for key, value in known.items() if isinstance(value, int | float)}
        self._conclude(job, "outbox", name, NOTHING, figures, **plain)

    def _skip(self, job: Job, figures: ScanFigures) -> None:
        entry = self._ledger.entry(job.id)
        if entry is not None and entry.state == "claimed":
            duplicates.write_receipt(job, figures)
        self._deliver(job, figures)

    def _fail(self, job: Job, reason: Message) -> None:
        name = self._boxes.set_aside(job, reason)
        self._conclude(job, "failed", name, reason, ScanFigures())

    def _resume(self, job: Job) -> None:
        entry = self._ledger.entry(job.id)
        if entry is not None and entry.state == "delivering":
            name = self._boxes.resume(job, entry)
            goal: Goal = "failed" if entry.outcome == "failed" else "outbox"
            self._conclude(job, goal, name, entry.reason, ScanFigures(), note="begun before a restart")
        outbox.clear(job)

    def _placed(self, job: Job) -> Job:
        """The job with the path of its delivered set, which is simpler where a disk has refused a name."""
        entry = self._ledger.entry(job.id)
        return replace(job, relative=entry.relative) if entry else job

    def _conclude(
        self, job: Job, goal: Goal, name: str, reason: Message, figures: ScanFigures, /, **noted: object
    ) -> None:
        """Record completion and delete the work folder. Canaries are neither counted nor reported."""
        self._ledger.ended(job.id)
        crashpoints.reached("end-recorded")
        outbox.clear(job)
        crashpoints.reached("cleared")
        if job.canary:
            self._ledger.strike(job.id)
            self._clear_canary(job.relative, goal, name)
            log.info("canary.ended", job=job.id, outcome=goal)
            return
        event: Event = "failed" if goal == "failed" else "delivered"
        tell = log.warning if goal == "failed" else log.info
        tell(
            f"job.{event}",
            job=job.id,
            file=str(job.relative),
            name=name,
            **noted | ({"reason": reason} if reason else {}),
        )
        self._figures.ended(event, figures)
        entry = self._ledger.entry(job.id)
        sets = entry.sets if entry else ()
        for number, planned in enumerate(sets):
            own = figures.of_part(number) if len(sets) > 1 else figures
            self._notify(event, job, planned.path, reason, own)
