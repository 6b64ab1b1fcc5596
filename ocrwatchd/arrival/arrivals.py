"""The scans that have fully arrived in the inbox, and their claim.

All code here runs on the daemon's thread, except ``_hear``, which watchdog's threads call.
"""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from ocrwatchd.arrival.claim import Ready, Seen
from ocrwatchd.arrival.claimer import Claimer
from ocrwatchd.arrival.group_rules import Key, Pending, Rules
from ocrwatchd.arrival.groups import Groups
from ocrwatchd.arrival.inbox import Inbox, stamp_of
from ocrwatchd.arrival.settle import Decision, How, Settle, Stamp
from ocrwatchd.arrival.watcher import Watcher
from ocrwatchd.core.attempt import LATEST
from ocrwatchd.core.component import Component
from ocrwatchd.core.config.schema import Arrival
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs.mounts import is_remote
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.log import told
from ocrwatchd.core.model import Scan
from ocrwatchd.core.os_errors import in_words

_MAX_SIGHTINGS = 50_000
"""Sightings kept between two ticks; with more of them a sweep is cheaper."""
_LOOK_SECONDS = 0.2
"""``ready`` examines no further file after this time: slow files must not hold the loop."""
_LOST_SWEEP_SECONDS = 1.0
"""The shortest interval between two sweeps because of lost sightings or new folders."""
_POLL_SECONDS = (0.1, 5.0)
_RETRY_SECONDS = 5.0
_MOST_INCOMPLETE = 3
"""How many incomplete files and documents are named in the status."""

__all__ = ("Arrivals", "Ready")

_log = structlog.get_logger(__name__)


class Arrivals(Component):
    """Scans that arrive in the inbox.

    Args:
        inbox: the folder; it must exist when ``start`` is called.
        wake: called on another thread when there is something to absorb; must be quick.
        once: wait no longer than ``settle_seconds`` for a file, unless somebody has it open for writing.
        ahead_s: by how many seconds of waiting an arrived scan goes before others.
        hold: whether a scan, by its path under the inbox, must stay there for now.
        rules: which scans wait for others, to become one document.
        longest_bytes: of a scan's path under the inbox; longer paths do not fit into other folders.
    """

    def __init__(
        self,
        inbox: Path,
        arrival: Arrival,
        wake: Callable[[], None],
        *,
        once: bool = False,
        ahead_s: Callable[[Scan], float] = lambda _: 0.0,
        hold: Callable[[Path], bool] = lambda _: False,
        rules: Rules | None = None,
        longest_bytes: int = 4095,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._arrival = arrival
        self._wake = wake
        self._once = once
        self._clock = clock
        self._given = inbox
        self._inbox = Inbox(inbox, arrival.ignore)
        self._ahead_s = ahead_s
        self._hold = hold
        self._longest_bytes = longest_bytes
        self._settle = Settle(arrival, clock, once=once, ahead_s=self._goes_ahead)
        self._rules = rules or Rules()
        most_wait_s = arrival.settle_seconds if once else None
        self._groups = Groups(self._rules, clock, most_wait_s=most_wait_s, ahead_s=ahead_s)
        poll_seconds = min(max(arrival.settle_seconds / 2, _POLL_SECONDS[0]), _POLL_SECONDS[1])
        self._watcher = Watcher(inbox, arrival.method, poll_seconds, self._hear)
        self._sightings: deque[tuple[Path, How]] = deque()
        self._lost = False
        self._next_sweep = clock()
        self._last_sweep: float | None = None
        self._swept = False
        self._held = False
        self._claimer = Claimer(self._settle, arrival.sweep_seconds)
        self._trouble = NOTHING
        self._began_at = time.time() - clock()

    @property
    def waiting(self) -> int:
        """How many files in the inbox are known and not ready; there may be more than can be known."""
        return len(self._settle) + len(self._groups)

    @property
    def incomplete(self) -> tuple[tuple[str, float], ...]:
        """The first few incomplete files, and documents that wait for files: name, and until when, Unix seconds."""
        partial = ((self._inbox.scan(path), until) for path, until in self._settle.partial(_MOST_INCOMPLETE))
        found = [(scan.relative, until) for scan, until in partial if scan] + self._groups.waiting(_MOST_INCOMPLETE)
        return tuple((told(str(name)), round(min(self._began_at + until, LATEST))) for name, until in found)

    @property
    def stuck(self) -> dict[Path, Message]:
        """Files whose last claim failed, and skipped folders, with the reason."""
        return self._claimer.stuck | {folder: self._inbox.lies_too_deep(folder) for folder in self._inbox.too_deep}

    @property
    def settled(self) -> bool:
        """Whether the inbox was swept and has nothing to wait for, apart from stuck files."""
        absorbed = not self._sightings and not self._lost and self._clock() < self._next_sweep
        absorbed = absorbed and not self._settle.has_room_again
        absorbed = absorbed and len(self._settle) <= len(self._claimer.stuck)
        return self._swept and absorbed and (not self._groups or self._groups.keys <= self._stuck_keys())

    def start(self) -> None:
        """Begin to watch; the first tick sweeps.

        Raises:
            FolderUnusable: the inbox is missing or cannot be watched.
        """
        self._watcher.start()
        folder = self._given.resolve()
        self._inbox = Inbox(folder, self._arrival.ignore, remote=is_remote(folder))
        self.sweep_now()

    def stop(self) -> None:
        """Stop watching; no thread is left, and known files stay known."""
        self._watcher.stop()

    def sweep_now(self) -> None:
        self._next_sweep = self._clock()

    def tick(self, now: float) -> None:
        self._absorb()
        if self._lost:
            self._lost = False
            soonest = now if self._last_sweep is None else self._last_sweep + _LOST_SWEEP_SECONDS
            self._next_sweep = min(self._next_sweep, max(now, soonest))
        if now >= self._next_sweep or self._settle.has_room_again:
            self._sweep(now)

    def ready(self, room: int, least_ahead_s: float = -math.inf) -> list[Ready]:
        """At most ``room`` files that have arrived, or that never will, and go at least so far ahead of others.

        Files that become one document are offered together. Each file is offered once and then forgotten; after a
        failed claim a later sweep offers it again. Without room, nothing is examined.
        """
        found: list[Ready] = []
        enough = self._clock() + _LOOK_SECONDS
        while len(found) < room and self._clock() < enough:
            document = self._groups.first(self._pending)
            if document and document.ahead_s >= least_ahead_s and document.rank <= self._settle.first_rank():
                found.append(self._groups.take())
                continue
            path = self._settle.due(least_ahead_s)
            if path is None:
                break
            if offer := self._look(path):
                found.append(offer)
        self._held = len(found) >= room or least_ahead_s > -math.inf
        return found

    def claim(self, ready: Ready, job_folder: Path) -> bool:
        """Move an offered file to ``JOB_FOLDER/scan/RELATIVE``; make the folders below the job's folder.

        The files of a document that came as several go into the folder of that name, one after the other.

        Returns: False where the file stays in the inbox: it has changed, or could not be moved (see ``stuck``). It is
        offered again later, and the job's folder is unchanged. Of several files, the first ones may have moved; the
        caller returns them.
        """
        return self._claimer.claim(self._inbox, ready, job_folder)

    def next_due(self) -> float | None:
        """When the next tick is due; after a call of ``ready`` without room for more files, just the sweep counts."""
        if self._settle.has_room_again:
            return self._clock()
        dues = [] if self._held else [self._settle.next_due(), self._groups.next_due()]
        return min([self._next_sweep, *(due for due in dues if due is not None)])

    def health(self) -> Message:
        """What is wrong, for people; nothing where all is well. ``mend`` may help."""
        return self._watcher.health() or self._trouble or next(iter(self.stuck.values()), NOTHING)

    def mend(self) -> None:
        """Restart a watch that has died, and sweep for missed files; do nothing where it cannot start yet."""
        if not self._watcher.health():
            return
        self._watcher.stop()
        try:
            self.start()
        except FolderUnusable as error:
            _log.debug("watch.not_mended", reason=str(error))  # it has been told as trouble

    def _goes_ahead(self, path: Path) -> float:
        scan = self._inbox.scan(path)
        return 0.0 if scan is None else self._ahead_s(scan)

    def _hear(self, path: Path, how: How) -> None:
        if how is How.LOST or len(self._sightings) >= _MAX_SIGHTINGS:
            self._lost = True
        else:
            self._sightings.append((path, how))
        self._wake()

    def _absorb(self) -> None:
        seen: set[Path] = set()
        for _ in range(len(self._sightings)):
            path, how = self._sightings.popleft()
            if self._inbox.scan(path) is None:
                continue
            # A name that is gone may have been taken again, or the sighting be of a file claimed long ago.
            if path not in self._groups:
                self._settle.see(path, how)
            seen.add(path)
        for path in seen:
            if (stamp := stamp_of(path)) is None:
                self._forget(path)
            elif not self._waits(path, stamp):
                self._settle.see(path, How.SWEPT, stamp)

    def _sweep(self, now: float) -> None:
        self._last_sweep, self._next_sweep = now, now + self._arrival.sweep_seconds
        self._trouble = NOTHING
        self._settle.sweeps()
        try:
            for path, stamp in self._inbox.sweep():
                if not self._waits(path, stamp):
                    self._settle.see(path, How.SWEPT, stamp)
            self._swept = True
        except OSError as error:
            self._trouble = say("{folder} cannot be read: {reason}", folder=self._inbox.folder, reason=in_words(error))
            _log.warning("sweep.failed", folder=str(self._inbox.folder), reason=error.strerror)

    def _look(self, path: Path) -> Ready | None:
        scan = self._inbox.scan(path)
        if scan is None:
            self._forget(path)
            return None
        if self._stays(scan):
            self._settle.postpone(path, self._arrival.sweep_seconds)
            return None
        try:
            seen = self._inbox.look(scan)
        except OSError as error:
            _log.warning("look.failed", file=str(scan.relative), reason=error.strerror)
            self._settle.postpone(path, _RETRY_SECONDS)
            return None
        if seen is None:
            self._forget(path)
            return None
        decision = self._settle.judge(path, seen.stamp, seen.examined, written=seen.written)
        if decision is Decision.WAIT:
            return None
        return self._offer(scan, seen, decision)

    def _offer(self, scan: Scan, seen: Seen, decision: Decision) -> Ready | None:
        """A file that has arrived; None where it waits for others."""
        if decision is Decision.FAILED:
            return Ready(scan, seen.examined.reason, seen)
        ready, key = Ready(scan, NOTHING, seen), self._rules.key(scan)
        if key is None:
            return ready
        self._groups.hold(ready, key)
        return None

    def _waits(self, path: Path, stamp: Stamp | None) -> bool:
        """Whether an unchanged scan waits for others; one that has changed, or has gone, no longer does."""
        if path not in self._groups:
            return False
        if self._groups.stamp(path) == stamp:
            return True
        self._groups.drop(path)
        return False

    def _pending(self, folders: set[Path]) -> Iterator[Pending]:
        """The files in these folders of the inbox that have not arrived."""
        wanted = {self._inbox.folder / folder for folder in folders}
        for path, stamp in self._settle.known():
            if path.parent in wanted and (scan := self._inbox.scan(path)):
                found = stamp or stamp_of(path)
                yield Pending(scan, found.mtime_ns if found else 0)

    def _stuck_keys(self) -> set[Key | None]:
        """Of the files that cannot be claimed: those that belong to them wait for ever."""
        return {self._rules.key(scan) for path in self._claimer.stuck if (scan := self._inbox.scan(path))}

    def _stays(self, scan: Scan) -> bool:
        """Whether a scan must stay in the inbox: its path is too long, or many scans wait for its place."""
        too_long = len(os.fsencode(scan.relative)) > self._longest_bytes and stamp_of(scan.path) is not None
        if too_long:
            self._claimer.stuck[scan.path] = self._inbox.lies_too_deep(scan.path)
        return too_long or self._hold(scan.relative)

    def _forget(self, path: Path) -> None:
        self._groups.drop(path)
        self._settle.forget(path)
        self._claimer.stuck.pop(path, None)
