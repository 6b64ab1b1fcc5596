"""Rounds of looking at all published jobs: when a round is due, how much of it a tick does, and the time on leases."""

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
    """Schedules the rounds.

    Args:
        lease_s: a worker without a heartbeat for so long counts as lost, seconds.
        clock: monotonic, seconds.
    """

    def __init__(self, lease_s: float, clock: Callable[[], float]) -> None:
        self._clock: Final = clock
        self._longest_s: Final = max(2 * LOOK_S, lease_s / ROUNDS_A_LEASE)
        self._unseen: Final[deque[Published]] = deque()
        self.due = self._began = self._watched = self._watched_before = clock()
        self._ended = self._took_s = 0.0

    def watched(self) -> float:
        """The time on leases, seconds: it stands still during a round and while no round runs.

        While the share or this process hangs, no heartbeat can be seen: no worker is lost by that.
        """
        return self._watched

    def unwatch(self) -> None:
        """No heartbeat can be read in this round: the time since the last round does not count on leases."""
        self._watched = self._watched_before

    def hear(self, receive: Callable[[], str | None], published: Container[str]) -> None:
        """Look earlier if a worker reports a change.

        Args:
            receive: gives the next message of a worker, or None.
            published: the ids of the published jobs.
        """
        for content in islice(iter(receive, None), MOST_NUDGES):
            with contextlib.suppress(Refused):
                if decode(Nudge, content).job in published:
                    self.hurry()

    def hurry(self) -> None:
        self.due = min(self.due, self._ended + self._took_s / LOOK_SHARE)

    def turn(self, begin: Callable[[], Iterable[Published]]) -> Iterator[Published]:
        """The jobs to look at now; ``begin`` is called at the start of a round and gives its jobs."""
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
