"""The folders that inotify watches, according to /proc/self/fdinfo (proc(5))."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

_OWN = Path("/proc/self")
_WATCH = re.compile(r"^inotify wd:\S+ ino:([0-9a-f]+) ", re.MULTILINE)


def unwatched(folder: Path) -> set[Path]:
    """The folders below this one that no inotify descriptor of this process watches.

    Links and unreadable folders are left out: neither can be watched.
    """
    inodes = watched_inodes()
    found = set()
    folders = [folder]
    while folders:
        here = folders.pop()
        with suppress(OSError), os.scandir(here) as entries:
            # By number alone: on some file systems the kernel's device number is another one than stat's.
            if here.stat().st_ino not in inodes:
                found.add(here)
            folders += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return found


def watched_inodes() -> set[int]:
    """The inode numbers of all watches of this process."""
    inodes: set[int] = set()
    for descriptor in (_OWN / "fd").iterdir():
        with suppress(OSError):
            if "inotify" in str(descriptor.readlink()):
                told = (_OWN / "fdinfo" / descriptor.name).read_text(encoding="ascii")
                inodes.update(int(number, 16) for number in _WATCH.findall(told))
    return inodes
