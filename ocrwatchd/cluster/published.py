"""A job that workers have heard of, and what its folder and the workers' cards say has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import structlog

from ocrwatchd import looking
from ocrwatchd.cluster import attempts

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.cluster.attempts import Attempt
    from ocrwatchd.cluster.messages import Card, Report
    from ocrwatchd.cluster.roster import Roster
    from ocrwatchd.model import Job
    from ocrwatchd.waiting import Place

LONGEST_AGAIN: Final = 32
"""The pause before what nobody has taken is published again grows to so many leases."""

log = structlog.get_logger()


class Ended(NamedTuple):
    """A worker has ended its attempt."""

    attempt: Attempt
    report: Report


Finding: TypeAlias = Ended | Literal["waits", "untaken", "held", "lost", "gone"]
"""It waits for a worker; it has done so for too long; a worker holds it; the worker gives no sign of life; somebody has
removed the scan."""


@dataclass(slots=True)
class Published:
    """A job that workers have heard of.

    Args:
        place: its place among those that wait, should it come back.
        attempt: its number.
        queue: where it was published; "" for one that was found in a worker's hands.
        held_at: when a worker was last seen to hold it, by our clock.
        again_at: when it is published again where nobody takes it.
        pause_s: how long that took the last time.
        taken: a worker has begun.
        card: of the worker that holds it.
        wanted_back: the worker was asked for it.
        pages_done: how many of its pages are known to be finished.
    """

    place: Place
    attempt: int
    queue: str
    held_at: float
    again_at: float
    pause_s: float
    taken: bool = False
    card: Card | None = None
    wanted_back: bool = False
    pages_done: int = 0

    @property
    def job(self) -> Job:
        """Which."""
        return self.place.job

    def postpone(self, now: float, lease_s: float) -> None:
        """It is published again: the next time after twice as long."""
        self.pause_s = min(self.pause_s * 2, LONGEST_AGAIN * lease_s)
        self.again_at = now + self.pause_s


class Watch:
    """Looks at published jobs.

    Args:
        roster: of workers.
        lease_s: how long a worker's sign of life holds, seconds.
        clock: monotonic, seconds.
    """

    def __init__(self, roster: Roster, lease_s: float, clock: Callable[[], float]) -> None:
        self._roster: Final = roster
        self._lease_s: Final = lease_s
        self._clock: Final = clock

    def see(self, each: Published) -> Finding:
        """What has become of a job.

        Raises:
            OSError: its folder cannot be read now.
        """
        made = attempts.made(each.job.folder)
        for attempt in made:
            report = attempts.ended(attempt)
            # A finished set is a finished set, whoever made it; only the attempt in force tells of trouble.
            if report and (attempt.number == each.attempt or report.ending in {"done", "unreadable"}):
                return Ended(attempt, report)
        if not made and not looking.lies(each.job.source):
            return "gone"
        now = self._clock()
        each.card = None
        if not each.taken and any(attempt.number == each.attempt for attempt in made):
            each.taken, each.held_at = True, now
        if found := self._roster.holder(each.job.id, each.attempt):
            each.taken = True
            each.card, each.held_at = found
        if not each.taken:
            return "untaken" if now >= each.again_at else "waits"
        return "held" if now - each.held_at <= self._lease_s else "lost"

    def publish(self, place: Place, queue: str, starting: Callable[[Job], int]) -> Published:
        """A job that is about to be published; or, since before a restart, is in a worker's hands already.

        Args:
            place: the job's.
            queue: for jobs like it.
            starting: gives the number of an attempt that begins.

        Raises:
            OSError: its folder cannot be read now, or no attempt may begin.
        """
        made = attempts.made(place.job.folder)
        now = self._clock()
        for attempt in made:
            if self._lives(place.job, attempt) or attempts.ended(attempt):
                log.info("attempt.found", job=place.job.id, attempt=attempt.number, worker=attempt.worker)
                return Published(place, attempt.number, "", now, now, 0.0, taken=True)
        # The ledger may have been lost: workers drop what has an attempt of that number.
        number = max(starting(place.job), made[0].number + 1 if made else 1)
        return Published(place, number, queue, now, now + self._lease_s, self._lease_s)

    def _lives(self, job: Job, attempt: Attempt) -> bool:
        found = self._roster.holder(job.id, attempt.number)
        return found is not None and self._clock() - found[1] <= self._lease_s
