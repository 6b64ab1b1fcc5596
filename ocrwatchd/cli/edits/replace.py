"""Files of a delivered set read, and written anew all together or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.core import crashpoints
from ocrwatchd.core.fs.files import staged, sync_folder
from ocrwatchd.core.fs.safe_open import lexists_strict, open_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path


class Change(NamedTuple):
    """A file of the set that gets other content: what lies there now, None where nothing does, and what shall."""

    path: Path
    before: bytes | None
    content: bytes


def held(path: Path) -> bytes:
    """What a file of the set holds: no link is followed out of the outbox, no FIFO or device waited for.

    Raises:
        OSError: it cannot be read; with EINVAL: it is no regular file.
    """
    try:
        descriptor = open_regular(path)
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.EINVAL}:
            raise
        raise OSError(errno.EINVAL, "a link, or no regular file: move it away", str(path)) from error
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def replace_all(changes: Sequence[Change], like: Path) -> None:
    """Write files of a set anew, in their order: all of them, or after an error none.

    All lie complete beside their places before the first takes its name, so a full disk changes nothing. A kill in
    between leaves the later files as they were: where the receipt is the last, the same command then does the rest.

    Args:
        changes: each with a path of its own.
        like: gives permissions and group to a file that was missing.

    Raises:
        OSError: a file cannot be written.
    """
    with ExitStack() as undo:
        with ExitStack() as places:  # what was entered last is left first
            for change in reversed(changes):
                undo.callback(_put_back, change, like)
                places.callback(crashpoints.reached, "edits-file-written")
                places.callback(sync_folder, change.path.parent)
                places.enter_context(_staged(change.path, change.content, like))
        undo.pop_all()


def _put_back(change: Change, like: Path) -> None:
    """Undo a change, where it was made; what others have put there since is theirs."""
    if not lexists_strict(change.path) or held(change.path) != change.content:
        return
    if change.before is None:
        change.path.unlink()
    else:
        with _staged(change.path, change.before, like):
            pass


def _staged(path: Path, content: bytes, like: Path) -> AbstractContextManager[None]:
    """With the permissions and, where we may, the group of the file that has the name."""
    was = (path if lexists_strict(path) else like).lstat()
    own = os.geteuid() == 0 or was.st_gid in {os.getegid(), *os.getgroups()}
    return staged(path, content, was.st_mode & 0o777, was.st_gid if own else -1)
