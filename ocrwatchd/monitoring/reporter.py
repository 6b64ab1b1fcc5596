"""Tell systemd and people how the daemon is: heartbeat, status line, status file, status page."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import structlog

from ocrwatchd import __version__
from ocrwatchd.core import systemd
from ocrwatchd.core.i18n import NOTHING, Message, count, joined, say
from ocrwatchd.core.log import printable, told
from ocrwatchd.monitoring import status
from ocrwatchd.monitoring.counters import Figures
from ocrwatchd.monitoring.snapshot import Activity, Observer
from ocrwatchd.storage.ledger import LedgerFault
from ocrwatchd.storage.outbox import original_path

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.monitoring.snapshot import Snapshot
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


class Reporter(Observer):
    """Shows each snapshot to systemd, in the status file and on the status page; logs when trouble begins and ends."""

    def __init__(
        self,
        folders: Folders,
        ledger: Ledger,
        figures: Figures | None = None,
        page: Keeper | None = None,
    ) -> None:
        self._page = page
        self._figures = figures or Figures()
        self._folders = folders
        self._ledger = ledger
        self._started_at = time.time()
        self._troubles: set[str] = set()
        self._heartbeat_seconds = systemd.watchdog_seconds()
        self._heartbeat_due = 0.0
        self._written = 0.0
        self._last: Snapshot | None = None
        self._unwritable = False
        self._remembered: dict[str, Any] = {}

    def next_due(self) -> float | None:
        """When systemd wants the next heartbeat, or people the page."""
        dues = (self._heartbeat_due if self._heartbeat_seconds else None, self._page.next_due() if self._page else None)
        return min((due for due in dues if due is not None), default=None)

    def show(self, snapshot: Snapshot) -> None:
        """Send the heartbeat; write the status file and the page where they are due."""
        now = time.monotonic()
        self._log_troubles(snapshot)
        if self._heartbeat_seconds and now >= self._heartbeat_due:
            systemd.notify("WATCHDOG=1")
            self._heartbeat_due = now + self._heartbeat_seconds
        self._write_if_due(snapshot, now)
        if self._page is not None:
            self._page.tick(now)

    def _log_troubles(self, snapshot: Snapshot) -> None:
        for each in snapshot.troubles:
            if each.kind not in self._troubles:
                log.warning("trouble.begins", what=each.kind, reason=each.message, file=each.file or None)
        now = {each.kind for each in snapshot.troubles}
        for kind in self._troubles - now:
            log.info("trouble.over", what=kind)
        self._troubles = now

    def _write_if_due(self, snapshot: Snapshot, now: float) -> None:
        age = now - self._written
        same_state = self._last is not None and snapshot.state == self._last.state
        if same_state and (age < SOONEST_SECONDS or (snapshot == self._last and age < LATEST_SECONDS)):
            return
        self._written, self._last = now, snapshot
        try:
            self._write(snapshot)
        except OSError as error:
            # A status that cannot be written must not stop the work.
            if not self._unwritable:
                log.warning("status.unwritable", reason=str(error))
            self._unwritable = True
        else:
            self._unwritable = False
        if snapshot.state == "running":
            systemd.notify(f"STATUS={_sentence(snapshot)}")

    def _write(self, snapshot: Snapshot) -> None:
        # Else whoever asks would read that the daemon hangs, and not what is wrong with the ledger.
        with contextlib.suppress(LedgerFault):
            self._remembered = self._remember()
        now = status.Status(
            **{each.name: getattr(snapshot, each.name) for each in fields(Activity)},
            pid=os.getpid(),
            host=socket.gethostname(),
            version=__version__,
            root=str(self._folders.served_path),
            started_at=self._started_at,
            written_at=time.time(),
            pages_done=self._figures.pages,
            seconds_a_page=round(self._figures.seconds_a_page, 2),
            trouble=_messages(snapshot),
            outbox_mount=str(self._page.mount) if self._page else "",
            **self._remembered,
        )
        if self._page is not None:
            self._page.show(now)
        status.write(self._folders, now, self._ledger.path.parent)

    def _remember(self) -> dict[str, Any]:
        """The ledger's figures of ended scans, by the names of :class:`ocrwatchd.monitoring.status.Status`."""
        midnight = dt.datetime.now().astimezone().replace(hour=0, minute=0, second=0).timestamp()
        counts = self._ledger.counts(midnight)
        return {
            "delivered_today": counts["delivered"],
            "failed_today": counts["failed"],
            "last_delivery_at": self._ledger.last_delivery(),
            "failures": self._failures(),
        }

    def _failures(self) -> tuple[tuple[str, Message], ...]:
        """The last scans that are still in ``failed/``: a scan that was taken away needs no attention."""
        shown: dict[Path, Message] = {}  # a name may have failed before, and gone back: the last reason counts
        for relative, name, reason in self._ledger.failures(FAILURES_SOUGHT):
            path = original_path(self._folders, relative, "failed", name)
            if len(shown) < FAILURES_SHOWN and os.path.lexists(path):
                shown.setdefault(path, reason)
        failed = self._folders.path("failed")
        return tuple((told(str(path.relative_to(failed))), reason) for path, reason in shown.items())


def _messages(snapshot: Snapshot) -> tuple[Message, ...]:
    """What people are told: the daemon's own troubles, and those of some scans."""
    waiting = [each for each in snapshot.troubles if each.file]
    untold = set(waiting[SCANS_SHOWN:])
    more = count("one more scan waits", "{n} more scans wait", n=len(untold)) if untold else NOTHING
    shown = [
        say("{file}: {reason}", file=told(each.file), reason=each.message) if each.file else each.message
        for each in snapshot.troubles
        if each not in untold
    ]
    return *shown, *filter(None, [more])


def _sentence(snapshot: Snapshot) -> str:
    if snapshot.troubles:
        return printable(str(joined(_messages(snapshot))))
    page = f"page {snapshot.page} of {snapshot.pages}" if snapshot.pages else "nothing"
    return f"{page} in work, {snapshot.queued} scans queued, {snapshot.waiting} in the inbox"
