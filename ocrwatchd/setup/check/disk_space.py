"""Is there room on the disks for what the largest scan that waits may need?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.fs import safe_open
from ocrwatchd.core.fs.safe_open import is_folder
from ocrwatchd.core.units import format_bytes
from ocrwatchd.setup.check.finding import Finding
from ocrwatchd.setup.check.folders import named

SPARE_BYTES = 64 << 20
"""What is wanted on every disk whatever waits: for the ledger, for status files, for small scans."""

WORK_SHARE = 2.0
"""Beside a scan, so many times its size may be needed in ``.work``: a copy where it has a second name, its finished
pages and its set. (A page of dense print, 86 kB as a TIFF of two colours, leaves 25 kB of finished page and 29 kB of
set; colours make a scan larger, and these not.)"""

MOVED_SHARE = 1.0
"""And so many times its size on a disk to which it, or its set, has to be copied."""

LEAST_FILES = 1000


def look(folders: Folders) -> Iterator[Finding]:
    """A finding a disk."""
    largest = _largest(folders)
    places = {name: _there(path) for name, path in named(folders).items()}
    disks: dict[int, list[str]] = {}
    for name, path in places.items():
        disks.setdefault(os.stat(path).st_dev, []).append(name)  # noqa: PTH116  # as os.statvfs below
    for names in disks.values():
        yield _disk(names, places[names[0]], largest)


def _disk(names: list[str], path: Path, largest: int) -> Finding:
    what, places = "disk room", ", ".join(names)
    try:
        disk = os.statvfs(path)
    except OSError as error:
        return Finding(what, False, f"for {places}: {path} cannot be asked: {error.strerror}; see to its disk")
    if not disk.f_blocks:  # the kernel's own file systems, and servers that tell no size
        return Finding(what, True, f"for {places}: {path} tells no size")
    free = disk.f_bavail * disk.f_frsize
    wanted = SPARE_BYTES + round(largest * _share(names))
    words = f"{format_bytes(free)} free for {places}"
    if largest:
        words += (
            f"; with the largest waiting scan ({format_bytes(largest)}), up to {format_bytes(wanted)} may be needed"
        )
    if free < wanted:
        return Finding(what, False, f"{words}; make room for {format_bytes(wanted - free)} more there")
    if disk.f_files and disk.f_favail < LEAST_FILES:  # some file systems count no files
        return Finding(what, False, f"{words}, but only {disk.f_favail} more files fit (df -i); remove some there")
    return Finding(what, True, words)


def _share(names: list[str]) -> float:
    """How many times a scan's size a disk with these folders may have to take in."""
    if ".work" in names:
        return WORK_SHARE  # from there on all is moved by rename
    return MOVED_SHARE * len({"outbox", "archive", "failed"} & set(names))


def _largest(folders: Folders) -> int:
    """The size in bytes of the largest scan in the inbox and in work; 0 where none waits."""
    sizes = [0]
    for folder in (folders.path("inbox"), folders.work_path):
        try:
            sizes += [path.lstat().st_size for path in safe_open.walk_files(folder)]
        except OSError:
            continue  # it is missing, or changes under our eyes: the folders' own lines tell the first
    return max(sizes)


def _there(path: Path) -> Path:
    """The folder, or where it is missing the one in which it would be made."""
    return next(each for each in (path, *path.parents) if is_folder(each))
