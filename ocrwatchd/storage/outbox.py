"""Name and deliver a finished set by renames only, so that nobody ever sees half a file or a mixed set.

A delivery is a list of moves in a fixed order, recorded in the ledger before the first one: a restart runs the same
list again and skips completed moves. Of each set, the receipt (``NAME.json``) moves last; the original follows after
all sets of the scan. The names of all of them were free in the outbox and the archive, or in ``failed/``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocrwatchd.core import crashpoints, systemd
from ocrwatchd.core.attempt import WHOLE
from ocrwatchd.core.config.schema import FOLDER_NAMES
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.fs import files, safe_open, tree
from ocrwatchd.core.fs.mounts import MountGuard
from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.storage import delivery_plan, part_names, reason_note, root_folders, set_names
from ocrwatchd.storage.delivery_plan import Route
from ocrwatchd.storage.records import PlannedSet
from ocrwatchd.storage.set_names import STATUS_PAGE, stem_and_suffix

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from ocrwatchd.core.attempt import PartFigures
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

_MADE: Final = re.compile(rf"{STEM}(?:-([2-9]|[1-9][0-9]+))?(\..+)", re.DOTALL)


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

    def deliver(self, job: Job, parts: Sequence[PartFigures] = WHOLE) -> str:
        """Move the finished sets of ``job.out`` to the outbox, the original to the archive; return the original's name.

        ``parts`` are the documents of the scan; each has a set.

        Raises:
            OSError: a folder is missing, full or broken; nothing is lost, and the call can be repeated.
        """
        return self._finish(job, "outbox", NOTHING, parts)

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

    def _finish(self, job: Job, goal: Goal, reason: Message, parts: Sequence[PartFigures] = WHOLE) -> str:
        entry = self._ledger.entry(job.id)
        if entry is None:
            raise ValueError(f"job {job.id} is not in the ledger")
        if entry.state in {"delivered", "failed"}:
            return entry.name
        begun = entry.state == "delivering" and entry.outcome == goal
        wanted = (
            Route(entry.relative, goal, entry.name, entry.sets, reason)
            if begun
            else self._wanted(job, goal, reason, parts)
        )
        while True:
            plan = wanted if wanted.name else self._begin(job, wanted)
            moves = self._moves(job, plan)
            if goal == "failed" and not (plan is wanted and os.path.lexists(moves[0][1])):  # else it has moved already
                self._write_reason(job, reason, original_path(self._folders, plan.relative, goal, plan.name))
                crashpoints.reached("reason-written")
            try:
                for source, target in moves:
                    self._move(job, source, target)
                    crashpoints.reached("moved")
                    systemd.notify(files.ALIVE)  # a stack may have thousands, and each of them is synced
            except FileExistsError:
                # Somebody took a name of the set after it was chosen: all of it gets another one.
                wanted = replace(plan, name="")
            except OSError as error:
                wanted = part_names.plainer(plan)
                if error.errno not in set_names.REFUSALS or wanted == replace(plan, name=""):
                    raise
                self._names_refused = True
            else:
                return plan.name
            self._take_back(job, moves)

    def _begin(self, job: Job, wanted: Route) -> Route:
        plan = self._with_free_names(job, wanted)
        # The folder first: what it says is true even where the ledger is lost or behind.
        delivery_plan.write(job.folder, plan)
        self._ledger.delivering(job.id, plan.goal, plan.name, plan.sets, plan.reason, place=plan.relative)
        crashpoints.reached("delivery-recorded")
        return plan

    def _wanted(self, job: Job, goal: Goal, reason: Message, parts: Sequence[PartFigures]) -> Route:
        """The delivery with the names that its sets would have if all were free; the names are not chosen yet."""
        place = set_names.first_place(job.relative, plain=self._names_refused)
        if goal == "failed":
            stem = stem_and_suffix(place.name)[0]
            return Route(place, goal, "", (PlannedSet(place.parent, stem, "", "", (REASON,)),), reason)
        made = suffixes_in(job.out)
        if not all(RECEIPT in made.get(number, ()) for number in range(1, len(parts) + 1)):
            raise FileNotFoundError(errno.ENOENT, "the finished set has gone", str(job.out))
        suffixes = [
            tuple(sorted(made[number], key=lambda suffix: (suffix == RECEIPT, suffix)))
            for number in range(1, len(parts) + 1)
        ]
        return Route(place, goal, "", part_names.wanted(job, place, parts, suffixes, self._ledger.next_number), reason)

    def _moves(self, job: Job, plan: Route) -> list[tuple[Path, Path]]:
        made_in, top = (job.folder if plan.goal == "failed" else job.out), self._folders.path(plan.goal)
        made = [
            (made_in / f"{stem_of(number)}{suffix}", top / each.folder / f"{each.name}{suffix}")
            for number, each in enumerate(plan.sets, 1)
            for suffix in each.suffixes
        ]
        original = original_path(self._folders, plan.relative, plan.goal, plan.name)
        members = [(job.source / member, original / member) for member in job.members]
        return [*made, *(members or [(job.source, original)])]

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
                systemd.notify(files.ALIVE)
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

    def _with_free_names(self, job: Job, wanted: Route) -> Route:
        """Choose a free name for the original and one for each set, all with the same number."""
        # Of all our formats and tasks, not only of those done: what lies there of an earlier set would seem to be of
        # this one.
        possible = {*OUTPUT_SUFFIXES.values(), *(task.suffix for work in job.all_works for task in work.tasks)}
        place, goal, outbox = wanted.relative, wanted.goal, self._folders.path("outbox")
        top, reserved = self._folders.path(goal), self._ledger.reserved(goal, but=job.id)
        stem, own = stem_and_suffix(place.name)
        longest = {own, *possible, *(suffix for each in wanted.sets for suffix in each.suffixes)}
        stem = set_names.with_room(stem, longest)

        def named(number: int) -> Route:
            sets = [
                replace(each, name=set_names.numbered(set_names.with_room(each.stem, longest, each.tail), number))
                for each in wanted.sets
            ]
            return replace(wanted, name=set_names.numbered(stem, number), sets=tuple(sets))

        def free(number: int) -> bool:
            plan = named(number)
            names = {place.with_name(plan.name), *(each.path for each in plan.sets)}
            places = [original_path(self._folders, place, goal, plan.name)]
            for each in plan.sets:
                suffixes = each.suffixes if goal == "failed" else possible.union(each.suffixes)
                places += [top / each.folder / f"{each.name}{suffix}" for suffix in suffixes]
            # The status page's place is taken also while the page does not lie there.
            return not names & reserved and outbox / STATUS_PAGE not in places and not any(map(os.path.lexists, places))

        return named(set_names.first_number(free))

    def _write_reason(self, job: Job, reason: Message, original: Path) -> None:
        note = job.folder / f"{STEM}{REASON}"
        if os.path.lexists(job.source) and not os.path.lexists(note):
            path = original.relative_to(self._folders.path("failed"))
            told = reason_note.note(job.relative.name, reason, str(path), job.work.output.language)
            content = told.encode("utf-8", "replace")
            files.write_new(note, content, self._folders.file_mode, self._gid, replace=True)


def stem_of(part: int) -> str:
    """The name of the engine's files of one document of a scan, by its number from 1."""
    return STEM if part == 1 else f"{STEM}-{part}"


def suffixes_in(out: Path) -> dict[int, list[str]]:
    """The suffixes of the files that the engine has written to ``out``, by the number of their document from 1."""
    found: dict[int, list[str]] = defaultdict(list)
    for made in filter(None, (_MADE.fullmatch(path.name) for path in out.iterdir())):
        found[int(made[1] or 1)].append(made[2])
    return dict(found)


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
