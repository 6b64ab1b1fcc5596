"""Durable file moves: nothing is ever replaced, and what has been moved survives a power cut.

Every name may hold undecodable bytes. Temporary names start with ``TEMPORARY_PREFIX``: a crash may leave one behind,
and it is never anybody's document.
"""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ocrwatchd.core import systemd
from ocrwatchd.core.fs import tree
from ocrwatchd.core.fs.permissions import close_to_others
from ocrwatchd.core.fs.rename import is_placeholder, rename_new
from ocrwatchd.core.fs.safe_open import BLOCK_BYTES, open_regular, same_content
from ocrwatchd.core.fs.tree import Obstacle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

TEMPORARY_PREFIX = ".ocrwatchd-"
STRETCH_BYTES = 1 << 25
"""After so much of a copy systemd hears that we are alive: to a share, a large file may take longer than it waits."""

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
    """Move a regular file to a name that is free, by rename where both lie on one mount, else by a synced copy.

    An OSError leaves the source, or the whole target, or both; never neither.

    Args:
        source: the file; a symbolic link is moved as such, or refused between mounts.
        target: the new name; its folder exists.
        resume: the target may be what an earlier move of this very file left when it was interrupted between its
            last two steps: with equal content the move is finished by removing the source. An empty file that holds
            the name for a move (see :mod:`ocrwatchd.core.fs.rename`) gives way.
        own: nobody else may write the file afterwards: another user's file is copied, for its owner could.
        source_in: descriptor of the source's folder, see :mod:`ocrwatchd.core.fs.tree`.
        target_in: descriptor of the target's folder.

    Raises:
        FileExistsError: the target exists (and, with ``resume``, differs).
        Obstacle: the file lies on another mount and may not be read.
        OSError: as the system calls say: no room, no permission, an I/O error.
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
    """Copy an open file, from its start, to a name that is free; it appears there whole and synced.

    Where its file system tells of gaps that were never written, they take no room in the copy either.

    Args:
        file: descriptor of a regular file; its offset stays as it is.
        target: the new name; its folder exists.
        mode: permissions of the copy; without it the original's, and its owner, who may be another one now, may read
            and write it. The modification time is kept.
        target_in: descriptor of the target's folder; None where nobody else can exchange it.

    Raises:
        FileExistsError: the target exists.
        OSError: as the system calls say.
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
                os.fdatasync(out)  # else all of the waiting would come at once, in the last fsync
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
    replace: bool = False,
    lasting: bool = True,
    folder: int | None = None,
) -> None:
    """Write a file that appears whole and synced under its name, or not at all.

    Args:
        path: the name; its folder exists.
        content: the bytes, or blocks of them.
        mode: permissions, whatever the umask.
        gid: group of the file; -1 leaves it to the folder.
        replace: an existing file gives way.
        lasting: False: it outlives the process, but after a power cut it may be missing, or not be what was written.
        folder: descriptor of the file's folder; None where nobody else can exchange it.

    Raises:
        FileExistsError: the name is taken and ``replace`` is off.
        OSError: as the system calls say.
    """
    with tree.held(path.parent, folder) as held, _temporary(path, held, mode, gid, replace=replace) as out:
        for block in (content,) if isinstance(content, bytes) else content:
            _write_all(out, block)
        if lasting:
            os.fsync(out)
    if lasting:
        sync_folder(path.parent, folder)


def make_inner(path: Path, mode: int = 0o700) -> None:
    """Make a folder in one that is there: where a share was unmounted nothing must be built up under its mount point.

    Raises:
        OSError: as the system calls say; ENOENT where the outer folder has gone.
    """
    if not tree.is_made(path):
        with tree.held(path.parent) as folder:
            os.close(tree.step(path, folder, mode))


def make_folder(path: Path, mode: int = 0o700, gid: int = -1, *, below: Path | None = None) -> None:
    """Make a folder and its missing parents; folders that exist stay as they are.

    Args:
        path: the folder.
        mode: permissions of each folder made, whatever the umask.
        gid: group of each folder made; -1 leaves it to its parent.
        below: every step from here down to ``path`` must be a real folder: a symbolic link is refused.

    Raises:
        Obstacle: something else, or a link where none may be, has a name below ``below``.
        NotADirectoryError: something else has the name.
        OSError: as the system calls say.
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
    """Make the names in a folder survive a power cut.

    Args:
        path: the folder.
        held: its descriptor; None where nobody else can exchange it.

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
        # Only the very file that was copied may go: another may have taken its name meanwhile.
        if os.path.samestat(os.fstat(file), os.stat(source.name, dir_fd=here, follow_symlinks=False)):
            os.unlink(source.name, dir_fd=here)
    finally:
        os.close(file)


@contextmanager
def _temporary(target: Path, folder: int, mode: int, gid: int = -1, *, replace: bool = False) -> Iterator[int]:
    """Open a new file beside the target; at a good end it is closed and takes the target's name, else it goes."""
    # The target's own name is left out: with anything added it could pass 255 bytes.
    temporary = target.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with tree.named(temporary, target):
        out = os.open(temporary.name, flags, 0o600, dir_fd=folder)
        try:
            try:
                if gid != -1:
                    os.fchown(out, -1, gid)
                os.fchmod(out, mode)
                yield out
            finally:
                os.close(out)  # first: some shares say only then what went wrong, and SMB may not rename what is open
            if replace:
                os.replace(temporary.name, target.name, src_dir_fd=folder, dst_dir_fd=folder)
            else:
                rename_new(temporary, folder, target, folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary.name, dir_fd=folder)


def _blocks(file: int) -> Iterator[tuple[int, bytes]]:
    """What a file holds, each block with its offset; gaps are left out, and an empty block tells where it ends."""
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
    """Where a file goes on after a gap, at this offset or later; its end where nothing but a gap is left."""
    end = os.fstat(file).st_size  # first: what is appended from now on lies behind it, and is read
    try:
        return os.lseek(file, offset, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return max(offset, end)
        if error.errno in {errno.EINVAL, errno.EOPNOTSUPP}:  # a file system, or its server, that does not tell
            return offset
        raise


def _write_all(out: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(out, view) :]
