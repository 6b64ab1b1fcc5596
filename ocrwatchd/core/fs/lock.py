"""Locks: a lock file with one holder at a time, whose process and machine the next one can name; a lock on a folder."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from ocrwatchd.core.fs import tree
from ocrwatchd.core.log import printable

MODE = 0o640
HOLDER_BYTES = 300
POLL_S = 0.05

BYTES: Final = ".bytes"
"""Suffix of a second lock file. NFS and SMB clients turn a whole-file lock (flock) into a byte-range lock, which does
not conflict with flock on the server (flock(2), "NFS details"). Also take a byte-range lock, on a second file: over SMB
two locks on one file conflict even within one process."""

_LOCKS_UNKNOWN = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})

log = structlog.get_logger()


class HeldElsewhere(Exception):
    """Somebody has the lock; the message says who: "process 17", or "process 17 on HOST"."""


class Lock:
    """A lock on a file, held from ``take`` to ``free``; the system frees it when the process ends.

    Args:
        path: of the file, whose folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._bytes = -1

    def take(self) -> None:
        """Take the lock, or take it anew where the file was exchanged.

        Raises:
            HeldElsewhere: another process has it.
            OSError: the file cannot be made or written.
        """
        file = _open(self._path)
        try:
            self._lock(file, _lock_whole, file)
            self._free_bytes()
            self._bytes = _open(self._path.with_name(f"{self._path.name}{BYTES}"))
            self._lock(self._bytes, _lock_bytes, file)
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
        except BaseException:
            os.close(file)
            self._free_bytes()
            raise
        if self._file != -1:
            os.close(self._file)
        self._file = file

    def free(self) -> None:
        """Give the lock back."""
        self._free_bytes()
        if self._file != -1:
            os.close(self._file)
            self._file = -1

    def held(self) -> bool:
        """Whether the lock is still the path's: its folder may have been removed or exchanged meanwhile."""
        try:
            return self._file != -1 and os.path.samestat(self._path.stat(), os.fstat(self._file))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _free_bytes(self) -> None:
        if self._bytes != -1:
            os.close(self._bytes)
            self._bytes = -1

    def _lock(self, file: int, lock: Callable[[int], None], told_in: int) -> None:
        try:
            lock(file)
        except OSError as error:
            if error.errno in _LOCKS_UNKNOWN:
                # Some network shares have no locks: whoever serves one from two machines has to know.
                log.warning("lock.unsupported", file=str(self._path), reason=error.strerror)
            elif isinstance(error, BlockingIOError | PermissionError):
                raise HeldElsewhere(_holder(told_in)) from None
            else:
                raise


@contextmanager
def folder_locked(folder: int, path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock of a folder, among processes of one machine: whatever is renamed in the folder, the lock stays.

    Args:
        folder: descriptor of the folder.
        path: of the folder, for messages.
        wait_s: so long another holder is waited for.

    Raises:
        HeldElsewhere: somebody had the lock all the time.
        OSError: the folder may not be read.
    """
    with tree.named(path):
        file = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        until = time.monotonic() + wait_s
        while not _locked(file, path):
            if time.monotonic() >= until:
                raise HeldElsewhere("another process")
            time.sleep(POLL_S)
        yield
    finally:
        os.close(file)


def _locked(file: int, path: Path) -> bool:
    try:
        _lock_whole(file)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _LOCKS_UNKNOWN:
            raise
        log.warning("lock.unsupported", file=str(path), reason=error.strerror)
    return True


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)


def _lock_whole(file: int) -> None:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_bytes(file: int) -> None:
    """Lock them for the opened file: a process' own lock would go with any other file that it closes of this name."""
    all_of_it = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)  # struct flock
    fcntl.fcntl(file, fcntl.F_OFD_SETLK, all_of_it)


def _holder(file: int) -> str:
    try:
        words = os.pread(file, HOLDER_BYTES, 0).decode("utf-8", "replace").split()
    except OSError:  # CIFS lets nobody else read what is locked
        words = []
    pid = printable(words[0]) if words else "unknown"
    host = printable(words[1]) if len(words) > 1 else ""
    return f"process {pid} on {host}" if host not in {"", socket.gethostname()} else f"process {pid}"
