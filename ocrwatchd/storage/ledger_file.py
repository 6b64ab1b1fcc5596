"""The ledger's file: make, open and check it; distinguish a damaged file from one that is in use."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any, Final

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files

LEDGER: Final = "ledger.sqlite3"
MODE: Final = 0o640

SCHEMA_VERSION: Final = 5
"""``PRAGMA user_version`` of a ledger that this version of ocrwatchd has made."""

_SCHEMA: Final = f"""
    BEGIN IMMEDIATE;
    CREATE TABLE scan (
        job          TEXT PRIMARY KEY,
        relative     BLOB NOT NULL,              -- the scan's path under the inbox, as the file system's bytes
        state        TEXT NOT NULL CHECK (state IN ('claimed', 'delivering', 'delivered', 'failed')),
        refusal      TEXT NOT NULL DEFAULT '',   -- why the arrival found it unfit to be read
        started      INTEGER NOT NULL DEFAULT 0, -- attempts started
        blamed       INTEGER NOT NULL DEFAULT 0, -- attempts in which the engine crashed or ran too long
        heeded       INTEGER NOT NULL DEFAULT 0, -- the last attempt on another machine that counted
        outcome      TEXT NOT NULL DEFAULT '',   -- 'outbox' or 'failed' once that is decided
        name         BLOB NOT NULL DEFAULT x'',  -- the free name of the original, chosen before the first file moves
        sets         TEXT NOT NULL DEFAULT '',   -- the sets in the order of their moves, as JSON
        reason       TEXT NOT NULL DEFAULT '',
        sha256       TEXT NOT NULL DEFAULT '',
        size         INTEGER,                    -- of the scan, bytes; NULL where unknown
        mtime_ns     INTEGER,                    -- of the scan; NULL where unknown
        pages        INTEGER NOT NULL DEFAULT 0,
        pages_done   INTEGER NOT NULL DEFAULT 0, -- finished pages in the work folder
        seconds      REAL NOT NULL DEFAULT 0,    -- the engine's wall time over the scan
        counts       TEXT NOT NULL DEFAULT '',   -- records.COUNTED as JSON; '' where unknown
        claimed_at   REAL NOT NULL,              -- Unix time, seconds
        ended_at     REAL,
        kept_from    REAL,                       -- Unix time from which `retention` counts
        removed_at   REAL                        -- when the original was removed by `retention`
    ) STRICT;
    CREATE INDEX scan_state ON scan (state, ended_at);
    CREATE INDEX scan_size ON scan (size);
    CREATE INDEX scan_kept ON scan (kept_from) WHERE removed_at IS NULL;
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    PRAGMA user_version = {SCHEMA_VERSION};
    COMMIT;
"""

_SHAPE: Final = (
    (
        "SELECT job, relative, state, refusal, started, blamed, outcome, name, sets, reason, sha256, pages,"
        " seconds, claimed_at, ended_at, pages_done, size, mtime_ns, kept_from, removed_at, counts,"
        " heeded FROM scan LIMIT 0"
    ),
    "SELECT name, value FROM fact LIMIT 0",
)
_COMPANIONS: Final = ("", "-wal", "-shm")
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY_CODE: Final = 0xFF


class DamagedLedger(Exception):
    """The file is no valid ledger; the message says why."""


class OutdatedLedger(DamagedLedger):
    """An older ocrwatchd wrote the file, which is sound."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, and not a lock, a full disk or an I/O error."""
    return code(error) in _DAMAGE


def connect(path: Path, patience_s: float) -> sqlite3.Connection:
    """Open and check a ledger's file, and make a missing one.

    A call waits ``patience_s`` for another process that locks the file.

    Raises:
        DamagedLedger: the content cannot be used; nothing was changed.
        FolderUnusable: the file cannot be opened now, or a newer ocrwatchd wrote it.
    """
    database = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _close_to_others(path)
        database = sqlite3.connect(path, timeout=patience_s, isolation_level=None)
        # A reason with a torn character is still a reason.
        database.text_factory = lambda content: content.decode("utf-8", "replace")
        _prepare(database, path)
    except (OSError, sqlite3.Error, DamagedLedger, FolderUnusable) as error:
        if database is not None:
            database.close()
        if isinstance(error, sqlite3.Error) and is_damage(error):
            raise DamagedLedger(str(error)) from error
        if isinstance(error, OSError | sqlite3.Error):
            raise FolderUnusable(remedy(path, error)) from error
        raise
    return database


def set_aside(path: Path, label: str) -> Path:
    """Rename a ledger's files to ``NAME.LABEL-DATE.sqlite3``; return the new name."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number = 1
    while (aside := path.with_name(f"{path.stem}.{label}-{stamp}{f'-{number}' * (number > 1)}{path.suffix}")).exists():
        number += 1
    rename(path, aside)
    return aside


def run(database: sqlite3.Connection, statement: str, values: tuple[object, ...], *, lasting: bool = True) -> list[Any]:
    """Run a statement; return its rows. Without ``lasting``, the write is synced together with the next lasting one."""
    if lasting or database.in_transaction:  # a whole transaction lasts, or nothing of it
        return database.execute(statement, values).fetchall()
    database.execute("PRAGMA synchronous = NORMAL")
    try:
        return database.execute(statement, values).fetchall()
    finally:
        database.execute("PRAGMA synchronous = FULL")


def rename(path: Path, target: Path) -> None:
    """Rename the files of a closed ledger, durably."""
    try:
        # The file itself goes last: without it, what is beside it would be taken for another ledger's.
        for companion in reversed(_COMPANIONS):
            source = path.with_name(path.name + companion)
            if source.exists():
                source.rename(target.with_name(target.name + companion))
        for folder in {target.parent, path.parent}:
            files.sync_folder(folder)
    except OSError as error:
        raise FolderUnusable(f"the ledger {path} cannot be renamed to {target.name}: {error.strerror}") from error


def _close_to_others(path: Path) -> None:
    """Hide the names of documents from other users; SQLite gives its files the ledger's mode."""
    with contextlib.suppress(FileExistsError):
        path.touch(MODE, exist_ok=False)
    for companion in _COMPANIONS:
        file = path.with_name(path.name + companion)
        # The last connection that closes removes what lies beside; another user's file is for that user to close.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            mode = file.stat().st_mode
            if stat.S_ISREG(mode) and mode & stat.S_IRWXO:
                file.chmod(stat.S_IMODE(mode) & ~stat.S_IRWXO)


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    found = database.execute("PRAGMA integrity_check(1)").fetchone()
    if found != ("ok",):
        raise DamagedLedger(str(found[0] if found else "no answer").splitlines()[-1])
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise FolderUnusable(
            f"the ledger {path} was written by a newer ocrwatchd (schema {version}, here {SCHEMA_VERSION}); "
            "install that version again, or move the file away: it is then built anew from the folders"
        )
    if 0 < version < SCHEMA_VERSION:
        raise OutdatedLedger(f"an older ocrwatchd wrote it (schema {version}, here {SCHEMA_VERSION})")
    try:
        if not version:
            database.executescript(_SCHEMA)
        for statement in _SHAPE:
            database.execute(statement)
    except sqlite3.OperationalError as error:
        if code(error) == sqlite3.SQLITE_ERROR:  # a database, but of something else
            raise DamagedLedger(str(error)) from error
        raise


def remedy(path: Path, error: OSError | sqlite3.Error) -> str:
    """Why a ledger cannot be opened now, and what to do."""
    if isinstance(error, sqlite3.Error) and code(error) in _BUSY:
        return f"the ledger {path} is locked by another program: close that one (`fuser {path}` names it)"
    return f"the ledger {path} cannot be opened: {error}; check its folder's owner and room"


def code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for other errors, such as that of a closed file."""
    return int(getattr(error, "sqlite_errorcode", 0)) & _PRIMARY_CODE
