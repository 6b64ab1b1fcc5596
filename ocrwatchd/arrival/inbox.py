"""The inbox itself: sweep it, look at a file in it, claim a file out of it. Everything in it is hostile.

Files are opened by descriptor, step by step from the inbox down, without following a link or waiting for anything;
what was examined is what is claimed, or the claim is taken back.
"""

from __future__ import annotations

import errno
import fcntl
import fnmatch
import os
import re
import signal
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ocrwatchd import files
from ocrwatchd.arrival.complete import Examined, Finding, examine
from ocrwatchd.arrival.settle import Stamp
from ocrwatchd.model import Scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NOT_A_FILE = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.EINVAL})
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_DEPTH = 64
_MAX_PUT_BACK = 1000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has found.

    Args:
        stamp: the file's state before its bytes were read.
        device: number of the device that it lies on.
        examined: the finding.
        written: somebody has it open for writing; None where that cannot be known.
    """

    stamp: Stamp
    device: int
    examined: Examined
    written: bool | None


class Inbox:
    """The folder where scans arrive.

    Args:
        folder: absolute, links resolved.
        ignore: patterns in the manner of fnmatch; a match with a file's or any of its folders' names, in upper or
            lower case, leaves the file alone.
        remote: it lies on a network file system, where a lease says nothing about who writes.
    """

    def __init__(self, folder: Path, ignore: Iterable[str], *, remote: bool = False) -> None:
        self.folder = folder
        self.remote = remote
        patterns = (*ignore, f"{files.TEMPORARY_PREFIX}*")
        self._ignore = re.compile("|".join(map(fnmatch.translate, patterns)), re.IGNORECASE)

    def scan(self, path: Path) -> Scan | None:
        """The scan that a path in the inbox stands for, or None for one that is left alone by its name."""
        try:
            relative = path.relative_to(self.folder)
        except ValueError:
            return None
        if not relative.parts or any(self._left_alone(name) for name in relative.parts):
            return None
        return Scan(path, relative)

    def sweep(self) -> Iterator[tuple[Path, Stamp]]:
        """Every regular file that is not left alone by its name; folders that cannot be read are passed over.

        Raises:
            OSError: the inbox itself cannot be read.
        """
        folders = [(self.folder, 0)]
        while folders:
            folder, depth = folders.pop()
            try:
                entries = os.scandir(folder)
            except OSError as error:
                if not depth:
                    raise
                _log.warning("sweep.folder_unreadable", folder=str(folder), reason=error.strerror)
                continue
            with entries:
                for entry in entries:
                    if self._left_alone(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if depth < _MAX_DEPTH:
                            folders.append((folder / entry.name, depth + 1))
                    elif (stamp := stamp_of(folder / entry.name)) is not None:
                        yield folder / entry.name, stamp

    def look(self, scan: Scan) -> Seen | None:
        """Examine a file; None where there is none that could be a scan (gone, a link, a FIFO, a device).

        Raises:
            OSError: it cannot be read now through no fault of its own.
        """
        try:
            with self._parent(scan) as parent, _opened(parent / scan.path.name) as file:
                status = os.fstat(file)
                # Asked before the bytes are read: a writer who closes in between has written all of them.
                written = None if self.remote else being_written(file)
                examined = examine(file, scan.path.suffix)
                return Seen(_stamp(status), status.st_dev, examined, written)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in _DENIED:
                return self._denied(scan)
            if error.errno in _NOT_A_FILE:
                return None
            raise

    def claim(self, scan: Scan, seen: Seen, job_folder: Path) -> bool:
        """Move the examined file to ``JOB_FOLDER/scan/RELATIVE``; by copy where it has another hard link.

        Returns:
            False where the file is no longer what was examined; it stays in the inbox then, and the job's folder as
            it was.

        Raises:
            OSError: it could not be moved or copied; it is still in the inbox.
        """
        target = job_folder / "scan" / scan.relative
        claimed = False
        try:
            files.make_folder(target.parent, below=job_folder)
            claimed = self._claim(scan, seen, target)
        finally:
            if not claimed:
                _remove_empty(target.parent, job_folder)
        return claimed

    def _claim(self, scan: Scan, seen: Seen, target: Path) -> bool:
        try:
            with self._parent(scan) as parent:
                source = parent / scan.path.name
                if seen.examined.finding is Finding.DENIED:
                    return self._claim_unopened(source, target, seen)
                with _opened(source) as file:
                    if not _same(os.fstat(file), seen):
                        return False
                    if os.fstat(file).st_nlink > 1:
                        return _claim_copy(file, source, target, seen)
                    return self._claim_rename(file, source, target, seen)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in _NOT_A_FILE:
                return False
            raise

    def _claim_rename(self, file: int, source: Path, target: Path, seen: Seen) -> bool:
        os.fsync(file)
        files.move(source, target)
        found = os.lstat(target)
        moved = found.st_dev == seen.device
        same = _same(found, seen) if moved else _alike(found, seen)
        reopened = moved and seen.written is False and being_written(file) is True
        if same and not reopened:
            return True
        _put_back(target, source)
        return False

    def _claim_unopened(self, source: Path, target: Path, seen: Seen) -> bool:
        """Claim a file that may not be read, so that it can be set aside."""
        if not _same(os.lstat(source), seen):
            return False
        files.move(source, target)
        return True

    def _denied(self, scan: Scan) -> Seen | None:
        try:
            status = os.lstat(scan.path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        mode = stat.S_IMODE(status.st_mode)
        reason = (
            f"no permission to read the file (owner {status.st_uid}, group {status.st_gid}, mode {mode:04o}; this "
            f"service is user {os.geteuid()}). Let uploads be readable for it (Samba: force user; FTP and SFTP: "
            "umask 007 and an inbox with mode 2770), then send the file again."
        )
        return Seen(_stamp(status), status.st_dev, Examined(Finding.DENIED, "", reason), None)

    def _left_alone(self, name: str) -> bool:
        return self._ignore.match(name) is not None

    @contextmanager
    def _parent(self, scan: Scan) -> Iterator[Path]:
        """The scan's folder, reached from the inbox down without following any link.

        A path through the descriptor: no name above the file can be exchanged under it any more.
        """
        folder = os.open(self.folder, _FOLDER)
        try:
            for name in scan.relative.parts[:-1]:
                below = os.open(name, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = below
            yield Path(f"/proc/self/fd/{folder}")
        finally:
            os.close(folder)


def being_written(file: int) -> bool | None:
    """Whether any process of this machine has the open file open for writing; None where that cannot be known.

    A read lease is granted only where nobody has (fcntl(2), F_SETLEASE); it needs the file's ownership or CAP_LEASE.
    """
    try:
        # Who opens the file in the instant of the lease makes the kernel signal us: SIGURG is ignored by default,
        # SIGIO would end the process.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    return False


def stamp_of(path: Path) -> Stamp | None:
    """The state of a regular file; None where there is none, links not followed."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return _stamp(status) if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = files.open_regular(path)
    try:
        yield file
    finally:
        os.close(file)


def _claim_copy(file: int, source: Path, target: Path, seen: Seen) -> bool:
    """Copy a file that has another name elsewhere: whoever holds that could go on changing it."""
    files.copy(file, target)
    if _same(os.fstat(file), seen) and _same(os.lstat(source), seen):
        source.unlink()
        files.sync_folder(source.parent)
        return True
    target.unlink()
    return False


def _remove_empty(folder: Path, above: Path) -> None:
    """Remove folders from here upwards as long as they are empty."""
    with suppress(OSError):
        while folder != above:
            folder.rmdir()
            folder = folder.parent


def _put_back(target: Path, source: Path) -> None:
    """Return what was taken by mistake, under another name where its own is taken again."""
    for number in range(1, _MAX_PUT_BACK):
        name = source.name if number == 1 else f"{source.stem}-{number}{source.suffix}"
        try:
            files.move(target, source.with_name(name))
        except FileExistsError:
            continue
        return
    raise FileExistsError(errno.EEXIST, "no free name to put a file back under", str(source))


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


def _same(status: os.stat_result, seen: Seen) -> bool:
    return stat.S_ISREG(status.st_mode) and _stamp(status) == seen.stamp and status.st_dev == seen.device


def _alike(status: os.stat_result, seen: Seen) -> bool:
    """A copy on another mount keeps size and time."""
    return stat.S_ISREG(status.st_mode) and _stamp(status)[:2] == seen.stamp[:2]
