"""The file of the scan: its hash, whether the disk returns it unchanged, and whether it is a scan at all."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from pathlib import Path

from ocrwatchd.core.content_hash import sha256_of_files
from ocrwatchd.core.errors import UnreadableScan
from ocrwatchd.core.i18n import say
from ocrwatchd.core.log import printable
from ocrwatchd.core.model import Job
from ocrwatchd.engine.process.resume_cache import Stamp, stamp_of
from ocrwatchd.formats.input.common import Pages
from ocrwatchd.formats.input.stack import Stack

CHANGED = (
    "the scan was changed while it was read: the text may be of either version, and sha256 does not match the original "
    "in archive/; scan the page again"
)


def check_origin(job: Job, pages: Pages) -> None:
    """Refuse a PDF that ocrwatchd has delivered, except if a person asks for it: folders may form a ring.

    Of several files, the reason names the first such PDF.

    Raises:
        UnreadableScan: ocrwatchd has delivered this PDF.
    """
    if pages.receipt and not job.by_hand:
        reason = say(
            "ocrwatchd has written this PDF itself (receipt {id}), and its text is in it. To have it read again, "
            "put the original from the archive into the inbox, or run `ocrwatchd process` with this PDF. If nobody "
            "has put the PDF into the inbox, a link or a program leads from an outbox to this inbox: remove that.",
            id=printable(pages.receipt),
        )
        raise UnreadableScan(pages.named(reason) if isinstance(pages, Stack) else reason)


def warnings_of_change(files: Sequence[Path], stamp: Stamp, sha256: str, alive: Callable[[], None]) -> tuple[str, ...]:
    """A warning if the scan has changed since ``stamp`` and ``sha256`` were taken; ``alive``: see :func:`sha256_of`.

    Raises:
        OSError: it cannot be read.
    """
    if stamp_of(files) == stamp or sha256_of(files, alive) == sha256:
        return ()
    return (CHANGED,)


def check_disk(files: Sequence[Path], sha256: str, alive: Callable[[], None]) -> None:
    """Hash the scan again before it is blamed: native libraries report a failing disk as a damaged file.

    ``alive``: see :func:`sha256_of`.

    Raises:
        OSError: the disk fails, or returns other bytes than before.
    """
    if sha256_of(files, alive) != sha256:
        raise OSError(errno.EIO, "the scan reads differently each time; check that disk", str(files[0]))


def sha256_of(files: Sequence[Path], alive: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of the scan's content, hexadecimal; of several files: of their contents one after the other.

    ``alive`` is called after each block.

    Raises:
        UnreadableScan: a file of the scan is no regular file.
        OSError: the scan cannot be read.
    """
    try:
        return sha256_of_files(files, alive)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EINVAL}:
            raise UnreadableScan(say("it is a link or no regular file; put the file itself into the inbox")) from error
        raise
