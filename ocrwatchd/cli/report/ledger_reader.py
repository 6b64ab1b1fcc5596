"""The ledger as a reader sees it, beside a daemon that writes: opened read-only, read in one go, and closed again."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from ocrwatchd.core.config.schema import Folders, state_directory
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.monitoring import status
from ocrwatchd.storage import ledger_file, work_folder
from ocrwatchd.storage.ledger_file import LEDGER

PATIENCE_S: Final = 5.0
"""How long a call waits for another process that holds the file."""

Number = Annotated[int, Field(ge=0, le=10**9)]


class Counts(BaseModel):
    """What was counted in a document; by these names in the ledger and in receipts."""

    words: Number = 0
    edits_by_reason: dict[str, Number] = {}
    refused_by_reason: dict[str, Number] = {}
    confidence: float | None = Field(None, ge=0, le=1)

    @property
    def proposed(self) -> bool:
        """Whether the model proposed anything."""
        return bool(self.edits_by_reason or self.refused_by_reason)


class _Counted(Counts):
    unreadable: Number = 0
    scored_words: Number | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan that has ended.

    Args:
        job: its id.
        place: of its set under the outbox, or ``failed/``, without suffix.
        delivered: False: it failed.
        ended_at: Unix time.
        pages: how many there were; 0 for a copy of an earlier one that was not read again.
        unreadable: how many of them could not be read.
        seconds: the engine's wall time.
        scored: of how many words the confidence is known; None where nobody has told, and all count.
        counts: None where the ledger does not know: it was built from the folders.
    """

    job: str
    place: Path
    delivered: bool
    ended_at: float
    pages: int
    unreadable: int
    seconds: float
    scored: int | None
    counts: Counts | None


class Remembered(NamedTuple):
    """What the ledger tells of a stretch of time.

    Args:
        begin: Unix time from which on it tells all: as asked for, or since it knows of any scan.
        scans: that have ended since, the oldest first.
    """

    begin: float
    scans: Iterator[Scan]


def since(folders: Folders, begin: float, now: float) -> Remembered:
    """What has ended since then; the ledger is closed again once this returns.

    What people themselves have put into ``archive/`` is no scan of ours.

    Args:
        folders: whose ledger it is.
        begin: Unix time.
        now: Unix time; what has a later one, by a clock that was wrong, counts as of now.

    Raises:
        FolderUnusable: there is no ledger, or it cannot be read, with what to do about it.
    """
    path, database = _ledger(folders)
    with contextlib.closing(database):
        try:
            rows = database.execute(
                "SELECT job, relative, name, state, min(ended_at, ?) AS at, pages, seconds, counts FROM scan"
                " WHERE state IN ('delivered', 'failed') AND ended_at >= ? AND kept_from IS NOT NULL ORDER BY at",
                (now, begin),
            ).fetchall()
            first = database.execute("SELECT min(ended_at) FROM scan WHERE kept_from IS NOT NULL").fetchone()[0]
        except sqlite3.Error as error:
            raise FolderUnusable(_fault(path, error)) from error
    return Remembered(max(begin, min(now, now if first is None else first)), map(_scan, rows))


def _scan(row: tuple[str, bytes, bytes, str, float, int, float, str]) -> Scan:
    job, relative, name, state, ended_at, pages, seconds, text = row
    place = Path(os.fsdecode(relative)).with_name(os.fsdecode(name))
    try:
        counts = _Counted.model_validate_json(text) if text else None
    except ValidationError:  # somebody else has written it
        counts = None
    unreadable, scored = (counts.unreadable, counts.scored_words) if counts else (0, None)
    return Scan(job, place, state == "delivered", max(0.0, ended_at), pages, unreadable, seconds, scored, counts)


def _ledger(folders: Folders) -> tuple[Path, sqlite3.Connection]:
    """The open ledger of this root: this user's, or a service's."""
    troubles: list[FolderUnusable] = []
    for root_state in _root_states(folders):
        try:
            return root_state / LEDGER, _opened(root_state / LEDGER)
        except FileNotFoundError:
            continue
        except FolderUnusable as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
    raise FolderUnusable(
        f"there is no ledger of {folders.served_path} in {state_directory()}: no daemon of this user has served it; "
        "start one with `ocrwatchd run`, name its configuration with --config, or ask as the user that it runs as"
    )


def _root_states(folders: Folders) -> Iterator[Path]:
    """The root's folders in the state directories: by its id or, where that cannot be read, by what the status says."""
    try:
        root_id = work_folder.known_id(folders.work_path)
    except OSError:
        root_id = ""
    for root_state in status.root_states():
        known = None if root_id else status.copy_in(root_state)
        if root_state.name == root_id or (known and known.root == str(folders.served_path)):
            yield root_state


def _opened(path: Path) -> sqlite3.Connection:
    """A ledger of this version.

    Raises:
        FileNotFoundError: there is none.
        FolderUnusable: it cannot be read.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
    except PermissionError as error:
        raise FolderUnusable(
            f"the ledger {path} cannot be read: {error.strerror} for this user (uid {os.geteuid()}); ask as root, or "
            "as the user that the daemon runs as"
        ) from error
    database = None
    try:
        # Where nobody writes there is no -wal file, and reading shall make none, which it could not do everywhere.
        asked = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
        database = sqlite3.connect(f"{path.absolute().as_uri()}?{asked}", uri=True, timeout=PATIENCE_S)
        database.text_factory = lambda content: content.decode("utf-8", "replace")
        _check_version(path, int(database.execute("PRAGMA user_version").fetchone()[0]))
    except (sqlite3.Error, FolderUnusable) as error:
        if database is not None:
            database.close()
        raise error if isinstance(error, FolderUnusable) else FolderUnusable(_fault(path, error)) from error
    return database


def _check_version(path: Path, version: int) -> None:
    if version != ledger_file.SCHEMA_VERSION:
        raise FolderUnusable(
            f"the ledger {path} was written by another version of ocrwatchd (schema {version}, here "
            f"{ledger_file.SCHEMA_VERSION}); run the report with the version of the daemon, or restart the daemon"
        )


def _fault(path: Path, error: sqlite3.Error) -> str:
    if ledger_file.is_damage(error) or ledger_file.code(error) == sqlite3.SQLITE_ERROR:
        return f"the ledger {path} is damaged ({error}): a daemon that starts sets it aside and builds it anew"
    return ledger_file.remedy(path, error)
