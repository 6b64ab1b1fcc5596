"""A file without a name, for what is too much to hold in memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from pathlib import Path


def nameless(beside: Path | None) -> BinaryIO:
    """Open an empty file that goes with its closing, however the process ends.

    Args:
        beside: a folder on a disk, unlike the one for temporary files, which may be in memory. A network share has no
            files without a name: one that is open when it is removed cannot be, or has another name until it is
            closed, and for ever where the machine dies. So it lies in the folder for temporary files then.

    Raises:
        OSError: there is no room, or no such folder.
    """
    if beside is not None:
        with contextlib.suppress(OSError):
            return os.fdopen(os.open(beside, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), "w+b")
    return cast("BinaryIO", tempfile.TemporaryFile())
