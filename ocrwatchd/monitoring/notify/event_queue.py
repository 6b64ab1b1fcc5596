"""The supervisor's side: the events to be told, in a bounded queue that its loop never waits for."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.component import Trouble
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.log import names_are_told, printable
from ocrwatchd.monitoring.notify import events
from ocrwatchd.monitoring.notify.debounce import Health
from ocrwatchd.monitoring.notify.runner_client import Post
from ocrwatchd.monitoring.snapshot import Observer

if TYPE_CHECKING:
    import selectors
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.core.attempt import ScanFigures
    from ocrwatchd.core.config.schema import Config, Event
    from ocrwatchd.core.model import Job
    from ocrwatchd.monitoring.snapshot import Snapshot

QUEUE_SIZE = 100
"""Events that wait for the command; a full queue drops its oldest, and the next one that is told says how many."""

BACKOFF = Backoff(first_s=5.0, cap_s=30.0)
"""Between two tries to run the command."""

OWN = "notify"
"""The kind of a trouble with notifications themselves."""

LAST_WORDS_S = 3.0
"""A stop waits so long for the remaining notifications."""

HURRY_LOOK_S = 0.2
"""How often a stop looks whether somebody asks again: a signal does not wake what waits here."""

log = structlog.get_logger()


class Notices(Observer):
    """Tells the configured command of events. Used from one thread, the main one; only ``stop`` waits.

    Args:
        config: ``[notify]``, and the folders.
        selector: the supervisor's; its key's ``data()`` is to be called.
        clock: monotonic, seconds.
    """

    def __init__(
        self, config: Config, selector: selectors.BaseSelector, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings: Final = config.notify
        self._folders: Final = config.folders
        self._clock: Final = clock
        self._waiting: deque[events.Happening] = deque()
        self._now: events.Happening | None = None
        self._tries = 0
        self._missed = 0
        self._missed_told = 0
        self._due: float | None = None
        self._health: Final = Health(self._health_has, clock)
        self._post: Final = Post(selector, self._answered, clock)
        self._trouble = NOTHING

    def ended(self, event: Event, job: Job, placed: Path, reason: Message, figures: ScanFigures) -> None:
        """A scan was delivered or set aside; for the arguments see :func:`ocrwatchd.monitoring.notify.events.ended`."""
        if self._wanted(event):
            self._put(events.ended(event, job, self._folders, placed, reason, figures))

    def troubles(self) -> list[Trouble]:
        return [Trouble(OWN, self._trouble)]

    def show(self, snapshot: Snapshot) -> None:
        """Hear of troubles, and give the command the next event where it is free."""
        # A command that cannot be told of events cannot be told of that either.
        self._health.hear(trouble for trouble in snapshot.troubles if trouble.kind != OWN)
        self._turn()

    def _turn(self) -> None:
        now = self._clock()
        self._health.tick(now)
        self._post.tick(now)
        if self._now is None and self._waiting:
            self._now, self._tries, self._due = self._waiting.popleft(), 0, now
        if self._now is not None and self._due is not None and now >= self._due:
            self._due = None
            self._tries += 1
            facts = self._now.told(self._folders, self._missed)
            self._missed_told = self._missed
            self._post.give(list(self._settings.command), self._settings.timeout_s, facts)

    def next_due(self) -> float | None:
        dues = [due for due in (self._due, self._health.next_due(), self._post.next_due()) if due is not None]
        return min(dues, default=None)

    def stop(self, grace_s: float = LAST_WORDS_S, hurried: Callable[[], bool] = lambda: False) -> None:
        """Tell the command of the events left, for at most ``grace_s``; then end the command and its children."""
        deadline = self._clock() + grace_s
        while (self._now or self._waiting) and (left := deadline - self._clock()) > 0 and not hurried():
            self._turn()
            # What has failed is tried again, too, but with its pauses.
            due = self._due
            pause = left if due is None else max(0.0, due - self._clock())
            self._post.listen(min(left, pause, HURRY_LOOK_S))
        untold = len(self._waiting) + (self._now is not None)
        if untold:
            log.warning("notify.untold", events=untold, note="the daemon stops")
        self._now, self._due = None, None
        self._waiting.clear()
        self._post.stop()

    def _wanted(self, event: Event) -> bool:
        return bool(self._settings.command) and event in self._settings.events

    def _health_has(self, begins: bool, words: Message, seconds: float) -> None:
        event: Event = "unhealthy" if begins else "recovered"
        if self._wanted(event):
            self._put(events.health(event, words, seconds))

    def _put(self, happening: events.Happening) -> None:
        if len(self._waiting) >= QUEUE_SIZE:
            self._waiting.popleft()
            self._missed += 1
            log.warning("notify.dropped", note=f"{QUEUE_SIZE} newer events wait for the command")
        self._waiting.append(happening)

    def _answered(self, fault: Message, said: str) -> None:
        """The command has ended."""
        happening = self._now
        if happening is None:
            return
        if not fault:
            self._now, self._trouble = None, NOTHING
            self._missed -= self._missed_told
            return
        # What a command says may hold a name: it is no part of the trouble that everybody may read.
        last = self._tries >= self._settings.attempts
        words = {"said": printable(said.strip())} if said.strip() and names_are_told() else {}
        log.warning("notify.failed", of=happening.event, reason=fault, attempt=self._tries, given_up=last, **words)
        if not last:
            self._due = self._clock() + BACKOFF.pause_s(self._tries)
            return
        self._trouble = say(
            "notify.command {reason}: see its messages in the log; a later event is told anew", reason=fault
        )
        self._now = None
        self._missed += 1
