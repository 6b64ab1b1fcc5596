"""Claim scans that have arrived: write a row in the ledger, then move the scan into a folder of its own."""

from __future__ import annotations

import math
import os
import shutil
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import canary_name, crashpoints
from ocrwatchd.core.component import Component, Trouble
from ocrwatchd.core.config.profile import Output, Paper, Split
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.i18n import NOTHING, say
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.priority import AHEAD_S
from ocrwatchd.monitoring.canary.cleanup import is_page
from ocrwatchd.storage.ledger import LedgerFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.arrival.arrivals import Arrivals
    from ocrwatchd.arrival.claim import Ready
    from ocrwatchd.core.model import Job
    from ocrwatchd.daemon.completion import JobCompletion
    from ocrwatchd.dispatch.protocol import Dispatcher
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.work_folder import WorkFolder

MARK = "canary"
"""The name of an empty file in the folder of a canary's job."""

log = structlog.get_logger()


def recognise(job: Job) -> Job:
    """A claimed job, marked as a canary where it is one: such a job has no follow-up tasks.

    Whoever has sent it awaits one document under its own name, so that neither names nor cuts are as configured.

    A file in the job's folder keeps that over a restart: the scan may have left the folder by then.
    """
    mark = job.folder / MARK
    if job.members:
        return job
    if not os.path.lexists(mark):
        if job.relative.parent != Path() or not canary_name.is_name(job.relative.name) or not is_page(job.source):
            return job
        with suppress(OSError):  # after a restart it is a document then
            mark.touch()
    output = job.work.output.model_copy(update={"name": Output().name})
    plain = {"tasks": (), "output": output, "pages": Paper(), "split": Split()}
    return replace(job, canary=True, sheets=None, work=job.work.model_copy(update=plain))


class Claims(Component):
    """Takes scans out of the inbox.

    Args:
        completion: sets aside scans that must not be read; fewer scans are claimed while its jobs wait for a folder.
        give_back: returns the claimed files of a document to the inbox where others could not be claimed.
        patient: False: raise an error for a scan that cannot be claimed.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        workplace: WorkFolder,
        ledger: Ledger,
        dispatcher: Dispatcher,
        completion: JobCompletion,
        *,
        give_back: Callable[[Job], None],
        patient: bool = True,
    ) -> None:
        self._arrivals = arrivals
        self._workplace = workplace
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._completion = completion
        self._give_back = give_back
        self._trouble = NOTHING
        self._patient = patient

    def troubles(self) -> tuple[Trouble, ...]:
        return (Trouble("claim", self._trouble),)

    def tick(self, _now: float) -> None:
        """Claim as many scans as the queue has room for.

        Raises:
            OSError: without patience: a folder or the ledger fails.
            FolderUnusable: without patience: the work folder is gone.
        """
        # What waits for a folder lies in .work too: a full disk must not be filled further.
        parked = self._completion.parked
        room, least_ahead_s = max(0, self._dispatcher.room - parked), -math.inf
        if not (room or parked) and (urgent := self._dispatcher.urgent) is not None:
            room, least_ahead_s = 1, urgent * AHEAD_S
        for ready in self._arrivals.ready(room, least_ahead_s):
            try:
                self._claim(ready)
            except (OSError, FolderUnusable) as error:
                if not self._patient and not self._ledger.damaged:
                    raise
                # Nothing has moved: the file is in the inbox, and the sweep offers it again.
                self._trouble = say("a scan cannot be claimed: {reason}", reason=in_words(error))
                return  # the others would fail alike, and each wait for the ledger: the loop has to stay quick
            self._trouble = NOTHING

    def _claim(self, ready: Ready) -> None:
        job = self._workplace.new_job(ready.scan, [each.scan for each in ready.members])
        crashpoints.reached("job-made")
        stamp = ready.seen.stamp
        try:
            # The row comes first: a scan that lies in .work is always known, whatever happens in between.
            self._ledger.claimed(job.id, job.relative, ready.reason, size=stamp.size, mtime_ns=stamp.mtime_ns)
        except LedgerFault:
            shutil.rmtree(job.folder)
            raise
        crashpoints.reached("claim-recorded")
        if not self._arrivals.claim(ready, job.folder):
            if job.members:
                self._completion.take(job, partial(self._give_back, job))
                return
            if not os.path.lexists(job.source):
                job.folder.rmdir()
                self._ledger.forget(job.id)
                return
        crashpoints.reached("claimed")
        job = recognise(job)
        several = {"files": len(job.members)} if job.members else {}
        log.info("scan.claimed", job=job.id, file=str(job.relative), profile=ready.scan.profile, **several)
        if ready.reason:
            self._completion.set_aside(job, ready.reason)
        else:
            self._dispatcher.submit(job)
