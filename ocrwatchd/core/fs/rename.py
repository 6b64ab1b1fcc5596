"""Rename without ever replacing, on any file system. Nothing here is synced; see ``files.move``."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_FLAGS_UNKNOWN = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_LINKS_REFUSED = frozenset({errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})

_libc = ctypes.CDLL(None, use_errno=True)


def rename_new(source: Path, target: Path) -> None:
    """Rename within one mount, never replacing; nothing is synced.

    Raises:
        FileExistsError: the target exists.
        OSError: as the system call says; EXDEV between mounts.
    """
    error = _renameat2(os.fsencode(source), os.fsencode(target))
    if error in _RENAME_FLAGS_UNKNOWN:
        _rename_by_link(source, target)
    elif error:
        raise OSError(error, os.strerror(error), str(source), None, str(target))


def _renameat2(source: bytes, target: bytes) -> int:
    """Rename without replacing; 0 or the errno."""
    if not hasattr(_libc, "renameat2"):
        return errno.ENOSYS
    while _libc.renameat2(_AT_FDCWD, source, _AT_FDCWD, target, _RENAME_NOREPLACE):
        if ctypes.get_errno() != errno.EINTR:
            return ctypes.get_errno()
    return 0


def _rename_by_link(source: Path, target: Path) -> None:
    """Do without RENAME_NOREPLACE (NFS, some FUSE): a second name, then the first one goes."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _LINKS_REFUSED:
            raise
        _rename_over_placeholder(source, target)
    else:
        source.unlink()


def _rename_over_placeholder(source: Path, target: Path) -> None:
    """Do without hard links too: take the name with an empty file, then rename over that."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    try:
        source.rename(target)
    except OSError:
        target.unlink()
        raise
