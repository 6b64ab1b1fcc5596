"""A file without a name, for what is too much to hold in memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO, Final, cast

LARGE: Final = Path("/var/tmp")  # noqa: S108 - of what lies here nothing has a name
"""For temporary files that are large: on a disk, where /tmp may be in memory; see file-hierarchy(7)."""


def nameless(beside: Path | None) -> BinaryIO:
    """Open an empty file that goes with its closing, however the process ends.

    Args:
        beside: a folder on a disk that has room. A network share has no files without a name: one that is open when
            it is removed cannot be, or has another name until it is closed, and for ever where the machine dies. So
            it lies in ``TMPDIR`` then; where that is not set, in :data:`LARGE`.

    Raises:
        OSError: there is no room, or no such folder.
    """
    if beside is not None:
        with contextlib.suppress(OSError):
            return os.fdopen(os.open(beside, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), "w+b")
    chosen = "TMPDIR" in os.environ or not os.access(LARGE, os.W_OK | os.X_OK)
    return cast("BinaryIO", tempfile.TemporaryFile(dir=None if chosen else LARGE))
