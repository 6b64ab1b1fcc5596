"""Files of a delivered set read, and written anew all together or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.core import crashpoints
from ocrwatchd.core.errors import UnreadableScan
from ocrwatchd.core.fs import tree
from ocrwatchd.core.fs.files import staged, sync_folder
from ocrwatchd.core.fs.safe_open import lexists_strict, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager


class Change(NamedTuple):
    """A file of the set that gets other content: what lies there now, None where nothing does, and what shall."""

    path: Path
    before: bytes | None
    content: bytes


@contextmanager
def folder_of(receipt: Path, outbox: Path) -> Iterator[int]:
    """Hold the folder of a set open: what is read there is what is written, whoever exchanges folders meanwhile.

    Args:
        receipt: the set's NAME.json.
        outbox: no link is followed below it; elsewhere the folder is the one that the path leads to.

    Raises:
        UnreadableScan: the folder cannot be opened.
    """
    folder = Path(os.path.abspath(receipt.parent))  # noqa: PTH100 - resolve() would follow links
    inside = folder.is_relative_to(outbox)
    with ExitStack() as stack:
        try:
            held = tree.opened(folder, outbox) if inside else tree.held(receipt.parent)
            descriptor = stack.enter_context(held)
        except OSError as error:
            raise UnreadableScan(
                f"{receipt} cannot be read: {error.strerror}; name a document's .json file, which lies in the outbox"
            ) from error
        yield descriptor


def held(path: Path, folder: int | None) -> bytes:
    """What a file of the set holds: no link is followed out of the outbox, no FIFO or device waited for.

    Args:
        path: the file.
        folder: descriptor of its folder.

    Raises:
        OSError: it cannot be read; with EINVAL: it is no regular file.
    """
    try:
        descriptor = open_regular(path, folder)
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.EINVAL}:
            raise
        raise OSError(errno.EINVAL, "a link, or no regular file: move it away", str(path)) from error
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def replace_all(changes: Sequence[Change], like: Path, folder: int) -> None:
    """Write files of a set anew, in their order: all of them, or after an error none.

    All lie complete beside their places before the first takes its name, so a full disk changes nothing. A kill in
    between leaves the later files as they were: where the receipt is the last, the same command then does the rest.

    Args:
        changes: each with a path of its own.
        like: gives permissions and group to a file that was missing.
        folder: descriptor of the folder of all of them.

    Raises:
        OSError: a file cannot be written.
    """
    with ExitStack() as undo:
        with ExitStack() as places:  # what was entered last is left first
            for change in reversed(changes):
                undo.callback(_put_back, change, like, folder)
                places.callback(crashpoints.reached, "edits-file-written")
                places.callback(sync_folder, change.path.parent, folder)
                places.enter_context(_staged(change.path, change.content, like, folder))
        undo.pop_all()


def _put_back(change: Change, like: Path, folder: int) -> None:
    """Undo a change, where it was made; what others have put there since is theirs."""
    if not lexists_strict(change.path, folder) or held(change.path, folder) != change.content:
        return
    if change.before is None:
        os.unlink(change.path.name, dir_fd=folder)
    else:
        with _staged(change.path, change.before, like, folder):
            pass


def _staged(path: Path, content: bytes, like: Path, folder: int) -> AbstractContextManager[None]:
    """With the permissions and, where we may, the group of the file that has the name."""
    was = os.lstat((path if lexists_strict(path, folder) else like).name, dir_fd=folder)
    own = os.geteuid() == 0 or was.st_gid in {os.getegid(), *os.getgroups()}
    return staged(path, content, was.st_mode & 0o777, was.st_gid if own else -1, folder)
