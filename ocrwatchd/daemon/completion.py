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
from ocrwatchd.core.i18n import NOTHING, Message, count, say
from ocrwatchd.core.log import told
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.daemon import duplicates, late_change
from ocrwatchd.daemon.obstacles import Obstacles
from ocrwatchd.engine import page_failures
from ocrwatchd.storage import outbox
from ocrwatchd.storage.records import COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.core.attempt import Outcome
    from ocrwatchd.core.config.schema import Event
    from ocrwatchd.core.model import Job
    from ocrwatchd.monitoring.reporter import Reporter
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.records import Goal

PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""How long a job whose folder is full, gone or broken waits before the next try, in seconds; the last one repeats."""

TURN_SECONDS = 0.5
"""After this time a turn begins no further try, so that the loop stays quick."""

log = structlog.get_logger()


class JobCompletion:
    """Brings each claimed job to its end.

    Args:
        ledger: remembers what was decided.
        boxes: where finished work goes.
        reporter: hears of trouble.
        again: takes a job that needs another attempt.
        max_attempts: over how many attempts the engine may die before the file is set aside.
        patient: False: what fails is not tried again but listed in ``left``.
        has_lost: whether somebody has removed a job's folder: there is nothing to wait for then.
        is_canary: whether a scan, by its path, goal and set's name, was a canary: such a one counts nowhere.
        tell: hears of every other end: the event, the job, its set's name, the reason and the engine's figures.
    """

    def __init__(  # noqa: PLR0913 - each is another room's face
        self,
        ledger: Ledger,
        boxes: outbox.Outbox,
        reporter: Reporter,
        again: Callable[[Job], None],
        *,
        max_attempts: int,
        patient: bool = True,
        has_lost: Callable[[Job], bool] = lambda _: False,
        is_canary: Callable[[Path, Goal, str], bool] = lambda *_: False,
        tell: Callable[[Event, Job, str, Message, ScanFigures], None] = lambda *_: None,
    ) -> None:
        self._ledger = ledger
        self._boxes = boxes
        self._reporter = reporter
        self.again = again
        self._max_attempts = max_attempts
        self._patient = patient
        self._has_lost = has_lost
        self._is_canary = is_canary
        self._tell = tell
        self._parked: list[tuple[float, int, Callable[[], None]]] = []
        self.obstacles: Final = Obstacles(boxes.tops)
        """Parked jobs for which alone there is no place: whoever makes many of them must not stop everything."""
        self._order = itertools.count()
        self._tries: dict[str, int] = {}
        self.left: list[Message] = []
        """Without patience: the scans that could not be brought to their end."""

    @property
    def parked(self) -> int:
        """How many jobs wait for a folder to be mended that others need too."""
        return len(self._parked) - len(self.obstacles)

    def next_due(self) -> float | None:
        """When the next parked job is tried again, on the monotonic clock."""
        return self._parked[0][0] if self._parked else None

    def turn(self) -> None:
        """Try again what is due, some of it: where a folder or the ledger answers late, the next turn goes on."""
        now = time.monotonic()
        while self._parked and self._parked[0][0] <= now and time.monotonic() < now + TURN_SECONDS:
            heapq.heappop(self._parked)[2]()
        full = self.obstacles.full
        held = say(
            "the other scans of the folder {folder} stay in the inbox until those that wait have a place",
            folder=told(str(next(iter(full), ""))),
        )
        self._reporter.trouble("held", held if full else NOTHING)

    def end(self, outcome: Outcome, *, stopping: bool = False) -> None:
        """Do what an attempt's ending asks for; while stopping, no attempt counts and none begins."""
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
            self._retry_later(job, outcome.reason, partial(self.again, job))

    def take(self, job: Job, action: Callable[[], Callable[[], None] | None]) -> None:
        """Take on a job from before a restart: ``action`` finds out what comes next, again where a folder fails."""
        self._attempt(job, action)

    def set_aside(self, job: Job, reason: Message) -> None:
        """Put a job's scan into ``failed/``."""
        self._attempt(job, partial(self._fail, job, reason))

    def resume(self, job: Job) -> None:
        """Go on with a delivery that began before a restart, or clear up after one that was complete."""
        self._attempt(job, partial(self._resume, job))

    def _attempt(self, job: Job, action: Callable[[], Callable[[], None] | None]) -> None:
        """Do something with a job's files; where a folder or the ledger fails, again after a growing pause.

        Args:
            job: the job.
            action: can be done again after it has failed half way; gives back what comes next, if anything.
        """
        try:
            then = action()
        except OSError as error:
            self._retry_later(job, in_words(error), partial(self._attempt, job, action), error)
            return
        self.obstacles.discard(job)
        self._tries.pop(job.id, None)
        self._reporter.trouble(job.id, NOTHING)
        if then is not None:
            then()

    def _retry_later(self, job: Job, reason: Message, action: Callable[[], None], error: OSError | None = None) -> None:
        self.obstacles.discard(job)
        if self._has_lost(job):
            log.error("job.lost", job=job.id, file=str(job.relative), note="its folder was removed from .work")
            self._tries.pop(job.id, None)
            self._reporter.trouble(job.id, NOTHING)
            with contextlib.suppress(OSError):  # the next start does it
                self._ledger.lost(job.id)
            return
        self._reporter.trouble(job.id, say("waits: {reason}", reason=reason), str(job.relative))
        if not self._patient:
            left = say(
                "{file} was left in {folder}: {reason}", file=told(str(job.relative)), folder=job.folder, reason=reason
            )
            self.left.append(left)
            return
        tries = self._tries.get(job.id, 0)
        self._tries[job.id] = tries + 1
        due = time.monotonic() + PAUSES_S[min(tries, len(PAUSES_S) - 1)]
        if error is not None:
            self.obstacles.add(job, error)
        heapq.heappush(self._parked, (due, next(self._order), action))

    def _blame(self, job: Job, outcome: Outcome) -> Callable[[], None]:
        times = self._ledger.blamed(job.id, outcome.reason, outcome.attempt)
        most = page_failures.max_crashes(self._max_attempts, outcome.figures.pages, len(job.work.tasks))
        if times < most:
            return partial(self.again, job)
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
        name = self._boxes.deliver(job)
        late_change.look(*self._boxes.archived(self._placed(job), name), job.id, sha256)
        if self._conclude(job, "outbox", name):
            plain = {key: value for key, value in known.items() if isinstance(value, int | float)}
            log.info("job.delivered", job=job.id, file=str(job.relative), name=name, **plain)
            self._tell("delivered", self._placed(job), name, NOTHING, figures)

    def _skip(self, job: Job, figures: ScanFigures) -> None:
        entry = self._ledger.entry(job.id)
        if entry is not None and entry.state == "claimed":
            duplicates.write_receipt(job, figures)
        self._deliver(job, figures)

    def _fail(self, job: Job, reason: Message) -> None:
        name = self._boxes.set_aside(job, reason)
        if self._conclude(job, "failed", name):
            log.warning("job.failed", job=job.id, file=str(job.relative), name=name, reason=reason)
            self._tell("failed", self._placed(job), name, reason, ScanFigures())

    def _resume(self, job: Job) -> None:
        entry = self._ledger.entry(job.id)
        if entry is not None and entry.state == "delivering":
            name = self._boxes.resume(job, entry)
            goal: Goal = "failed" if entry.outcome == "failed" else "outbox"
            if self._conclude(job, goal, name):
                log.info("job.delivered", job=job.id, file=str(job.relative), name=name, note="begun before a restart")
                self._tell(
                    "failed" if goal == "failed" else "delivered", self._placed(job), name, entry.reason, ScanFigures()
                )
        outbox.clear(job)

    def _placed(self, job: Job) -> Job:
        """The job with the path under which its set lies: plainer than its own where a disk has refused that."""
        entry = self._ledger.entry(job.id)
        return replace(job, relative=entry.relative) if entry else job

    def _conclude(self, job: Job, goal: Goal, name: str) -> bool:
        """Write the end down and clear up; False for a canary's, of which nobody shall hear."""
        canary = self._is_canary(job.relative, goal, name)
        self._ledger.ended(job.id)
        crashpoints.reached("end-recorded")
        outbox.clear(job)
        crashpoints.reached("cleared")
        if canary:
            self._ledger.strike(job.id)
            log.info("canary.ended", job=job.id, outcome=goal)
        return not canary
