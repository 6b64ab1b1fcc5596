"""Is there room on the disks for the largest scan that waits?"""

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
"""Room that every disk needs for the ledger, for status files and for small scans."""

WORK_SHARE = 2.0
"""Further room in ``.work`` for a scan, in sizes of the scan: a copy if the scan has two names, finished pages, set. (A
page of dense print, 86 kB as a TIFF of two colours, needs 25 kB of finished page and 29 kB of set.)"""

MOVED_SHARE = 1.0
"""The same for a disk that receives a copy of the scan or of its set."""

LEAST_FILES = 1000


def look(folders: Folders) -> Iterator[Finding]:
    """One finding for each disk."""
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
        return Finding(what, False, f"for {places}: {path} cannot be examined: {error.strerror}; check its disk")
    if not disk.f_blocks:  # the kernel's own file systems, and servers that report no size
        return Finding(what, True, f"for {places}: {path} reports no size")
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
    """The room that a disk with these folders needs for a scan, in sizes of the scan."""
    if ".work" in names:
        return WORK_SHARE  # later moves on this disk are renames
    return MOVED_SHARE * len({"outbox", "archive", "failed"} & set(names))


def _largest(folders: Folders) -> int:
    """The size in bytes of the largest scan in the inbox and in work; 0 where none waits."""
    sizes = [0]
    for folder in (folders.path("inbox"), folders.work_path):
        try:
            sizes += [path.lstat().st_size for path in safe_open.walk_files(folder)]
        except OSError:
            continue  # the folder is missing (its own line says so), or changes at this moment
    return max(sizes)


def _there(path: Path) -> Path:
    """The folder, or the existing folder in which it would be made."""
    return next(each for each in (path, *path.parents) if is_folder(each))
