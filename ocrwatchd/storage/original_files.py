"""The original of a document, as it lies in ``archive/`` or ``failed/``: a file, or a folder of several files."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.core.fs import tree

if TYPE_CHECKING:
    from pathlib import Path


class Stature(NamedTuple):
    """Size in bytes and modification time in nanoseconds; of several files the sum and the latest."""

    size: int
    mtime_ns: int
    several: bool = False


def stature(path: Path, folder: int) -> Stature | None:
    """The stature of an original in an open folder; None for anything else, such as a folder with folders in it.

    Raises:
        OSError: it cannot be examined now; FileNotFoundError where there is nothing.
    """
    status = os.lstat(path.name, dir_fd=folder)
    if stat.S_ISREG(status.st_mode):
        return Stature(status.st_size, status.st_mtime_ns)
    if not stat.S_ISDIR(status.st_mode):
        return None
    inner = tree.step(path, folder)
    try:
        found = [os.lstat(name, dir_fd=inner) for name in tree.names(inner)]
    finally:
        os.close(inner)
    if not found or not all(stat.S_ISREG(each.st_mode) for each in found):
        return None
    return Stature(sum(each.st_size for each in found), max(each.st_mtime_ns for each in found), several=True)


def encloses(path: Path, folder: int) -> bool:
    """Whether folders lie in an original that is a folder, as where sub-folders of a joined folder were joined too.

    Raises:
        OSError: it cannot be examined now; FileNotFoundError where there is nothing.
    """
    if not stat.S_ISDIR(os.lstat(path.name, dir_fd=folder).st_mode):
        return False
    inner = tree.step(path, folder)
    try:
        return any(stat.S_ISDIR(os.lstat(name, dir_fd=inner).st_mode) for name in tree.names(inner))
    finally:
        os.close(inner)


def delete(path: Path, folder: int) -> None:
    """Delete an original in an open folder. A kill may leave some of several files.

    Raises:
        OSError: it cannot be removed.
    """
    if not stat.S_ISDIR(os.lstat(path.name, dir_fd=folder).st_mode):
        os.unlink(path.name, dir_fd=folder)
        return
    inner = tree.step(path, folder)
    try:
        for name in tree.names(inner):
            os.unlink(name, dir_fd=inner)
    finally:
        os.close(inner)
    os.rmdir(path.name, dir_fd=folder)
