"""Look, now and then, whether the watch still watches and the work folder is still ours; mend what can be mended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.i18n import NOTHING
from ocrwatchd.core.os_errors import in_words

if TYPE_CHECKING:
    from ocrwatchd.arrival.arrivals import Arrivals
    from ocrwatchd.monitoring.reporter import Reporter
    from ocrwatchd.storage.work_folder import WorkFolder

HEALTH_SECONDS = 5.0

MENDING_SECONDS = 1.0
"""While something is wrong, so that a folder that is back is used at once."""

MOST_SHARE = 0.05
"""Of the time spent looking, where something stays wrong: a scan that nobody may move lies there for months, and each
folder of a large inbox costs a look. But no more seldom than where all is well."""


class Health:
    """The supervisor's look at its own ground.

    Args:
        arrivals: whose watch may die.
        workplace: whose folder may be removed or exchanged.
        reporter: is told of trouble.
    """

    def __init__(self, arrivals: Arrivals, workplace: WorkFolder, reporter: Reporter) -> None:
        self._arrivals = arrivals
        self._workplace = workplace
        self._reporter = reporter
        self._due = 0.0

    def next_due(self) -> float:
        """When ``turn`` has something to do, on the monotonic clock."""
        return self._due

    def turn(self) -> None:
        """Look, where it is due."""
        began = time.monotonic()
        if began < self._due:
            return
        wrong = self._arrivals.health()
        self._reporter.trouble("watch", wrong)
        if wrong:
            self._arrivals.mend()
        try:
            if not self._workplace.held():
                self._workplace.open()
        except (OSError, FolderUnusable) as error:
            lost = in_words(error)
        else:
            lost = NOTHING
        self._reporter.trouble("work", lost)
        now = time.monotonic()
        mending_s = min(HEALTH_SECONDS, max(MENDING_SECONDS, (now - began) / MOST_SHARE))
        self._due = now + (mending_s if wrong or lost else HEALTH_SECONDS)
