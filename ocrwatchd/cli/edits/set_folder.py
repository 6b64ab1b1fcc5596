"""The folder of a delivered set: open it, lock it for a change, read its files."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ocrwatchd.core.errors import FolderUnusable, UnreadableScan
from ocrwatchd.core.fs import tree
from ocrwatchd.core.fs.lock import HeldElsewhere, folder_locked
from ocrwatchd.core.fs.safe_open import open_regular

LOCK_WAIT_S = 60.0
"""How long to wait for another `ocrwatchd edits` in the same folder."""


@contextmanager
def folder_of(receipt: Path, outbox: Path) -> Iterator[int]:
    """Hold the folder of a set open, so that all files are read and written there, even if folders are exchanged.

    Symbolic links below the outbox are not followed; elsewhere the path is resolved.

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


@contextmanager
def locked(receipt: Path, folder: int) -> Iterator[None]:
    """Exclude every other `ocrwatchd edits` of this machine from the folder.

    The folder is locked: a lock on NAME.json would be lost when that file is replaced.

    Raises:
        FolderUnusable: another process holds the lock.
        OSError: the folder cannot be read.
    """
    try:
        with folder_locked(folder, receipt.parent, LOCK_WAIT_S):
            yield
    except HeldElsewhere:
        raise FolderUnusable(
            f"another `ocrwatchd edits` has locked {receipt.parent} for {LOCK_WAIT_S:.0f} s; nothing was written; "
            "wait until it has ended (`lslocks` shows it), and repeat the command"
        ) from None


def held(path: Path, folder: int | None) -> bytes:
    """The content of a file of the set; follows no link and waits for no FIFO or device.

    Raises:
        OSError: the file cannot be read; with EINVAL if it is no regular file.
    """
    try:
        descriptor = open_regular(path, folder)
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.EINVAL}:
            raise
        raise OSError(errno.EINVAL, "a link, or no regular file: move it away", str(path)) from error
    with os.fdopen(descriptor, "rb") as file:
        return file.read()
