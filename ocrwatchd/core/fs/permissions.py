"""Refuse control files that another user can change."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from ocrwatchd.core.fs.safe_open import open_regular

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def unsafe_reason(path: Path, what: str) -> str:
    """Why a file is unsafe, with the remedy; "" if only root or this user can change it.

    The folder counts too, because a user who may write there can replace the file. Links are followed. ``what`` is the
    kind of file, for the message.

    Raises:
        OSError: there is no such file, or it cannot be reached.
    """
    status = path.stat()
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return ""  # a pipe of the shell that started this process
    return _doubt(path, status, f"the {what} {path}") or _doubt_folder(path, what)


def close_to_others(path: Path, folder: int) -> bool:
    """Let only this user write a file in an open folder; False if the file is another user's. No link is followed.

    Raises:
        OSError: the path is not a regular file, or cannot be opened.
    """
    try:
        file = open_regular(path, folder)
    except PermissionError:
        return False
    try:
        status = os.fstat(file)
        own = status.st_uid == os.geteuid()
        if own and status.st_mode & _OTHERS_WRITE:
            with suppress(OSError):  # a share without permissions
                os.fchmod(file, stat.S_IMODE(status.st_mode) & ~_OTHERS_WRITE)
        return own
    finally:
        os.close(file)


def _doubt_folder(path: Path, what: str) -> str:
    for folder in (path.absolute().parent, path.resolve().parent):  # somebody could exchange a link too
        status = folder.stat()
        if status.st_mode & stat.S_ISVTX:
            continue  # such as /tmp: nobody can exchange another user's file
        if words := _doubt(folder, status, f"the {what} {path} lies in {folder}, and that"):
            return words
    return ""


def _doubt(path: Path, status: os.stat_result, subject: str) -> str:
    if status.st_uid not in {0, os.geteuid()}:
        return (
            f"{subject} belongs to another user (uid {status.st_uid}), who could change what this service does; "
            f"run: chown {os.geteuid()} '{path}'"
        )
    if status.st_mode & _OTHERS_WRITE:
        mode = stat.S_IMODE(status.st_mode)
        return (
            f"{subject} can be changed by other users (mode {mode:04o}), and so could what this service does; "
            f"run: chmod go-w '{path}'"
        )
    return ""
