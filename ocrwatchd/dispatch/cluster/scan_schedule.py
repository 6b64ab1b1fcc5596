"""Rounds over what is published: when one is due, how much of it a turn does, and how it counts on a lease."""

from __future__ import annotations

import contextlib
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from ocrwatchd.dispatch.cluster.messages import Nudge, Refused, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from ocrwatchd.dispatch.cluster.published_job import Published

LOOK_S: Final = 1.0
"""So often the folders of published jobs are looked at, also where nobody says that anything has changed."""

LOOK_SHARE: Final = 0.1
"""Looking takes at most so much of the time, however many nudges come."""

SLICE_S: Final = 0.5
"""After this time a turn looks at no further job, so that the loop stays quick on a slow share."""

ROUNDS_A_LEASE: Final = 6
"""A lease is over after so many rounds without a sign of life at the soonest, however long each of them takes."""

MOST_NUDGES: Final = 1000
"""A turn hears so many: they are hints, and whoever sends them without end must not hold the loop."""


class Rounds:
    """Tells which jobs to look at.

    Args:
        lease_s: how long a sign of life holds, seconds.
        clock: monotonic, seconds.
    """

    def __init__(self, lease_s: float, clock: Callable[[], float]) -> None:
        self._clock: Final = clock
        self._longest_s: Final = max(2 * LOOK_S, lease_s / ROUNDS_A_LEASE)
        self._unseen: Final[deque[Published]] = deque()
        self.due = self._began = self._watched = self._watched_before = clock()
        self._ended = self._took_s = 0.0

    def watched(self) -> float:
        """The time by which leases run, seconds: it stands still within a round, and while nobody looks.

        Where the share or this process hangs, workers cannot show signs of life, or none is seen: nobody is lost by
        that.
        """
        return self._watched

    def unwatch(self) -> None:
        """In the round that begins nobody can be seen: what went by since the last one counts on no lease."""
        self._watched = self._watched_before

    def hear(self, receive: Callable[[], str | None], published: Container[str]) -> None:
        """Hurry where workers say that something has changed.

        Args:
            receive: gives what they say, one nudge after the other, and None where there is no more.
            published: the jobs that are looked at, by their ids.
        """
        for content in islice(iter(receive, None), MOST_NUDGES):
            with contextlib.suppress(Refused):
                if decode(Nudge, content).job in published:
                    self.hurry()

    def hurry(self) -> None:
        """Something has changed."""
        self.due = min(self.due, self._ended + self._took_s / LOOK_SHARE)

    def turn(self, begin: Callable[[], Iterable[Published]]) -> Iterator[Published]:
        """The jobs to look at now.

        Args:
            begin: called where a round begins; gives the jobs of the round.
        """
        now = self._clock()
        if not self._unseen:
            self._watched_before = self._watched
            self._watched += min(now - self._began, self._longest_s)
            self._began, self._took_s = now, 0.0
            self._unseen.extend(begin())
        while self._unseen:
            yield self._unseen.popleft()
            if self._clock() >= now + SLICE_S:
                break
        self._ended = self._clock()
        self._took_s += self._ended - now
        self.due = self._ended if self._unseen else self._ended + LOOK_S
