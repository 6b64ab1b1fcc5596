"""Read the ledger while a daemon writes it: open it read-only, read it at once, close it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from ocrwatchd.core.config.schema import Folders, state_directory
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.monitoring import status
from ocrwatchd.storage import ledger_file
from ocrwatchd.storage.delivery_plan import sets_unpacked
from ocrwatchd.storage.ledger_file import LEDGER
from ocrwatchd.storage.set_names import is_plain, is_plain_path

PATIENCE_S: Final = 5.0
"""A call waits this long for another process that locks the file."""

Number = Annotated[int, Field(ge=0, le=10**9)]


class Counts(BaseModel):
    """The counts of a document, under these names in the ledger and in receipts.

    ``scored_words`` are the words with a known confidence; the ledger has their number, a receipt has none: None.
    """

    words: Number = 0
    scored_words: Number | None = None
    unreadable: Number = 0
    edits_by_reason: dict[str, Number] = {}
    refused_by_reason: dict[str, Number] = {}
    confidence: float | None = Field(None, ge=0, le=1)

    @property
    def proposed(self) -> bool:
        """Whether the model proposed anything."""
        return bool(self.edits_by_reason or self.refused_by_reason)


class Scan(NamedTuple):
    """A scan that has ended.

    Args:
        job: its id.
        place: of its set under the outbox, or ``failed/``, without suffix; of a divided stack its own path, without
            suffix; empty where another program has changed the ledger, and no file can have this path.
        delivered: False: it failed.
        ended_at: Unix time.
        pages: 0 for a copy of an earlier scan, which was not read again.
        seconds: the engine's wall time.
        counts: None where the ledger does not know them, because it was built from the folders.
    """

    job: str
    place: Path
    delivered: bool
    ended_at: float
    pages: int
    seconds: float
    counts: Counts | None
    sets: tuple[Path, ...] = ()
    """The places of all its sets; none where the ledger was built from the folders."""


def since(folders: Folders, begin: float, now: float) -> tuple[float, Iterator[Scan]]:
    """Read the scans that have ended since ``begin``, without files that people put into ``archive/``.

    Args:
        folders: of the root.
        begin: Unix time.
        now: Unix time; a later end, by a clock that was wrong, counts as now.

    Returns:
        The Unix time from which the ledger is complete, ``begin`` or later, and the scans, the oldest first.

    Raises:
        FolderUnusable: there is no ledger, or it cannot be read; the message says what to do.
    """
    path, database = _ledger(folders)
    with contextlib.closing(database):
        try:
            rows = database.execute(
                "SELECT job, relative, name, state, min(ended_at, ?) AS at, pages, seconds, counts, sets FROM scan"
                " WHERE state IN ('delivered', 'failed') AND ended_at >= ? AND kept_from IS NOT NULL ORDER BY at",
                (now, begin),
            ).fetchall()
            first = database.execute("SELECT min(ended_at) FROM scan WHERE kept_from IS NOT NULL").fetchone()[0]
        except sqlite3.Error as error:
            raise FolderUnusable(_fault(path, error)) from error
    return max(begin, min(now, now if first is None else first)), map(_scan, rows)


def _scan(row: tuple[str, bytes, bytes, str, float, int, float, str, str]) -> Scan:
    job, relative, name, state, ended_at, pages, seconds, text, told = row
    place, stem = Path(os.fsdecode(relative)), os.fsdecode(name)
    place = place.with_name(stem) if is_plain_path(place) and is_plain(stem) else Path()
    sets = tuple(each.path for each in sets_unpacked(told))
    place = sets[0] if len(sets) == 1 else place
    try:
        counts = Counts.model_validate_json(text) if text else None
    except ValidationError:  # another program has changed the ledger
        counts = None
    return Scan(job, place, state == "delivered", max(0.0, ended_at), pages, seconds, counts, sets)


def _ledger(folders: Folders) -> tuple[Path, sqlite3.Connection]:
    """Open the ledger of this root, of this user or of a service."""
    troubles: list[FolderUnusable] = []
    for root_state in status.states_of(folders):
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


def _opened(path: Path) -> sqlite3.Connection:
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
        # Without a writer there is no -wal file, and a reader without the right to write cannot create one.
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
