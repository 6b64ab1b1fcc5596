"""Rights and lifetime of our processes, and the environment of their children."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_CAP_LEASE = 28
_OF_FILES = 0b1111  # CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER

_FOR_DOWNLOADS = frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})
_SECRET_NAME = re.compile(
    r".*(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|APIKEY)|(?:.*_)?KEY|.+_(?:PWD|PASS)", re.IGNORECASE
)
_SECRET_VALUE = re.compile(r"://[^/@\s]*:[^/@\s]+@")
"""A URL with a password."""


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends; if the parent has ended already, exit at once."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(0)


def give_up_leases() -> None:
    """Drop CAP_LEASE, for this thread and threads that it starts: a process that reads hostile files must not have it.

    The service has it for the supervisor. With it a process can delay every opening of a file on the machine.
    """
    _keep_capabilities(~(1 << _CAP_LEASE))


def give_back_memory() -> None:
    """Give the system the memory that the C library keeps for later: after pages of many sizes, half a gigabyte."""
    ctypes.CDLL(None).malloc_trim(0)


def give_up_all_but_files() -> None:
    """Drop every capability except those to open other users' files; root could load kernel modules."""
    _keep_capabilities(_OF_FILES)


def _keep_capabilities(kept: int) -> None:
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: capabilities 0 to 31, then those from 32 on
    if libc.capget(header, sets) == 0:
        for place in range(6):
            sets[place] &= (kept >> (32 * (place // 3))) & 0xFFFFFFFF
        libc.capset(header, sets)


def memory_bytes(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """The memory that this process may use: the machine's, or the lowest limit of its control groups (version 2).

    Args:
        groups: mount point of the control groups.
        own: the file that names this process's group (cgroups(7)).
    """
    least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        name = own.read_text(encoding="utf-8", errors="surrogateescape").partition("0::/")[2].partition("\n")[0]
    except OSError:
        name = ""
    for group in (groups / name, *(groups / name).parents):
        with suppress(OSError, ValueError):  # the root has no limit, and "max" is none
            least = min(least, int((group / "memory.max").read_text(encoding="ascii")))
    return least


def memory_budget_mb(configured: int) -> int:
    """Growth of the engine after which it is replaced between two scans, MiB.

    Args:
        configured: ``ocr.memory_mb``; 0 = a quarter of the memory that this process may use.
    """
    return configured or (memory_bytes() >> 20) // 4


def without_secrets(environment: Mapping[str, str], *, proxies: bool) -> dict[str, str]:
    """An environment without variables that are named like tokens, passwords or keys, and without URLs with passwords.

    Args:
        environment: the environment of this process.
        proxies: keep the proxies, such as ``https_proxy``, with their passwords.
    """
    return {
        name: value
        for name, value in environment.items()
        if (proxies and name.lower().endswith("_proxy"))
        or not (name in _FOR_DOWNLOADS or _SECRET_NAME.fullmatch(name) or _SECRET_VALUE.search(value))
    }
