"""What has been done since the start, in numbers: for ``status`` and for the metrics."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ocrwatchd.core.attempt import ScanFigures

STAGES: Final = {
    "hash": "hash",
    "load": "load",
    "open": "open",
    "page": "recognise",
    "correct": "correct",
    "task": "task",
    "write": "write",
    "deliver": "deliver",
}
"""The stage that each step of a scan counts for; the moments between two steps count for none."""

PAGES_REMEMBERED: Final = 20
"""Over so many of the last pages it is told how long one takes."""

ENDS: Final = ("delivered", "duplicate", "failed")


class Figures:
    """Counts ends of scans and pages, and adds up the seconds of each stage.

    Attributes:
        scans: how many have ended, by how.
        seconds: wall time, by stage.
        pages: how many the engine has finished, those that it could not read included.
        unreadable: how many pages of delivered scans could not be read.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._begun: tuple[str, float] = ("", 0.0)
        self._page_begun: float | None = None
        self._took: Final[deque[float]] = deque(maxlen=PAGES_REMEMBERED)
        self.scans: Final = dict.fromkeys(ENDS, 0)
        self.seconds: Final = dict.fromkeys(STAGES.values(), 0.0)
        self.pages = 0
        self.unreadable = 0

    def step(self, name: str) -> None:
        """A step of a scan begins, and the one before it has ended; "" where nothing begins."""
        now = self._clock()
        before, since = self._begun
        if before in STAGES:
            self.seconds[STAGES[before]] += now - since
        if name == "page-done" and self._page_begun is not None:
            self.pages += 1
            self._took.append(now - self._page_begun)
        if name != "correct":  # a page's second half
            self._page_begun = now if name == "page" else None
        self._begun = (name, now)

    @property
    def doing(self) -> str:
        """The step that goes on; "" for none."""
        return self._begun[0]

    def pages_read(self, pages: int, seconds_a_page: float) -> None:
        """Another machine has finished more pages; ``seconds_a_page`` is wall time."""
        self.pages += pages
        self._took.extend([seconds_a_page] * min(pages, PAGES_REMEMBERED))

    @contextmanager
    def spent_on(self, stage: str) -> Iterator[None]:
        """Add the time that this block takes to a stage; steps of the engine go on meanwhile."""
        begun = self._clock()
        try:
            yield
        finally:
            self.seconds[stage] += self._clock() - begun

    def ended(self, how: str, figures: ScanFigures) -> None:
        """A scan has ended: ``how`` is "delivered" or "failed"."""
        self.scans["duplicate" if how == "delivered" and figures.duplicate_of else how] += 1
        self.unreadable += figures.unreadable

    @property
    def seconds_a_page(self) -> float:
        """How long one of the last pages took on average, wall seconds; 0.0 before the first."""
        return sum(self._took) / len(self._took) if self._took else 0.0
