"""``job.duplicates = "skip"``: a scan with the content of an earlier delivery is not read again.

Only scans of equal size are hashed, a slice at each tick, so that the loop stays responsive. Both scans must have come
through the same profile: another profile may process the content differently.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import structlog

from ocrwatchd import __version__
from ocrwatchd.core import canary_name
from ocrwatchd.core.attempt import Ending, Outcome, ScanFigures
from ocrwatchd.core.component import Component
from ocrwatchd.core.content_hash import hashing
from ocrwatchd.core.fs import files
from ocrwatchd.core.log import printable
from ocrwatchd.core.model import profile_of
from ocrwatchd.core.natural_order import natural
from ocrwatchd.formats.output import receipt
from ocrwatchd.storage.outbox import RECEIPT, STEM, original_path

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.core.model import Job
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.records import Original

SLICE_SECONDS = 0.1
"""How long one tick hashes."""

log = structlog.get_logger()


class Duplicates(Component):
    """Finds jobs that need no engine."""

    def __init__(self, folders: Folders, ledger: Ledger, *, skip: bool) -> None:
        self._folders = folders
        self._ledger = ledger
        self._skip = skip
        self._hashing: dict[str, Generator[None, None, str]] = {}
        self._hashes: dict[str, str] = {}
        self._in_work: dict[str, tuple[int, str]] = {}
        self._statures: dict[str, tuple[int, str]] = {}
        self._freed = False

    def next_due(self) -> float | None:
        return 0.0 if self._hashing or self._freed else None

    def tick(self, now: float) -> None:
        """Hash another slice."""
        self._freed = False
        enough = now + SLICE_SECONDS
        while self._hashing and time.monotonic() < enough:
            job, work = next(iter(self._hashing.items()))
            try:
                next(work)
            except StopIteration as end:
                del self._hashing[job]
                self._hashes[job] = end.value
            except OSError as error:  # the engine will see that too, and the line knows what to do about it
                log.warning("duplicate.unknown", job=job, reason=error.strerror)
                del self._hashing[job]
                self._hashes[job] = ""

    def begun(self, job: Job) -> None:
        """An engine has started a job: possible copies wait until the job has ended."""
        if self._skip and (mine := self._stature(job)):
            self._in_work[job.id] = mine

    def ended(self, job: Job) -> None:
        """A job has ended: possible copies need not wait any longer."""
        self._freed |= self._in_work.pop(job.id, None) is not None
        self._statures.pop(job.id, None)

    def holds(self, job: Job) -> bool:
        """Whether a job must wait: for the end of a job with possibly equal content, or for the hashes of both."""
        if not self._skip:
            return False
        mine = self._stature(job)
        if any(job.id != other and mine == theirs for other, theirs in self._in_work.items()):
            self._hashes.pop(job.id, None)  # by then there is one more that it may be a copy of
            return True
        if job.id in self._hashes:
            return False
        if job.id not in self._hashing:
            alike = self._alike(job)
            if not alike:
                return False
            self._hashing[job.id] = self._search(job, alike)
        return True

    def shortcut(self, job: Job) -> Outcome | None:
        """The outcome of a job whose content was delivered before; None where the engine must read the scan."""
        sha256 = self._hashes.pop(job.id, "")
        twin = next((each for each in self._alike(job) if each.sha256 == sha256), None) if sha256 else None
        if twin is None:
            return None
        figures = ScanFigures(sha256=sha256, duplicate_of=printable(str(self._set_of(twin))))
        return Outcome(job, Ending.KNOWN, figures=figures)

    def _set_of(self, original: Original) -> Path:
        """The path of an original's set, the first one of a divided stack; ``output.name`` may name it otherwise."""
        entry = self._ledger.entry(original.job)
        return entry.sets[0].path if entry and entry.sets else original.relative.with_name(original.name)

    def _alike(self, job: Job) -> list[Original]:
        mine = self._stature(job)
        if mine is None:
            return []
        size, profile = mine
        found = [each for each in self._ledger.alike(size) if not canary_name.is_name(each.relative.name)]
        return [each for each in found if each.job != job.id and profile_of(each.relative) == profile]

    def _stature(self, job: Job) -> tuple[int, str] | None:
        """Size and profile, which copies share; None for canaries and for scans that cannot be examined.

        Each scan is examined once: the queue asks often, and the scan may be on a network share.
        """
        if job.id not in self._statures and not job.canary:
            with contextlib.suppress(OSError):
                self._statures[job.id] = sum(each.lstat().st_size for each in job.files), profile_of(job.relative)
        return self._statures.get(job.id)

    def _search(self, job: Job, alike: list[Original]) -> Generator[None, None, str]:
        mine = yield from hashing(job.files)
        for each in alike:
            if each.sha256:
                continue
            original = original_path(self._folders, each.relative, each.outcome, each.name)
            if os.path.lexists(original):
                self._ledger.hashed(each.job, (yield from hashing(_files_of(original))))
        return mine


def write_receipt(job: Job, figures: ScanFigures) -> None:
    """Write a set into ``job.out`` that is only a receipt: ``duplicate_of`` names the earlier delivery."""
    name = figures.duplicate_of
    head = {
        "schema": receipt.SCHEMA,
        "name": printable(job.relative.name),
        "job": job.id,
        "sha256": figures.sha256,
        "duplicate_of": name,
        "page_count": 0,
        "complete": True,
        "unreadable_pages": 0,
        "corrected": False,
        "reason": f"the same content was delivered before, as {name}; job.duplicates is set to skip such scans",
        "evaluation": False,
        "warnings": [],
        "formats": ["json"],
        "files": {},
        "versions": {"ocrwatchd": __version__},
    }
    files.make_folder(job.out)
    files.write_new(job.out / f"{STEM}{RECEIPT}", receipt.laid_out(head, ()), replace=True)


def _files_of(original: Path) -> list[Path]:
    """The files of an original, which may be a folder, in the most probable order of their pages."""
    if original.is_symlink() or not original.is_dir():
        return [original]
    return sorted(original.iterdir(), key=lambda path: natural(path.name))
