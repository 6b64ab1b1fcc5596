"""The ``.work`` folder: one daemon at a time, one folder a job."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ocrwatchd.core.config.schema import WORK_MODE, Config, state_directory
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files, safe_open, tree
from ocrwatchd.core.fs.lock import HeldElsewhere, Lock
from ocrwatchd.core.fs.rename import is_placeholder
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import Job, Scan, Sheets, profile_of
from ocrwatchd.core.natural_order import natural
from ocrwatchd.storage import group_members, root_folders, sheet_key
from ocrwatchd.storage.group_members import Members

LOCK = "lock"
ROOT_ID = "root-id"
JOB_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9]{6}-[0-9a-f]{6}")
_ROOT_ID = re.compile(r"[0-9a-f]{16}")


def known_id(folder: Path) -> str:
    """The root's id in this work folder; "" where there is none."""
    try:
        known = (folder / ROOT_ID).read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return known if _ROOT_ID.fullmatch(known) else ""


class WorkFolder:
    """The jobs of one root, locked by one daemon from ``open`` to ``close``."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._works = config.works()
        self._path: Path = config.folders.work_path
        self._lock = Lock(self._path / LOCK)
        self._home: os.stat_result | None = None
        self._sheet_key = b""
        self.root_id = ""
        """The id of the root; it is stored in the folder and moves with the root."""

    @property
    def longest_folder(self) -> Path:
        """A folder of a job's scan; all of these paths are equally long."""
        return self._path / f"{0:08}-{0:06}-{0:06}-{0:06}" / "scan"

    def open(self) -> None:
        """Take the lock; also after the folder was removed or exchanged.

        Raises:
            FolderUnusable: another ocrwatchd holds the lock, the folder belongs to another user, the root is gone, or
                the key of separator sheets cannot be read.
            OSError: the folder cannot be made or written.
        """
        if self._home is not None:
            self._stay_at_home(self._home)
        files.make_folder(self._path, WORK_MODE)
        root_folders.shut(self._path)
        try:
            self._lock.take()
        except HeldElsewhere as holder:
            raise FolderUnusable(
                f"another ocrwatchd ({holder}) already serves {self._path.parent}; "
                "stop that one first, or give this one another folders.root"
            ) from None
        self._home = self._path.parent.stat()
        if any("sheet" in work.split.on for work in self._works.values()):
            self._sheet_key = sheet_key.read_or_make(state_directory())
        self.root_id = self._identify()

    def close(self) -> None:
        """Release the lock."""
        self._lock.free()

    def held(self) -> bool:
        """Whether the folder is still the locked one: it may have been removed or exchanged."""
        return self._lock.held()

    def has_lost(self, job: Job) -> bool:
        """Whether somebody has removed a job's folder; False while the whole work folder is missing."""
        with contextlib.suppress(OSError):  # what cannot be looked at now may still be there
            return not safe_open.lexists_strict(job.folder) and self.held()
        return False

    def _stay_at_home(self, home: os.stat_result) -> None:
        """Refuse a folder that only has the root's name, such as the mount point of a missing share."""
        parent = self._path.parent
        try:
            same = os.path.samestat(parent.stat(), home) or known_id(self._path) == self.root_id
        except OSError:
            same = False
        if not same:
            raise FolderUnusable(say("the folder {folder} is missing: mount it again, or restore it", folder=parent))

    def _identify(self) -> str:
        if known := known_id(self._path):
            return known
        chosen = self.root_id or secrets.token_hex(8)
        files.write_new(self._path / ROOT_ID, f"{chosen}\n".encode(), replace=True)
        return chosen

    def new_job(self, scan: Scan, files_of_it: Sequence[Scan] = ()) -> Job:
        """Make the folder for a scan that is about to be claimed.

        Args:
            scan: the file; of a document that comes as several files, its path.
            files_of_it: these files, all of one folder, in the order of their pages.

        Raises:
            FolderUnusable: the work folder was exchanged, and another ocrwatchd has locked the new one.
            OSError: the job's folder cannot be made.
        """
        if not self.held():
            self.open()
        now = time.time()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
        job_id = f"{stamp}-{int(now % 1 * 1e6):06d}-{secrets.token_hex(3)}"
        folder = self._path / job_id
        files.make_folder(folder)  # synced: what is moved into it must not be lost with its name
        names = tuple(each.relative.name for each in files_of_it)
        if names:
            try:
                group_members.write(folder, Members(scan.relative, files_of_it[0].relative.parent, names))
            except OSError:
                folder.rmdir()
                raise
        return self._job(folder, scan.relative, names)

    def left(self) -> Iterator[Job]:
        """The jobs from before a restart, oldest first; a job without a scan has an empty path.

        Of several files, all members are listed, also those that are not there: see :mod:`group_members`.

        Remains of an interrupted copy or rename are removed: the original is still in the inbox.

        Raises:
            OSError: a folder cannot be read, so it is unknown whether it contains a scan.
        """
        if not self.held():
            return  # the folder has gone since it was opened, and all jobs with it
        for folder in sorted(self._path.iterdir()):
            if not JOB_ID.fullmatch(folder.name) or not folder.is_dir() or folder.is_symlink():
                continue
            relative, members = _left_in(folder)
            yield self._job(folder, relative, members)

    def _job(self, folder: Path, relative: Path, members: tuple[str, ...]) -> Job:
        work = self._works.get(profile_of(relative)) or self._works[""]
        sheets = Sheets(self._works, self._sheet_key) if "sheet" in work.split.on else None
        return Job(folder.name, folder, relative, work, members=members, sheets=sheets)


def _left_in(job_folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The path of a job's scan below ``scan``, and the names of its files where these are several."""
    scan = job_folder / "scan"
    if not group_members.is_group(job_folder):
        return next(_files(scan), Path()), ()
    found = list(_files(scan))
    known = group_members.read(job_folder)
    if known is None:  # what is there, in the order that is most probable; it cannot be known whether that is all
        names = tuple(sorted((path.name for path in found if path.parent == found[0].parent), key=natural))
        return (found[0].parent, names) if found else (Path(), ())
    return known.relative if found else Path(), known.names


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder; remains of an interrupted copy or rename are removed."""
    for path in safe_open.walk_files(folder):
        if not (path.name.startswith(files.TEMPORARY_PREFIX) or is_placeholder(path.lstat())):
            yield path.relative_to(folder)
            continue
        with tree.opened(path.parent, folder) as held:
            os.unlink(path.name, dir_fd=held)
