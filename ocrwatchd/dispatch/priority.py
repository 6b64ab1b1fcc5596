"""The order of waiting jobs, and which job interrupts which.

First come, first served; a point of priority counts as an hour of waiting. A job of higher priority interrupts the
job in work between two pages, or between two answers of its tasks, but for no longer than that priority is worth: a
job that has waited for so many hours is completed however many urgent jobs come. After :data:`TURN_S` in work, a job
lets jobs of its own priority go first and continues after them: a small file may contain thousands of pages.
"""

from __future__ import annotations

import bisect
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ocrwatchd.core.attempt import Progress
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.log import told
from ocrwatchd.core.model import Job

AHEAD_S: Final = 3600.0
"""A point of priority counts as so many seconds of waiting: urgent jobs go first, and no job waits for ever."""

TURN_S: Final = 60.0
"""How many seconds a job is in work before others of its priority go first."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A job's place in the queue; the smallest goes first.

    Args:
        since: when it was queued, by the clock, less what its priority is worth, seconds.
        number: a counter of jobs.
        job: the job.
        left: the last page before the interruption; None before the first attempt.
        worked_s: the time in work during this turn until the last interruption, seconds.
        turns: how many turns are over.
    """

    since: float
    number: int
    job: Job = field(compare=False)
    left: Progress | None = field(default=None, compare=False)
    worked_s: float = field(default=0.0, compare=False)
    turns: int = field(default=0, compare=False)

    @property
    def remark(self) -> Message:
        """What people are told of an interrupted job; nothing for another."""
        if self.left is None:
            return NOTHING
        file, page, pages = told(str(self.job.relative)), self.left.page + 1, self.left.pages
        if page > pages:
            return say("{file} goes on afterwards, with its follow-up tasks", file=file)
        return say("{file} goes on afterwards, with page {page} of {pages}", file=file, page=page, pages=pages)


class Waiting:
    """Waiting jobs in their order."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._numbers: Final = itertools.count()
        self._places: Final[list[Place]] = []

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Place]:
        """The most urgent first; places may be removed during the iteration."""
        return iter(tuple(self._places))

    @property
    def unturned(self) -> int:
        """How many jobs have not completed a turn: they are admitted however many others wait."""
        return sum(not place.turns for place in self._places)

    def before(self, place: Place, worked_s: float) -> Iterator[Place]:
        """The places that interrupt the job in work; see :meth:`goes_first`."""
        return (each for each in self if self.goes_first(each, place, worked_s))

    def goes_first(self, other: Place, place: Place, worked_s: float) -> bool:
        """Whether a waiting job (``other``) interrupts the job in work, which has worked for ``worked_s`` seconds."""
        if other.job.work.priority > place.job.work.priority:
            return other < place
        return place.worked_s + worked_s >= TURN_S and other.since <= self._since(place.job)

    def join(self, job: Job) -> Place:
        """Give a job the place of its priority."""
        place = Place(self._since(job), next(self._numbers), job)
        self.rejoin(place)
        return place

    def make_way(
        self, place: Place, worked_s: float, left: Progress | None = None, besides: Iterable[Place] = ()
    ) -> None:
        """Queue an interrupted job: in its old place, or after the others where its turn is over.

        ``left`` is the last page that was read; the jobs of ``besides`` wait elsewhere.
        """
        place = replace(place, left=left, worked_s=place.worked_s + worked_s)
        if place.worked_s >= TURN_S:
            priority = place.job.work.priority
            others = (each for each in itertools.chain(self, besides) if each.job.work.priority <= priority)
            since = max((each.since for each in others if self.goes_first(each, place, 0.0)), default=place.since)
            since, number, turns = max(place.since, since), next(self._numbers), place.turns + 1
            place = replace(place, since=since, number=number, worked_s=0.0, turns=turns)
        self.rejoin(place)

    def rejoin(self, place: Place) -> None:
        """Give a job its old place again."""
        bisect.insort(self._places, place)

    def leave(self, place: Place) -> None:
        """The job is in work now."""
        self._places.remove(place)

    def _since(self, job: Job) -> float:
        return self._clock() - job.work.priority * AHEAD_S
