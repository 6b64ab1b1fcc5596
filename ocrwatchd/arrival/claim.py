"""Move a file out of the inbox: only the file that was examined is claimed.

Between a check and a rename anybody may exchange the file. Each claim therefore checks again after the move, where
nobody else can reach the file, and moves a wrong file back.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import secrets
import signal
import stat
from dataclasses import dataclass
from pathlib import Path

from ocrwatchd.arrival.settle import Stamp
from ocrwatchd.core.fs import files
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Scan
from ocrwatchd.formats.input.completeness import Examined

_MAX_PUT_BACK = 1000
_LIBC = ctypes.PyDLL(None, use_errno=True)  # its calls keep the interpreter's lock


@dataclass(frozen=True, slots=True)
class Seen:
    """An examined file.

    Args:
        stamp: the state of the file before its bytes were read.
        written: somebody has the file open for writing; None where that is unknown.
    """

    stamp: Stamp
    device: int
    examined: Examined
    written: bool | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that need not wait any longer.

    Args:
        scan: the file; of a document of several files, its path.
        reason: why it belongs in ``failed/``, for people; nothing where it is to be read.
        seen: the examined state; only a file in that state may be claimed. Of several files: size and latest time.
        members: the files of a document that came as several, in the order of their pages.
    """

    scan: Scan
    reason: Message
    seen: Seen
    members: tuple[Ready, ...] = ()


def being_written(file: int) -> bool | None:
    """Whether any process of this machine has the open file open for writing; None where that is unknown.

    The kernel grants a read lease only without writers (fcntl(2), F_SETLEASE); it needs ownership or CAP_LEASE. While
    the lease lasts, an opening for writing waits, and one with O_NONBLOCK fails, as with vsftpd when an upload resumes.
    So it is given up at once; other threads of Python, which could take milliseconds, hardly ever run in between.
    """
    # Who opens the file in the instant of the lease makes the kernel signal us: SIGURG is ignored by default,
    # SIGIO would end the process.
    _LIBC.fcntl(file, fcntl.F_SETSIG, int(signal.SIGURG))
    granted = _LIBC.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK) == 0
    error = ctypes.get_errno()
    _LIBC.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    if granted:
        return False
    return True if error == errno.EAGAIN else None


def by_rename(file: int, source: Path, here: int, target: Path, seen: Seen) -> bool:
    """Claim a file that has only one name; return False, and leave it, if it has changed since its examination.

    Args:
        file: descriptor of the examined file.
        source: its name in the inbox.
        here: descriptor of the folder with that name.
        target: its name in the job's folder, which is free.
        seen: the examination.

    Raises:
        OSError: it could not be moved; it is still in the inbox.
    """
    os.fsync(file)
    files.move(source, target, source_in=here)
    found = os.lstat(target)
    if _is(found, seen) and not (found.st_dev == seen.device and _in_other_hands(file, found, seen)):
        return True
    put_back(target, source, here)
    return False


def by_copy(file: int, source: Path, here: int, target: Path, seen: Seen, *, kept: Path | None = None) -> bool:
    """Claim a file that others could still change, through another name or an open descriptor; else as ``by_rename``.

    The file itself goes to ``kept``, or is removed where that is None.
    """
    files.copy(file, target)
    if same(os.fstat(file), seen) and same(os.lstat(source.name, dir_fd=here), seen):
        # Taken away first and looked at then: what came under the name in this moment must not be removed for it.
        aside = kept or target.with_name(f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
        files.move(source, aside, source_in=here)
        if _is(os.lstat(aside), seen):
            if kept is None:
                aside.unlink()
            return True
        put_back(aside, source, here)
    target.unlink()
    return False


def unopened(source: Path, here: int, target: Path, seen: Seen) -> bool:
    """Claim a file without read permission, to set it aside; otherwise as ``by_rename``."""
    if not same(os.lstat(source.name, dir_fd=here), seen):
        return False
    files.move(source, target, source_in=here)
    if _is(os.lstat(target), seen):
        return True
    put_back(target, source, here)
    return False


def stamp(status: os.stat_result) -> Stamp:
    """The values that distinguish two states of a file."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def same(status: os.stat_result, seen: Seen) -> bool:
    """Whether this is the examined file, unchanged."""
    return stat.S_ISREG(status.st_mode) and stamp(status) == seen.stamp and status.st_dev == seen.device


def _is(found: os.stat_result, seen: Seen) -> bool:
    """Whether the moved file is the examined one: a copy on another mount has kept size and time."""
    if found.st_dev == seen.device:
        return same(found, seen)
    return stat.S_ISREG(found.st_mode) and stamp(found)[:2] == seen.stamp[:2]


def _in_other_hands(file: int, found: os.stat_result, seen: Seen) -> bool:
    """Whether somebody can still change the file: a writer or a second name has come at the last moment."""
    return found.st_nlink > 1 or (seen.written is False and being_written(file) is True)


def put_back(target: Path, source: Path, here: int) -> None:
    """Return a file to the inbox, under another name where its own is taken."""
    for number in range(1, _MAX_PUT_BACK):
        name = source.name if number == 1 else f"{source.stem}-{number}{source.suffix}"
        try:
            files.move(target, source.with_name(name), target_in=here)
        except FileExistsError:
            continue
        return
    raise FileExistsError(errno.EEXIST, "no free name to put a file back under", str(source))
