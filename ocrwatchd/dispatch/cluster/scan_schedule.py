"""Rounds of looking at all published jobs: when a round is due, how much of it a tick does, and which folders fail."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from ocrwatchd.core.i18n import NOTHING, Message, count
from ocrwatchd.core.log import told
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.cluster.messages import Nudge, Refused, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from ocrwatchd.core.model import Job
    from ocrwatchd.dispatch.cluster.published_job import Published

LOOK_S: Final = 1.0
"""Interval between two rounds, also without a message from a worker."""

LOOK_SHARE: Final = 0.1
"""The largest share of time for rounds, however many messages come."""

SLICE_S: Final = 0.5
"""A tick looks at no further job after this time: a slow share must not hold the loop."""

ROUNDS_A_LEASE: Final = 6
"""A lease ends after so many rounds without a heartbeat at the earliest, however long a round takes."""

MOST_NUDGES: Final = 1000
"""A tick reads so many messages at most: a flood of them must not hold the loop."""

log = structlog.get_logger()


class Rounds:
    """Schedules the rounds."""

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
        """Look earlier if a worker reports a change."""
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


class _Fault(NamedTuple):
    since: float
    job: Job
    error: OSError


class Unseen:
    """All jobs whose folders cannot be read.

    Args:
        patience_s: a fault is reported only after it has lasted so long, seconds.
    """

    def __init__(self, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s: Final = patience_s
        self._clock: Final = clock
        self._faults: Final[dict[str, _Fault]] = {}

    def note(self, job: Job, error: OSError) -> None:
        """A job's folder could not be read or written."""
        earlier = self._faults.get(job.id)
        self._faults[job.id] = _Fault(earlier.since if earlier else self._clock(), job, error)
        if earlier is None:
            log.debug("attempt.unseen", job=job.id, reason=error.strerror)

    def clear(self, job: Job) -> None:
        """A job's folder could be read, or the job has ended."""
        self._faults.pop(job.id, None)

    @property
    def late(self) -> list[_Fault]:
        """The faults that have lasted for longer than the patience."""
        return [each for each in self._faults.values() if self._clock() - each.since > self._patience_s]

    @property
    def trouble(self) -> Message:
        """Which scans wait, and what to do; nothing where none has waited for long."""
        if not (late := self.late):
            return NOTHING
        _since, job, error = late[0]
        return count(
            "{file}: the results of the workers cannot be read: {reason}; repair {folder}, then the scan continues",
            "{file} and others, {n} in all: the results of the workers cannot be read: {reason}; repair {folder}, then "
            "the scans continue",
            n=len(late),
            file=told(str(job.relative)),
            reason=in_words(error),
            folder=job.folder,
        )
