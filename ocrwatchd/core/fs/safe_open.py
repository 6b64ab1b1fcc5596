"""Examine files that others may exchange at any moment: no link is followed, and uncertainty is an error."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

BLOCK_BYTES = 1 << 20
"""Size of the blocks that are read, compared or copied."""


def lexists_strict(path: Path, folder: int | None = None) -> bool:
    """Whether anything has this name, links not followed.

    Raises:
        OSError: this is not known now; ``os.path.lexists`` would return False.
    """
    try:
        os.lstat(path) if folder is None else os.lstat(path.name, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; False also if this user may not know: ``Path.is_dir`` raises an error then."""
    return os.path.isdir(path)  # noqa: PTH112 - see above


def absolute(path: Path) -> Path:
    """The path from the root on, without "..", links not followed; ``Path.resolve`` follows links."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - see above


def walk_files(folder: Path) -> Iterator[Path]:
    """All files and links under a folder; none if the folder is missing.

    Raises:
        OSError: a folder cannot be read; ``os.walk`` would skip it.
    """

    def refuse(error: OSError) -> None:
        if lexists_strict(folder):
            raise error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        here = type(folder)(parent)
        links = [name for name in folders if (here / name).is_symlink()]
        yield from (here / name for name in sorted([*names, *links]))


def open_regular(path: Path, folder: int | None = None) -> int:
    """Open a regular file for reading without following a link or waiting for a FIFO's or device's other end.

    Raises:
        OSError: EINVAL if it is not a regular file, ELOOP for a link, and other errors of the system call.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    file = os.open(path if folder is None else path.name, flags, dir_fd=folder)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise OSError(errno.EINVAL, "not a regular file", str(path))


def same_content(source: Path, target: Path, source_in: int | None = None, target_in: int | None = None) -> bool:
    """Whether two different names have the same content.

    Raises:
        OSError: one of them cannot be read, or is no regular file.
    """
    with (
        os.fdopen(open_regular(source, source_in), "rb") as one,
        os.fdopen(open_regular(target, target_in), "rb") as other,
    ):
        here, there = os.fstat(one.fileno()), os.fstat(other.fileno())
        if os.path.samestat(here, there):
            return here.st_nlink > 1  # two spellings of one name have a single link
        while True:
            block = one.read(BLOCK_BYTES)
            if block != other.read(BLOCK_BYTES):
                return False
            if not block:
                return True
