"""Move scans that have arrived from the inbox into the folders of their jobs, and know those that cannot be moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.arrival.inbox import stamp_of
from ocrwatchd.arrival.settle import How
from ocrwatchd.core import crashpoints, systemd
from ocrwatchd.core.fs import files
from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.log import told
from ocrwatchd.core.os_errors import in_words

if TYPE_CHECKING:
    from ocrwatchd.arrival.claim import Ready
    from ocrwatchd.arrival.inbox import Inbox
    from ocrwatchd.arrival.settle import Settle

_log = structlog.get_logger(__name__)


class Claimer:
    """Claims scans; what stays in the inbox is offered again later.

    Args:
        settle: hears of each file what became of it.
        pause_s: until a file that could not be moved is offered again, seconds.
    """

    def __init__(self, settle: Settle, pause_s: float) -> None:
        self._settle = settle
        self._pause_s = pause_s
        self.stuck: dict[Path, Message] = {}
        """Files that must or had to stay in the inbox, with the reason."""

    def claim(self, inbox: Inbox, ready: Ready, job_folder: Path) -> bool:
        """Move an offered file, or the files of a document; see :meth:`ocrwatchd.arrival.arrivals.Arrivals.claim`."""
        if not ready.members:
            return self._claim(inbox, ready, job_folder, ready.scan.relative)
        for number, member in enumerate(ready.members):
            if not self._claim(inbox, member, job_folder, ready.scan.relative / member.scan.path.name):
                for other in ready.members[number + 1 :]:
                    self._settle.see(other.scan.path, How.SWEPT, other.seen.stamp)
                return False
            crashpoints.reached("member-claimed")
            systemd.notify(files.ALIVE)  # each of them is synced
        return True

    def _claim(self, inbox: Inbox, ready: Ready, job_folder: Path, place: Path) -> bool:
        path = ready.scan.path
        try:
            claimed = inbox.claim(ready.scan, ready.seen, job_folder, place)
        except OSError as error:
            name = told(str(ready.scan.relative))
            self.stuck.pop(path, None)
            _log.warning("claim.failed", file=str(ready.scan.relative), reason=error.strerror)
            self._settle.see(path, How.SWEPT, ready.seen.stamp)
            self._settle.postpone(path, self._pause_s)
            if path in self._settle:  # no more of them are held than are known
                reason = in_words(error)
                self.stuck[path] = say("{file} cannot be moved out of the inbox: {reason}", file=name, reason=reason)
            return False
        self.stuck.pop(path, None)
        if claimed:
            # What is known of the name is known of this file; a new one has its sightings still to come.
            self._settle.forget(path)
        elif stamp := stamp_of(path):
            self._settle.see(path, How.SWEPT, stamp)
        return claimed
