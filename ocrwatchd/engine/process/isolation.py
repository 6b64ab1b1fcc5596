"""What the engine process does to itself before anything else: it must not outlive its parent, nor leave traces."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path
from types import FrameType

from ocrwatchd.core.process import die_with, give_up_leases
from ocrwatchd.engine.host.limits import memory_of

OOM_SCORE = 500
"""Where memory runs out, the engine goes before the supervisor, which starts another."""


def settle_in(parent: int, scratch: Path) -> None:
    """Tie this process to its parent and keep its traces together.

    Args:
        parent: id of the process that must be the parent; where it is gone already, this process ends at once.
        scratch: the folder to work in; whatever a library drops into the current directory goes with it.
    """
    die_with(parent)
    give_up_leases()
    # A core dump would hold documents.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    os.chdir(scratch)
    try:
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
    except OSError:  # some sandboxes forbid it, and nothing depends on it
        return


class StopSignal:
    """SIGTERM and SIGINT: the one ends the process after the page in work, the other is the supervisor's business."""

    def __init__(self) -> None:
        self.asked = False
        self.at_work = False

    def listen(self) -> None:
        """Take the signals; again after each library that puts handlers of its own there, as .NET does."""
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self.at_work:
            raise SystemExit(0)


def memory_mb() -> tuple[float, float]:
    """Resident memory of this process, MiB: all of it, and the anonymous part, without files mapped such as models."""
    return memory_of(os.getpid(), "VmRSS"), memory_of(os.getpid(), "RssAnon")
