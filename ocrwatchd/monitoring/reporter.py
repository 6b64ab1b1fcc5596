"""Tell systemd and people how the daemon is: heartbeat, status line, status file, status page."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import os
import socket
import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from ocrwatchd import __version__
from ocrwatchd.core import systemd
from ocrwatchd.core.i18n import NOTHING, Message, count, joined, say
from ocrwatchd.core.log import printable, told
from ocrwatchd.monitoring import status
from ocrwatchd.monitoring.counters import Figures
from ocrwatchd.storage.ledger import LedgerFault
from ocrwatchd.storage.outbox import original_path

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.core.attempt import EngineStatus, Worker
    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.monitoring.status_page.writer import Keeper
    from ocrwatchd.storage.ledger import Ledger

SOONEST_SECONDS = 1.0
"""The status file is written at most this often."""

LATEST_SECONDS = 30.0
"""And at least this often, so that its age tells whether the loop turns: ``status.SILENT_SECONDS``."""

SCANS_SHOWN = 20
"""Of those that wait for something, each with its reason; of the others only their number."""

FAILURES_SHOWN = 10
FAILURES_SOUGHT = 30
"""Among so many: some may have gone back into the inbox."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scene:
    """What the loop is doing; the words and numbers are those of :class:`ocrwatchd.monitoring.status.Status`."""

    state: str
    engine: EngineStatus
    waiting: int
    queued: int
    in_work: str = ""
    page: int = 0
    pages: int = 0
    workers: tuple[Worker, ...] = ()
    incomplete: tuple[tuple[str, float], ...] = ()


class Hear(Protocol):
    """Who is told of trouble."""

    def __call__(self, what: str, words: Message, *, of_a_scan: bool) -> object:
        """As :meth:`Reporter.trouble`."""


class Reporter:
    """Collects trouble, and says it together with what the loop is doing.

    Args:
        folders: the status file lies in their work folder.
        ledger: counts what was delivered and what failed; the status has its copy beside it.
        hear: is told of trouble, too, without files' names.
        figures: what has been done since the start.
        page: shows it to people who see only the share.
    """

    def __init__(
        self,
        folders: Folders,
        ledger: Ledger,
        hear: Hear | None = None,
        figures: Figures | None = None,
        page: Keeper | None = None,
    ) -> None:
        self._page = page
        self._hear = hear
        self._figures = figures or Figures()
        self._folders = folders
        self._ledger = ledger
        self._started_at = time.time()
        self._trouble: dict[str, Message] = {}
        self._of_scans: dict[str, None] = {}
        self._heartbeat_seconds = systemd.watchdog_seconds()
        self._heartbeat_due = 0.0
        self._written = 0.0
        self._last: tuple[object, ...] = ()
        self._unwritable = False
        self._remembered: dict[str, Any] = {}

    def trouble(self, what: str, words: Message, file: str = "") -> None:
        """Note that something is wrong and being retried, or with nothing that it is over.

        Args:
            what: the same for the same trouble.
            words: for people.
            file: the name of the scan that waits for it, if any.
        """
        if self._hear is not None:
            self._hear(what, words, of_a_scan=bool(file))
        if file and words:
            self._of_scans[what] = None
        else:
            self._of_scans.pop(what, None)
        if not words:
            if self._trouble.pop(what, None):
                log.info("trouble.over", what=what)
            return
        if what not in self._trouble:
            log.warning("trouble.begins", what=what, reason=words, file=file or None)
        self._trouble[what] = say("{file}: {reason}", file=told(file), reason=words) if file else words

    @property
    def troubles(self) -> tuple[str, ...]:
        """What there is trouble with, as it was told."""
        return tuple(self._trouble)

    def _shown(self) -> list[Message]:
        """What people are told: the daemon's own troubles, and those of some scans."""
        untold = set(itertools.islice(self._of_scans, SCANS_SHOWN, None))
        more = count("one more scan waits", "{n} more scans wait", n=len(untold)) if untold else NOTHING
        return [*(words for what, words in self._trouble.items() if what not in untold), *filter(None, [more])]

    def next_due(self) -> float | None:
        """When systemd wants the next heartbeat, or people the page, on the monotonic clock."""
        dues = (self._heartbeat_due if self._heartbeat_seconds else None, self._page.next_due() if self._page else None)
        return min((due for due in dues if due is not None), default=None)

    def beat(self) -> None:
        """Tell systemd that the loop turns, where it is due."""
        now = time.monotonic()
        if self._heartbeat_seconds and now >= self._heartbeat_due:
            systemd.notify("WATCHDOG=1")
            self._heartbeat_due = now + self._heartbeat_seconds

    def turn(self, scene: Scene) -> None:
        """Beat, and write the status file and the page where they are due."""
        self.beat()
        self._tell(scene)
        if self._page is not None:
            self._page.turn()

    def _tell(self, scene: Scene) -> None:
        now = time.monotonic()
        seen = (scene, *self._trouble.values())
        age = now - self._written
        if scene.state == "running" and (age < SOONEST_SECONDS or (seen == self._last and age < LATEST_SECONDS)):
            return
        self._written, self._last = now, seen
        try:
            self._write(scene)
        except OSError as error:
            # A status that cannot be written must not stop the work.
            if not self._unwritable:
                log.warning("status.unwritable", reason=str(error))
            self._unwritable = True
        else:
            self._unwritable = False
        if scene.state == "running":
            systemd.notify(f"STATUS={self._sentence(scene)}")

    def _sentence(self, scene: Scene) -> str:
        if self._trouble:
            return printable(str(joined(self._shown())))
        page = f"page {scene.page} of {scene.pages}" if scene.pages else "nothing"
        return f"{page} in work, {scene.queued} scans queued, {scene.waiting} in the inbox"

    def _write(self, scene: Scene) -> None:
        # Else whoever asks would read that the daemon hangs, and not what is wrong with the ledger.
        with contextlib.suppress(LedgerFault):
            self._remembered = self._remember()
        now = status.Status(
            **{each.name: getattr(scene, each.name) for each in fields(scene)}
            | {"workers": [*scene.workers], "incomplete": [*scene.incomplete]},
            pid=os.getpid(),
            host=socket.gethostname(),
            version=__version__,
            root=str(self._folders.served_path),
            started_at=self._started_at,
            written_at=time.time(),
            pages_done=self._figures.pages,
            seconds_a_page=round(self._figures.seconds_a_page, 2),
            trouble=self._shown(),
            outbox_mount=str(self._page.mount) if self._page else "",
            **self._remembered,
        )
        if self._page is not None:
            self._page.show(now)
        status.write(self._folders, now, self._ledger.path.parent)

    def _remember(self) -> dict[str, Any]:
        """What the ledger knows of ended scans, by the names of :class:`ocrwatchd.monitoring.status.Status`."""
        midnight = dt.datetime.now().astimezone().replace(hour=0, minute=0, second=0).timestamp()
        counts = self._ledger.counts(midnight)
        return {
            "delivered_today": counts["delivered"],
            "failed_today": counts["failed"],
            "last_delivery_at": self._ledger.last_delivery(),
            "failures": self._failures(),
        }

    def _failures(self) -> list[tuple[str, Message]]:
        """The last scans that still lie in ``failed/``: whoever took one back, or away, has seen to it."""
        shown: dict[Path, Message] = {}  # a name may have failed before, and gone back: the last reason counts
        for relative, name, reason in self._ledger.failures(FAILURES_SOUGHT):
            path = original_path(self._folders, relative, "failed", name)
            if len(shown) < FAILURES_SHOWN and os.path.lexists(path):
                shown.setdefault(path, reason)
        failed = self._folders.path("failed")
        return [(told(str(path.relative_to(failed))), reason) for path, reason in shown.items()]
