"""Keeps status.html in the outbox: written when something has changed, seldom, and never over what is not ours."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files, mounts, safe_open, tree
from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.monitoring import status
from ocrwatchd.monitoring.status_page import MARK, RENEWED_SECONDS, page
from ocrwatchd.storage import root_folders
from ocrwatchd.storage.set_names import STATUS_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.core.config.schema import Config
    from ocrwatchd.monitoring.status import Status

SOONEST_SECONDS: Final = 3.0
"""The page is written at most this often: share's clients, and what keeps copies of them, see each time."""

_HEAD_BYTES: Final = 256

log = structlog.get_logger()


class Keeper:
    """Writes the page, if the configuration wants one. Used from one thread."""

    def __init__(self, config: Config, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self.mount: Final = mounts.mount_point(config.folders.path("outbox"))
        """What the outbox lay on at the start."""
        self._shown: Status | None = None
        self._next: Status | None = None
        self._written = float("-inf")
        self._unwritable = False

    def show(self, seen: Status) -> None:
        """Have the page say this, soon; at once where the service begins or ends."""
        if not self._config.folders.status_page:
            return
        self._next = seen
        if self._shown is None or self._shown.state != seen.state:
            self._write()

    def next_due(self) -> float | None:
        """When the page is to be written, by the clock; None where nothing is to be shown."""
        if self._next is None:
            return None
        soon = _lasting(self._next) != (_lasting(self._shown) if self._shown else None)
        return self._written + (SOONEST_SECONDS if soon else RENEWED_SECONDS)

    def tick(self, now: float) -> None:
        """Write the page where it is due."""
        due = self.next_due()
        if due is not None and now >= due:
            self._write()

    def _write(self) -> None:
        if self._next is None:
            return
        self._shown, self._written = self._next, self._clock()
        try:
            mounts.check_mounted(self.mount, self._config.folders.path("outbox"))
            write(self._config, self._next)
        except OSError as error:
            # No trouble of the line's: where the outbox is at fault, the next delivery says so.
            if not self._unwritable:
                log.warning("page.unwritable", reason=_why(error))
            self._unwritable = True
        else:
            self._unwritable = False


def write(config: Config, seen: Status) -> None:
    """Put the page in the outbox, whole or not at all; an earlier one gives way, and nothing else does.

    Raises:
        FileExistsError: something else has its name.
        OSError: as the system calls say.
        FolderUnusable: there is no such group as ``folders.group``.
    """
    path = config.folders.path("outbox") / STATUS_PAGE
    gid = root_folders.group_id(config.folders.group)
    # Not synced: after a power cut nobody needs what a daemon said before it.
    content = page(seen, time.time(), config.output.language).encode("utf-8", "replace")
    with tree.held(path.parent) as folder:  # or the page that was looked at and the one replaced might not be the same
        ours, mode = _is_ours(path, folder), config.folders.file_mode
        files.write_new(path, content, mode, gid, replace=ours, lasting=False, folder=folder)


def write_last(config: Config) -> str:
    """Put the page in the outbox that the last status deserves, where no daemon lives to do it; in words what was done.

    Raises:
        FolderUnusable: the status cannot be read, or the page not be written; the message says why.
    """
    last = status.find(config.folders)
    if not config.folders.status_page:
        return "nothing to do: folders.status_page is off"
    if last is None:
        return f"nothing to do: no daemon has served {config.folders.served_path} yet"
    if last.state not in {"gone", "stopped"}:
        return "nothing to do: the daemon itself writes the page"
    try:
        if last.outbox_mount:
            mounts.check_mounted(Path(last.outbox_mount), config.folders.path("outbox"))
        write(config, last)
    except OSError as error:
        raise FolderUnusable(f"the page cannot be written: {_why(error)}") from error
    return f"written: {config.folders.path('outbox') / STATUS_PAGE}"


def _why(error: OSError) -> Message:
    if isinstance(error, FileExistsError):
        return say(
            "something else has the name {name} in the outbox; move it away, or set folders.status_page = false",
            name=STATUS_PAGE,
        )
    return in_words(error)


def _is_ours(path: Path, folder: int) -> bool:
    try:
        with os.fdopen(safe_open.open_regular(path, folder), "rb") as file:
            return MARK.encode() in file.read(_HEAD_BYTES)
    except OSError:  # nothing, a link, a folder, somebody's own file: whatever it is, it stays
        return False


def _lasting(seen: Status) -> Status:
    """What a page says, without what changes all the time."""
    return replace(seen, written_at=0.0, pages_done=0, seconds_a_page=0.0)
