"""Take back the claim of a document that came as several files: all of them return to the inbox, and wait anew.

Nothing is lost and nothing becomes double at a crash: a file that was copied, and is in the inbox still, is removed
here; one that was put back and not removed here is the same case.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.arrival.claim import put_back
from ocrwatchd.core import crashpoints, systemd
from ocrwatchd.core.fs import files, safe_open, tree
from ocrwatchd.storage import group_members, outbox, root_folders

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.core.model import Job
    from ocrwatchd.storage.ledger import Ledger

log = structlog.get_logger()


def is_whole(job: Job, inbox: Path, *, begun: bool) -> bool:
    """Whether the claim of a document's files was completed; ``begun``: an attempt has begun, which comes later.

    Raises:
        OSError: this is not known now.
    """
    known = group_members.read(job.folder)
    if known is None or not all(map(safe_open.lexists_strict, job.files)):
        return False
    return begun or not any(is_same_file(each, inbox / known.folder / each.name) for each in job.files)


def is_same_file(ours: Path, theirs: Path) -> bool:
    """Whether a copy of the file lies in the inbox, or still lies there: an interrupted move left both.

    Raises:
        OSError: this is not known now.
    """
    here = os.lstat(ours)
    try:
        there = os.lstat(theirs)
        if not stat.S_ISREG(there.st_mode) or there.st_mtime_ns != here.st_mtime_ns:
            return False
        return safe_open.same_content(ours, theirs)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False  # what lies there, or no longer does, is not what could be copied


def give_back(job: Job, ledger: Ledger, folders: Folders) -> None:
    """Return every file of a document to the inbox, and forget the claim; can be repeated.

    Raises:
        OSError: a file cannot be moved now.
    """
    known, inbox = group_members.read(job.folder), folders.path("inbox")
    folder = inbox / (known.folder if known else job.relative)
    for path in list(safe_open.walk_files(job.folder / "scan")):
        target = folder / path.name
        if is_same_file(path, target):
            path.unlink()
        else:
            gid = root_folders.group_id(folders.group)
            root_folders.make(folders, "inbox")
            with tree.opened(folder, inbox, folders.mode("inbox"), gid) as held:
                put_back(path, target, held)
        crashpoints.reached("member-returned")
        systemd.notify(files.ALIVE)
    ledger.forget(job.id)
    outbox.clear(job)
    log.info("group.returned", job=job.id, file=str(job.relative), note="not all of its files could be claimed")
