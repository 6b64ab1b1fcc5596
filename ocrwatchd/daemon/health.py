"""Check regularly that the watch works and that the work folder is still ours; repair both where possible."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ocrwatchd.core.component import Component, Trouble
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.i18n import NOTHING
from ocrwatchd.core.os_errors import in_words

if TYPE_CHECKING:
    from ocrwatchd.arrival.arrivals import Arrivals
    from ocrwatchd.storage.work_folder import WorkFolder

HEALTH_SECONDS = 5.0

MENDING_SECONDS = 1.0
"""The interval while something is wrong: a folder that is back is used at once."""

MOST_SHARE = 0.05
"""The largest share of time for checks while something stays wrong: that may last for months, and a check of a large
inbox is slow. The interval never exceeds ``HEALTH_SECONDS``."""


class Health(Component):
    """Checks the watch of ``arrivals`` and the folder of ``workplace``."""

    def __init__(self, arrivals: Arrivals, workplace: WorkFolder) -> None:
        self._arrivals = arrivals
        self._workplace = workplace
        self._wrong = self._lost = NOTHING
        self._due = 0.0

    def next_due(self) -> float:
        return self._due

    def troubles(self) -> tuple[Trouble, ...]:
        return Trouble("watch", self._wrong), Trouble("work", self._lost)

    def tick(self, now: float) -> None:
        """Check, where that is due."""
        if now < self._due:
            return
        began = time.monotonic()
        self._wrong = self._arrivals.health()
        if self._wrong:
            self._arrivals.mend()
        try:
            if not self._workplace.held():
                self._workplace.open()
        except (OSError, FolderUnusable) as error:
            self._lost = in_words(error)
        else:
            self._lost = NOTHING
        ended = time.monotonic()
        mending_s = min(HEALTH_SECONDS, max(MENDING_SECONDS, (ended - began) / MOST_SHARE))
        self._due = ended + (mending_s if self._wrong or self._lost else HEALTH_SECONDS)
