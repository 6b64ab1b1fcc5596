"""Files that were claimed by copy while somebody had them open: kept until they are closed, for later data.

Such a file lies in ``.work/.held/JOB.SIZE.MTIME_NS/RELATIVE``. The name records the state that was copied, also for a
restart.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import structlog

from ocrwatchd.arrival.claim import being_written, put_back
from ocrwatchd.arrival.settle import Stamp
from ocrwatchd.core.component import Component
from ocrwatchd.core.fs import safe_open, tree

FOLDER: Final = ".held"
LOOK_SECONDS: Final = 2.0
TROUBLE_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)


def place(job_folder: Path, relative: Path, stamp: Stamp) -> Path:
    """Where to keep a file, given the folder of its job, its path under the inbox and its state when it was copied."""
    return job_folder.parent / FOLDER / f"{job_folder.name}.{stamp.size}.{stamp.mtime_ns}" / relative


class LateWrites(Component):
    """Returns a file that has changed since its copy to the inbox as another scan, once it is closed."""

    def __init__(self, work: Path, inbox: Path, mode: int) -> None:
        self._folder = work / FOLDER
        self._inbox = inbox
        self._mode = mode
        self._due = 0.0

    def next_due(self) -> float | None:
        return self._due if self._folder.is_dir() else None

    def tick(self, now: float) -> None:
        if now < self._due:
            return
        self._due = now + LOOK_SECONDS
        try:
            for path in list(safe_open.walk_files(self._folder)):
                self._look(path)
            if not any(True for _ in safe_open.walk_files(self._folder)):
                shutil.rmtree(self._folder, ignore_errors=True)
        except OSError as error:
            self._due = now + TROUBLE_SECONDS
            _log.warning("scan.held_open_stays", folder=str(self._folder), reason=error.strerror)

    def _look(self, path: Path) -> None:
        kept, *parts = path.relative_to(self._folder).parts
        file = safe_open.open_regular(path)
        try:
            if being_written(file):
                return
            status = os.fstat(file)
        finally:
            os.close(file)
        if kept.split(".")[1:] == [str(status.st_size), str(status.st_mtime_ns)]:
            path.unlink()
            return
        source = self._inbox / Path(*parts)
        with tree.opened(source.parent, self._inbox, self._mode) as parent:
            put_back(path, source, parent)
        note = "it was open when its copy was read; it is read as another scan"
        _log.warning("scan.written_late", file=str(Path(*parts)), note=note)
