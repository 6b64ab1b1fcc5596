"""Report an original that changed between recognition and archiving.

A lease proves that nobody has the file open for writing. Network file systems have no leases, and files of another user
need CAP_LEASE: there a writer may continue, and only the content shows that.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import structlog

from ocrwatchd.arrival.claim import being_written
from ocrwatchd.core import systemd
from ocrwatchd.core.fs import files, mounts, safe_open, tree

log = structlog.get_logger()


def look(original: Path, archive: Path, job: str, sha256: str) -> None:
    """Log a warning if an archived original differs from the content that was read; skip files that cannot be read."""
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
