"""What the engine process does to itself before anything else: it must not outlive its parent, nor leave traces."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

OOM_SCORE = 500
"""Where memory runs out, the engine goes before the supervisor, which starts another."""

_PR_SET_PDEATHSIG = 1
_CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_CAP_LEASE = 28
_KIB_A_MIB = 1024


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


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends; where that is gone already, it ends at once."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(0)


def give_up_leases() -> None:
    """Lose CAP_LEASE, which the service has for the supervisor: here hostile files are read.

    Who has it can make others wait who open any file of the machine. It is lost for this thread and those that it
    will start.
    """
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: capabilities 0 to 31, then those from 32 on
    if libc.capget(header, sets) == 0:
        for low in range(3):
            sets[low] &= ~(1 << _CAP_LEASE)
        libc.capset(header, sets)


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
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    resident, anonymous = (int(fields[key].split()[0]) / _KIB_A_MIB for key in ("VmRSS", "RssAnon"))
    return resident, anonymous
