"""Folders that others may exchange at any moment: opened step by step from a root, without following a link, and held.

What is then done with a name in such a folder is done by descriptor (``dir_fd``), so that no exchange leads elsewhere.
A descriptor of a folder here only finds names (``O_PATH``): it needs no right but to enter the folder.
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
"""Permissions of a folder for others until it has its own: its owner cannot enter, so nobody chooses these. A kill may
leave such a folder; whoever makes the folder next gives it its permissions."""

# CIFS and some FUSE file systems have no fsync for folders; there it is the server's business.
_SYNC_UNKNOWN: Final = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF})


class Obstacle(OSError):
    """One file or sub-folder is in the way, or may not be read; nothing is wrong with the disk or other folders."""


@contextmanager
def opened(folder: Path, root: Path, mode: int | None = None, gid: int = -1) -> Iterator[int]:
    """Hold a folder under a root open.

    Args:
        folder: the root, or a folder under it.
        root: the folder from which no link is followed; a link above it, or the root itself as one, is followed.
        mode: permissions of each missing folder, which is made, whatever the umask; None: none is made.
        gid: group of each folder made; -1 leaves it to its parent.

    Yields:
        The folder's descriptor.

    Raises:
        Obstacle: something else, or a link, has the name of a folder.
        ValueError: the folder does not lie under the root.
        OSError: as the system calls say; ENOENT where a folder is missing.
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
    """Open one folder in a held one; the arguments and errors are those of ``opened``.

    Args:
        path: of the folder; its last part is the name in the folder above.
        above: descriptor of the folder above.
        mode: as for ``opened``.
        gid: as for ``opened``.

    Returns:
        A new descriptor.
    """
    if path.name in {"", ".."}:
        raise ValueError(f"{path} does not lie under its root")
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
    """Whether anything has this name, links not followed, apart from a folder whose making a kill has interrupted."""
    try:
        return not _is_unfinished(os.lstat(path))
    except OSError:
        return False


def _is_unfinished(status: os.stat_result) -> bool:
    own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return own and stat.S_IMODE(status.st_mode) & 0o777 == _UNFINISHED


def _furnish(path: Path, above: int, mode: int, gid: int) -> None:
    """Give a new folder its group and permissions.

    By descriptor: where others may write, the name can be a link to something else by now.
    """
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
    """A folder's descriptor, for a while.

    Args:
        folder: followed as it is where there is no descriptor: nobody else can exchange a folder of this path.
        descriptor: of the folder, from ``opened``.
    """
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
    """Give the errors of calls by descriptor the whole path, where they name a file by its last part or not at all."""
    try:
        yield
    except OSError as error:
        whole = {path.name: str(path) for path in paths} | dict.fromkeys((".", None), str(paths[-1]))
        error.filename = whole.get(error.filename, error.filename)
        if error.filename2 is not None:
            error.filename2 = whole.get(error.filename2, error.filename2)
        raise


def sync(folder: int, path: Path) -> None:
    """Make the names in a held folder survive a power cut.

    Args:
        folder: descriptor of the folder.
        path: of the folder, for messages.

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
    """What lies in a held folder.

    Raises:
        OSError: the folder cannot be read.
    """
    with _readable(folder) as readable, os.scandir(readable) as found:
        return [entry.name for entry in found]


@contextmanager
def _readable(folder: int) -> Iterator[int]:
    """A descriptor that finds names only can neither be listed nor synced."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        yield readable
    finally:
        os.close(readable)
