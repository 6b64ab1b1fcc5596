"""A published job, and its state according to its folder and the workers' cards."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import structlog

from ocrwatchd.core import crashpoints
from ocrwatchd.core.attempt import Ending, Outcome
from ocrwatchd.core.fs import safe_open
from ocrwatchd.core.i18n import say
from ocrwatchd.dispatch.cluster import attempts, capabilities, safe_names
from ocrwatchd.dispatch.cluster.messages import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ocrwatchd.core.model import Job
    from ocrwatchd.dispatch.cluster.attempts import Attempt
    from ocrwatchd.dispatch.cluster.messages import Card, Report
    from ocrwatchd.dispatch.cluster.registry import Roster
    from ocrwatchd.dispatch.priority import Place

FINAL: Final = ("done", "unreadable")
"""Such an end counts for any attempt; other ends count only for the current attempt."""

log = structlog.get_logger()


class Ended(NamedTuple):
    """A worker has ended its attempt."""

    attempt: Attempt
    report: Report


Finding: TypeAlias = Ended | Literal["waits", "held", "lost", "gone"]
"""No worker has begun; a worker has it; its worker sends no heartbeat; somebody has removed the scan."""


@dataclass(slots=True)
class Published:
    """A published job. Times are times on leases, seconds.

    Args:
        place: its place in the queue, if it comes back.
        order: the digest of its settings; see :func:`messages.digest`.
        queue: where it was published; "" for a job that was found with a worker.
        held_at: when a worker last had it.
        offered_at: since when a worker has been free to take it.
        begun_at: when a worker was first seen to have begun.
        taken: a worker has begun.
        wanted_back: the worker was asked to hand it back.
        pages_done: how many pages are known to be finished.
    """

    place: Place
    attempt: int
    order: str
    queue: str
    held_at: float
    offered_at: float
    begun_at: float = 0.0
    taken: bool = False
    card: Card | None = None
    wanted_back: bool = False
    pages_done: int = 0

    @property
    def job(self) -> Job:
        return self.place.job


class Watch:
    """Examines published jobs."""

    def __init__(self, roster: Roster, lease_s: float, clock: Callable[[], float]) -> None:
        self._roster: Final = roster
        self._lease_s: Final = lease_s
        self._clock: Final = clock
        self._over: Final[dict[str, int]] = {}
        """By job id: up to this number, only the final end of an attempt counts."""

    def see(self, each: Published) -> Finding:
        """The state of a job."""
        made = attempts.made(each.job.folder)
        ends, unread = _ends(made)
        # A finished set is a finished set, whoever made it, and whatever others say.
        for end in sorted(ends, key=lambda end: end.report.ending != "done"):
            final = end.report.ending in FINAL and end.attempt.order == each.order
            if final or end.attempt.number == each.attempt:
                return end
        for attempt, error in unread.items():
            if attempt.number == each.attempt:
                raise error
        # Whoever had an order from before a reload in its hands may have begun it only now.
        others = [other for other in made if other.order != each.order and other.number != each.attempt]
        attempts.call_off(other for other in others if self._lives(each.job, other))
        now, began = self._clock(), each.taken
        each.card = None
        if not each.taken and any(attempt.number == each.attempt for attempt in made):
            each.taken, each.held_at = True, now
        if found := self._roster.holder(each.job.id, each.attempt):
            each.taken = True
            each.card, each.held_at = found
        if each.taken and not began:
            each.begun_at = now
        silent = now - each.held_at > self._lease_s
        if (each.card is None or silent) and not safe_open.lexists_strict(each.job.source):
            return "gone"
        if not each.taken:
            return "waits"
        return "lost" if silent else "held"

    def conclude(self, each: Published, end: Ended) -> Outcome | None:
        """The outcome of a job whose attempt has ended; None where the job waits again.

        Raises:
            OSError: the set cannot be moved now, or the end of the attempt cannot be removed.
        """
        job, (attempt, report) = each.job, end
        ending, reason = Ending(report.ending), report.reason
        try:
            if ending is Ending.DONE:
                attempts.take(job, attempt)
                crashpoints.reached("set-taken")
            elif ending not in {Ending.UNREADABLE, Ending.DIED}:  # that is found again where nobody lives to heed it
                attempts.heed(attempt)
        except attempts.Unusable as error:
            ending, reason = (
                Ending.RETURNED,
                say("the worker {worker} has left {what}; it is read again", worker=attempt.worker, what=error),
            )
        log.info("attempt.ended", job=job.id, worker=attempt.worker, ending=report.ending, attempt=attempt.number)
        if ending.value in FINAL:
            self._over.pop(job.id, None)
            with contextlib.suppress(OSError):
                attempts.call_off(each for each in attempts.made(job.folder) if each != attempt)
        else:
            self.give_up(job, attempt.number)
        if ending is Ending.PUT_BACK or (report.stopping and report.ending == "returned"):
            return None
        return Outcome(job, ending, reason, report.figures, attempt.number)

    def give_up(self, job: Job, number: int) -> None:
        """Another attempt at the job is to begin: ignore the failure of this one from now on."""
        self._over[job.id] = number

    def found(self, place: Place) -> Published | None:
        """The job, if a worker has finished it or has it since before a restart; otherwise None."""
        made = attempts.made(place.job.folder)
        return self._found(place, made, _order(place.job)) if made else None

    def publish(self, place: Place, queue: str, starting: Callable[[Job], int]) -> Published:
        """Prepare a job for publication, unless a worker has it (:meth:`found`); ``starting`` numbers the attempt.

        Raises:
            OSError: its folder cannot be read now, or no attempt may begin.
        """
        made, order = attempts.made(place.job.folder), _order(place.job)
        if found := self._found(place, made, order):
            return found
        attempts.call_off(each for each in made if each.order != order)
        # The ledger may have been lost: workers drop what has an attempt of that number.
        safe_names.lay_out(place.job)
        number = max(starting(place.job), made[0].number + 1 if made else 1)
        now = self._clock()
        return Published(place, number, order, queue, held_at=now, offered_at=now)

    def _found(self, place: Place, made: list[Attempt], order: str) -> Published | None:
        """An attempt with these settings; after a change of settings a new attempt takes over the finished pages."""
        over = self._over.get(place.job.id, 0)
        now = self._clock()
        ends, unread = _ends(made)
        reports = dict(ends)
        for attempt in made:
            if attempt.order != order or attempt in unread:
                continue
            if report := reports.get(attempt):
                here = report.ending in FINAL or over < attempt.number == made[0].number
            else:
                here = attempt.number > over and self._lives(place.job, attempt)
            if here:
                log.info("attempt.found", job=place.job.id, attempt=attempt.number, worker=attempt.worker)
                number = attempt.number
                return Published(place, number, order, "", held_at=now, offered_at=now, begun_at=now, taken=True)
        for error in unread.values():
            raise error
        return None

    def _lives(self, job: Job, attempt: Attempt) -> bool:
        found = self._roster.holder(job.id, attempt.number)
        return found is not None and self._clock() - found[1] <= self._lease_s


def _order(job: Job) -> str:
    published = capabilities.published(job)
    return digest(published.work, published.sheets)


def _ends(made: Iterable[Attempt]) -> tuple[list[Ended], dict[Attempt, OSError]]:
    """The ended attempts, and the errors of those that cannot be read now."""
    ends, unread = [], {}
    for attempt in made:
        try:
            if report := attempts.ended(attempt):
                ends.append(Ended(attempt, report))
        except OSError as error:
            unread[attempt] = error
    return ends, unread
