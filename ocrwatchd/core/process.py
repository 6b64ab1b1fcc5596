"""What a process of ours does to itself: end with its parent, give up a capability."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_CAP_LEASE = 28


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
