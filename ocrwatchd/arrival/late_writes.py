"""Files that were claimed by copy while somebody had them open: kept until they are closed, for what is still written.

Such a file lies in ``.work/.held/JOB.SIZE.MTIME_NS/RELATIVE``: its name says what it was when it was copied, so that a
restart knows that too.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.arrival.claim import being_written, put_back
from ocrwatchd.core.component import Component
from ocrwatchd.core.fs import safe_open, tree

if TYPE_CHECKING:
    from ocrwatchd.arrival.settle import Stamp

FOLDER: Final = ".held"
LOOK_SECONDS: Final = 2.0
TROUBLE_SECONDS: Final = 60.0

_log = structlog.get_logger(__name__)


def place(job_folder: Path, relative: Path, stamp: Stamp) -> Path:
    """Where a file is kept whose copy is read.

    Args:
        job_folder: of the copy.
        relative: the file's path under the inbox.
        stamp: the file's state when it was copied.
    """
    return job_folder.parent / FOLDER / f"{job_folder.name}.{stamp.size}.{stamp.mtime_ns}" / relative


class LateWrites(Component):
    """Looks whether the files are closed: one that has changed since its copy goes back into the inbox as another scan.

    Args:
        work: the folder ``.work``.
        inbox: where scans arrive.
        mode: permissions of a sub-folder of the inbox that has gone meanwhile.
    """

    def __init__(self, work: Path, inbox: Path, mode: int) -> None:
        self._folder = work / FOLDER
        self._inbox = inbox
        self._mode = mode
        self._due = 0.0

    def next_due(self) -> float | None:
        return self._due if self._folder.is_dir() else None

    def tick(self, now: float) -> None:
        """Look at the files that are kept, where that is due."""
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
