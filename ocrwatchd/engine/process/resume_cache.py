"""The state of interrupted scans in the engine's memory, so that they resume at once.

Without it the engine would hash a large file and read its finished pages again, for seconds, while an urgent scan may
wait. After a restart it does.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ocrwatchd.engine.process.documents import Documents

MOST: Final = 8
"""Number of scans whose state is kept; the oldest is dropped."""

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """The state of an interrupted scan.

    Args:
        stamp: of the files, taken before they were hashed.
        mark: of the finished pages; they do not count with another engine, model or setting.
        documents: what was made of these pages.
    """

    stamp: Stamp
    sha256: str
    mark: str
    documents: Documents


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


def stamp_of(files: Sequence[Path]) -> Stamp:
    """Values that change whenever one of the files changes.

    Raises:
        OSError: there is no such file.
    """
    found: list[int] = []
    for each in map(os.lstat, files):
        found += (each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns)
    return tuple(found)
