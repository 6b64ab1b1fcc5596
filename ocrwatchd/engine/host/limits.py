"""Watch the limits of a working engine: its silence, and its growth during one scan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.engine.host.deadlines import IN_WORDS
from ocrwatchd.engine.protocol import StepName

BUDGETS_A_SCAN: Final = 3
"""An engine that grows by more than this many budgets during one scan is ended before the machine runs out of
memory."""

LOOK_S: Final = 0.5
"""How often its memory is read during a scan, seconds."""

STANDSTILL_S: Final = 5.0
"""A check that is this late means that this process stood still, and perhaps the share or disk that the engine waits
for."""

_KIB_A_MIB = 1024

log = structlog.get_logger()


class Bounds:
    """Tells whether an engine has exceeded a limit.

    Args:
        budget_mb: growth after which the engine is replaced between two scans, MiB.
    """

    def __init__(self, clock: Callable[[], float], budget_mb: float) -> None:
        self._clock: Final = clock
        self._most_mb: Final = BUDGETS_A_SCAN * budget_mb
        self._deadline: tuple[float, Message] | None = None
        self._weighed: tuple[int, float] | None = None
        self._next_look = 0.0

    def expect(self, step: StepName, seconds: float) -> None:
        """Allow the engine to be silent for the duration of a step."""
        reason = say("the engine took longer than {seconds} s to {step}", seconds=f"{seconds:g}", step=IN_WORDS[step])
        now = self._clock()
        self._deadline = (now + seconds, reason)
        self._next_look = max(self._next_look, now)  # an earlier standstill does not count for this step

    def weigh(self, pid: int) -> None:
        """Measure its growth from now on: everything is loaded, and further memory belongs to the scan."""
        self._weighed = (pid, memory_of(pid))
        self._next_look = self._clock() + LOOK_S

    def lift(self) -> None:
        """Remove the limits: the engine is idle or has ended."""
        self._deadline = self._weighed = None

    def passed(self) -> Message:
        """Why the engine must be ended, or nothing; time in which nobody checked does not count."""
        self._excuse()
        if self._deadline is not None and self._clock() >= self._deadline[0]:
            return self._deadline[1]
        if self._weighed is None or self._clock() < self._next_look:
            return NOTHING
        pid, before_mb = self._weighed
        if memory_of(pid) - before_mb > self._most_mb:
            return say(
                "the engine took more than {size} MiB of memory; lower ocr.max_pixels or ocr.dpi, "
                "or raise ocr.memory_mb",
                size=f"{self._most_mb:.0f}",
            )
        self._next_look = self._clock() + LOOK_S
        return NOTHING

    def _excuse(self) -> None:
        if self._weighed is None or self._deadline is None:
            return
        late_s = self._clock() - self._next_look
        if late_s > STANDSTILL_S:
            log.warning("engine.excused", seconds=round(late_s), note="ocrwatchd itself stood still")
            self._deadline = (self._deadline[0] + late_s, self._deadline[1])
            self._next_look = self._clock()

    def next_due(self) -> float | None:
        dues = [self._deadline[0] if self._deadline else None, self._next_look if self._weighed else None]
        return min((due for due in dues if due is not None), default=None)


def memory_of(pid: int, *fields: str) -> float:
    """Memory of a process, MiB; 0.0 if no such process runs.

    ``fields`` of /proc/PID/status are added up; without any: anonymous memory, resident or swapped out.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    told = dict(line.split(":", 1) for line in lines)
    return sum(int(told.get(key, "0").split()[0]) for key in fields or ("RssAnon", "VmSwap")) / _KIB_A_MIB
