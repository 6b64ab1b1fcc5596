"""Decide which troubles to report: once after a trouble has lasted, and once when the trouble is over. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ocrwatchd.core.component import Trouble
from ocrwatchd.core.i18n import Message

HOLD_SECONDS = 5.0
"""A trouble is reported after this time, and as over after the same time without the trouble: a trouble that comes and
goes is one trouble."""


@dataclass(slots=True)
class _Trouble:
    """A trouble that was reported, or may be reported later."""

    words: Message
    since: float
    having: set[str] = field(default_factory=set)
    """The kinds that have the trouble now: many scans may wait for one disk."""
    over_since: float | None = None
    told: bool = False


class Health:
    """Collects troubles, and decides which to report.

    Args:
        tell: called with True for a trouble that has lasted or False for a trouble that is over, with its message, and
            with its duration in seconds.
        clock: monotonic, seconds.
    """

    def __init__(self, tell: Callable[[bool, Message, float], None], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self._troubles: dict[str | Message, _Trouble] = {}
        self._key_of: dict[str, str | Message] = {}

    def hear(self, troubles: Iterable[Trouble]) -> None:
        """Compare the present troubles with the earlier ones; scans that wait with the same message are one trouble."""
        # The words of the daemon's own troubles may change while they last.
        found = {each.kind: (each.message if each.file else each.kind, each.message) for each in troubles}
        for kind, key in [*self._key_of.items()]:
            if kind not in found or found[kind][0] != key:
                self._leave(kind, key)
        for kind, (named, words) in found.items():
            if kind not in self._key_of:
                self._enter(kind, named, words)

    def tick(self, now: float) -> None:
        """Tell what is due."""
        for key, trouble in list(self._troubles.items()):
            if trouble.over_since is None:
                if not trouble.told and now >= trouble.since + HOLD_SECONDS:
                    trouble.told = True
                    self._tell(True, trouble.words, now - trouble.since)
            elif not trouble.told:
                del self._troubles[key]
            elif now >= trouble.over_since + HOLD_SECONDS:
                del self._troubles[key]
                self._tell(False, trouble.words, trouble.over_since - trouble.since)

    def next_due(self) -> float | None:
        """When a trouble is to be told, or told to be over, by the clock."""
        dues = [
            (trouble.since if trouble.over_since is None else trouble.over_since) + HOLD_SECONDS
            for trouble in self._troubles.values()
            if trouble.over_since is not None or not trouble.told
        ]
        return min(dues, default=None)

    def _enter(self, what: str, key: str | Message, words: Message) -> None:
        trouble = self._troubles.setdefault(key, _Trouble(words, self._clock()))
        trouble.having.add(what)
        trouble.over_since = None
        self._key_of[what] = key

    def _leave(self, what: str, key: str | Message) -> None:
        del self._key_of[what]
        trouble = self._troubles[key]
        trouble.having.discard(what)
        if not trouble.having:
            trouble.over_since = self._clock()
