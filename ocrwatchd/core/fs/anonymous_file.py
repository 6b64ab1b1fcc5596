"""A file without a name, for data that are too large for memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO, Final, cast

LARGE: Final = Path("/var/tmp")  # noqa: S108 - our files there have no names
"""Folder for large temporary files: on a disk, while /tmp may be in memory; see file-hierarchy(7)."""


def nameless(beside: Path | None) -> BinaryIO:
    """Open an empty file that disappears when it is closed, however the process ends.

    Args:
        beside: a folder on a disk with room. Network shares have no files without a name; then the file is in
            ``TMPDIR``, or in :data:`LARGE` if that is not set.

    Raises:
        OSError: there is no room, or no such folder.
    """
    if beside is not None:
        with contextlib.suppress(OSError):
            return os.fdopen(os.open(beside, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), "w+b")
    chosen = "TMPDIR" in os.environ or not os.access(LARGE, os.W_OK | os.X_OK)
    return cast("BinaryIO", tempfile.TemporaryFile(dir=None if chosen else LARGE))
