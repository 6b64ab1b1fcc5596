"""On what kind of file system does a folder lie?"""

from __future__ import annotations

import os
import re
from pathlib import Path

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
        if len(fields) < 5 or not right:  # noqa: PLR2004
            continue
        point = _ESCAPE.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), fields[4])
        inside = wanted == point or wanted.startswith(point.rstrip(b"/") + b"/")
        if inside and len(point) >= len(best):  # of mounts over one another the last one counts
            best, kind = point, os.fsdecode(right.split(b" ")[0])
    return kind
