"""Take up, at the start, the jobs that an earlier daemon has left in ``.work``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import structlog

from ocrwatchd import files, outbox, steps
from ocrwatchd.arrival.complete import Finding, examine
from ocrwatchd.model import Job

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.endings import Endings
    from ocrwatchd.ledger import Entry, Ledger
    from ocrwatchd.workplace import Workplace

log = structlog.get_logger()


def take_up(workplace: Workplace, ledger: Ledger, endings: Endings, inbox: Path) -> None:
    """Let every job that lies here go on where it was; one that cannot be taken up now stays for the next start.

    Args:
        workplace: where the jobs lie.
        ledger: what is known of them.
        endings: takes each of them on.
        inbox: where a claim that came to nothing has left its scan.
    """
    here = set()
    for job in workplace.left():
        here.add(job.id)
        try:
            _take_up(job, ledger, endings, inbox)
        except OSError as error:
            log.error("job.not_taken_up", job=job.id, file=str(job.relative), reason=error.strerror)  # noqa: TRY400
    for job_id in ledger.claims():
        if job_id not in here:
            ledger.forget(job_id)


def _take_up(job: Job, ledger: Ledger, endings: Endings, inbox: Path) -> None:
    entry = ledger.entry(job.id)
    has_scan = job.relative.name != ""
    if entry is not None and entry.state == "delivering":
        endings.resume(Job(job.id, job.folder, entry.relative, job.work))
    elif not has_scan:
        # A claim that ended before its rename, or a delivery that ended before it was cleared up.
        ledger.forget(job.id)
        outbox.clear(job)
    elif _is_copied_twice(job, entry, inbox):
        ledger.forget(job.id)
        job.source.unlink()
        outbox.clear(job)
    else:
        _begin(job, entry, ledger, endings)


def _begin(job: Job, entry: Entry | None, ledger: Ledger, endings: Endings) -> None:
    steps.reached("taken-up")
    log.info("job.taken_up", job=job.id, file=str(job.relative))
    if entry is None:  # a ledger that was lost: what the arrival found has to be found again
        ledger.claimed(job.id, job.relative, _refusal_of(job.source))
    elif entry.state != "claimed":
        ledger.claimed_anew(job.id)
    known = ledger.entry(job.id)
    if known is not None and known.refusal:
        endings.set_aside(job, known.refusal)
    else:
        endings.again(job)


def _is_copied_twice(job: Job, entry: Entry | None, inbox: Path) -> bool:
    """A claim by copy that ended before the inbox's name went: the inbox has the same file, and nothing has begun."""
    original = inbox / job.relative
    if entry is None or entry.started or not os.path.lexists(original):
        return False
    theirs, ours = os.lstat(original), os.lstat(job.source)
    return theirs.st_mtime_ns == ours.st_mtime_ns and files.equal(job.source, original)


def _refusal_of(scan: Path) -> str:
    """Why a scan should not be read: it is not whole, or of no known type; or ""."""
    file = files.open_regular(scan)
    try:
        examined = examine(file, scan.suffix)
    finally:
        os.close(file)
    return "" if examined.finding is Finding.WHOLE else examined.reason
