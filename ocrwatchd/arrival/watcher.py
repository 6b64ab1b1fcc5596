"""Watch the inbox. This module is the only user of watchdog and turns its events into sightings.

watchdog reports no failure (a dead thread, a renamed or unmounted inbox, an overflow), so ``health`` checks.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import structlog
from watchdog import events
from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyFullEmitter, InotifyObserver
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD
from watchdog.observers.polling import PollingObserverVFS
from watchdog.utils import BaseThread

from ocrwatchd.arrival.inotify_watches import unwatched
from ocrwatchd.arrival.settle import How
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs.mounts import MountGuard, is_remote
from ocrwatchd.core.i18n import NOTHING, Message, count, say, verbatim
from ocrwatchd.core.os_errors import in_words

Method = Literal["auto", "inotify", "polling"]

# Opened and closed-unwritten are left out: our own looks and sweeps cause those.
_EVENTS: list[type[events.FileSystemEvent]] = [
    events.FileCreatedEvent,
    events.FileModifiedEvent,
    events.FileClosedEvent,
    events.FileMovedEvent,
    events.FileDeletedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
]
MOMENT_S = 2.0
"""A new folder gets its watch a moment later; only a folder without a watch for longer counts."""

_LIMIT = say("raise fs.inotify.max_user_watches and max_user_instances")
_INOTIFY_LOG = "watchdog.observers.inotify_c"
# watchdog calls it an error that its own stop finds its own thread reading.
logging.getLogger("watchdog.observers.inotify").addFilter(lambda record: "is inactive" not in record.getMessage())

_log = structlog.get_logger(__name__)


class Watcher:
    """Reports sightings until it is stopped; may be started again.

    Args:
        folder: the inbox; resolved at each start, because watchdog gets no events through a link.
        method: "auto" polls where other machines can write, or where inotify fails.
        poll_seconds: between two polls.
        heard: called on watchdog's threads with a path under the resolved folder and the kind of sighting; with
            ``How.LOST`` the path is the folder.
    """

    def __init__(self, folder: Path, method: Method, poll_seconds: float, heard: Callable[[Path, How], None]) -> None:
        self.polls = False
        self._folder = folder
        self._method = method
        self._poll_seconds = poll_seconds
        self._heard = heard
        self._observer: BaseObserver | None = None
        self._threads: list[threading.Thread] = []
        self._others: set[threading.Thread] = set()
        self._refused = NOTHING
        self._identity = (0, 0)
        self._mounts: MountGuard | None = None
        self._unwatched: dict[Path, float] = {}
        self._outnumbered = False
        self._ear: _Ear | None = None

    def start(self) -> None:
        """Begin to watch.

        Raises:
            FolderUnusable: the folder is missing, unreadable or no longer mounted, or inotify fails and is required.
        """
        self._refused = NOTHING
        try:
            resolved = self._looked_at()
            self._identity = _identity(resolved)
        except (OSError, RuntimeError) as error:
            raise FolderUnusable(self._not_watched(_said(error))) from error
        # One of watchdog's threads cannot be asked for, so those that are there before are told apart.
        self._others = set(threading.enumerate())
        self.polls = self._method == "polling" or (
            self._method == "auto" and (self._outnumbered or is_remote(resolved))
        )
        try:
            if not self.polls and not self._begin_inotify(resolved):
                self.polls = True
            if self.polls:
                self._begin(resolved, PollingObserverVFS(os.lstat, _listing, polling_interval=self._poll_seconds))
        except OSError as error:
            reason = say(
                '{fault}; {remedy}, or set arrival.method = "polling"',
                fault=verbatim(error.strerror or error),
                remedy=_LIMIT,
            )
            self._refused = self._not_watched(in_words(error) if self.polls else reason)
            raise FolderUnusable(self._refused) from error

    def stop(self) -> None:
        """Stop watching; no thread is left."""
        observer, self._observer = self._observer, None
        if observer is None:
            return
        with suppress(OSError):  # descriptors of a watch that has died
            observer.stop()
        for thread in self._threads:
            with suppress(RuntimeError):  # it never started
                thread.join()
        self._threads.clear()
        if self._ear is not None:
            logging.getLogger(_INOTIFY_LOG).removeHandler(self._ear)
            self._ear = None

    def health(self) -> Message:
        """What is wrong, for people; nothing while the watch works."""
        try:
            # First the folder: a watch that ended with it cannot be mended before the folder is.
            resolved = self._looked_at()
            if self._observer is None:
                return self._refused or say("{folder} is not watched", folder=self._folder)
            if not all(thread.is_alive() for thread in self._threads):
                return say("the watch on {folder} has died", folder=self._folder)
            if _identity(resolved) != self._identity:
                return say("the watched folder {folder} was replaced by another one", folder=self._folder)
            return self._count(resolved)
        except (OSError, RuntimeError) as error:
            return say("{folder} cannot be read: {reason}", folder=self._folder, reason=_said(error))

    def _not_watched(self, reason: Message) -> Message:
        return say("{folder} cannot be watched: {reason}", folder=self._folder, reason=reason)

    def _looked_at(self) -> Path:
        """The resolved folder, after a check that it is mounted and readable."""
        self._mounts = self._mounts or MountGuard([self._folder])
        self._mounts.check(self._folder)
        resolved = self._folder.resolve(strict=True)
        with os.scandir(resolved):
            pass
        return resolved

    def _count(self, resolved: Path) -> Message:
        """Find folders that inotify does not watch: beyond its limit watchdog skips them silently."""
        now = time.monotonic()
        found = set() if self.polls else unwatched(resolved)
        self._unwatched = {path: self._unwatched.get(path, now) for path in found}
        late = sum(now - since >= MOMENT_S for since in self._unwatched.values())
        if not late:
            return NOTHING
        self._outnumbered = True
        return count(
            "one folder in {folder} is not watched: inotify limit reached; {remedy}",
            "{n} folders in {folder} are not watched: inotify limit reached; {remedy}",
            n=late,
            folder=self._folder,
            remedy=_LIMIT,
        )

    def _begin_inotify(self, resolved: Path) -> bool:
        """Start inotify; return False where it fails and polling may replace it."""
        try:
            self._begin(resolved, _Observer())
        except OSError as error:
            if self._method == "inotify":
                raise
            _log.warning(
                "watch.polling", folder=str(self._folder), reason=f"inotify refuses: {error.strerror or error}"
            )
            return False
        self._ear = _Ear(lambda: self._heard(resolved, How.LOST))
        logging.getLogger(_INOTIFY_LOG).addHandler(self._ear)
        return True

    def _begin(self, resolved: Path, observer: BaseObserver) -> None:
        self._observer = observer
        try:
            handler = _Handler(self._heard, trusted=not self.polls)
            observer.schedule(handler, str(resolved), recursive=True, event_filter=_EVENTS)
            observer.start()
            self._threads = self._watchdogs()
        except BaseException:
            self._threads = self._watchdogs()
            self.stop()
            raise

    def _watchdogs(self) -> list[threading.Thread]:
        alive = threading.enumerate()
        return [thread for thread in alive if isinstance(thread, BaseThread) and thread not in self._others]


class _Inotify(InotifyFD):
    """Reports a file that was moved away as deleted.

    watchdog holds such an event, and all later ones, for 0.5 s to find the target. Each claim moves a file away, so the
    next scan would wait. Events of folders are still held: their watches must follow them.
    """

    def handle_event(self, event: InotifyEvent) -> None:
        if event.is_moved_from and not event.is_directory:
            event = InotifyEvent(event.wd, InotifyConstants.IN_DELETE, event.cookie, event.name)
        super().handle_event(event)


class _Observer(InotifyObserver):
    """InotifyObserver with full events, on :class:`_Inotify`."""

    def __init__(self) -> None:
        self._inotify_fd = _Inotify()
        self._inotify_fd.start()
        BaseObserver.__init__(self, InotifyFullEmitter, inotify_fd=self._inotify_fd)


class _Handler(events.FileSystemEventHandler):
    """Translates events; never raises, because that would kill the observer's thread.

    Args:
        trusted: closes and moves are real; polling guesses moves from inode numbers, which are reused.
    """

    def __init__(self, heard: Callable[[Path, How], None], *, trusted: bool) -> None:
        self._heard = heard
        self._moved = How.MOVED if trusted else How.CREATED

    def dispatch(self, event: events.FileSystemEvent) -> None:
        try:
            self._translate(event)
        except Exception:  # noqa: BLE001  (the boundary to watchdog's thread; the sweep finds what is missed here)
            _log.warning("sighting.lost", exc_info=True)

    def _translate(self, event: events.FileSystemEvent) -> None:
        source, target = _path(event.src_path), _path(event.dest_path)
        if isinstance(event, (events.DirCreatedEvent, events.DirMovedEvent)):
            # Files that came before the new folder was watched have no events of their own.
            if found := target or source:
                self._heard(found, How.LOST)
        elif isinstance(event, events.FileMovedEvent):
            if source:
                self._heard(source, How.GONE)
            if target:
                # A synthetic one only says that a folder above it moved; the file may still be written to.
                self._heard(target, How.CREATED if event.is_synthetic else self._moved)
        elif source and (how := _HOW.get(type(event))):
            self._heard(source, how)


_HOW: dict[type[events.FileSystemEvent], How] = {
    events.FileCreatedEvent: How.CREATED,
    events.FileModifiedEvent: How.MODIFIED,
    events.FileClosedEvent: How.CLOSED,
    events.FileDeletedEvent: How.GONE,
}


class _Ear(logging.Handler):
    """Hears a queue overflow, which watchdog reports only in its log."""

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._lost = lost

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if "overflow" in record.getMessage():
                _log.warning("sightings.overflowed", note="the inbox is swept instead")
                self._lost()
        except Exception:  # noqa: BLE001  (logging's own rule: a handler never raises into who logs)
            self.handleError(record)


def _path(name: bytes | str) -> Path | None:
    return Path(os.fsdecode(name)) if name else None


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(f"{folder} is not a folder")
    return status.st_dev, status.st_ino


def _listing(folder: str | None) -> os.ScandirIterator[str]:  # type: ignore[name-defined]
    return os.scandir(folder)


def _said(error: OSError | RuntimeError) -> Message:
    if isinstance(error, OSError):
        return in_words(error)
    return say("{fault}; remove the links that lead round", fault=error)
