"""Can the engine process be confined to its jobs' files here?"""

from __future__ import annotations

from ocrwatchd.core import landlock, seccomp
from ocrwatchd.setup.check.finding import Finding

_WITHOUT = "an attacker who takes the engine over can reach every file that this user can reach"


def look() -> Finding:
    """One finding: the kernel's version of Landlock, and whether there is a filter of system calls for this machine."""
    version = landlock.abi()
    if not version:
        words = (
            f"this kernel offers no Landlock: {_WITHOUT}; use Linux 5.13 or later, add landlock to lsm= on the "
            "kernel's command line, and let the filter of a container allow Landlock"
        )
        return Finding("confinement", False, words)
    sockets = "and to local sockets" if seccomp.is_known() else "but to no sockets: there is no filter for this machine"
    return Finding("confinement", True, f"the engine is confined to its files (Landlock, version {version}), {sockets}")
