"""Decide whether an error concerns the whole disk or only one sub-folder, and who waits.

A full or missing disk concerns every scan: nothing more is claimed until it is back. A sub-folder that may not be
written to, or whose name a file has, concerns only its own scans: a few of them wait beside the queue, the others in
the inbox. Otherwise one sender could block the queue for ever.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ocrwatchd.core.fs.tree import Obstacle
from ocrwatchd.core.model import Job

MOST_WAITING: Final = 16
"""How many scans wait beside the queue for one place; its further scans wait in the inbox."""

_DENIED: Final = frozenset({errno.EACCES, errno.EPERM})
_OF_A_NAME: Final = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP})
_OF_A_PATH: Final = _DENIED | _OF_A_NAME | {errno.ENOTDIR, errno.EISDIR, errno.EMLINK}


class Obstacles:
    """Jobs that wait for a place that no other job needs."""

    def __init__(self, tops: Sequence[Path]) -> None:
        self._tops: Final = tops
        self._waiting: Final[dict[str, Path]] = {}
        """For each job, the sub-folder of the inbox that is concerned; an empty path: only the job itself."""

    def __len__(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    def discard(self, job: Job) -> None:
        """A job is tried again."""
        self._waiting.pop(job.id, None)

    def add(self, job: Job, error: OSError) -> bool:
        """Add a job if the error concerns only the job's own path; return False if the error concerns all jobs."""
        place = self._place(job, error)
        if place is None:
            return False
        self._waiting[job.id] = place
        return True

    @property
    def full(self) -> list[Path]:
        """Places with so many waiting jobs that further scans stay in the inbox."""
        counts = Counter(self._waiting.values())
        return [place for place, count in counts.items() if count >= MOST_WAITING and place != Path()]

    def hold(self, relative: Path) -> bool:
        """Whether a scan, given by its path under the inbox, must stay in the inbox."""
        return any(relative.is_relative_to(place) for place in self.full)

    def _place(self, job: Job, error: OSError) -> Path | None:
        if not isinstance(error, Obstacle) and error.errno not in _OF_A_PATH:
            return None
        for name in (error.filename2, error.filename):
            if (place := self._below_a_top(name)) is not None and job.relative.parent != Path():
                denied = not isinstance(error, Obstacle) and error.errno in _DENIED
                depth = len(place.parts) - denied  # where nothing may be made, the folder above is the place
                # The names under the inbox may be less plain than those that the disk takes.
                return Path(*job.relative.parent.parts[: max(1, depth)])
        return Path() if isinstance(error, Obstacle) else None

    def _below_a_top(self, name: object) -> Path | None:
        """An error's path below one of the folders; None where it is elsewhere, or the whole folder fails."""
        if not isinstance(name, str | bytes | os.PathLike):
            return None
        path = Path(os.fsdecode(name))
        for top in self._tops:
            if path != top and path.is_relative_to(top):
                return path.relative_to(top) if os.access(top, os.R_OK | os.W_OK | os.X_OK) else None
        return None
