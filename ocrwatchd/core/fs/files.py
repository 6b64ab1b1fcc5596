"""Durable file moves: no file is ever replaced, and a moved file survives a power cut.

Every name may hold undecodable bytes. Temporary names start with ``TEMPORARY_PREFIX``: a crash may leave such a file,
which is never a document.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ocrwatchd.core import systemd
from ocrwatchd.core.fs import tree
from ocrwatchd.core.fs.permissions import close_to_others
from ocrwatchd.core.fs.rename import is_placeholder, rename_new
from ocrwatchd.core.fs.safe_open import BLOCK_BYTES, open_regular, same_content
from ocrwatchd.core.fs.tree import Obstacle

TEMPORARY_PREFIX = ".ocrwatchd-"
STRETCH_BYTES = 1 << 25
"""A copy reports to systemd's watchdog after this many bytes: a large file on a share may take long."""

ALIVE = "WATCHDOG=1"


def move(
    source: Path,
    target: Path,
    *,
    resume: bool = False,
    own: bool = False,
    source_in: int | None = None,
    target_in: int | None = None,
) -> None:
    """Move a regular file to a free name: by rename within a mount, else by a synced copy.

    After an OSError the source, or the whole target, or both exist.

    Args:
        source: the file; a symbolic link is moved itself, or refused between mounts.
        target: the new name; its folder exists.
        resume: the target may come from an earlier, interrupted move of this file: if the content is equal, remove the
            source. Replace an empty placeholder (see :mod:`ocrwatchd.core.fs.rename`).
        own: nobody else may be able to write the file afterwards, so another user's file is copied.
        source_in: descriptor of the source's folder, see :mod:`ocrwatchd.core.fs.tree`.
        target_in: descriptor of the target's folder.

    Raises:
        FileExistsError: the target exists (and, with ``resume``, differs).
        Obstacle: the file is on another mount and may not be read.
        OSError: an error of a system call: no room, no permission, an I/O error.
    """
    with (
        tree.named(source, target),
        tree.held(source.parent, source_in) as here,
        tree.held(target.parent, target_in) as there,
    ):
        same_folder = os.path.samestat(os.fstat(here), os.fstat(there))
        try:
            _move(source, here, target, there, own=own)
        except FileExistsError:
            if not resume or (same_folder and source.name == target.name):
                raise
            if is_placeholder(os.stat(target.name, dir_fd=there, follow_symlinks=False)):
                os.unlink(target.name, dir_fd=there)
                _move(source, here, target, there, own=own)
            elif same_content(source, target, here, there):
                tree.sync(there, target.parent)
                os.unlink(source.name, dir_fd=here)
            else:
                raise
        tree.sync(there, target.parent)
        if not same_folder:
            tree.sync(here, source.parent)


def copy(file: int, target: Path, mode: int | None = None, target_in: int | None = None) -> None:
    """Copy an open file, from its start, to a free name, where the copy appears complete and synced.

    Gaps of a sparse file take no room in the copy, if the file system reports them. The modification time is kept.

    Args:
        file: descriptor of a regular file; its offset does not change.
        target: the new name; its folder exists.
        mode: permissions of the copy; default: those of the original, with reading and writing for the owner.
        target_in: descriptor of the target's folder; None if nobody else can exchange the folder.

    Raises:
        FileExistsError: the target exists.
        OSError: an error of a system call.
    """
    source = os.fstat(file)
    mode = source.st_mode & 0o777 | 0o600 if mode is None else mode
    with tree.held(target.parent, target_in) as folder, _temporary(target, folder, mode) as out:
        written = synced = 0
        for offset, block in _blocks(file):
            os.lseek(out, offset, os.SEEK_SET)
            _write_all(out, block)
            written += len(block)
            if written - synced >= STRETCH_BYTES:
                os.fdatasync(out)  # otherwise the last fsync would take all the time
                systemd.notify(ALIVE)
                synced = written
        os.ftruncate(out, offset)  # a gap at the end
        os.utime(out, ns=(source.st_atime_ns, source.st_mtime_ns))
        os.fsync(out)
    sync_folder(target.parent, target_in)


def write_new(
    path: Path,
    content: bytes | Iterable[bytes],
    mode: int = 0o640,
    gid: int = -1,
    *,
    uid: int = -1,
    replace: bool = False,
    lasting: bool = True,
    folder: int | None = None,
) -> None:
    """Write a file that appears complete and synced under its name, or not at all.

    Args:
        path: the name; its folder exists.
        content: the bytes, or blocks of them.
        mode: permissions, independent of the umask.
        gid: group of the file; -1: the default of the folder.
        uid: owner of the file, which only root can choose; -1: this user.
        replace: replace an existing file.
        lasting: False: do not sync; after a power cut the file may be missing or wrong.
        folder: descriptor of the file's folder; None if nobody else can exchange the folder.

    Raises:
        FileExistsError: the name is taken and ``replace`` is off.
        OSError: an error of a system call.
    """
    with tree.held(path.parent, folder) as held, _temporary(path, held, mode, gid, uid, replace=replace) as out:
        for block in (content,) if isinstance(content, bytes) else content:
            _write_all(out, block)
        if lasting:
            os.fsync(out)
    if lasting:
        sync_folder(path.parent, folder)


def make_inner(path: Path, mode: int = 0o700) -> None:
    """Make a folder in an existing folder: below the mount point of an unmounted share nothing must be made.

    Raises:
        OSError: an error of a system call; ENOENT if the outer folder is missing.
    """
    if not tree.is_made(path):
        with tree.held(path.parent) as folder:
            os.close(tree.step(path, folder, mode))


def make_folder(path: Path, mode: int = 0o700, gid: int = -1, *, below: Path | None = None) -> None:
    """Make a folder and its missing parents; existing folders do not change.

    Args:
        path: the folder.
        mode: permissions of each new folder, independent of the umask.
        gid: group of each new folder; -1: the default of its parent.
        below: each folder below this one must be a real folder, not a symbolic link.

    Raises:
        Obstacle: a link, or no folder, has a name below ``below``.
        NotADirectoryError: ``path`` is not a folder.
        OSError: an error of a system call.
    """
    for each in (*reversed(path.parents), path):
        if not tree.is_made(each) and not (below and each.is_relative_to(below) and each != below):
            with tree.held(each.parent) as folder:
                os.close(tree.step(each, folder, mode, gid))
    if below is not None:
        with tree.opened(path, below, mode, gid):
            return
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "not a folder; remove it", str(path))


def sync_folder(path: Path, held: int | None = None) -> None:
    """Make the names in a folder, or in its descriptor ``held``, survive a power cut.

    Raises:
        OSError: the folder cannot be opened, or the disk reports an error.
    """
    with tree.held(path, held) as folder:
        tree.sync(folder, path)


def _move(source: Path, here: int, target: Path, there: int, *, own: bool) -> None:
    if not own or os.fstat(there).st_uid != os.geteuid() or close_to_others(source, here):
        try:
            rename_new(source, here, target, there)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        else:
            return
    try:
        file = open_regular(source, here)
    except PermissionError as error:
        raise Obstacle(error.errno, "a file may not be read, and so not be copied", str(source)) from error
    try:
        mode = os.fstat(file).st_mode & 0o755 | 0o600 if own else None
        copy(file, target, mode, target_in=there)
        # Remove only the copied file itself: another file may have its name by now.
        if os.path.samestat(os.fstat(file), os.stat(source.name, dir_fd=here, follow_symlinks=False)):
            os.unlink(source.name, dir_fd=here)
    finally:
        os.close(file)


@contextmanager
def _temporary(
    target: Path, folder: int, mode: int, gid: int = -1, uid: int = -1, *, replace: bool = False
) -> Iterator[int]:
    """Open a new file next to the target; on success close and rename it to the target, else remove it."""
    # The target's own name plus a suffix could exceed 255 bytes.
    temporary = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with tree.named(temporary, target):
        out = os.open(temporary.name, flags, 0o600, dir_fd=folder)
        try:
            try:
                if (uid, gid) != (-1, -1):
                    os.fchown(out, uid, gid)
                os.fchmod(out, mode)
                yield out
            finally:
                os.close(out)  # first: some shares report errors only here, and SMB may not rename open files
            if replace:
                os.replace(temporary.name, target.name, src_dir_fd=folder, dst_dir_fd=folder)
            else:
                rename_new(temporary, folder, target, folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary.name, dir_fd=folder)


def _blocks(file: int) -> Iterator[tuple[int, bytes]]:
    """The blocks of a file with their offsets, without gaps; an empty block marks the end."""
    before = os.lseek(file, 0, os.SEEK_CUR)
    offset = 0
    try:
        while True:
            offset = _data_from(file, offset)
            block = os.pread(file, BLOCK_BYTES, offset)
            yield offset, block
            if not block:
                return
            offset += len(block)
    finally:
        os.lseek(file, before, os.SEEK_SET)


def _data_from(file: int, offset: int) -> int:
    """The offset of the next data at or after this offset; the end of the file if only a gap is left."""
    end = os.fstat(file).st_size  # first: data that are appended from now on are behind it, and are read
    try:
        return os.lseek(file, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return max(offset, end)
        if error.errno in {errno.EINVAL, errno.EOPNOTSUPP}:  # a file system, or its server, that does not report gaps
            return offset
        raise


def _write_all(out: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(out, view) :]
