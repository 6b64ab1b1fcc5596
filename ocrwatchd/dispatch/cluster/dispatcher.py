"""Dispatcher of several machines: jobs wait in front of a broker, and the work of the workers is watched.

Only slightly more jobs are published than workers can take, so that the order of waiting jobs stays ours and an urgent
scan goes first. The result of an attempt is read from its folder. Jobs that the broker or a worker loses are published
again.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core import crashpoints
from ocrwatchd.core.attempt import Ending, Outcome, Progress
from ocrwatchd.core.component import Trouble
from ocrwatchd.core.i18n import NOTHING, Message, joined, say
from ocrwatchd.dispatch.cluster.publications import Board
from ocrwatchd.dispatch.cluster.published_job import Ended, Watch
from ocrwatchd.dispatch.cluster.registry import Roster
from ocrwatchd.dispatch.cluster.scan_schedule import SLICE_S, Rounds, Unseen
from ocrwatchd.dispatch.cluster.workers import Crew
from ocrwatchd.dispatch.priority import Waiting
from ocrwatchd.storage.ledger import LedgerFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.core.attempt import EngineStatus, Worker
    from ocrwatchd.core.config.schema import Queue
    from ocrwatchd.core.model import Job
    from ocrwatchd.dispatch.cluster.messages import Token
    from ocrwatchd.dispatch.cluster.published_job import Finding, Published
    from ocrwatchd.dispatch.cluster.transport import Receiver, Sender
    from ocrwatchd.dispatch.priority import Place
    from ocrwatchd.dispatch.protocol import Hooks

log = structlog.get_logger()


class ClusterQueue:
    """The dispatcher of several machines; see :class:`ocrwatchd.dispatch.protocol.Dispatcher`."""

    def __init__(
        self,
        settings: Queue,
        token: Token,
        folder: Path,
        lines: tuple[Sender, Receiver],
        hooks: Hooks,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings: Final = settings
        self._sender, self._receiver = lines
        self._hooks = hooks
        self._clock: Final = clock
        self._rounds: Final = Rounds(settings.lease_seconds, clock)
        self._began: Final = self._rounds.watched()
        known = Roster(folder, settings.lease_seconds, self._rounds.watched, token)
        self._crew: Final = Crew(known, token.root, hooks.pages_read)
        self._watch: Final = Watch(known, settings.lease_seconds, self._rounds.watched)
        self._queue: Final = Waiting(clock)
        self._board: Final = Board(token, lines, self._crew, folder, settings.lease_seconds)
        self._unseen: Final = Unseen(settings.lease_seconds, clock)
        self._outcomes: list[Outcome] = []
        self._unasked: Final[deque[Place]] = deque()
        """Places of jobs that a worker may have finished, or may hold."""
        self._stirred = False  # something has happened by which another job may be published
        self._finishing = False

    # -- what the supervisor sees --------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """As the protocol says; interrupted and published jobs are not counted."""
        return self._settings.size - self._queue.unturned

    @property
    def urgent(self) -> int | None:
        """A full queue has one more place for a job that goes before all waiting jobs."""
        return None if self.room < 0 else max((each.job.work.priority for each in self._queue), default=0) + 1

    @property
    def waiting(self) -> int:
        return len(self._queue) + len(self._board.untaken)

    @property
    def in_work(self) -> Job | None:
        """The job that a worker has had longest; None while finishing, because workers continue without us."""
        first = self._board.held
        return None if first is None or self._finishing else first.job

    @property
    def progress(self) -> Progress | None:
        first = self._board.held
        return Progress(first.job, first.card.page, first.card.pages) if first and first.card else None

    @property
    def workers(self) -> tuple[Worker, ...]:
        return self._crew.members(self._board)

    @property
    def status(self) -> EngineStatus:
        return self._crew.status

    @property
    def unavailable(self) -> Message:
        """Why no worker does the work, with the remedy; nothing while a worker may still come."""
        if self._rounds.watched() - self._began <= self._settings.lease_seconds:
            return NOTHING
        return self._crew.missing({each.queue for each in self._board.untaken}) or self._board.cut_off

    @property
    def trouble(self) -> Message:
        """Why scans wait: no worker, or the broker, the workers or their results cannot be reached."""
        idle = self.unavailable if self.waiting else NOTHING
        return joined((self._board.lost or self._board.trouble, self._crew.unseen or idle, self._unseen.trouble))

    def troubles(self) -> tuple[Trouble, ...]:
        return (Trouble("engine", self.trouble),)

    @property
    def down(self) -> bool:
        """No worker can do any of the work, or no result can be read."""
        if len(self._unseen.late) == len(self._queue) + len(self._board) > 0:
            return True
        if not self.unavailable or self._board.held is not None:
            return False
        queues = {each.queue for each in self._board.untaken} | {self._board.queue(e.job) for e in self._queue}
        return bool(self._board.cut_off) or not any(self._crew.serves(queue) for queue in queues)

    def start(self) -> None:
        self._sender.start()
        self._receiver.start()

    def submit(self, job: Job) -> None:
        self._unasked.append(self._queue.join(job))

    def outcomes(self) -> list[Outcome]:
        ended, self._outcomes = self._outcomes, []
        return ended

    def next_due(self) -> float | None:
        return self._clock() if self._unasked and not self._finishing else self._rounds.due

    def finish(self) -> None:
        """Publish nothing more; workers continue, and their results are found at the next start."""
        self._finishing = True

    def stop(self) -> None:
        self._finishing = True
        self._receiver.hang_up()
        self._sender.close()
        self._receiver.close()

    def tick(self, now: float) -> None:
        """Read the results of published jobs, and publish jobs that are due."""
        self._rounds.hear(self._receiver.receive, self._board)
        if now >= self._rounds.due:
            self._look()
        if (self._unasked or self._stirred) and not self._finishing:
            self._find()
            if not self._unasked:
                self._publish_next()

    # -- what has been published ---------------------------------------------------------------------------------

    def _look(self) -> None:
        for each in self._rounds.turn(self._begin_round):
            try:
                self._heed(each, self._watch.see(each))
            except OSError as error:  # the share may be away for the moment: then nothing is known of it
                self._unseen.note(each.job, error)
            else:
                self._unseen.clear(each.job)
        self._board.renew(self._rounds.watched())
        self._stirred = True

    def _begin_round(self) -> Board:
        self._crew.look()
        if self._crew.unseen:
            self._rounds.unwatch()
        self._board.look()
        return self._board

    def _heed(self, each: Published, found: Finding) -> None:
        if isinstance(found, Ended):
            outcome = self._watch.conclude(each, found)
            if outcome is None:
                self._wait_again(each, self._rounds.watched() - each.begun_at)
            else:
                self._board.remove(each.job)
                self._outcomes.append(outcome)
        elif found == "lost":
            log.warning("worker.lost", job=each.job.id, attempt=each.attempt)
            self._watch.give_up(each.job, each.attempt)
            self._wait_again(each, worked_s=0.0)
        elif found == "gone":
            self._board.remove(each.job)
            self._outcomes.append(Outcome(each.job, Ending.RETURNED, say("the scan has gone from its folder")))
        elif each.card and each.card.page - 1 > each.pages_done:
            each.pages_done = each.card.page - 1
            self._hooks.page_done(each.job, each.pages_done)

    def _wait_again(self, each: Published, worked_s: float) -> None:
        """Put a job back into the queue for another attempt."""
        self._board.remove(each.job)
        self._queue.make_way(each.place, worked_s, besides=[other.place for other in self._board.untaken])

    def _find(self) -> None:
        """Find jobs that workers have already; some of them: the next tick continues."""
        enough = self._clock() + SLICE_S
        while self._unasked and self._clock() < enough:
            place = self._unasked.popleft()
            with contextlib.suppress(OSError):  # the share is away: it is asked again when it is its turn
                if each := self._watch.found(place):
                    self._post(each)

    def _publish_next(self) -> None:
        full, holds = set(), False
        for place in self._queue:
            if len(self._board) >= self._settings.size:
                break
            queue = self._board.queue(place.job)
            if queue in full or not self._board.has_room(place, queue):
                full.add(queue)  # places come in their order: there is none for those behind either
            elif self._hooks.holding(place.job):
                holds = True
            elif outcome := self._hooks.shortcut(place.job):
                self._queue.leave(place)
                self._unseen.clear(place.job)
                self._outcomes.append(outcome)
            else:
                self._publish(place, queue)
        self._board.make_way(self._queue.goes_first, self._rounds.watched())
        self._stirred = holds

    def _publish(self, place: Place, queue: str) -> None:
        try:
            # Where this fails the job keeps its place.
            self._post(self._watch.publish(place, queue, self._hooks.starting))
        except LedgerFault:
            raise
        except OSError as error:  # the share may be away for the moment
            self._unseen.note(place.job, error)
        else:
            self._unseen.clear(place.job)
            crashpoints.reached("job-published")

    def _post(self, each: Published) -> None:
        self._queue.leave(each.place)
        self._board.add(each)
        if each.taken:
            self._hooks.found(each.job)
            self._rounds.due = self._clock()
