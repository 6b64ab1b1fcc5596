"""Dispatcher of several machines: waiting jobs in front of a broker, and an eye on what workers make of them.

Only a little ahead of the workers' demand is published, so that the order of those that wait stays ours: an urgent
scan goes before all that lie here. What comes of an attempt is read from its folder; what the broker or a worker loses
is published again.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core import crashpoints
from ocrwatchd.core.attempt import Ending, Outcome, Progress
from ocrwatchd.core.i18n import NOTHING, Message, joined, say
from ocrwatchd.dispatch.cluster.publications import Board
from ocrwatchd.dispatch.cluster.published_job import Ended, Watch
from ocrwatchd.dispatch.cluster.registry import Roster
from ocrwatchd.dispatch.cluster.scan_schedule import SLICE_S, Rounds
from ocrwatchd.dispatch.cluster.unreadable_jobs import Unseen
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

log = structlog.get_logger()


class ClusterQueue:
    """See the module; the calls are those of :class:`ocrwatchd.dispatch.protocol.Dispatcher`.

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
        found: called with each job that is in a worker's hands since before a restart.
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
        found: Callable[[Job], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings: Final = settings
        self._sender, self._receiver = lines
        self._starting: Final = starting
        self._holding: Final = holding
        self._shortcut: Final = shortcut
        self._page_done: Final = page_done
        self._found: Final = found
        self._clock: Final = clock
        self._rounds: Final = Rounds(settings.lease_seconds, clock)
        self._began: Final = self._rounds.watched()
        known = Roster(folder, settings.lease_seconds, self._rounds.watched, token)
        self._crew: Final = Crew(known, token.root, pages_read)
        self._watch: Final = Watch(known, settings.lease_seconds, self._rounds.watched)
        self._queue: Final = Waiting(clock)
        self._board: Final = Board(token, lines, self._crew, folder, settings.lease_seconds)
        self._unseen: Final = Unseen(settings.lease_seconds, clock)
        self._outcomes: list[Outcome] = []
        self._unasked: Final[deque[Place]] = deque()
        """Places of which it is not known yet whether a worker has finished or holds the job."""
        self._stirred = False  # something has happened by which another job may be published
        self._finishing = False

    # -- what the supervisor sees --------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """How many more jobs wait here; not counted are those that have had a turn, nor what is published: no more."""
        return self._settings.size - self._queue.unturned

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
    def status(self) -> EngineStatus:
        """How the workers are, together."""
        return self._crew.status

    @property
    def unavailable(self) -> Message:
        """Why nobody does the work, with the remedy; nothing where somebody does, or may come yet."""
        if self._rounds.watched() - self._began <= self._settings.lease_seconds:
            return NOTHING
        return self._crew.missing({each.queue for each in self._board.untaken}) or self._board.cut_off

    @property
    def trouble(self) -> Message:
        """Why scans wait: nobody reads them, or neither broker nor workers nor what they make can be reached."""
        idle = self.unavailable if self.waiting else NOTHING
        return joined((self._board.lost or self._board.trouble, self._crew.unseen or idle, self._unseen.trouble))

    @property
    def model_trouble(self) -> Message:
        """What workers miss they fetch, and tell of, themselves."""
        return NOTHING

    @property
    def down(self) -> bool:
        """Nobody is there to do any of the work, or none of it can be looked at."""
        if self._unseen.late == len(self._queue) + len(self._board) > 0:
            return True
        if not self.unavailable or self._board.held is not None:
            return False
        queues = {each.queue for each in self._board.untaken} | {self._board.queue(e.job.work) for e in self._queue}
        return bool(self._board.cut_off) or not any(self._crew.serves(queue) for queue in queues)

    def start(self) -> None:
        """Reach for the broker."""
        self._sender.start()
        self._receiver.start()

    def submit(self, job: Job) -> bool:
        """Take a job; False where there is no room."""
        if self.room <= 0 and (self.urgent is None or job.work.priority < self.urgent):
            return False
        self._unasked.append(self._queue.join(job))
        return True

    def outcomes(self) -> list[Outcome]:
        """What has ended since the last call."""
        ended, self._outcomes = self._outcomes, []
        return ended

    def next_due(self) -> float | None:
        """When folders are looked at again."""
        return self._clock() if self._unasked and not self._finishing else self._rounds.due

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
        self._rounds.hear(self._receiver.receive, self._board)
        if self._clock() >= self._rounds.due:
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
            self._page_done(each.job, each.pages_done)

    def _wait_again(self, each: Published, worked_s: float) -> None:
        """Another attempt at a job begins when it is its turn."""
        self._board.remove(each.job)
        self._queue.make_way(each.place, worked_s, besides=[other.place for other in self._board.untaken])

    def _find(self) -> None:
        """Find what needs no publishing; some of it: the next turn goes on."""
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
            queue = self._board.queue(place.job.work)
            if queue in full or not self._board.has_room(place, queue):
                full.add(queue)  # places come in their order: there is none for those behind either
            elif self._holding(place.job):
                holds = True
            elif outcome := self._shortcut(place.job):
                self._queue.leave(place)
                self._unseen.clear(place.job)
                self._outcomes.append(outcome)
            else:
                self._publish(place, queue)
        self._board.make_way(self._queue.goes_first, self._rounds.watched())
        self._stirred = holds

    def _publish(self, place: Place, queue: str) -> None:
        try:
            self._post(self._watch.publish(place, queue, self._starting))  # where this fails the job keeps its place
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
            self._found(each.job)
            self._rounds.due = self._clock()
