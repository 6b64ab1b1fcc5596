"""Who goes first among the jobs that wait, and who makes way for whom.

First come, first served, a point of priority counting as an hour of waiting. A job in work makes way, between two of
its pages or two answers of its tasks, for one of higher priority, and no longer than that priority is worth: what
has waited so many hours is brought to its end, however many urgent jobs come. After :data:`TURN_S` in work its turn is
over: it makes way for the others that wait too, and goes on behind them. A small file may claim thousands of pages.
"""

from __future__ import annotations

import bisect
import itertools
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.log import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ocrwatchd.core.attempt import Progress
    from ocrwatchd.core.model import Job

AHEAD_S: Final = 3600.0
"""How many seconds of waiting a point of priority stands for: the urgent goes first, and yet nothing waits for ever."""

TURN_S: Final = 60.0
"""How many seconds a job is in work before others of its priority go first."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A job's place among those that wait; smaller ones go first.

    Args:
        since: when it was queued, by the clock, less what its priority is worth, seconds.
        number: of the job, as they came.
        job: whose place it is.
        left: the last page that was read before the job had to make way; None where no engine has had it.
        worked_s: how long it was in work in this turn, seconds, when it last made way.
        turns: how many are over.
    """

    since: float
    number: int
    job: Job = field(compare=False)
    left: Progress | None = field(default=None, compare=False)
    worked_s: float = field(default=0.0, compare=False)
    turns: int = field(default=0, compare=False)

    @property
    def remark(self) -> Message:
        """What people are told of a job that has made way; nothing for another."""
        if self.left is None:
            return NOTHING
        file, page, pages = told(str(self.job.relative)), self.left.page + 1, self.left.pages
        if page > pages:
            return say("{file} goes on afterwards, with its follow-up tasks", file=file)
        return say("{file} goes on afterwards, with page {page} of {pages}", file=file, page=page, pages=pages)


class Waiting:
    """Jobs that wait, in their order.

    Args:
        clock: monotonic, seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._numbers: Final = itertools.count()
        self._places: Final[list[Place]] = []

    def __len__(self) -> int:
        """How many wait."""
        return len(self._places)

    def __iter__(self) -> Iterator[Place]:
        """Who goes first comes first; places may leave meanwhile."""
        return iter(tuple(self._places))

    @property
    def unturned(self) -> int:
        """How many wait for their first turn, or go on with it: however many others there are, these are let in."""
        return sum(not place.turns for place in self._places)

    def before(self, place: Place, worked_s: float) -> Iterator[Place]:
        """Those for which the job in a place makes way; as :meth:`goes_first`."""
        return (each for each in self if self.goes_first(each, place, worked_s))

    def goes_first(self, other: Place, place: Place, worked_s: float) -> bool:
        """Whether a job in work makes way for another one.

        Args:
            other: place of the one that waits.
            place: of the one in work.
            worked_s: how long that is in work since it was last given, seconds.
        """
        if other.job.work.priority > place.job.work.priority:
            return other < place
        return place.worked_s + worked_s >= TURN_S and other.since <= self._since(place.job)

    def join(self, job: Job) -> Place:
        """Give a job the place that its priority asks for."""
        place = Place(self._since(job), next(self._numbers), job)
        self.rejoin(place)
        return place

    def make_way(
        self, place: Place, worked_s: float, left: Progress | None = None, besides: Iterable[Place] = ()
    ) -> None:
        """Let a job that has made way wait: in its old place, or behind the others where its turn is over.

        Args:
            place: its old place.
            worked_s: how long it was in work since it was last given, seconds.
            left: the last page that was read.
            besides: places of others that wait elsewhere.
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
        """Let a job have its old place again."""
        bisect.insort(self._places, place)

    def leave(self, place: Place) -> None:
        """It is the job's turn."""
        self._places.remove(place)

    def _since(self, job: Job) -> float:
        return self._clock() - job.work.priority * AHEAD_S
