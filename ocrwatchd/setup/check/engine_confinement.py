"""Can the engine process be confined to its jobs' files here?"""

from __future__ import annotations

from ocrwatchd.core import landlock, seccomp
from ocrwatchd.setup.check.finding import Finding

_WITHOUT = "a fault of a library in the engine could reach every file that this user can reach"


def look() -> Finding:
    """One finding: by the kernel's version of Landlock, and by whether there is a filter for this machine."""
    version = landlock.abi()
    if not version:
        words = (
            f"this kernel offers no Landlock, so that {_WITHOUT}; use Linux 5.13 or later, and see that landlock "
            "stands among the modules of lsm= on its command line, and that a container's filter lets it through"
        )
        return Finding("confinement", False, words)
    sockets = "and to local sockets" if seccomp.is_known() else "but to no sockets: there is no filter for this machine"
    return Finding("confinement", True, f"the engine is confined to its files (Landlock, version {version}), {sockets}")
