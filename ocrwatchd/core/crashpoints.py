"""Named steps at which a crash test can kill the process.

Only an environment variable turns this on, for one process and its engines; no configuration, scan or file name can.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

VARIABLE: Final = "OCRWATCHD_TEST_KILL_AT"
"""``STEP:N:FILE``: the process ends by SIGKILL when it reaches STEP for the N-th time, N from 1. The process makes FILE
first; if FILE exists, nothing happens, so the kill happens once."""

_wanted: Final = os.environ.get(VARIABLE)
_reached: list[str] = []


def reached(step: str) -> None:
    """Note that a step was reached; a test may kill the process in this call."""
    if _wanted is not None:
        _reached.append(step)
        _kill_at(_wanted)


def made_file() -> Path | None:
    """The file that the process makes before the kill."""
    return Path(_wanted.split(":", 2)[2]) if _wanted is not None else None


def _kill_at(wanted: str) -> None:
    step, number, file = wanted.split(":", 2)
    if _reached[-1] != step or _reached.count(step) != int(number):
        return
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
