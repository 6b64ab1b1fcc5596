"""The installation's secret, which signs separator sheets: 32 random bytes in the state directory.

Whoever knows it can print sheets that choose settings, so only the daemon's user and root may read it. After its loss
the sheets that were printed before still separate documents, but no longer choose settings.
"""

from __future__ import annotations

import os
import pwd
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files, tree
from ocrwatchd.core.fs.safe_open import open_regular

NAME: Final = "sheet.key"
KEY_BYTES: Final = 32
"""As many as the hash of the signature has; see :mod:`ocrwatchd.core.sheet_code`."""

_MODE: Final = 0o600
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_ANEW: Final = "delete it and restart the daemon, which makes another; then print the sheets anew"


def read(folder: Path) -> bytes:
    """Read the key in a state directory.

    Raises:
        FolderUnusable: there is no key, it cannot be read, is damaged, or others can read it; with what to do.
    """
    try:
        with tree.held(folder) as here:
            return _content(folder / NAME, here)
    except OSError as error:
        raise _unusable(folder, error) from error


def read_or_make(folder: Path) -> bytes:
    """Read the key in a state directory, or make both where they are missing.

    A key that root makes belongs to the owner of the directory. Of two processes at once, both get the same key.

    Raises:
        FolderUnusable: as :func:`read`; or the key cannot be written.
    """
    try:
        files.make_folder(folder)
        with tree.held(folder) as here:
            try:
                return _content(folder / NAME, here)
            except FileNotFoundError:
                _make(folder / NAME, here)
            return _content(folder / NAME, here)
    except OSError as error:
        raise _unusable(folder, error) from error


def _make(path: Path, folder: int) -> None:
    owner = os.fstat(folder)
    uid, gid = (owner.st_uid, owner.st_gid) if os.geteuid() == 0 else (-1, -1)
    with suppress(FileExistsError):  # another process was first
        files.write_new(path, secrets.token_bytes(KEY_BYTES), _MODE, gid, uid=uid, folder=folder)


def _content(path: Path, folder: int) -> bytes:
    with os.fdopen(open_regular(path, folder), "rb") as file:
        status = os.fstat(file.fileno())
        if status.st_uid not in {0, os.geteuid(), os.fstat(folder).st_uid}:
            raise FolderUnusable(f"the key {path} belongs to another user (uid {status.st_uid}): {_ANEW}")
        if status.st_mode & _OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise FolderUnusable(
                f"the key {path} can be read or changed by other users (mode {mode:04o}), who could then print sheets "
                f"that choose settings: {_ANEW}; if you trust them all, run: chmod {_MODE:o} '{path}'"
            )
        content = file.read(KEY_BYTES + 1)
    if len(content) != KEY_BYTES:
        raise FolderUnusable(f"the key {path} is damaged: it has not {KEY_BYTES} bytes; {_ANEW}")
    return content


def _unusable(folder: Path, error: OSError) -> FolderUnusable:
    path = folder / NAME
    if isinstance(error, FileNotFoundError):
        return FolderUnusable(f"there is no key {path}: start the daemon, which makes it")
    remedy = "correct its owner or mode, or check its disk"
    if isinstance(error, PermissionError):
        remedy = f"only {_owner(folder)} and root may: run this as one of them (sudo -u '{_owner(folder)}' …)"
    return FolderUnusable(
        f"the key {path} cannot be read or made by this user (uid {os.geteuid()}): {error.strerror}; {remedy}"
    )


def _owner(folder: Path) -> str:
    """Whose the state directory, or the folder that keeps this user from it, is."""
    there = next(each for each in (folder, *folder.absolute().parents) if os.path.lexists(each))
    uid = there.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
