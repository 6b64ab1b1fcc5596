"""The folders of a root: made if missing, and closed to other users."""

from __future__ import annotations

import grp
import os
import stat
from pathlib import Path
from typing import Final

import structlog

from ocrwatchd.core.config.schema import FOLDER_NAMES, OTHERS_WRITE, WORK_MODE, FolderName, Folders
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files

_READ: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

log = structlog.get_logger()


def prepare(folders: Folders) -> None:
    """Make missing folders, and keep other users from renaming the folders in the root.

    Raises:
        FolderUnusable: a folder cannot be made or written to.
    """
    gid = group_id(folders.group)
    modes = {folders.path(name): folders.mode(name) for name in FOLDER_NAMES} | {folders.work_path: WORK_MODE}
    for path, mode in modes.items():
        try:
            _make(path, mode, folders, gid)
        except OSError as error:
            raise FolderUnusable(
                f"the folder {path} cannot be made: {error.strerror}; make it yourself, or choose "
                "another in the configuration"
            ) from error
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise FolderUnusable(
                f"the folder {path} is not readable and writable for this user (uid {os.geteuid()}); "
                "correct its owner or mode"
            )
    if any(path.parent == folders.root_path for path in modes):
        _mend(folders.root_path)


def make(folders: Folders, name: FolderName) -> None:
    """Make a folder that somebody has removed."""
    _make(folders.path(name), folders.mode(name), folders, group_id(folders.group))


def shut(work: Path) -> None:
    """Close ``.work`` to other users: its content is trusted.

    Raises:
        FolderUnusable: the folder belongs to another user, or is a link.
    """
    try:
        held = os.open(work, _READ | os.O_NOFOLLOW)
    except NotADirectoryError:
        raise FolderUnusable(f"{work} is a link; remove it: ocrwatchd makes the folder itself") from None
    try:
        owner = os.fstat(held).st_uid
        if owner != os.geteuid():
            raise FolderUnusable(
                f"the folder {work} belongs to another user (uid {owner}), who could put jobs there that nobody has "
                f"sent; run ocrwatchd as that user, or look at what lies in it and move it away; on a share, mount it "
                f"with uid={os.geteuid()}"
            )
        if stat.S_IMODE(os.fstat(held).st_mode) != WORK_MODE:
            _change(held, work, WORK_MODE)
    finally:
        os.close(held)


def group_id(group: str) -> int:
    """The id of a group; -1 for "".

    Raises:
        FolderUnusable: there is no such group.
    """
    if not group:
        return -1
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise FolderUnusable(
            f'folders.group = "{group}": there is no such group on this machine; make it with groupadd'
        ) from None


def _make(path: Path, mode: int, folders: Folders, gid: int) -> None:
    files.make_folder(path.parent, folders.root_mode, gid)
    files.make_folder(path, mode, gid)


def _mend(root: Path) -> None:
    """Prevent other users from renaming the folders in a root that is ours."""
    held = os.open(root, _READ)
    try:
        status = os.fstat(held)
        if status.st_uid == os.geteuid() and status.st_mode & OTHERS_WRITE and not status.st_mode & stat.S_ISVTX:
            _change(held, root, stat.S_IMODE(status.st_mode) & ~(OTHERS_WRITE | stat.S_ISGID))
    finally:
        os.close(held)


def _change(held: int, folder: Path, mode: int) -> None:
    was = stat.S_IMODE(os.fstat(held).st_mode)
    try:
        os.fchmod(held, mode)
    except OSError as error:  # a share that knows no permissions
        log.warning("folder.not_mended", folder=str(folder), reason=error.strerror, note="run: ocrwatchd check")
        return
    if stat.S_IMODE(os.fstat(held).st_mode) != was:
        log.warning("folder.mended", folder=str(folder), was=f"{was:04o}", mode=f"{mode:04o}")
