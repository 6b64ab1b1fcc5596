"""Build the ledger from the folders: from the receipts in the outbox, from ``archive/``, ``failed/`` and ``.work``.

Only the ledger knew how often attempts were started, and over which scans the engine has died (skipped pages are
recorded in the job's folder). The time that ``retention`` counts begins anew.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from ocrwatchd.core import systemd
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.fs import safe_open, tree
from ocrwatchd.core.i18n import NOTHING, Message, verbatim
from ocrwatchd.core.model import Job
from ocrwatchd.storage import delivery_plan, reason_note
from ocrwatchd.storage.ledger import COMPLETE, Ledger
from ocrwatchd.storage.original_files import Stature, stature
from ocrwatchd.storage.outbox import REASON, RECEIPT, original_path
from ocrwatchd.storage.records import Original, PlannedSet
from ocrwatchd.storage.set_names import is_plain, stem_and_suffix
from ocrwatchd.storage.work_folder import JOB_ID

HEAD_BYTES: Final = 1 << 16
"""A receipt begins with its figures, one key on each line, before its pages."""

TOLD_EVERY: Final = 1000
PATIENCE: Final = "EXTEND_TIMEOUT_USEC=60000000"
_NOT_OURS: Final = frozenset({errno.EACCES, errno.EPERM, errno.ENOENT})
"""Errors of folders that ocrwatchd cannot have filled, such as ``lost+found``."""

_FIGURE: Final = re.compile(rb'^"(job|name|sha256|parent)": (".*"),$', re.MULTILINE)
_PAGES: Final = b'\n"pages": ['
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Receipt:
    job: str
    relative: Path
    name: str
    sha256: str
    written_at: float
    is_part: bool
    """Of one document of a scan that holds several."""


def rebuild(ledger: Ledger, folders: Folders, jobs: Iterable[Job]) -> None:
    """Record the content of the folders in the ledger; existing rows stay unchanged.

    A job in the work folder whose receipt is in the outbox gets a delivery plan, so that its delivery is completed. One
    receipt of several does not tell that the others are there too: without a plan such a scan is read again.
    """
    here = {job.id: job for job in jobs if job.relative.name}
    known: set[int] = set()
    """Hashes of the originals' paths that have a receipt: an archive may hold hundreds of thousands."""
    count = 0
    with ledger.together():
        for receipt in _receipts(folders.path("outbox")):
            if job := here.get(receipt.job):
                if delivery_plan.read(job.folder) is None and not receipt.is_part:
                    place = receipt.relative.with_name(job.relative.name)
                    moved = PlannedSet(place.parent, receipt.name, "", receipt.name, ())
                    delivery_plan.write(job.folder, delivery_plan.Route(place, "outbox", receipt.name, (moved,)))
                continue
            original = _delivered(receipt, folders)
            known.add(hash(os.fsencode(original.relative)))
            ledger.adopt(original)
            count += 1
            _be_patient(count)
        for original in itertools.chain(_archived(folders.path("archive"), known), _failed(folders.path("failed"))):
            ledger.adopt(original)
            count += 1
            _be_patient(count)
        ledger.note_fact(COMPLETE, "yes")
    if count:
        log.info("ledger.rebuilt", originals=count)


def _be_patient(count: int) -> None:
    """Ask systemd to wait: hundreds of thousands of originals take longer than a start may."""
    if count % TOLD_EVERY == 0:
        systemd.notify(PATIENCE, "WATCHDOG=1", f"STATUS=Building the ledger from the folders: {count} originals")


def _delivered(receipt: _Receipt, folders: Folders) -> Original:
    name = receipt.name
    path = original_path(folders, receipt.relative, "outbox", name)
    if (joined := path.with_name(name)).is_dir() and not os.path.lexists(path):
        path, name = joined, stem_and_suffix(name)[0]  # the set of a folder has its name whole, also behind a dot
    size = mtime_ns = None
    if found := _stature(path):
        size, mtime_ns, _ = found
    relative = receipt.relative.with_name(path.name)
    return Original(receipt.job, relative, "outbox", name, receipt.sha256, size, mtime_ns, receipt.written_at)


def _archived(archive: Path, known: set[int]) -> Iterator[Original]:
    for relative, status in _files(archive):
        # A file of a document of several files is no original of its own.
        if known.isdisjoint(hash(os.fsencode(path)) for path in (relative, relative.parent)):
            name, job = stem_and_suffix(relative.name)[0], _made_up("archive", relative)
            size, mtime_ns, written_at = status.st_size, status.st_mtime_ns, status.st_mtime
            yield Original(job, relative, "outbox", name, "", size, mtime_ns, written_at, ours=False)


def _failed(failed: Path) -> Iterator[Original]:
    above = Path()
    for relative, status in _files(failed):
        if relative.name.endswith(REASON):
            continue
        if original := _set_aside(failed, relative, Stature(status.st_size, status.st_mtime_ns)):
            yield original  # without a note nothing of ours: people may keep things there
        elif relative.parent not in {above, Path()}:
            above = relative.parent
            if (found := _stature(failed / above)) and (original := _set_aside(failed, above, found)):
                yield original


def _set_aside(failed: Path, relative: Path, found: Stature) -> Original | None:
    """The original at a path, if it has a note."""
    name = stem_and_suffix(relative.name)[0]
    note = failed / relative.with_name(f"{name}{REASON}")
    reason, ended_at = _reason(note)
    if not reason or (found.several and not reason_note.is_about(_text(note), str(relative))):
        return None  # a folder with other scans may have the name of a scan that failed
    job = _made_up("failed", relative)
    return Original(job, relative, "failed", name, "", found.size, found.mtime_ns, ended_at, reason)


def _stature(path: Path) -> Stature | None:
    """Size and time of an original, which may be a folder."""
    with contextlib.suppress(OSError), tree.held(path.parent) as folder:  # it was removed, or people have it
        return stature(path, folder)
    return None


def _receipts(outbox: Path) -> Iterator[_Receipt]:
    for relative, status in _files(outbox):
        if not relative.name.endswith(RECEIPT):
            continue
        told = _figures(outbox / relative)
        job, sha256, name = (told.get(key, "") for key in ("job", "sha256", "name"))
        if JOB_ID.fullmatch(job) and _SHA256.fullmatch(sha256) and is_plain(name):
            stem = relative.name.removesuffix(RECEIPT)
            is_part = bool(told.get("parent"))
            yield _Receipt(job, relative.with_name(name), stem, sha256, status.st_mtime, is_part)


def _figures(path: Path) -> dict[str, str]:
    head = _beginning(path).partition(_PAGES)[0]
    found: dict[str, str] = {}
    for match in _FIGURE.finditer(head):
        try:
            found[match[1].decode("ascii")] = str(json.loads(match[2]))
        except ValueError:
            return {}
    return found


def _reason(note: Path) -> tuple[Message, float]:
    reason = verbatim(reason_note.told(_text(note)))
    try:
        return (reason, note.lstat().st_mtime) if reason else (NOTHING, 0.0)
    except FileNotFoundError:  # people have it
        return NOTHING, 0.0


def _text(note: Path) -> str:
    return _beginning(note).decode("utf-8", "replace")


def _beginning(path: Path) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        with os.fdopen(safe_open.open_regular(path), "rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every regular file below a folder, without hidden files and folders; links are not followed."""

    def refuse(error: OSError) -> None:
        if os.fspath(folder) == error.filename or error.errno not in _NOT_OURS:
            raise error
        log.warning("rebuild.folder_unreadable", folder=error.filename, reason=error.strerror)

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(parent).relative_to(folder)
        for name in names:
            if name.startswith("."):
                continue
            try:
                status = os.lstat(f"{parent}/{name}")
            except FileNotFoundError:  # people work there too
                continue
            if stat.S_ISREG(status.st_mode):
                yield below / name, status


def _made_up(folder: str, relative: Path) -> str:
    """An id for an original of an unknown job; it does not look like a job's id."""
    return f"{folder}-{hashlib.sha256(os.fsencode(relative)).hexdigest()[:24]}"
