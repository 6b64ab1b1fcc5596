"""At the start, continue the jobs that an earlier daemon has left in ``.work``."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import crashpoints, systemd
from ocrwatchd.core.fs import safe_open
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.daemon import group_return
from ocrwatchd.daemon.claiming import recognise
from ocrwatchd.formats.input.completeness import Finding, examine
from ocrwatchd.storage import delivery_plan, outbox
from ocrwatchd.storage.outbox import RECEIPT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.core.model import Job
    from ocrwatchd.daemon.completion import JobCompletion
    from ocrwatchd.dispatch.protocol import Dispatcher
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.records import Entry
    from ocrwatchd.storage.work_folder import WorkFolder

log = structlog.get_logger()


def recover_jobs(
    workplace: WorkFolder, ledger: Ledger, completion: JobCompletion, dispatcher: Dispatcher, folders: Folders
) -> None:
    """Continue every job in the work folder; a job that cannot be continued now is retried with pauses."""
    jobs = [recognise(job) for job in workplace.left()]
    here = {job.id for job in jobs}
    for job_id in ledger.begun():
        if job_id not in here:
            ledger.lost(job_id)
    # All that is on its way out is known before any new name is chosen.
    for job in jobs:
        try:
            _catch_up(job, ledger, folders)
        except OSError as error:  # it is tried again with the job
            log.warning("job.route_unreadable", job=job.id, reason=error.strerror)
    for job in jobs:
        systemd.notify("WATCHDOG=1")  # completing deliveries may take long
        completion.take(job, partial(_take_up, job, ledger, completion, dispatcher, folders))


def reregister_jobs(workplace: WorkFolder, ledger: Ledger, folders: Folders) -> None:
    """Record the jobs of the work folder in a ledger that was rebuilt while the daemon runs; no file is moved."""
    for job in workplace.left():
        if not _catch_up(job, ledger, folders) and job.relative.name:
            _claim(job, job.relative, _refusal_of(job), ledger)


def _catch_up(job: Job, ledger: Ledger, folders: Folders) -> bool:
    """Record a delivery that only the job's folder knows; return whether there is one."""
    way = delivery_plan.read(job.folder)
    entry = ledger.entry(job.id)
    if way is None or (entry is not None and entry.state in {"delivered", "failed"} and not job.relative.name):
        return False
    if entry is None or entry.state == "claimed":
        if not _is_safe(job, way, folders):
            delivery_plan.remove(job.folder)
            return False
        _claim(job, way.relative, NOTHING, ledger)
    ledger.delivering(job.id, way.goal, way.name, way.sets, way.reason, place=way.relative)
    return True


def _is_safe(job: Job, way: delivery_plan.Route, folders: Folders) -> bool:
    """Whether the delivery can be completed: a copy of the root, made meanwhile, may lack the set."""
    if way.goal == "failed" or not job.relative.name:
        return True
    outside = folders.path("outbox")
    return all(
        os.path.lexists(job.out / f"{outbox.stem_of(number)}{RECEIPT}")
        or os.path.lexists(outside / each.folder / f"{each.name}{RECEIPT}")
        for number, each in enumerate(way.sets, 1)
    )


def _take_up(
    job: Job, ledger: Ledger, completion: JobCompletion, dispatcher: Dispatcher, folders: Folders
) -> Callable[[], None] | None:
    entry = ledger.entry(job.id)
    if (entry is None or entry.state != "delivering") and _catch_up(job, ledger, folders):
        entry = ledger.entry(job.id)
    has_scan = job.relative.name != ""
    if entry is not None and entry.state == "delivering":
        # Its set may go under a plainer path than the one where the scan lies.
        return partial(completion.resume, job if has_scan else replace(job, relative=entry.relative))
    if not has_scan:
        # A claim that ended before its rename, or a delivery that ended before it was cleared up.
        ledger.forget(job.id)
        outbox.clear(job)
        return None
    begun = _has_begun(job, entry)
    if job.members:
        if not group_return.is_whole(job, folders.path("inbox"), begun=begun):
            group_return.give_back(job, ledger, folders)
            return None
    elif not begun and group_return.is_same_file(job.source, folders.path("inbox") / job.relative):
        ledger.forget(job.id)
        job.source.unlink()
        outbox.clear(job)
        return None
    return _begin(job, entry, ledger, completion, dispatcher)


def _begin(
    job: Job, entry: Entry | None, ledger: Ledger, completion: JobCompletion, dispatcher: Dispatcher
) -> Callable[[], None]:
    if entry is None:  # a ledger that was lost: what the arrival found has to be found again
        _claim(job, job.relative, _refusal_of(job), ledger)
    elif entry.state != "claimed":
        delivery_plan.remove(job.folder)
        ledger.claimed_anew(job.id)
    log.info("job.taken_up", job=job.id, file=str(job.relative))
    crashpoints.reached("taken-up")
    known = ledger.entry(job.id)
    if known and known.refusal:
        return partial(completion.set_aside, job, known.refusal)
    return partial(dispatcher.submit, job)


def _has_begun(job: Job, entry: Entry | None) -> bool:
    """Whether an attempt has begun: then the claim was complete, and what the inbox has is another scan."""
    if entry is not None:
        return bool(entry.started)
    return any(map(safe_open.lexists_strict, (job.pages, job.folder / outbox.ATTEMPTS)))


def _claim(job: Job, relative: Path, refusal: Message, ledger: Ledger) -> None:
    size = mtime_ns = None
    if job.relative.name and (found := [path.lstat() for path in job.files if safe_open.lexists_strict(path)]):
        size, mtime_ns = sum(each.st_size for each in found), max(each.st_mtime_ns for each in found)
    ledger.claimed(job.id, relative, refusal, size=size, mtime_ns=mtime_ns)


def _refusal_of(job: Job) -> Message:
    """Why a scan must not be read (incomplete, unknown type, no permission); nothing if it may be read."""
    if job.members:  # only files that may be read become one document
        return NOTHING
    scan = job.source
    try:
        file = safe_open.open_regular(scan)
    except PermissionError:
        return say("no permission to read the file: make uploads readable for this service, then send the file again")
    try:
        examined = examine(file, scan.suffix)
    finally:
        os.close(file)
    return NOTHING if examined.finding is Finding.WHOLE or examined.readable else examined.reason
