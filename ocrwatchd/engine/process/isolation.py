"""The engine process prepares itself: it must end with its parent and leave no traces."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path
from types import FrameType

from ocrwatchd.core.process import die_with, give_up_leases
from ocrwatchd.engine.host.limits import memory_of

OOM_SCORE = 500
"""If memory runs out, the kernel kills the engine before the supervisor, which starts another engine."""


def settle_in(parent: int, scratch: Path) -> None:
    """Tie this process to its parent and keep its traces in one folder.

    Args:
        parent: id of the process that must be the parent; if it has ended, this process ends at once.
        scratch: the working directory; files that a library creates there are deleted with it.
    """
    die_with(parent)
    give_up_leases()
    # A core dump would contain documents.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    os.chdir(scratch)
    try:
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
    except OSError:  # some sandboxes forbid it; nothing depends on it
        return


class StopSignal:
    """SIGTERM ends the process after the current page; SIGINT is left to the supervisor."""

    def __init__(self) -> None:
        self.asked = False
        self.at_work = False

    def listen(self) -> None:
        """Install the handlers; again after each library that replaces them, as .NET does."""
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self.at_work:
            raise SystemExit(0)


def memory_mb() -> tuple[float, float]:
    """Resident memory of this process, MiB: all, and the anonymous part, which has no mapped files such as models."""
    return memory_of(os.getpid(), "VmRSS"), memory_of(os.getpid(), "RssAnon")
