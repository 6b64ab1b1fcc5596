"""What the daemon remembers of each scan from its claim on: SQLite, durable at every step.

Every method raises :class:`LedgerFault` where the file is locked, full or broken; the same call can be made again.
Directories are the truth; the ledger remembers what they cannot show: attempts, hashes, the name chosen for a delivery.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from ocrwatchd.errors import FolderUnusable

if TYPE_CHECKING:
    from types import TracebackType

State = Literal["claimed", "delivering", "delivered", "failed"]

MIGRATIONS = (
    """
    CREATE TABLE scan (
        job          TEXT PRIMARY KEY,
        relative     BLOB NOT NULL,              -- the scan's path under the inbox, as the file system's bytes
        state        TEXT NOT NULL CHECK (state IN ('claimed', 'delivering', 'delivered', 'failed')),
        refusal      TEXT NOT NULL DEFAULT '',   -- why the arrival found it unfit to be read
        started      INTEGER NOT NULL DEFAULT 0, -- attempts started
        blamed       INTEGER NOT NULL DEFAULT 0, -- attempts over which the engine died or overran
        outcome      TEXT NOT NULL DEFAULT '',   -- 'outbox' or 'failed' once that is decided
        name         BLOB NOT NULL DEFAULT x'',  -- the free name of the set, chosen before the first file moves
        suffixes     TEXT NOT NULL DEFAULT '',   -- the set's files in the order of their moves, separated by blanks
        reason       TEXT NOT NULL DEFAULT '',
        sha256       TEXT NOT NULL DEFAULT '',
        pages        INTEGER NOT NULL DEFAULT 0,
        seconds      REAL NOT NULL DEFAULT 0,    -- the engine's wall time over the scan
        claimed_at   REAL NOT NULL,              -- Unix time, seconds
        ended_at     REAL
    ) STRICT;
    CREATE INDEX scan_state ON scan (state, ended_at);
    """,
)
"""One script a schema version; ``PRAGMA user_version`` counts those that a file has seen."""


PATIENCE_S = 1.0
"""How long a call waits for another process that holds the file; the supervisor's loop rests meanwhile."""


class LedgerFault(OSError):
    """The ledger's file is locked, full or broken for the moment: an I/O error like that of any other folder."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A scan's row."""

    job: str
    relative: Path
    state: State
    refusal: str
    started: int
    blamed: int
    outcome: str
    name: str
    suffixes: tuple[str, ...]
    reason: str


class Ledger:
    """The open ledger; used by one thread of one daemon.

    Args:
        path: of the database file, made with its folder where missing.
        patience_s: how long a call waits for another process that holds the file, seconds.

    Raises:
        FolderUnusable: the file cannot be opened, or a newer ocrwatchd wrote it.
    """

    def __init__(self, path: Path, patience_s: float = PATIENCE_S) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=patience_s, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate(path)
        except (OSError, sqlite3.Error) as error:
            raise FolderUnusable(
                f"the ledger {path} cannot be opened: {error}; check its folder's owner and room"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def claimed(self, job: str, relative: Path, refusal: str = "") -> None:
        """Write down that a scan is claimed, before it moves; a job that is known already stays as it is.

        Args:
            job: the job's id.
            relative: the scan's path under the inbox.
            refusal: why it belongs in ``failed/`` unread, or "".
        """
        self._run(
            "INSERT INTO scan (job, relative, state, refusal, claimed_at) VALUES (?, ?, 'claimed', ?, ?)"
            " ON CONFLICT DO NOTHING",
            (job, os.fsencode(relative), refusal, time.time()),
        )

    def forget(self, job: str) -> None:
        """Strike out a claim that came to nothing: the scan is still in the inbox."""
        self._run("DELETE FROM scan WHERE job = ? AND state = 'claimed'", (job,))

    def claims(self) -> list[str]:
        """The jobs that are claimed and not on their way out."""
        return [job for (job,) in self._run("SELECT job FROM scan WHERE state = 'claimed'", ())]

    def claimed_anew(self, job: str) -> None:
        """Write down that an ended job's scan lies in the work folder again: folders are the truth."""
        self._run("UPDATE scan SET state = 'claimed', outcome = '', name = x'', suffixes = '' WHERE job = ?", (job,))

    def started(self, job: str) -> int:
        """Write down that an attempt starts, before any engine touches the file; its number, from 1."""
        row = self._run("UPDATE scan SET started = started + 1 WHERE job = ? RETURNING started", (job,))[0]
        return int(row[0])

    def blamed(self, job: str, reason: str) -> int:
        """Write down that the engine died over a scan; how often that has happened so far."""
        row = self._run(
            "UPDATE scan SET blamed = blamed + 1, reason = ? WHERE job = ? RETURNING blamed", (reason, job)
        )[0]
        return int(row[0])

    def recognised(self, job: str, *, sha256: str, pages: int, seconds: float) -> None:
        """Write down an engine's figures: the content's hash, how many pages, wall seconds."""
        self._run(
            "UPDATE scan SET sha256 = ?, pages = ?, seconds = ? WHERE job = ?",
            (sha256, pages, seconds, job),
        )

    def delivering(
        self, job: str, outcome: Literal["outbox", "failed"], name: str, suffixes: tuple[str, ...], reason: str
    ) -> None:
        """Write down where a scan goes, as which files and under which free name, before the first of them moves."""
        self._run(
            "UPDATE scan SET state = 'delivering', outcome = ?, name = ?, suffixes = ?, reason = ? WHERE job = ?",
            (outcome, os.fsencode(name), " ".join(suffixes), reason, job),
        )

    def reserved(self, outcome: Literal["outbox", "failed"], but: str) -> set[Path]:
        """The names, with their folders, of deliveries that are under way, one job's left out."""
        rows = self._run(
            "SELECT relative, name FROM scan WHERE state = 'delivering' AND outcome = ? AND job <> ?", (outcome, but)
        )
        return {Path(os.fsdecode(relative)).with_name(os.fsdecode(name)) for relative, name in rows if name}

    def ended(self, job: str) -> None:
        """Write down that a delivery is complete."""
        self._run(
            "UPDATE scan SET state = CASE outcome WHEN 'outbox' THEN 'delivered' ELSE 'failed' END, ended_at = ?"
            " WHERE job = ? AND state = 'delivering'",
            (time.time(), job),
        )

    def entry(self, job: str) -> Entry | None:
        """A job's row, or None where the ledger does not know it."""
        rows = self._run(
            "SELECT job, relative, state, refusal, started, blamed, outcome, name, suffixes, reason"
            " FROM scan WHERE job = ?",
            (job,),
        )
        if not rows:
            return None
        job, relative, state, refusal, started, blamed, outcome, name, suffixes, reason = rows[0]
        path, stem = Path(os.fsdecode(relative)), os.fsdecode(name)
        return Entry(job, path, state, refusal, started, blamed, outcome, stem, tuple(suffixes.split()), reason)

    def counts(self, since: float) -> dict[str, int]:
        """How many scans were delivered and how many failed since a Unix time."""
        rows = self._run("SELECT state, count(*) FROM scan WHERE ended_at >= ? GROUP BY state", (since,))
        return {"delivered": 0, "failed": 0} | dict(rows)

    def failures(self, most: int) -> list[tuple[str, str]]:
        """The last failed scans: name under ``failed/`` and reason, newest first."""
        rows = self._run("SELECT name, reason FROM scan WHERE state = 'failed' ORDER BY ended_at DESC LIMIT ?", (most,))
        return [(os.fsdecode(name), reason) for name, reason in rows]

    def _run(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerFault(errno.EIO, f"the ledger cannot be used: {error}") from error

    def _migrate(self, path: Path) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise FolderUnusable(
                f"the ledger {path} was written by a newer ocrwatchd (schema {version}, here {len(MIGRATIONS)}); "
                "install that version again, or move the file away"
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._db.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
