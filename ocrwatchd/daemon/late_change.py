"""Report an original that changed between recognition and archiving.

A lease proves that nobody has the file open for writing. Network file systems have no leases, and files of another user
need CAP_LEASE: there a writer may continue, and only the content shows that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog

from ocrwatchd.arrival.claim import being_written
from ocrwatchd.core import systemd
from ocrwatchd.core.content_hash import sha256_of_files
from ocrwatchd.core.fs import files, mounts, safe_open, tree

log = structlog.get_logger()


def look(original: Path, archive: Path, job: str, sha256: str, members: Sequence[str] = ()) -> None:
    """Log a warning if an archived original differs from the content that was read; skip files that cannot be read.

    ``members`` are the names of an original of several files, in the order of their pages; it is a folder.
    """
    paths = [original / name for name in members] or [original]
    try:
        with tree.opened(paths[0].parent, archive) as held:
            if sha256 and _is_suspect(paths, held, archive) and sha256_of_files(paths, _show_life, held) != sha256:
                note = "somebody had the upload open; the archived original is not what was read: scan it again"
                log.warning("scan.changed_later", job=job, file=original.name, note=note)
    except OSError:  # people may have it already
        return


def _is_suspect(paths: Iterable[Path], folder: int, archive: Path) -> bool:
    """Whether somebody may have one of the files open for writing."""
    return mounts.is_remote(archive.resolve()) or any(_may_be_written(path, folder) for path in paths)


def _may_be_written(path: Path, folder: int) -> bool:
    file = safe_open.open_regular(path, folder)
    try:
        return being_written(file) is not False
    finally:
        os.close(file)


def _show_life() -> None:
    systemd.notify(files.ALIVE)
