"""Open folders that others may exchange at any moment: step by step from a root, without following a link.

All work in such a folder uses its descriptor (``dir_fd``), so that no exchange leads elsewhere. The descriptors only
find names (``O_PATH``), and need only the right to enter the folder.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_FOLDER: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_STEP: Final = _FOLDER | os.O_NOFOLLOW
_UNFINISHED: Final = 0o600
"""Permissions of a new folder until it gets its own: nobody else chooses them, because the owner cannot enter. A kill
may leave such a folder; the next call that makes the folder sets its permissions."""

# CIFS and some FUSE file systems have no fsync for folders; there the server decides.
_SYNC_UNKNOWN: Final = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF})


class Obstacle(OSError):
    """One file or sub-folder is in the way, or may not be read; the disk and other folders are fine."""


@contextmanager
def opened(folder: Path, root: Path, mode: int | None = None, gid: int = -1) -> Iterator[int]:
    """Hold a folder under a root open.

    Args:
        folder: the root, or a folder under it.
        root: below this folder no link is followed; the root itself may be a link.
        mode: permissions of missing folders, which are made; None: make none.
        gid: group of new folders; -1: the default of the parent.

    Yields:
        The folder's descriptor.

    Raises:
        Obstacle: a link, or no folder, has the name of a folder.
        ValueError: the folder is not under the root.
        OSError: an error of a system call; ENOENT if a folder is missing.
    """
    steps = folder.relative_to(root).parts
    path, here = root, os.open(root, _FOLDER)
    try:
        for name in steps:
            path /= name
            inner = step(path, here, mode, gid)
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)


def step(path: Path, above: int, mode: int | None = None, gid: int = -1) -> int:
    """Open one folder in the open folder ``above``, and return its descriptor; see ``opened``."""
    if path.name in {"", ".."}:
        raise ValueError(f"{path} is not under its root")
    try:
        with named(path):
            found = os.open(path.name, _STEP, dir_fd=above)
        if mode is None or not _is_unfinished(os.fstat(found)):
            return found
        os.close(found)
        with named(path):
            _furnish(path, above, mode, gid)
        return step(path, above)
    except FileNotFoundError:
        if mode is None:
            raise
    except NotADirectoryError as error:
        link = stat.S_ISLNK(os.stat(path.name, dir_fd=above, follow_symlinks=False).st_mode)
        words = "a link where a folder belongs; remove it" if link else "not a folder; remove it"
        raise Obstacle(errno.ENOTDIR, words, str(path)) from error
    try:
        with named(path):
            os.mkdir(path.name, _UNFINISHED if mode & 0o077 else mode & 0o700, dir_fd=above)
            _furnish(path, above, mode, gid)
    except FileExistsError:  # made by another a moment ago
        pass
    return step(path, above)


def is_made(path: Path) -> bool:
    """Whether anything has this name, links not followed, except a folder that a kill left unfinished."""
    try:
        return not _is_unfinished(os.lstat(path))
    except OSError:
        return False


def _is_unfinished(status: os.stat_result) -> bool:
    own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return own and stat.S_IMODE(status.st_mode) & 0o777 == _UNFINISHED


def _furnish(path: Path, above: int, mode: int, gid: int) -> None:
    """Set the group and permissions of a new folder, by descriptor: its name may be a link to another folder by now."""
    made = os.open(path.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        if gid != -1:
            os.fchown(made, -1, gid)
        os.fchmod(made, mode)  # after chown, which may clear the set-group-id bit
    finally:
        os.close(made)
    sync(above, path.parent)


@contextmanager
def held(folder: Path, descriptor: int | None = None) -> Iterator[int]:
    """The descriptor of a folder; without a ``descriptor`` from ``opened`` nobody else can exchange the folder."""
    if descriptor is not None:
        yield descriptor
        return
    opened = os.open(folder, _FOLDER)
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def named(*paths: Path) -> Iterator[None]:
    """Put the whole path into errors of calls by descriptor, which name only the last part or nothing."""
    try:
        yield
    except OSError as error:
        whole = {path.name: str(path) for path in paths} | dict.fromkeys((".", None), str(paths[-1]))
        error.filename = whole.get(error.filename, error.filename)
        if error.filename2 is not None:
            error.filename2 = whole.get(error.filename2, error.filename2)
        raise


def sync(folder: int, path: Path) -> None:
    """Make the names in an open folder survive a power cut; ``path`` is for messages.

    Raises:
        OSError: the folder cannot be read, or the disk reports an error.
    """
    with named(path), _readable(folder) as readable:
        try:
            os.fsync(readable)
        except OSError as error:
            if error.errno not in _SYNC_UNKNOWN:
                raise


def names(folder: int) -> list[str]:
    """The names in an open folder.

    Raises:
        OSError: the folder cannot be read.
    """
    with _readable(folder) as readable, os.scandir(readable) as found:
        return [entry.name for entry in found]


@contextmanager
def _readable(folder: int) -> Iterator[int]:
    """Open the folder again: a descriptor that only finds names can be neither listed nor synced."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        yield readable
    finally:
        os.close(readable)
