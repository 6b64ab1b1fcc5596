"""Change several files of a delivered set in one recorded step: all of them or none, even if the process is killed.

New files are written beside the set under hidden names, and synced. Then a record of each file before and after appears
by a rename, which commits the step. The files move, NAME.json last, and the record is deleted. The next process that
locks the set completes a recorded step, and deletes the files of a step without a record.

Other users may write in the folder, so anyone can plant a record. A record names only suffixes of this set, never a
path, and the files of a step move only within the folder: a planted record does nothing that its author could not do.
In a folder such as /tmp (sticky: nobody replaces the files of others) only records of this user count.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from ocrwatchd.cli.edits.set_folder import held
from ocrwatchd.core import crashpoints
from ocrwatchd.core.fs import tree
from ocrwatchd.core.fs.files import TEMPORARY_PREFIX
from ocrwatchd.core.fs.safe_open import lexists_strict, open_regular
from ocrwatchd.formats.output import receipt

RECORD_BYTES: Final = 1 << 16
KEY_LETTERS: Final = 16
"""Length of the hash of NAME: with NAME itself a hidden name might exceed 255 bytes."""

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FILE: Final = "no regular file"

_Suffix = Annotated[str, StringConstraints(pattern=r"^\.[A-Za-z0-9][A-Za-z0-9.-]{0,49}$")]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Change(NamedTuple):
    """A file of the set, its present content and its new one; None for no file."""

    path: Path
    before: bytes | None
    content: bytes | None


class _Move(BaseModel):
    """SHA-256 of a file of the set before and after the step; None for no file."""

    model_config = ConfigDict(strict=True, extra="forbid")

    before: _Sha256 | None
    after: _Sha256 | None


_RECORD: Final = TypeAdapter(dict[_Suffix, _Move])


class Journal:
    """Writes the files of one set. The caller holds the folder's lock.

    Args:
        path: of NAME.json; a missing file gets its permissions and group.
        folder: descriptor of its folder.
    """

    def __init__(self, path: Path, folder: int) -> None:
        self._path = path
        self._folder = folder
        self._name = path.name.removesuffix(receipt.SUFFIX)
        key = hashlib.sha256(os.fsencode(self._name)).hexdigest()[:KEY_LETTERS]
        self._hidden = f"{TEMPORARY_PREFIX}{key}"
        self._record = path.with_name(f"{self._hidden}.step")

    def pending(self) -> bool:
        """Whether a recorded step is incomplete."""
        return lexists_strict(self._record, self._folder)

    def complete(self) -> bool:
        """Complete a recorded step; delete the files of a step without a record.

        Returns:
            True if there was a recorded step.

        Raises:
            OSError: a file cannot be moved; the next call continues.
        """
        moves = self._recorded()
        self._move(moves)
        return bool(moves)

    def write(self, changes: Sequence[Change]) -> None:
        """Change files in one step, NAME.json last: all of them, or none after an error.

        All new files are complete before the first takes its name, so a full disk changes nothing.

        Raises:
            OSError: a file cannot be written.
        """
        try:
            moves = self._begin(changes)
        except OSError:
            with suppress(OSError):
                self._clear()
            raise
        try:
            self._move(moves)
        except OSError:
            done = [each for each in changes if self._sum(each.path) == _sum_of(each.content)]
            self._move(self._begin([Change(each.path, each.content, each.before) for each in done]))
            raise

    def _begin(self, changes: Sequence[Change]) -> dict[str, _Move]:
        """Write the new files, then the record."""
        moves = {}
        for path, before, content in changes:
            suffix = path.name.removeprefix(self._name)
            if content is not None:
                was = os.lstat((path if lexists_strict(path, self._folder) else self._path).name, dir_fd=self._folder)
                own = os.geteuid() == 0 or was.st_gid in {os.getegid(), *os.getgroups()}
                self._write(self._beside(suffix), content, was.st_mode & 0o777, was.st_gid if own else -1)
            moves[suffix] = _Move(before=_sum_of(before), after=_sum_of(content))
        record = self._beside("")
        self._write(record, _RECORD.dump_json(moves), stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP, -1)
        tree.sync(self._folder, self._path.parent)
        crashpoints.reached("edits-written")
        with tree.named(record, self._record):
            os.replace(record.name, self._record.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        tree.sync(self._folder, self._path.parent)
        crashpoints.reached("edits-recorded")
        return moves

    def _move(self, moves: dict[str, _Move]) -> None:
        for suffix, move in moves.items():
            path, beside = self._path.with_name(f"{self._name}{suffix}"), self._beside(suffix)
            # A file that was moved already stays, and so does a file that a person has put there since.
            if self._sum(path) == move.before != move.after:
                with tree.named(beside, path):
                    if move.after is None:
                        os.unlink(path.name, dir_fd=self._folder)
                    elif self._sum(beside) == move.after:
                        os.replace(beside.name, path.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            crashpoints.reached("edits-file-moved")
        if moves:
            tree.sync(self._folder, self._path.parent)
        self._clear()

    def _clear(self) -> None:
        """Delete the record, then all other files with the set's hidden names."""
        names = [name for name in tree.names(self._folder) if name.startswith(f"{self._hidden}.")]
        # The record first: without its files nobody could complete it.
        for name in sorted(names, key=lambda name: name != self._record.name):
            with tree.named(self._path.with_name(name)), suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._folder)
        if names:
            tree.sync(self._folder, self._path.parent)

    def _recorded(self) -> dict[str, _Move]:
        """The recorded step; empty without a record that counts."""
        try:
            opened = open_regular(self._record, self._folder)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ELOOP, errno.EINVAL}:
                raise
            return {}
        with os.fdopen(opened, "rb") as file:
            shared = os.fstat(self._folder).st_mode & stat.S_ISVTX
            if shared and os.fstat(opened).st_uid != os.geteuid():
                return {}
            try:
                return _RECORD.validate_json(file.read(RECORD_BYTES))
            except ValidationError:
                return {}

    def _beside(self, suffix: str) -> Path:
        return self._path.with_name(f"{self._hidden}{suffix}.tmp")

    def _write(self, path: Path, content: bytes, mode: int, gid: int) -> None:
        with tree.named(path):
            opened = os.open(path.name, _NEW, stat.S_IRUSR | stat.S_IWUSR, dir_fd=self._folder)
            with os.fdopen(opened, "wb") as file:
                if gid != -1:
                    os.fchown(opened, -1, gid)
                os.fchmod(opened, mode)
                file.write(content)
                file.flush()
                os.fsync(opened)

    def _sum(self, path: Path) -> str | None:
        """SHA-256 of a file in the folder; None without one."""
        try:
            return _sum_of(held(path, self._folder))
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return _NO_FILE


def _sum_of(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()
