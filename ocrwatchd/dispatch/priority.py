"""Who goes first among the jobs that wait, and who makes way for whom.

First come, first served, a point of priority counting as an hour of waiting. A job in work makes way, between two of
its pages or two answers of its tasks, only for one of higher priority, and no longer than that priority is worth: what
has waited so many hours is brought to its end, however many urgent jobs come.
"""

from __future__ import annotations

import bisect
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ocrwatchd.core.log import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocrwatchd.core.attempt import Progress
    from ocrwatchd.core.model import Job

AHEAD_S: Final = 3600.0
"""How many seconds of waiting a point of priority stands for: the urgent goes first, and yet nothing waits for ever."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A job's place among those that wait; smaller ones go first.

    Args:
        since: when it was queued, by the clock, less what its priority is worth, seconds.
        number: of the job, as they came.
        job: whose place it is.
        left: the last page that was read before the job had to make way; None where no engine has had it.
    """

    since: float
    number: int
    job: Job = field(compare=False)
    left: Progress | None = field(default=None, compare=False)

    @property
    def remark(self) -> str:
        """What people are told of a job that has made way; "" for another."""
        if self.left is None:
            return ""
        page = f"page {self.left.page + 1} of {self.left.pages}"
        then = page if self.left.page < self.left.pages else "its follow-up tasks"
        return f"{told(str(self.job.relative))} goes on afterwards, with {then}"


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

    def before(self, place: Place) -> Iterator[Place]:
        """Those for which the job in a place makes way."""
        return (each for each in self if each < place and each.job.work.priority > place.job.work.priority)

    def join(self, job: Job) -> Place:
        """Give a job the place that its priority asks for."""
        place = Place(self._clock() - job.work.priority * AHEAD_S, next(self._numbers), job)
        self.rejoin(place)
        return place

    def rejoin(self, place: Place) -> None:
        """Let a job have its old place again."""
        bisect.insort(self._places, place)

    def leave(self, place: Place) -> None:
        """It is the job's turn."""
        self._places.remove(place)
