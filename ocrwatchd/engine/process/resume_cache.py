"""The state of interrupted scans in the engine's memory, so that they resume at once.

Without it the engine would hash a large file and read its finished pages again, for seconds, while an urgent scan may
wait. After a restart it does.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ocrwatchd.engine.process.assembly import Tally
    from ocrwatchd.gate.consistency import Memory

MOST: Final = 8
"""Number of scans whose state is kept; the oldest is dropped."""

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """The state of an interrupted scan.

    Args:
        stamp: of the file, taken before it was hashed.
        mark: of the finished pages; they do not count with another engine, model or setting.
        memory: what these pages taught the gate.
    """

    stamp: Stamp
    sha256: str
    mark: str
    tally: Tally
    memory: Memory


class ResumeCache:
    """The state of interrupted scans, by job."""

    def __init__(self) -> None:
        self._left: Final[OrderedDict[str, Left]] = OrderedDict()

    def put(self, job: str, left: Left) -> None:
        """Keep the state until the job resumes."""
        self._left[job] = left
        while len(self._left) > MOST:
            self._left.popitem(last=False)

    def take(self, job: str, stamp: Stamp) -> Left | None:
        """Return the state once; None if there is none or the file has changed."""
        left = self._left.pop(job, None)
        return left if left is not None and left.stamp == stamp else None


def stamp_of(scan: Path) -> Stamp:
    """Values that change whenever a file changes.

    Raises:
        OSError: there is no such file.
    """
    status = os.lstat(scan)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
