"""On which mount, and on what kind of file system, does a folder lie?

Under a share that was unmounted there is an empty folder of its name. What is written there is hidden once the share is
back: not lost, and yet nobody finds it.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ocrwatchd.core.i18n import say

MOUNTS = Path("/proc/self/mountinfo")

# What others write there is not told by inotify. Every other "fuse." one is taken for remote as well: polling sees
# all, and no event of a local FUSE file system is worth missing a file on a remote one.
_REMOTE = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p", "virtiofs", "ceph", "glusterfs", "lustre", "gpfs"),
        *("afs", "coda", "ocfs2", "gfs2", "beegfs", "orangefs", "pvfs2", "vboxsf", "vmhgfs", "prl_fs", "drvfs"),
    }
)
_LOCAL_FUSE = frozenset({"fuse.mergerfs", "fuse.gocryptfs", "fuse.encfs", "fuse.bindfs", "fuse.ntfs-3g"})
_ZEROS_LEFT_OUT = frozenset({"zfs", "fuse.zfs"})
"""With compression, a block of zeros is stored as a hole (zfsprops(7))."""
_ESCAPE = re.compile(rb"\\([0-7]{3})")


def is_remote(folder: Path, mounts: Path = MOUNTS) -> bool:
    """Whether others can write in this folder without this kernel noticing.

    Args:
        folder: absolute, links resolved.
        mounts: in the form of ``/proc/self/mountinfo`` (proc(5)); where it cannot be read nothing counts as remote.
    """
    kind = file_system(folder, mounts)
    return kind in _REMOTE or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def holes_are_gaps(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a hole in a file there was never written; else it may be zeros that the file system left out.

    Args:
        path: absolute, links resolved.
        mounts: as for ``is_remote``.
    """
    # What a server does with zeros cannot be known here.
    return file_system(path, mounts) not in _ZEROS_LEFT_OUT and not is_remote(path, mounts)


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system that is mounted there, or "" where that cannot be told."""
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return ""
    wanted, best, kind = os.fsencode(folder), b"", ""
    for line in lines:
        left, _, right = line.partition(b" - ")
        fields = left.split(b" ")
        if len(fields) < 5 or not right:
            continue
        point = _ESCAPE.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), fields[4])
        inside = wanted == point or wanted.startswith(point.rstrip(b"/") + b"/")
        if inside and len(point) >= len(best):  # of mounts over one another the last one counts
            best, kind = point, os.fsdecode(right.split(b" ")[0])
    return kind


class MountGuard:
    """Remembers the mounts of folders.

    Args:
        folders: absolute; those that are missing lie where they would be made.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._points = {folder: mount_point(folder) for folder in folders}

    def check(self, folder: Path) -> None:
        """See that a folder still lies on its mount.

        Raises:
            OSError: with ENODEV: that is not mounted any more.
        """
        check_mounted(self._points[folder], folder)


def check_mounted(point: Path, folder: Path) -> None:
    """As :meth:`MountGuard.check`, of the mount that a folder lay on."""
    if not os.path.ismount(point):  # Path.is_mount raises where the path cannot be reached
        raise OSError(errno.ENODEV, say("{folder} is not mounted any more", folder=point), str(folder))


def mount_point(folder: Path) -> Path:
    """The mount that a folder lies on; bind mounts within one file system are not told apart."""
    resolved = folder.resolve()
    return next(path for path in (resolved, *resolved.parents) if os.path.ismount(path))
