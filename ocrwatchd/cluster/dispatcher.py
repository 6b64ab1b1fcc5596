"""Dispatcher of several machines: waiting jobs in front of a broker, and an eye on what workers make of them.

Only a little ahead of the workers' demand is published, so that the order of those that wait stays ours: an urgent
scan goes before all that lie here. What comes of an attempt is read from its folder; what the broker or a worker loses
is published again.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd import steps
from ocrwatchd.cluster import attempts, capability, roster
from ocrwatchd.cluster.messages import Nudge, Order, Refused, decode
from ocrwatchd.log import printable, told
from ocrwatchd.model import Ending, Outcome, Progress
from ocrwatchd.status import Worker
from ocrwatchd.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.cluster.attempts import Attempt
    from ocrwatchd.cluster.messages import Card, Report, Token
    from ocrwatchd.cluster.post import Receiver, Sender
    from ocrwatchd.config import Queue
    from ocrwatchd.model import Job
    from ocrwatchd.waiting import Place

LOOK_S: Final = 1.0
"""So often the folders of published jobs are looked at, also where nobody says that anything has changed."""

LOOK_SHARE: Final = 0.1
"""Looking takes at most so much of the time, however many nudges come."""

LONGEST_AGAIN: Final = 32
"""The pause before what nobody has taken is published again grows to so many leases."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Published:
    """A job that workers have heard of.

    Args:
        attempt: its number.
        queue: where it was published; "" for one that was found in a worker's hands.
        taken: a worker has begun.
        held_at: when a worker was last seen to hold it, by our clock.
        pause_s: after which it is published again where nobody takes it.
        again_at: when that is.
        card: of the worker that holds it.
    """

    place: Place
    attempt: int
    queue: str
    held_at: float
    pause_s: float
    again_at: float
    taken: bool = False
    card: Card | None = field(default=None)

    @property
    def job(self) -> Job:
        return self.place.job


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
        self._token: Final = token
        self._sender, self._receiver = lines
        self._starting: Final = starting
        self._holding: Final = holding
        self._shortcut: Final = shortcut
        self._page_done: Final = page_done
        self._pages_read: Final = pages_read
        self._clock: Final = clock
        self._roster: Final = roster.Roster(folder, settings.lease_seconds, clock)
        self._queue: Final = Waiting(clock)
        self._published: Final[dict[str, _Published]] = {}
        self._outcomes: list[Outcome] = []
        self._pages: dict[str, int] = {}
        self._connections = 0
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
        return len(self._queue) + sum(not each.taken for each in self._published.values())

    @property
    def in_work(self) -> Job | None:
        """The job that a worker has had for longest; None when finishing, for workers go on without us."""
        first = self._first_held
        return None if first is None or self._finishing else first.job

    @property
    def progress(self) -> Progress | None:
        """The page in work of that job."""
        first = self._first_held
        return Progress(first.job, first.card.page, first.card.pages) if first and first.card else None

    @property
    def _first_held(self) -> _Published | None:
        return next((each for each in self._published.values() if each.taken), None)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Those that have given a sign of life within a lease, each with the name of the scan that it reads."""
        files = {each.card.name: told(str(each.job.relative)) for each in self._published.values() if each.card}
        return tuple(
            Worker(
                name=card.name,
                state=printable(card.state),
                job=files.get(card.name, ""),
                page=card.page,
                pages=card.pages,
                pages_done=card.pages_done,
                seconds_a_page=round(card.seconds_a_page, 2),
            )
            for card in self._roster.living
        )

    @property
    def state(self) -> str:
        """For people: how many workers there are."""
        cards = self._roster.living
        if not cards:
            return "no worker"
        busy = sum(bool(card.job) for card in cards)
        return f"{'working' if busy else 'ready'}; {len(cards)} workers, {busy} at work"

    @property
    def figures(self) -> dict[str, object]:
        """An engine's; there is none here."""
        return {}

    @property
    def unavailable(self) -> str:
        """Why nobody does the work, with the remedy; "" where somebody does, or may come yet."""
        if self._clock() - self._began <= self._settings.lease_seconds:
            return ""
        cards = self._roster.living
        missing = {each.queue for each in self._published.values() if not each.taken and not self._able(each.queue)}
        if not cards:
            return "no worker is there: start one with `ocrwatchd worker` on a machine that sees this folder"
        what = " and ".join(sorted(name.rpartition(".")[2] for name in missing))
        return what and f'no worker offers "{what}", which scans wait for: start one on a machine that has it'

    @property
    def trouble(self) -> str:
        """Why scans wait: nobody reads them, or the broker cannot be reached."""
        broken = self._sender.trouble or self._receiver.trouble
        lost = broken and f"the broker cannot be reached ({broken}); it is tried again, and what is in work goes on"
        return "; ".join(filter(None, (lost, self.unavailable if self.waiting else "")))

    @property
    def down(self) -> bool:
        """Nobody is there to do the work."""
        return bool(self.unavailable)

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
        for line in (self._sender, self._receiver):
            line.close()

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
                if decode(Nudge, content).job in self._published:
                    pause = self._look_took / LOOK_SHARE
                    self._look_due = min(self._look_due, self._looked_at + pause)

    def _look(self) -> None:
        began = self._clock()
        self._roster.look()
        self._count_pages()
        connections = self._sender.connections + self._receiver.connections
        forgotten = connections != self._connections
        self._connections = connections
        for each in [*self._published.values()]:
            try:
                self._see(each, forgotten=forgotten)
            except OSError as error:  # the share is away for the moment: then nothing is known of it
                log.debug("attempt.unseen", job=each.job.id, reason=error.strerror)
        self._looked_at = self._clock()
        self._look_took = self._looked_at - began
        self._look_due = self._looked_at + LOOK_S

    def _count_pages(self) -> None:
        for card in self._roster.living:
            before = self._pages.get(card.name, card.pages_done)
            self._pages[card.name] = card.pages_done
            if card.pages_done > before:
                self._pages_read(card.pages_done - before, card.seconds_a_page)

    def _see(self, each: _Published, *, forgotten: bool) -> None:
        made = attempts.made(each.job.folder)
        for attempt in made:
            report = attempts.ended(attempt)
            if report is not None and (attempt.number >= each.attempt or report.ending in {"done", "unreadable"}):
                self._end(each, attempt, report)
                return
        each.card = None
        now = self._clock()
        if not each.taken and any(attempt.number >= each.attempt for attempt in made):
            each.taken, each.held_at = True, now
        if found := self._roster.holder(each.job.id, each.attempt):
            card, each.held_at = found
            self._hold(each, card)
        if not each.taken:
            if forgotten or now >= each.again_at:
                self._send_again(each)
        elif now - each.held_at > self._settings.lease_seconds:
            log.warning("worker.lost", job=each.job.id, attempt=each.attempt, worker=made[0].worker if made else None)
            self._put_back(each)

    def _hold(self, each: _Published, card: Card) -> None:
        each.taken, each.card = True, card
        if card.page > 1:
            self._page_done(each.job, card.page - 1)

    def _end(self, each: _Published, attempt: Attempt, report: Report) -> None:
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
        del self._published[job.id]
        self._outcomes.append(Outcome(job, ending, reason, dict(report.figures)))

    def _put_back(self, each: _Published) -> None:
        """Let a job wait again, in its old place: another attempt at it begins when it is its turn."""
        del self._published[each.job.id]
        self._queue.rejoin(each.place)

    def _send_again(self, each: _Published) -> None:
        each.pause_s = min(each.pause_s * 2, LONGEST_AGAIN * self._settings.lease_seconds)
        each.again_at = self._clock() + each.pause_s
        log.info("job.published_again", job=each.job.id, attempt=each.attempt)
        self._send(each)

    # -- what is due ---------------------------------------------------------------------------------------------

    def _publish_next(self) -> None:
        untaken = Counter(each.queue for each in self._published.values() if not each.taken)
        for place in self._queue:
            if len(self._published) >= self._settings.size:
                return
            job = place.job
            queue = capability.queue_name(self._token.root, capability.needed(job.work))
            if untaken[queue] >= self._ahead(queue) or self._holding(job):
                continue
            if outcome := self._shortcut(job):
                self._queue.leave(place)
                self._outcomes.append(outcome)
            elif not self._adopt(place):
                self._publish(place, queue)
                untaken[queue] += 1

    def _publish(self, place: Place, queue: str) -> None:
        attempt = self._starting(place.job)  # where this fails the job keeps its place
        self._queue.leave(place)
        now, pause_s = self._clock(), self._settings.lease_seconds
        each = _Published(place, attempt, queue, now, pause_s, now + pause_s)
        self._published[place.job.id] = each
        self._send(each)
        steps.reached("job-published")

    def _send(self, each: _Published) -> None:
        job = replace(each.job, work=capability.settled(each.job.work))
        order = Order.of(job, each.attempt, self._token)
        self._sender.send(each.queue, order.model_dump_json())

    def _adopt(self, place: Place) -> bool:
        """Take on a job that a worker has had since before a restart; whether there is one."""
        try:
            made = attempts.made(place.job.folder)
            for attempt in made:
                if self._lives(place.job, attempt) or attempts.ended(attempt):
                    self._queue.leave(place)
                    now = self._clock()
                    each = _Published(place, attempt.number, "", now, 0.0, now, taken=True)
                    self._published[place.job.id] = each
                    self._look_due = now
                    log.info("attempt.found", job=place.job.id, attempt=attempt.number, worker=attempt.worker)
                    return True
        except OSError as error:
            log.debug("attempt.unseen", job=place.job.id, reason=error.strerror)
        return False

    def _lives(self, job: Job, attempt: Attempt) -> bool:
        found = self._roster.holder(job.id, attempt.number)
        return found is not None and self._clock() - found[1] <= self._settings.lease_seconds

    def _able(self, queue: str) -> list[Card]:
        return [card for card in self._roster.living if queue in capability.queues(self._token.root, card.offers)]

    def _ahead(self, queue: str) -> int:
        """How many jobs lie in a queue at most: one for each worker that is free, and some for those that will be."""
        able = self._able(queue)
        return 1 + len(able) // 2 + sum(not card.job for card in able)
