"""What a scan that has made way leaves in the engine's memory, so that it goes on at once.

Hashing a large file and reading its finished pages again takes seconds, each time, and an urgent scan that comes
meanwhile would wait for that. After a restart it is done.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.engine.process.assembly import Tally
    from ocrwatchd.gate.consistency import Memory

MOST: Final = 8
"""So many scans leave something; of more the oldest is forgotten, and its file is hashed and its pages read again."""

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Where a scan was interrupted.

    Args:
        stamp: of its file, taken before that was hashed.
        sha256: of its content.
        mark: of its finished pages; with another engine, model or setting they do not count.
        tally: of these pages.
        memory: what they have taught.
    """

    stamp: Stamp
    sha256: str
    mark: str
    tally: Tally
    memory: Memory


class ResumeCache:
    """What was left, by job."""

    def __init__(self) -> None:
        self._left: Final[OrderedDict[str, Left]] = OrderedDict()

    def put(self, job: str, left: Left) -> None:
        """Keep it until the job goes on."""
        self._left[job] = left
        while len(self._left) > MOST:
            self._left.popitem(last=False)

    def take(self, job: str, stamp: Stamp) -> Left | None:
        """Give it back, once; None where there is nothing, or the file is no longer the same."""
        left = self._left.pop(job, None)
        return left if left is not None and left.stamp == stamp else None


def stamp_of(scan: Path) -> Stamp:
    """What changes whenever a file does.

    Raises:
        OSError: there is none.
    """
    status = os.lstat(scan)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
