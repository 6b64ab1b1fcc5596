"""Name and deliver a finished set by renames only, so that nobody ever sees half a file or a mixed set.

A delivery is a list of moves in a fixed order, recorded in the ledger before the first one: a restart runs the same
list again and skips completed moves. Of the set, the receipt (``NAME.json``) moves last; the original follows. A set
has one name, which was free in the outbox and the archive, or in ``failed/``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from ocrwatchd.core import crashpoints
from ocrwatchd.core.config.schema import FOLDER_NAMES
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.fs import files, safe_open, tree
from ocrwatchd.core.fs.mounts import MountGuard
from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.storage import delivery_plan, reason_note, root_folders, set_names
from ocrwatchd.storage.set_names import STATUS_PAGE, first_free, stem_and_suffix

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.core.model import Job
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.records import Entry, Goal

STEM = "document"
"""The name of the engine's files: ``document.txt``, ``document.json`` and so on."""

RECEIPT = OUTPUT_SUFFIXES["json"]
REASON = reason_note.SUFFIX
ATTEMPTS = "attempts"
"""The folder in a job's folder where workers of other machines write."""


class Outbox:
    """Delivers finished work: to the outbox and the archive, or to ``failed/``."""

    def __init__(self, folders: Folders, ledger: Ledger) -> None:
        self._folders = folders
        self._ledger = ledger
        self._gid = root_folders.group_id(folders.group)
        self.tops = [folders.path(name) for name in FOLDER_NAMES]
        self._mounts = MountGuard(self.tops)
        self._names_refused = False
        """A disk has refused a name: unusual characters are replaced until the next start."""

    def prepare(self) -> None:
        """Make missing folders; see :func:`root_folders.prepare`."""
        root_folders.prepare(self._folders)

    def deliver(self, job: Job) -> str:
        """Move the finished set of ``job.out`` to the outbox, the original to the archive; return the name of the set.

        Raises:
            OSError: a folder is missing, full or broken; nothing is lost, and the call can be repeated.
        """
        return self._finish(job, "outbox", NOTHING)

    def set_aside(self, job: Job, reason: Message) -> str:
        """Move the original to ``failed/``, beside its reason; return its name there."""
        return self._finish(job, "failed", reason)

    def resume(self, job: Job, entry: Entry) -> str:
        """Continue a delivery that the ledger knows as begun."""
        goal: Goal = "failed" if entry.outcome == "failed" else "outbox"
        return self._finish(job, goal, entry.reason)

    def archived(self, job: Job, name: str) -> tuple[Path, Path]:
        """The path of the original of a delivered set, and the archive."""
        return original_path(self._folders, job.relative, "outbox", name), self._folders.path("archive")

    def _finish(self, job: Job, goal: Goal, reason: Message) -> str:
        entry = self._ledger.entry(job.id)
        if entry is None:
            raise ValueError(f"job {job.id} is not in the ledger")
        if entry.state in {"delivered", "failed"}:
            return entry.name
        begun = entry.state == "delivering" and entry.outcome == goal
        name, suffixes = (entry.name, entry.suffixes) if begun else ("", self._suffixes(job, goal))
        place = entry.relative if begun else set_names.first_place(job.relative, plain=self._names_refused)
        while True:
            name = name or self._begin(job, place, goal, suffixes, reason)
            if goal == "failed":
                self._write_reason(job, reason, original_path(self._folders, place, goal, name))
                crashpoints.reached("reason-written")
            moves = self._moves(job, place, goal, name, suffixes)
            try:
                for source, target in moves:
                    self._move(job, source, target)
                    crashpoints.reached("moved")
            except FileExistsError:
                # Somebody took a name of the set after it was chosen: all of it gets another one.
                self._take_back(job, moves)
                name = ""
            except OSError as error:
                plainer = set_names.plainer(place) if error.errno in set_names.REFUSALS else place
                if plainer == place:
                    raise
                self._take_back(job, moves)
                name, place, self._names_refused = "", plainer, True
            else:
                return name

    def _begin(self, job: Job, place: Path, goal: Goal, suffixes: tuple[str, ...], reason: Message) -> str:
        name = self._free_name(job, place, goal)
        # The folder first: what it says is true even where the ledger is lost or behind.
        delivery_plan.write(job.folder, delivery_plan.Route(place, goal, name, suffixes, reason))
        self._ledger.delivering(job.id, goal, name, suffixes, reason, place=place)
        crashpoints.reached("delivery-recorded")
        return name

    def _suffixes(self, job: Job, goal: Goal) -> tuple[str, ...]:
        if goal == "failed":
            return (REASON,)
        if not os.path.lexists(job.out / f"{STEM}{RECEIPT}"):
            raise FileNotFoundError(errno.ENOENT, "the finished set has gone", str(job.out))
        return tuple(sorted(suffixes_in(job.out), key=lambda suffix: (suffix == RECEIPT, suffix)))

    def _moves(
        self, job: Job, place: Path, goal: Goal, name: str, suffixes: tuple[str, ...]
    ) -> list[tuple[Path, Path]]:
        made_in = job.folder if goal == "failed" else job.out
        folder = self._folders.path(goal) / place.parent
        made = [(made_in / f"{STEM}{suffix}", folder / f"{name}{suffix}") for suffix in suffixes]
        return [*made, (job.source, original_path(self._folders, place, goal, name))]

    def _move(self, job: Job, source: Path, target: Path) -> None:
        if not safe_open.lexists_strict(source):
            # Only a move of ours takes it away; where it went people may have taken it since.
            os.lstat(job.folder)  # unless all of it is away: then nothing is known to have moved
            return
        above = self._root_of(target)
        self._mounts.check(above)
        name = next(name for name in FOLDER_NAMES if self._folders.path(name) == above)
        root_folders.make(self._folders, name)
        made = tree.opened(target.parent, above, self._folders.mode(name), self._gid)
        with self._folder_of(source) as here, made as there:
            if not source.is_relative_to(job.folder / "scan"):
                self._hand_over(source, here)
            # From failed/ people take scans back, and send them again as their own.
            files.move(source, target, resume=True, own=name == "archive", source_in=here, target_in=there)

    def _take_back(self, job: Job, moves: list[tuple[Path, Path]]) -> None:
        """Undo completed moves, to choose another name; files that people have taken are theirs."""
        for source, target in moves:
            if not os.path.lexists(source) and os.path.lexists(target):
                with self._folder_of(source) as here, self._folder_of(target) as there:
                    files.move(target, source, source_in=there, target_in=here)
        note = job.folder / f"{STEM}{REASON}"  # it says the name
        with self._folder_of(note) as here, contextlib.suppress(FileNotFoundError):
            os.unlink(note.name, dir_fd=here)

    def _hand_over(self, file: Path, folder: int) -> None:
        """Set the permissions and the group of a file of the set, but not through a link."""
        opened = safe_open.open_regular(file, folder)
        try:
            os.fchmod(opened, self._folders.file_mode)
            if self._gid != -1:
                os.fchown(opened, -1, self._gid)
        finally:
            os.close(opened)

    def _folder_of(self, file: Path) -> AbstractContextManager[int]:
        return tree.opened(file.parent, self._root_of(file))

    def _root_of(self, file: Path) -> Path:
        roots = (*(self._folders.path(name) for name in FOLDER_NAMES), self._folders.work_path)
        return next(above for above in roots if file.is_relative_to(above))

    def _free_name(self, job: Job, place: Path, goal: Goal) -> str:
        # Of all our formats and tasks, not only of those done: what lies there of an earlier set would seem to be of
        # this one.
        possible = {*OUTPUT_SUFFIXES.values(), *(task.suffix for task in job.work.tasks), *self._suffixes(job, goal)}
        suffixes = (REASON,) if goal == "failed" else tuple(possible)
        beside = self._folders.path(goal) / place.parent
        reserved = self._ledger.reserved(goal, but=job.id)
        stem, own = stem_and_suffix(place.name)

        def free(name: str) -> bool:
            original = original_path(self._folders, place, goal, name)
            places = [original, *(beside / f"{name}{suffix}" for suffix in suffixes)]
            if self._folders.path("outbox") / STATUS_PAGE in places:
                return False  # also while the page does not lie there
            return place.with_name(name) not in reserved and not any(map(os.path.lexists, places))

        return first_free(stem, (*suffixes, own), free)

    def _write_reason(self, job: Job, reason: Message, original: Path) -> None:
        note = job.folder / f"{STEM}{REASON}"
        if os.path.lexists(job.source) and not os.path.lexists(note):
            path = original.relative_to(self._folders.path("failed"))
            told = reason_note.note(job.relative.name, reason, str(path), job.work.output.language)
            content = told.encode("utf-8", "replace")
            files.write_new(note, content, self._folders.file_mode, self._gid, replace=True)


def suffixes_in(out: Path) -> list[str]:
    """The suffixes of the files that the engine has written to ``out``."""
    return [entry.name.removeprefix(STEM) for entry in os.scandir(out) if entry.name.startswith(f"{STEM}.")]


def original_path(folders: Folders, relative: Path, goal: Goal, name: str) -> Path:
    """The path of a scan's original in ``archive/`` or ``failed/``, under the name of its set.

    ``relative`` is the scan's path in the ledger, which may be simpler than its path under the inbox.
    """
    folder = folders.path("archive" if goal == "outbox" else "failed") / relative.parent
    return folder / f"{name}{stem_and_suffix(relative.name)[1]}"


def clear(job: Job) -> None:
    """Remove the folder of a job whose delivery has ended.

    Raises:
        OSError: it cannot be removed, or still contains the scan.
    """
    if any(True for _ in safe_open.walk_files(job.folder / "scan")):
        raise FileExistsError(errno.EEXIST, "the scan has not been delivered", str(job.source))
    with contextlib.suppress(FileNotFoundError), tree.opened(job.folder, job.folder.parent) as held:
        # A worker that is late finds nothing there to add to, while all of it goes.
        aside = f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}"
        os.rename(ATTEMPTS, aside, src_dir_fd=held, dst_dir_fd=held)
    if os.path.lexists(job.folder):
        shutil.rmtree(job.folder)  # it follows no link, whoever exchanges what
