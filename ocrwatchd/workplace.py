"""The ``.work`` folder: one daemon at a time, one folder a job."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from typing import TYPE_CHECKING

from ocrwatchd import files
from ocrwatchd.errors import FolderUnusable
from ocrwatchd.model import Job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocrwatchd.config import Config
    from ocrwatchd.model import Scan

LOCK = "lock"
JOB_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{6}-[0-9a-f]{6}")


class Workplace:
    """The jobs of one root, held by one daemon from ``open`` to ``close``.

    Args:
        config: names the folder and the profiles' settings.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._path: Path = config.folders.work_path
        self._lock = -1

    def open(self) -> None:
        """Take the lock.

        Raises:
            FolderUnusable: another ocrwatchd holds it.
            OSError: the folder cannot be made or written.
        """
        files.make_folder(self._path, self._config.folders.folder_mode)
        lock = os.open(self._path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise FolderUnusable(
                f"another ocrwatchd (process {holder}) already serves {self._path.parent}; "
                "stop that one first, or give this one another folders.root"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self.close()
        self._lock = lock

    def close(self) -> None:
        """Give the lock back."""
        if self._lock != -1:
            os.close(self._lock)
            self._lock = -1

    def held(self) -> bool:
        """Whether the lock is still the folder's: the folder may have been removed or exchanged meanwhile."""
        try:
            return self._lock != -1 and os.path.samestat((self._path / LOCK).stat(), os.fstat(self._lock))
        except FileNotFoundError:
            return False

    def new_job(self, scan: Scan) -> Job:
        """Make the folder for a scan that is about to be claimed.

        Raises:
            FolderUnusable: the work folder was exchanged, and another ocrwatchd has the new one.
            OSError: the job's folder cannot be made.
        """
        if not self.held():
            self.open()
        now = time.time()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
        job_id = f"{stamp}-{int(now % 1 * 1e6):06d}-{secrets.token_hex(3)}"
        folder = self._path / job_id
        files.make_folder(folder)  # synced: what is moved into it must not be lost with its name
        return Job(job_id, folder, scan.relative, self._config.work(scan.profile))

    def left(self) -> Iterator[Job]:
        """The jobs that lie here from before a restart, oldest first; a folder without a scan has an empty path.

        What an interrupted copy has left is removed: its original is still in the inbox.
        """
        if not self.held():
            return  # the folder has gone since it was opened, and all jobs with it
        for folder in sorted(self._path.iterdir()):
            if not JOB_ID.fullmatch(folder.name) or not folder.is_dir() or folder.is_symlink():
                continue
            relative = _only_file(folder / "scan")
            profile = relative.parts[0] if len(relative.parts) > 1 else ""
            yield Job(folder.name, folder, relative, self._config.work(profile))


def _only_file(folder: Path) -> Path:
    for parent, _folders, names in os.walk(folder):
        for name in sorted(names):
            path = type(folder)(parent, name)
            if not name.startswith(files.TEMPORARY_PREFIX):
                return path.relative_to(folder)
            path.unlink()
    return type(folder)()
