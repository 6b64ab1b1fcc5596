"""Tell of an original that was changed between its reading and its way into the archive.

Where a lease tells that nobody writes, nobody can. A network file system has none, and another user's file needs
CAP_LEASE: there whoever has the upload still open can go on writing, and its content alone tells.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.arrival.claim import being_written
from ocrwatchd.core import systemd
from ocrwatchd.core.fs import files, mounts, safe_open, tree

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger()


def look(original: Path, archive: Path, job: str, sha256: str) -> None:
    """Warn in the log where an archived original is not what was read. Where it cannot be read, nothing is said.

    Args:
        original: in the archive.
        archive: the folder.
        job: whose original it is.
        sha256: of what was read; "" where unknown.
    """
    try:
        with (
            tree.opened(original.parent, archive) as held,
            os.fdopen(safe_open.open_regular(original, held), "rb") as file,
        ):
            remote = mounts.is_remote(archive.resolve())
            if sha256 and (remote or being_written(file.fileno()) is not False):
                found = hashlib.sha256()
                while block := file.read(safe_open.BLOCK_BYTES):
                    found.update(block)
                    systemd.notify(files.ALIVE)
                if found.hexdigest() != sha256:
                    note = "somebody had the upload open; the archived original is not what was read: scan it again"
                    log.warning("scan.changed_later", job=job, file=original.name, note=note)
    except OSError:  # people may have it already
        return
