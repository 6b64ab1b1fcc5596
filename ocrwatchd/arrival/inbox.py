"""The inbox: sweep it, examine a file, claim a file. All content is hostile.

Files are opened by descriptor, step by step from the inbox down, without following links and without blocking. Only the
examined file is claimed.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import structlog

from ocrwatchd.arrival.claim import Seen, being_written, by_copy, by_rename, same, stamp, unopened
from ocrwatchd.arrival.late_writes import place
from ocrwatchd.arrival.settle import Stamp
from ocrwatchd.core.fs import files, safe_open, tree
from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.log import told
from ocrwatchd.core.model import Scan
from ocrwatchd.formats.input.completeness import Examined, Finding, examine

_NOT_A_FILE = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.EINVAL})
_DENIED = frozenset({errno.EACCES, errno.EPERM})
_MAX_DEPTH = 64
_MAX_PATH_BYTES = 4095

_log = structlog.get_logger(__name__)


class Inbox:
    """The folder where scans arrive.

    Args:
        folder: absolute, links resolved.
        ignore: fnmatch patterns, case-insensitive; a file is ignored if its name or a folder's name matches.
        remote: the folder is on a network file system, where leases do not show writers.
    """

    def __init__(self, folder: Path, ignore: Iterable[str], *, remote: bool = False) -> None:
        self.folder = folder
        self.remote = remote
        patterns = (*ignore, f"{files.TEMPORARY_PREFIX}*")
        self._ignore = re.compile("|".join(map(fnmatch.translate, patterns)), re.IGNORECASE)
        self.too_deep: set[Path] = set()
        """Folders that the last sweep skipped because of their depth or path length."""

    def scan(self, path: Path) -> Scan | None:
        """The scan at a path in the inbox; None for an ignored name."""
        try:
            relative = path.relative_to(self.folder)
        except ValueError:
            return None
        if not relative.parts or any(self._left_alone(name) for name in relative.parts):
            return None
        return Scan(path, relative)

    def sweep(self) -> Iterator[tuple[Path, Stamp]]:
        """Every regular file that is not ignored; unreadable folders are skipped.

        Raises:
            OSError: the inbox itself cannot be read.
        """
        self.too_deep.clear()
        folders = [(self.folder, 0)]
        while folders:
            folder, depth = folders.pop()
            for name, is_folder in self._listing(folder, depth):
                path = folder / name
                if is_folder:
                    folders.append((path, depth + 1))
                elif (stamp := stamp_of(path)) is not None:
                    yield path, stamp
                elif len(os.fsencode(path)) > _MAX_PATH_BYTES:
                    self.too_deep.add(folder)

    def _listing(self, folder: Path, depth: int) -> Iterator[tuple[str, bool]]:
        """The entries of a folder that are not ignored: the names, and whether each is a folder."""
        if depth > _MAX_DEPTH:
            self.too_deep.add(folder)
            return
        try:
            with os.scandir(folder) as listing:  # no list of it is made: there may be any number of files
                for entry in listing:
                    if not self._left_alone(entry.name):
                        yield entry.name, entry.is_dir(follow_symlinks=False)
        except OSError as error:
            if not depth:
                raise
            if error.errno == errno.ENAMETOOLONG:
                self.too_deep.add(folder)
            _log.warning("sweep.folder_unreadable", folder=str(folder), reason=error.strerror)

    def lies_too_deep(self, path: Path) -> Message:
        """The message about a path that is too long or too deep."""
        return say(
            "in the folder {folder} of the inbox a scan lies too deep, or its path is too long: "
            "move it further up, or give the folders shorter names",
            folder=told(path.relative_to(self.folder).parts[0]),
        )

    def look(self, scan: Scan) -> Seen | None:
        """Examine a file; None where there is no regular file.

        Raises:
            OSError: the file cannot be read now through no fault of its own.
        """
        try:
            with self._parent(scan) as parent, _opened(scan.path, parent) as file:
                status = os.fstat(file)
                # Asked before the bytes are read: a writer who closes in between has written all of them.
                written = None if self.remote else being_written(file)
                examined = examine(file, scan.path.suffix)
                return Seen(stamp(status), status.st_dev, examined, written)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in _DENIED:
                return self._denied(scan)
            if error.errno in _NOT_A_FILE:
                return None
            raise

    def claim(self, scan: Scan, seen: Seen, job_folder: Path, under: Path | None = None) -> bool:
        """Move the examined file to ``JOB_FOLDER/scan/UNDER``; copy it where others could still change it.

        ``under`` is the scan's path under the inbox, unless given.

        Returns:
            False where the file has changed: it stays in the inbox, and the job's folder is unchanged.

        Raises:
            OSError: the file could not be moved or copied; it is still in the inbox.
        """
        target = job_folder / "scan" / (under or scan.relative)
        kept = place(job_folder, scan.relative, seen.stamp) if _held_open(seen) else None
        claimed = False
        try:
            files.make_folder(target.parent, below=job_folder)
            if kept:
                files.make_folder(kept.parent, below=job_folder.parent)
            claimed = self._claim(scan, seen, target, kept)
        finally:
            if not claimed:
                _remove_empty(target.parent, job_folder)
                if kept:
                    _remove_empty(kept.parent, job_folder.parent)
        if claimed and kept:
            note = "a copy is read and archived; what is written through the open file from now on becomes another scan"
            _log.warning("scan.held_open", file=str(scan.relative), note=note)
        return claimed

    def _claim(self, scan: Scan, seen: Seen, target: Path, kept: Path | None) -> bool:
        try:
            with self._parent(scan) as parent:
                source = scan.path
                if seen.examined.finding is Finding.DENIED:
                    return unopened(source, parent, target, seen)
                with _opened(source, parent) as file:
                    if not same(os.fstat(file), seen):
                        return False
                    if kept or os.fstat(file).st_nlink > 1:
                        return by_copy(file, source, parent, target, seen, kept=kept)
                    return by_rename(file, source, parent, target, seen)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in _NOT_A_FILE:
                return False
            raise

    def _denied(self, scan: Scan) -> Seen | None:
        try:
            status = os.lstat(scan.path)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        mode = stat.S_IMODE(status.st_mode)
        reason = say(
            "no permission to read the file (owner {owner}, group {group}, mode {mode}; this service is user {user}). "
            "Let uploads be readable for it (Samba: force user; FTP and SFTP: umask 007 and an inbox with mode 3770), "
            "then send the file again.",
            owner=status.st_uid,
            group=status.st_gid,
            mode=f"{mode:04o}",
            user=os.geteuid(),
        )
        return Seen(stamp(status), status.st_dev, Examined(Finding.DENIED, "", reason), None)

    def _left_alone(self, name: str) -> bool:
        return self._ignore.match(name) is not None

    def _parent(self, scan: Scan) -> AbstractContextManager[int]:
        """The scan's folder, held open without following links."""
        return tree.opened(scan.path.parent, self.folder.parent)


def stamp_of(path: Path) -> Stamp | None:
    """The state of a regular file; None where there is none. Links are not followed."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return stamp(status) if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _opened(path: Path, folder: int) -> Iterator[int]:
    file = safe_open.open_regular(path, folder)
    try:
        yield file
    finally:
        os.close(file)


def _held_open(seen: Seen) -> bool:
    """Whether a complete file still has a writer, who must not reach the file that is read and archived.

    Incomplete files, and files whose writers are unknown, are moved instead, so that later data is not lost.
    """
    return seen.written is True and seen.examined.finding is Finding.WHOLE


def _remove_empty(folder: Path, above: Path) -> None:
    """Remove empty folders from here upwards; the lower ones may not exist."""
    while folder != above:
        with suppress(OSError):
            folder.rmdir()
        folder = folder.parent
