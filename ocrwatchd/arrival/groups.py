"""Scans that become one document together: when a group is complete, and in which order its scans are.

Pure: no I/O, the clock is given. Scans that have arrived come in (``hold``); documents come out (``first``), in the
order in which they became complete. Until then a scan may leave again at any time (``drop``).
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from ocrwatchd.arrival.claim import Ready, Seen
from ocrwatchd.arrival.group_rules import Key, Pending, Rules
from ocrwatchd.arrival.settle import Stamp
from ocrwatchd.core.i18n import NOTHING
from ocrwatchd.core.model import Scan
from ocrwatchd.core.natural_order import DIGITS, natural
from ocrwatchd.formats.input.completeness import Examined, Finding
from ocrwatchd.storage.group_members import MOST_MEMBERS, MOST_NAME_BYTES

MOST_HELD: Final = 20_000
"""The most scans that wait for others, as many as are known to the readiness rule (15 MB)."""

RECHECK_S: Final = 1.0
"""How long a group waits for a scan that is still being written before it is looked at again, seconds."""


class Place(NamedTuple):
    """Of a complete document in the order of claims.

    Args:
        rank: the time at which it became complete, less its priority.
        ahead_s: its priority: by how many seconds of waiting it goes before others.
    """

    rank: float
    ahead_s: float


class _Held(NamedTuple):
    ready: Ready
    key: Key
    since: float
    number: int

    @property
    def mtime_ns(self) -> int:
        return self.ready.seen.stamp.mtime_ns

    @property
    def name(self) -> str:
        return self.ready.scan.relative.name


class Groups:
    """The scans that wait for others.

    Args:
        most_wait_s: no scan waits longer than this, seconds; None: as its profile says.
        ahead_s: by how many seconds of waiting a document goes before others.
    """

    def __init__(
        self,
        rules: Rules,
        clock: Callable[[], float],
        *,
        most_wait_s: float | None = None,
        ahead_s: Callable[[Scan], float] = lambda _: 0.0,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._most_wait_s = most_wait_s
        self._ahead_s = ahead_s
        self._held: dict[Path, _Held] = {}
        self._waiting: dict[Key, dict[Path, _Held]] = {}
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._complete: list[tuple[float, int, tuple[_Held, ...]]] = []
        """By rank: the time at which it became complete, less its priority."""
        self._numbers = count()

    def __len__(self) -> int:
        """How many scans wait."""
        return len(self._held)

    def __contains__(self, path: Path) -> bool:
        return path in self._held

    @property
    def full(self) -> bool:
        """Whether there is no room for another scan."""
        return len(self._held) >= MOST_HELD

    @property
    def keys(self) -> set[Key]:
        """Of all scans that wait."""
        return {held.key for held in self._held.values()}

    def stamp(self, path: Path) -> Stamp | None:
        """The state of a scan when it was examined; None for a scan that does not wait."""
        held = self._held.get(path)
        return held.ready.seen.stamp if held else None

    def waiting(self, most: int) -> list[tuple[Path, float]]:
        """The first ``most`` documents that wait for scans: paths under the inbox, and until when, by the clock."""
        found = list(self._due.items())[:most]
        return [
            (self._rules.path(key, (held.ready.scan for held in self._waiting[key].values())), due)
            for key, due in found
        ]

    def hold(self, ready: Ready, key: Key) -> None:
        """A scan has arrived that may belong to others."""
        now = self._clock()
        held = self._held[ready.scan.path] = _Held(ready, key, now, next(self._numbers))
        self._put(held)
        others = len(self._waiting[key]) > 1 and key.way == "stacks"
        self._schedule(key, now if others else now + self._wait_s(held))

    def drop(self, path: Path) -> Ready | None:
        """A scan has gone or changed: it is in no group any longer."""
        held = self._held.pop(path, None)
        if held is None:
            return None
        if others := self._waiting.get(held.key):
            others.pop(path, None)
            self._tidy(held.key)
        return held.ready

    def first(self, pending: Callable[[set[Path]], Iterable[Pending]]) -> Place | None:
        """The place of the first complete document, which ``take`` gives; None where none is complete.

        Args:
            pending: the scans in these folders, paths under the inbox, that have not arrived yet.
        """
        if due := list(self._ripe(self._clock())):
            coming: dict[Key, list[Pending]] = {}
            for late in pending({key.folder for key in due}):
                if (other := self._rules.key(late.scan)) is not None:
                    coming.setdefault(other, []).append(late)
            for key in due:
                self._examine(key, coming.get(key, []))
        while self._complete:
            rank, _, members = self._complete[0]
            if all(self._held.get(each.ready.scan.path) is each for each in members):
                return Place(rank, self._ahead_s(self._document(members).scan))
            heapq.heappop(self._complete)  # one has gone, or was exchanged: the others wait for it again
            for left in members:
                if self._held.get(left.ready.scan.path) is left:
                    self._put(left)
                    self._schedule(left.key, self._clock() + RECHECK_S)
        return None

    def take(self) -> Ready:
        """The first complete document, which ``first`` has found; its scans no longer wait."""
        members = heapq.heappop(self._complete)[2]
        for each in members:
            del self._held[each.ready.scan.path]
        return self._document(members)

    def next_due(self) -> float | None:
        """When a group is to be looked at."""
        if self._complete:
            return self._clock()
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _wait_s(self, held: _Held) -> float:
        wait_s = self._rules.wait_s(held.ready.scan)
        return wait_s if self._most_wait_s is None else min(wait_s, self._most_wait_s)

    def _put(self, held: _Held) -> None:
        self._waiting.setdefault(held.key, {})[held.ready.scan.path] = held

    def _schedule(self, key: Key, due: float) -> None:
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._numbers), key))
        if len(self._heap) > 2 * len(self._due) + MOST_MEMBERS:
            self._heap = [(due, next(self._numbers), key) for key, due in self._due.items()]
            heapq.heapify(self._heap)

    def _tidy(self, key: Key) -> None:
        if not self._waiting[key]:
            del self._waiting[key], self._due[key]

    def _ripe(self, now: float) -> Iterator[Key]:
        found = dict.fromkeys(self._waiting) if self.full else {}
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                found[key] = None
        yield from found

    def _examine(self, key: Key, pending: list[Pending]) -> None:
        """Cut the complete documents out of a group that is due."""
        now, held = self._clock(), list(self._waiting[key].values())
        if key.way == "stacks":
            again = self._pairs(held, pending, now)
        elif pending and not self.full:
            again = now + RECHECK_S
        else:
            again = now
            for document in _cut(sorted(held, key=lambda each: natural(each.name))):
                self._finish(document)
        if key in self._waiting:
            self._schedule(key, again)

    def _pairs(self, held: list[_Held], pending: list[Pending], now: float) -> float:
        """Complete the pairs, and what has waited for its partner long enough; when to look again."""
        rest = _in_order([*held, *pending])
        while len(rest) > 1 and isinstance(rest[0], _Held) and isinstance(rest[1], _Held):
            self._finish((rest[0], rest[1]))
            rest = rest[2:]
        alone = [each for each in rest if isinstance(each, _Held)]
        if len(alone) < len(rest) and not self.full:
            return now + RECHECK_S  # the partner is on its way, or another one that comes first
        for each in alone:
            if now >= each.since + self._wait_s(each) or self.full:
                self._finish((each,))
        return min((each.since + self._wait_s(each) for each in alone), default=now)

    def _finish(self, members: tuple[_Held, ...]) -> None:
        key = members[0].key
        for each in members:
            del self._waiting[key][each.ready.scan.path]
        self._tidy(key)
        rank = self._clock() - self._ahead_s(self._document(members).scan)
        heapq.heappush(self._complete, (rank, next(self._numbers), members))

    def _document(self, members: tuple[_Held, ...]) -> Ready:
        """What is to be claimed; a scan that is alone stays as it is, unless its folder is the document."""
        key, scans = members[0].key, [each.ready.scan for each in members]
        if len(scans) == 1 and key.way != "folder":
            return members[0].ready
        relative = self._rules.path(key, scans)
        inbox = scans[0].path.parents[len(scans[0].relative.parts) - 1]
        stamps = [each.ready.seen.stamp for each in members]
        stamp = Stamp(sum(each.size for each in stamps), max(each.mtime_ns for each in stamps), 0)
        seen = Seen(stamp, members[0].ready.seen.device, Examined(Finding.WHOLE, ""), written=None)
        return Ready(Scan(inbox / relative, relative), NOTHING, seen, tuple(each.ready for each in members))


def _cut(members: list[_Held]) -> Iterator[tuple[_Held, ...]]:
    """Documents of no more scans than one may have."""
    document: list[_Held] = []
    room_bytes = MOST_NAME_BYTES
    for each in members:
        length = len(os.fsencode(each.name))
        if document and (len(document) >= MOST_MEMBERS or length > room_bytes):
            yield tuple(document)
            document, room_bytes = [], MOST_NAME_BYTES
        document.append(each)
        room_bytes -= length
    yield tuple(document)


def _in_order(stacks: list[_Held | Pending]) -> list[_Held | Pending]:
    """Stacks in the order in which they were scanned: those that differ only in numbers by these, others by arrival."""
    families: dict[str, list[_Held | Pending]] = {}
    for each in stacks:
        families.setdefault(DIGITS.sub("0", _name(each)), []).append(each)
    in_families = sorted(families.values(), key=lambda family: min(map(_arrival, family)))
    return [each for family in in_families for each in sorted(family, key=lambda each: natural(_name(each)))]


def _name(each: _Held | Pending) -> str:
    return each.name if isinstance(each, _Held) else each.scan.relative.name


def _arrival(each: _Held | Pending) -> tuple[int, float]:
    return each.mtime_ns, each.number if isinstance(each, _Held) else float("inf")
