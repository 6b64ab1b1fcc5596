"""Locks: a lock file, which names its holder's process and machine, and a lock on a folder."""

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
    """Another process has the lock; the message names it: "process 17", or "process 17 on HOST"."""


class Lock:
    """A lock on a file in an existing folder, held from ``take`` to ``free``; it ends with the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._bytes = -1

    def take(self) -> None:
        """Take the lock, or take it again if the file was exchanged.

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
        """Release the lock."""
        self._free_bytes()
        if self._file != -1:
            os.close(self._file)
            self._file = -1

    def held(self) -> bool:
        """Whether the lock still belongs to the path: somebody may have removed or exchanged the folder."""
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
                # Some network shares have no locks: two machines that serve such a share must know.
                log.warning("lock.unsupported", file=str(self._path), reason=error.strerror)
            elif isinstance(error, BlockingIOError | PermissionError):
                raise HeldElsewhere(_holder(told_in)) from None
            else:
                raise


@contextmanager
def folder_locked(folder: int, path: Path, wait_s: float) -> Iterator[None]:
    """Hold the lock of a folder, among processes of one machine; renames in the folder do not affect the lock.

    Raises:
        HeldElsewhere: another process had the lock all the time.
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
    """Lock for the open file: a lock of the process would end when it closes any file of this name."""
    all_of_it = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)  # struct flock
    fcntl.fcntl(file, fcntl.F_OFD_SETLK, all_of_it)


def _holder(file: int) -> str:
    try:
        words = os.pread(file, HOLDER_BYTES, 0).decode("utf-8", "replace").split()
    except OSError:  # CIFS lets nobody else read a locked file
        words = []
    pid = printable(words[0]) if words else "unknown"
    host = printable(words[1]) if len(words) > 1 else ""
    return f"process {pid} on {host}" if host not in {"", socket.gethostname()} else f"process {pid}"
