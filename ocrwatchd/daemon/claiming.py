"""Claim what has arrived: a row in the ledger, then the scan's move into a folder of its own."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import crashpoints
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.i18n import NOTHING, say
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.storage.ledger import LedgerFault

if TYPE_CHECKING:
    from ocrwatchd.arrival.arrivals import Arrivals, Ready
    from ocrwatchd.daemon.completion import JobCompletion
    from ocrwatchd.monitoring.reporter import Reporter
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.work_folder import WorkFolder

log = structlog.get_logger()


class Claims:
    """Takes scans out of the inbox.

    Args:
        arrivals: says what has arrived.
        workplace: where the scans go.
        ledger: is told before anything moves.
        endings: takes each job on.
        reporter: hears of trouble.
        patient: False: what cannot be claimed is an error.
    """

    def __init__(  # noqa: PLR0913 - each is another room
        self,
        arrivals: Arrivals,
        workplace: WorkFolder,
        ledger: Ledger,
        endings: JobCompletion,
        reporter: Reporter,
        *,
        patient: bool = True,
    ) -> None:
        self._arrivals = arrivals
        self._workplace = workplace
        self._ledger = ledger
        self._endings = endings
        self._reporter = reporter
        self._patient = patient

    def turn(self, room: int, least_ahead_s: float = -math.inf) -> None:
        """Claim up to ``room`` scans.

        Args:
            room: for how many there is a place.
            least_ahead_s: for scans that are less urgent there is none; as :meth:`Arrivals.ready`.

        Raises:
            OSError: without patience: a folder or the ledger fails.
            FolderUnusable: without patience: the work folder is gone.
        """
        for ready in self._arrivals.ready(room, least_ahead_s):
            try:
                self._claim(ready)
            except (OSError, FolderUnusable) as error:
                if not self._patient and not self._ledger.damaged:
                    raise
                # Nothing has moved: the file is in the inbox, and the sweep offers it again.
                self._reporter.trouble("claim", say("a scan cannot be claimed: {reason}", reason=in_words(error)))
                return  # the others would fail alike, and each wait for the ledger: the loop has to stay quick
            self._reporter.trouble("claim", NOTHING)

    def _claim(self, ready: Ready) -> None:
        job = self._workplace.new_job(ready.scan)
        stamp = ready.seen.stamp
        try:
            # The row comes first: a scan that lies in .work is always known, whatever happens in between.
            self._ledger.claimed(job.id, job.relative, ready.reason, size=stamp.size, mtime_ns=stamp.mtime_ns)
        except LedgerFault:
            job.folder.rmdir()
            raise
        crashpoints.reached("claim-recorded")
        if not self._arrivals.claim(ready, job.folder) and not os.path.lexists(job.source):
            job.folder.rmdir()
            self._ledger.forget(job.id)
            return
        crashpoints.reached("claimed")
        log.info("scan.claimed", job=job.id, file=str(job.relative), profile=ready.scan.profile)
        if ready.reason:
            self._endings.set_aside(job, ready.reason)
        else:
            self._endings.again(job)
