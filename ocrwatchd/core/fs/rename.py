"""Rename without replacing, on any file system, without sync; see ``files.move``."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from pathlib import Path

_RENAME_NOREPLACE = 1
_PLACEHOLDER_MODE = 0o200
"""Only we make empty files that their owner may write and nobody may read."""

_RENAME_FLAGS_UNKNOWN = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_LINKS_REFUSED = frozenset({errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})

_libc = ctypes.CDLL(None, use_errno=True)


def rename_new(source: Path, source_in: int, target: Path, target_in: int) -> None:
    """Rename within one mount: the last part of ``source`` in one open folder to that of ``target`` in another one.

    Raises:
        FileExistsError: the target exists.
        OSError: an error of the system call; EXDEV between mounts.
    """
    error = _renameat2(source.name, source_in, target.name, target_in)
    if error in _RENAME_FLAGS_UNKNOWN:
        _rename_by_link(source.name, source_in, target.name, target_in)
    elif error:
        raise OSError(error, os.strerror(error), str(source), None, str(target))


def _renameat2(source: str, source_in: int, target: str, target_in: int) -> int:
    """Rename without replacing; 0 or the errno."""
    if not hasattr(_libc, "renameat2"):
        return errno.ENOSYS
    names = source_in, os.fsencode(source), target_in, os.fsencode(target)
    while _libc.renameat2(*names, _RENAME_NOREPLACE):
        if ctypes.get_errno() != errno.EINTR:
            return ctypes.get_errno()
    return 0


def _rename_by_link(source: str, source_in: int, target: str, target_in: int) -> None:
    """Rename without RENAME_NOREPLACE (NFS, some FUSE): make a hard link, then remove the source."""
    try:
        os.link(source, target, src_dir_fd=source_in, dst_dir_fd=target_in, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _LINKS_REFUSED:
            raise
        _rename_over_placeholder(source, source_in, target, target_in)
    else:
        os.unlink(source, dir_fd=source_in)


def _rename_over_placeholder(source: str, source_in: int, target: str, target_in: int) -> None:
    """Rename without hard links: reserve the name with an empty file, then rename over this file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(target, flags, _PLACEHOLDER_MODE, dir_fd=target_in))
    try:
        os.rename(source, target, src_dir_fd=source_in, dst_dir_fd=target_in)
    except OSError:
        os.unlink(target, dir_fd=target_in)
        raise


def is_placeholder(status: os.stat_result) -> bool:
    """Whether a file is the empty placeholder that a killed rename leaves."""
    kind = stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == _PLACEHOLDER_MODE
    return kind and not status.st_size and status.st_uid == os.geteuid() and status.st_nlink == 1
