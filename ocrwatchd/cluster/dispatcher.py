"""Dispatcher of several machines: waiting jobs in front of a broker, and an eye on what workers make of them.

Only a little ahead of the workers' demand is published, so that the order of those that wait stays ours: an urgent
scan goes before all that lie here. What comes of an attempt is read from its folder; what the broker or a worker loses
is published again.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd import steps
from ocrwatchd.cluster import attempts
from ocrwatchd.cluster.board import Board
from ocrwatchd.cluster.crew import Crew
from ocrwatchd.cluster.messages import Nudge, Refused, decode
from ocrwatchd.cluster.published import Ended, Watch
from ocrwatchd.cluster.roster import Roster
from ocrwatchd.ledger import LedgerFault
from ocrwatchd.model import Ending, Outcome, Progress
from ocrwatchd.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.cluster.attempts import Attempt
    from ocrwatchd.cluster.messages import Report, Token
    from ocrwatchd.cluster.post import Receiver, Sender
    from ocrwatchd.cluster.published import Finding, Published
    from ocrwatchd.config import Queue
    from ocrwatchd.model import Job
    from ocrwatchd.status import Worker
    from ocrwatchd.waiting import Place

LOOK_S: Final = 1.0
"""So often the folders of published jobs are looked at, also where nobody says that anything has changed."""

LOOK_SHARE: Final = 0.1
"""Looking takes at most so much of the time, however many nudges come."""

log = structlog.get_logger()


class ClusterQueue:
    """See the module; the calls are those of :class:`ocrwatchd.dispatch.Dispatcher`.

    Args:
        settings: size, lease and broker.
        token: of the root.
        folder: the work folder.
        lines: to the broker and from it.
        starting: called with each job right before a worker may touch it; gives the attempt's number.
        holding: True for a job that has to wait; those behind it go first meanwhile.
        shortcut: the outcome of a job that needs no engine, or None.
        page_done: called with a job and the number of each of its pages that is finished.
        pages_read: called with how many pages a worker has read more, and how long one takes, seconds.
        clock: monotonic, seconds.
    """

    def __init__(  # noqa: PLR0913 - each is another room's face
        self,
        settings: Queue,
        token: Token,
        folder: Path,
        lines: tuple[Sender, Receiver],
        starting: Callable[[Job], int],
        *,
        holding: Callable[[Job], bool] = lambda _: False,
        shortcut: Callable[[Job], Outcome | None] = lambda _: None,
        page_done: Callable[[Job, int], None] = lambda _job, _page: None,
        pages_read: Callable[[int, float], None] = lambda _pages, _seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings: Final = settings
        self._sender, self._receiver = lines
        self._starting: Final = starting
        self._holding: Final = holding
        self._shortcut: Final = shortcut
        self._page_done: Final = page_done
        self._clock: Final = clock
        known = Roster(folder, settings.lease_seconds, clock)
        self._crew: Final = Crew(known, token.root, pages_read)
        self._watch: Final = Watch(known, settings.lease_seconds, clock)
        self._queue: Final = Waiting(clock)
        self._board: Final = Board(token, self._sender, self._crew)
        self._outcomes: list[Outcome] = []
        self._reconnected = 0
        self._look_due = self._began = clock()
        self._looked_at = self._look_took = 0.0
        self._finishing = False

    # -- what the supervisor sees --------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """How many more jobs wait here; what is published is not counted, and no more than as many."""
        return self._settings.size - len(self._queue)

    @property
    def urgent(self) -> int | None:
        """A full queue has one place more, for a job that goes before those that wait."""
        return None if self.room < 0 else max((each.job.work.priority for each in self._queue), default=0) + 1

    @property
    def waiting(self) -> int:
        """How many jobs no worker has begun."""
        return len(self._queue) + len(self._board.untaken)

    @property
    def in_work(self) -> Job | None:
        """The job that a worker has had for longest; None when finishing, for workers go on without us."""
        first = self._board.held
        return None if first is None or self._finishing else first.job

    @property
    def progress(self) -> Progress | None:
        """The page in work of that job."""
        first = self._board.held
        return Progress(first.job, first.card.page, first.card.pages) if first and first.card else None

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Those that are there."""
        return self._crew.members(self._board)

    @property
    def state(self) -> str:
        """For people: how many workers there are."""
        return self._crew.state

    @property
    def figures(self) -> dict[str, object]:
        """An engine's; there is none here."""
        return {}

    @property
    def unavailable(self) -> str:
        """Why nobody does the work, with the remedy; "" where somebody does, or may come yet."""
        if self._clock() - self._began <= self._settings.lease_seconds:
            return ""
        return self._crew.missing({each.queue for each in self._board.untaken})

    @property
    def trouble(self) -> str:
        """Why scans wait: nobody reads them, or the broker cannot be reached."""
        broken = self._sender.trouble or self._receiver.trouble
        lost = broken and f"the broker cannot be reached ({broken}); it is tried again, and what is in work goes on"
        return "; ".join(filter(None, (lost, self.unavailable if self.waiting else "")))

    @property
    def down(self) -> bool:
        """Nobody is there to do the work."""
        return bool(self.unavailable) and self._board.held is None

    def start(self) -> None:
        """Reach for the broker."""
        self._sender.start()
        self._receiver.start()

    def submit(self, job: Job) -> bool:
        """Take a job; False where there is no room."""
        if self.room <= 0 and (self.urgent is None or job.work.priority < self.urgent):
            return False
        self._queue.join(job)
        return True

    def outcomes(self) -> list[Outcome]:
        """What has ended since the last call."""
        ended, self._outcomes = self._outcomes, []
        return ended

    def next_due(self) -> float | None:
        """When folders are looked at again."""
        return self._look_due

    def renew(self) -> None:
        """Workers see to their own models."""

    def finish(self) -> None:
        """Publish nothing more; workers go on, and what they finish is found at the next start."""
        self._finishing = True

    def stop(self) -> None:
        """Close the lines."""
        self._finishing = True
        self._receiver.hang_up()
        self._sender.close()
        self._receiver.close()

    def turn(self) -> None:
        """See what has come of what is published, publish what is due."""
        self._hear()
        if self._clock() >= self._look_due:
            self._look()
        if not self._finishing:
            self._publish_next()

    # -- what has been published ---------------------------------------------------------------------------------

    def _hear(self) -> None:
        while (content := self._receiver.receive()) is not None:
            with contextlib.suppress(Refused):
                if decode(Nudge, content).job in self._board:
                    pause = self._look_took / LOOK_SHARE
                    self._look_due = min(self._look_due, self._looked_at + pause)

    def _look(self) -> None:
        began = self._clock()
        self._crew.look()
        self._board.look()
        reconnected = self._sender.reconnected + self._receiver.reconnected
        forgotten = reconnected != self._reconnected
        self._reconnected = reconnected
        for each in self._board:
            try:
                self._heed(each, self._watch.see(each), forgotten=forgotten)
            except OSError as error:  # the share is away for the moment: then nothing is known of it
                log.debug("attempt.unseen", job=each.job.id, reason=error.strerror)
        self._looked_at = self._clock()
        self._look_took = self._looked_at - began
        self._look_due = self._looked_at + LOOK_S

    def _heed(self, each: Published, found: Finding, *, forgotten: bool) -> None:
        if isinstance(found, Ended):
            self._end(each, found.attempt, found.report)
        elif found == "untaken" or (found == "waits" and forgotten):
            log.info("job.published_again", job=each.job.id, attempt=each.attempt)
            each.postpone(self._clock(), self._settings.lease_seconds)
            self._board.send(each)
        elif found == "lost":
            log.warning("worker.lost", job=each.job.id, attempt=each.attempt)
            self._put_back(each)
        elif found == "gone":
            self._board.remove(each.job)
            self._outcomes.append(Outcome(each.job, Ending.RETURNED, "the scan has gone from its folder"))
        elif each.card and each.card.page - 1 > each.pages_done:
            each.pages_done = each.card.page - 1
            self._page_done(each.job, each.pages_done)

    def _end(self, each: Published, attempt: Attempt, report: Report) -> None:
        log.info("attempt.ended", job=each.job.id, worker=attempt.worker, ending=report.ending, attempt=attempt.number)
        job = each.job
        ending, reason = Ending(report.ending), report.reason
        try:
            if ending is Ending.DONE:
                attempts.take(job, attempt)
            else:
                attempts.heed(attempt)
        except attempts.Unusable as error:
            ending, reason = Ending.RETURNED, f"the worker {attempt.worker} has left {error}; it is read again"
        if report.stopping or ending is Ending.PUT_BACK:
            self._put_back(each)
            return
        self._board.remove(job)
        self._outcomes.append(Outcome(job, ending, reason, dict(report.figures)))

    def _put_back(self, each: Published) -> None:
        """Let a job wait again, in its old place: another attempt at it begins when it is its turn."""
        self._board.remove(each.job)
        self._queue.rejoin(each.place)

    # -- what is due ---------------------------------------------------------------------------------------------

    def _publish_next(self) -> None:
        for place in self._queue:
            if len(self._board) >= self._settings.size:
                return
            queue = self._board.queue(place.job.work)
            if not self._board.has_room(place, queue) or self._holding(place.job):
                continue
            if outcome := self._shortcut(place.job):
                self._queue.leave(place)
                self._outcomes.append(outcome)
            else:
                self._publish(place, queue)
        self._board.make_way()

    def _publish(self, place: Place, queue: str) -> None:
        try:
            each = self._watch.publish(place, queue, self._starting)  # where this fails the job keeps its place
        except LedgerFault:
            raise
        except OSError as error:  # the share is away for the moment
            log.debug("attempt.unseen", job=place.job.id, reason=error.strerror)
            return
        self._queue.leave(place)
        self._board.add(each)
        steps.reached("job-published")
        if each.taken:
            self._look_due = self._clock()
