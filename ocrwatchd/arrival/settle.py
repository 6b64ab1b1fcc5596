"""The readiness rule: when to examine a file, and what the finding means. Pure: no I/O, the clock is given.

Sightings come in (``see``), due paths come out (``due``), and a finding leads to a decision (``judge``): ready, failed,
or wait. A file is forgotten once it is ready, failed or gone.
"""

from __future__ import annotations

import enum
import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

from ocrwatchd.core.config.schema import Arrival
from ocrwatchd.core.file_types import input_type_named
from ocrwatchd.formats.input.completeness import Examined, Finding

UNREAD_TYPE_SECONDS = 60.0
"""Seconds without change until a file of unknown type is set aside: it may be a temporary name of a transfer."""

_FIRST_RETRY_SECONDS = 0.05
"""The kernel reports a close shortly before the lease shows it."""


MOST_KNOWN = 20_000
"""The most known files of one priority (15 MB); a later sweep finds the others."""

_SPARE_ENTRIES = 1000
"""Outdated entries in the heap before it is tidied."""


class How(enum.Enum):
    """A kind of sighting."""

    MOVED = "moved"
    CLOSED = "closed"
    """After writing."""
    CREATED = "created"
    MODIFIED = "modified"
    SWEPT = "swept"
    GONE = "gone"
    LOST = "lost"
    """Sightings were missed: a sweep is needed."""


class Stamp(NamedTuple):
    """The state of a file: size in bytes, modification time in nanoseconds, inode number."""

    size: int
    mtime_ns: int
    inode: int


class Decision(enum.Enum):
    """The decision about an examined file."""

    READY = "ready"
    """It may be claimed: it is whole, or the deadline has passed and the engine decides."""
    FAILED = "failed"
    """It belongs in ``failed/`` with the finding's reason."""
    WAIT = "wait"


@dataclass(slots=True)
class _Candidate:
    changed: float
    due: float
    ahead_s: float
    finished: bool = False
    """Moved in, or closed after writing, and not touched since."""
    moved: bool = False
    stamp: Stamp | None = None
    retry_seconds: float = _FIRST_RETRY_SECONDS
    entry: int = -1
    """Number of its valid entry in the heap, or -1 while it is being looked at."""


class Settle:
    """The readiness rule for all files of the inbox.

    Args:
        once: judge incomplete files after ``settle_seconds``, without longer deadlines.
        ahead_s: by how many seconds a due file goes before others.
    """

    def __init__(
        self,
        arrival: Arrival,
        clock: Callable[[], float],
        *,
        once: bool = False,
        ahead_s: Callable[[Path], float] = lambda _: 0.0,
    ) -> None:
        self._arrival = arrival
        self._clock = clock
        self._once = once
        self._ahead_s = ahead_s
        self._known: dict[Path, _Candidate] = {}
        self._partial: dict[Path, float] = {}
        self._heap: list[tuple[float, int, Path]] = []
        self._overdue: list[tuple[float, int, Path]] = []
        self._numbers = count()
        self._counts: Counter[float] = Counter()
        self._refused: set[float] = set()
        """Priorities (``ahead_s``) with more files than could be known."""

    @property
    def has_room_again(self) -> bool:
        """Whether there is room for files that were refused: ``see`` them once more."""
        return any(self._counts[ahead_s] <= MOST_KNOWN // 2 for ahead_s in self._refused)

    def sweeps(self) -> None:
        """A sweep begins, which sees the refused files too."""
        self._refused.clear()

    def __len__(self) -> int:
        """How many files are known, at most :data:`MOST_KNOWN` of one priority."""
        return len(self._known)

    def __contains__(self, path: Path) -> bool:
        return path in self._known

    def see(self, path: Path, how: How, stamp: Stamp | None = None) -> None:
        """Record a sighting, with the file's state at that moment where it is known."""
        if how is How.GONE:
            self.forget(path)
        elif how is How.SWEPT:
            self._swept(path, stamp)
        elif how is not How.LOST:
            moved = how is How.MOVED
            self._changed(path, stamp, finished=moved or how is How.CLOSED, moved=moved)

    def forget(self, path: Path) -> None:
        if candidate := self._known.pop(path, None):
            self._counts[candidate.ahead_s] -= 1
        self._partial.pop(path, None)

    def partial(self, most: int) -> list[tuple[Path, float]]:
        """The first ``most`` incomplete files, and until when they wait, by the clock."""
        return list(islice(self._partial.items(), most))

    def known(self) -> Iterator[tuple[Path, Stamp | None]]:
        """All known files, and their last known states."""
        return ((path, candidate.stamp) for path, candidate in self._known.items())

    def first_rank(self) -> float:
        """The time at which the next due path became due, less its priority; infinite where none is due."""
        self._ripen(self._clock())
        while self._overdue and not self._valid(self._overdue[0]):
            heapq.heappop(self._overdue)
        return self._overdue[0][0] if self._overdue else math.inf

    def due(self, least_ahead_s: float = -math.inf) -> Path | None:
        """The next due path, longest overdue first, or None. The caller must judge, postpone or forget it.

        Files that are less than ``least_ahead_s`` ahead are not offered.
        """
        now = self._clock()
        self._ripen(now)
        while self._overdue:
            entry = heapq.heappop(self._overdue)
            path = entry[2]
            if not self._valid(entry):
                continue
            candidate = self._known[path]
            if candidate.ahead_s < least_ahead_s:
                heapq.heappush(self._overdue, entry)
                return None
            candidate.entry = -1
            if candidate.due <= now:
                return path
            # It changed meanwhile; the old entry stood for the new time.
            self._schedule(path, candidate, candidate.due)
        return None

    def _ripen(self, now: float) -> None:
        """Order what is due by rank."""
        while self._heap and self._heap[0][0] <= now:
            due, number, path = heapq.heappop(self._heap)
            if self._valid((due, number, path)):
                heapq.heappush(self._overdue, (due - self._known[path].ahead_s, number, path))
        if len(self._overdue) > 2 * len(self._known) + _SPARE_ENTRIES:
            self._overdue = sorted(filter(self._valid, self._overdue))

    def next_due(self) -> float | None:
        for heap in (self._overdue, self._heap):
            while heap and not self._valid(heap[0]):
                heapq.heappop(heap)
        if self._overdue:
            return self._clock()
        return self._heap[0][0] if self._heap else None

    def postpone(self, path: Path, seconds: float) -> None:
        """Examine a file again later; it counts as unchanged."""
        if candidate := self._known.get(path):
            self._schedule(path, candidate, self._clock() + seconds)

    def judge(self, path: Path, stamp: Stamp, examined: Examined, *, written: bool | None) -> Decision:
        """Decide about a file that ``due`` gave, as it was examined."""
        candidate = self._known.get(path)
        now = self._clock()
        if candidate is None:
            return Decision.WAIT
        if candidate.stamp not in {None, stamp}:
            self._changed(path, stamp, finished=False)
            return Decision.WAIT
        candidate.stamp = stamp
        deadline = candidate.changed + self._arrival.incomplete_deadline_s
        if written and not self._given_up(examined, now >= deadline):
            retry = max(candidate.retry_seconds, _FIRST_RETRY_SECONDS)
            candidate.retry_seconds = min(retry * 2, max(self._arrival.settle_seconds, _FIRST_RETRY_SECONDS))
            self._schedule(path, candidate, now + retry)
            return Decision.WAIT
        patience = candidate.changed + self._patience(candidate, examined)
        if now < patience:
            # Permissions change without a sighting, so these are looked at in between.
            denied = examined.finding is Finding.DENIED
            again = now + max(self._arrival.settle_seconds, 1.0) if denied else patience
            self._schedule(path, candidate, min(patience, again))
            if examined.finding is Finding.PARTIAL:
                self._partial[path] = patience
            return Decision.WAIT
        self.forget(path)
        # An open file may still grow: its end is not missing, it is not written yet.
        readable = examined.readable and not written
        return Decision.READY if examined.finding is Finding.WHOLE or readable else Decision.FAILED

    def _given_up(self, examined: Examined, overdue: bool) -> bool:
        """Whether to ignore a writer who keeps the file open without writing."""
        # An upload over SMB may be silent for as long as it takes: what is not whole waits while it is open.
        return overdue and (self._once or examined.finding is Finding.WHOLE)

    def _patience(self, candidate: _Candidate, examined: Examined) -> float:
        """Seconds without change until this finding is final."""
        settle, after_close = self._arrival.settle_seconds, self._arrival.after_close_seconds
        if examined.finding is Finding.WHOLE:
            if candidate.moved:
                return 0.0
            if candidate.finished:
                return 0.0 if examined.one_page else after_close
            return settle
        if examined.finding is Finding.WRONG or self._once:
            return settle
        if examined.finding is Finding.UNREAD:
            return max(UNREAD_TYPE_SECONDS, settle)
        return max(self._arrival.incomplete_deadline_s, settle)

    def _swept(self, path: Path, stamp: Stamp | None) -> None:
        candidate = self._known.get(path)
        if candidate is None or (stamp is not None and candidate.stamp not in {None, stamp}):
            self._changed(path, stamp, finished=False)
        elif candidate.stamp is None:
            candidate.stamp = stamp

    def _changed(self, path: Path, stamp: Stamp | None, *, finished: bool, moved: bool = False) -> None:
        now = self._clock()
        self._partial.pop(path, None)
        candidate = self._known.get(path) or self._new(path, now)
        if candidate is None:
            return
        candidate.changed, candidate.stamp = now, stamp
        candidate.finished, candidate.moved = finished, moved
        candidate.retry_seconds = _FIRST_RETRY_SECONDS
        named = input_type_named(path.suffix)
        if moved or (finished and named and named.one_page):
            due = now
        else:
            due = now + (self._arrival.after_close_seconds if finished else self._arrival.settle_seconds)
        self._schedule(path, candidate, due)

    def _new(self, path: Path, now: float) -> _Candidate | None:
        """Add a file; None where there is no room for more files of its priority."""
        ahead_s = self._ahead_s(path)
        if self._counts[ahead_s] >= MOST_KNOWN:
            self._refused.add(ahead_s)
            return None
        self._counts[ahead_s] += 1
        candidate = self._known[path] = _Candidate(now, now, ahead_s)
        return candidate

    def _schedule(self, path: Path, candidate: _Candidate, due: float) -> None:
        if candidate.entry != -1 and due >= candidate.due:
            candidate.due = due  # the entry that is there comes up first and is put off then
            return
        candidate.due, candidate.entry = due, next(self._numbers)
        heapq.heappush(self._heap, (due, candidate.entry, path))
        if len(self._heap) > 2 * len(self._known) + _SPARE_ENTRIES:
            self._heap = [entry for entry in self._heap if self._valid(entry)]
            heapq.heapify(self._heap)

    def _valid(self, entry: tuple[float, int, Path]) -> bool:
        candidate = self._known.get(entry[2])
        return candidate is not None and candidate.entry == entry[1]
