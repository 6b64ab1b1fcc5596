"""The mount and the file system of a folder.

An unmounted share leaves an empty folder. Files that are written there are hidden once the share is mounted again.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ocrwatchd.core.i18n import say

MOUNTS = Path("/proc/self/mountinfo")

# inotify does not report what other machines write there. Unknown "fuse." file systems count as remote too: polling
# works on all of them.
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
    """Whether other machines can write in this folder without notice by this kernel.

    Args:
        folder: an absolute path, links resolved.
        mounts: a file like ``/proc/self/mountinfo`` (proc(5)); if it cannot be read, no folder counts as remote.
    """
    kind = file_system(folder, mounts)
    return kind in _REMOTE or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def holes_are_gaps(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a hole in a file there was never written; on some file systems a hole may be zeros."""
    # A server may do anything with zeros.
    return file_system(path, mounts) not in _ZEROS_LEFT_OUT and not is_remote(path, mounts)


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system of a folder, or "" if it is not known."""
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
        if inside and len(point) >= len(best):  # the last of several mounts at one point counts
            best, kind = point, os.fsdecode(right.split(b" ")[0])
    return kind


class MountGuard:
    """Remembers the mounts of folders; for a missing folder the mount on which it would be made."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._points = {folder: mount_point(folder) for folder in folders}

    def check(self, folder: Path) -> None:
        """Make sure that a folder is still on its mount.

        Raises:
            OSError: ENODEV: the mount is gone.
        """
        check_mounted(self._points[folder], folder)


def check_mounted(point: Path, folder: Path) -> None:
    """Like :meth:`MountGuard.check`, for a mount that a folder was on."""
    if not os.path.ismount(point):  # Path.is_mount raises where the path cannot be reached
        raise OSError(errno.ENODEV, say("{folder} is not mounted any more", folder=point), str(folder))


def mount_point(folder: Path) -> Path:
    """The mount point of a folder."""
    resolved = folder.resolve()
    return next(path for path in (resolved, *resolved.parents) if os.path.ismount(path))
