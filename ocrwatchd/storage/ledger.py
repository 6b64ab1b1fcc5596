"""The daemon's record of each scan since its claim, in SQLite.

Before a scan's files leave the work folder, and after its delivery, all is synced. Earlier writes may be lost in a
power cut: the work folder has the same information, or the engine finds it again.

Every method raises :class:`LedgerFault` where the file is locked, full or broken; the call can be repeated. The folders
are the truth; the ledger records what they cannot show: attempts, hashes, the chosen name of a delivery.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ocrwatchd.core.i18n import NOTHING, Message, packed
from ocrwatchd.core.i18n.wire import unpacked
from ocrwatchd.storage import ledger_file
from ocrwatchd.storage.delivery_plan import sets_packed, sets_unpacked
from ocrwatchd.storage.records import Entry, Goal, Original, PlannedSet

COUNTER = "counter"
"""The fact with the last running number."""

COMPLETE = "complete"
"""The fact that the ledger was built from the folders."""

_CAUSES = {
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.ENOENT,
    sqlite3.SQLITE_PERM: errno.EACCES,
}
"""The errno of SQLite's primary result codes; all others count as an I/O error."""

PATIENCE_S = 1.0
"""How long a call waits for another process that locks the file; the loop waits too."""


_FURTHEST_NS = (1 << 63) - 1


class LedgerFault(OSError):
    """The ledger's file is locked, full or broken now: an I/O error like that of any other folder."""


class Ledger:
    """The open ledger; used by one thread of one daemon.

    Attributes:
        path: the file.
        damaged: what is wrong with the content, or ""; see :meth:`replace`.
        bare: it has replaced a damaged ledger and does not know the folders yet.

    Raises:
        FolderUnusable: the file cannot be opened now, or a newer ocrwatchd wrote it.
        DamagedLedger: its content cannot be used.
    """

    def __init__(self, path: Path, patience_s: float = PATIENCE_S) -> None:
        self.path = path
        self.damaged = ""
        self.bare = False
        self._patience_s = patience_s
        self._db = ledger_file.connect(path, patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def replace(self) -> Path:
        """Set the damaged file aside and continue with an empty one; return the new path of the old file.

        Raises:
            FolderUnusable: no new one can be made.
            DamagedLedger: the new one is damaged too.
        """
        self._db.close()
        aside = ledger_file.set_aside(self.path, "damaged")
        self._db = ledger_file.connect(self.path, self._patience_s)
        self.damaged, self.bare = "", True
        return aside

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """A transaction."""
        self._run("BEGIN IMMEDIATE", ())
        try:
            yield
            self._run("COMMIT", ())
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.rollback()
            raise

    def fact(self, name: str) -> str:
        """A fact about the whole ledger, or ""."""
        rows = self._run("SELECT value FROM fact WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    def note_fact(self, name: str, value: str) -> None:
        """Record a fact."""
        self._run(
            "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
        )

    def claimed(
        self,
        job: str,
        relative: Path,
        refusal: Message = NOTHING,
        *,
        size: int | None = None,
        mtime_ns: int | None = None,
    ) -> None:
        """Record a claim, before the scan moves; a known job stays unchanged.

        ``refusal`` says why the scan belongs in ``failed/`` unread; size in bytes and modification time are the file's.
        """
        self._run(
            "INSERT INTO scan (job, relative, state, refusal, size, mtime_ns, claimed_at)"
            " VALUES (?, ?, 'claimed', ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (job, os.fsencode(relative), packed(refusal), size, _storable(mtime_ns), time.time()),
            lasting=False,
        )

    def forget(self, job: str) -> None:
        """Delete a claim that failed: the scan is still in the inbox."""
        self._run("DELETE FROM scan WHERE job = ? AND state = 'claimed'", (job,))

    def lost(self, job: str) -> None:
        """Delete a scan whose folder somebody has removed: it will not be delivered."""
        self._run("DELETE FROM scan WHERE job = ? AND state IN ('claimed', 'delivering')", (job,))

    def strike(self, job: str) -> None:
        """Delete an ended scan that must not be counted."""
        self._run("DELETE FROM scan WHERE job = ?", (job,))

    def begun(self) -> list[str]:
        """The jobs that have not ended."""
        return [job for (job,) in self._run("SELECT job FROM scan WHERE state IN ('claimed', 'delivering')", ())]

    def claimed_anew(self, job: str) -> None:
        """Record that the scan of an ended job is in the work folder again."""
        self._run("UPDATE scan SET state = 'claimed', outcome = '', name = x'', sets = '' WHERE job = ?", (job,))

    def started(self, job: str) -> int:
        """Record the start of an attempt, before any engine touches the file; return its number, from 1."""
        statement = "UPDATE scan SET started = started + 1 WHERE job = ? RETURNING started"
        return self._counted(statement, (job,), lasting=False)

    def page_done(self, job: str, page: int) -> None:
        """Record that this page and all pages before it are finished."""
        self._run("UPDATE scan SET pages_done = max(pages_done, ?) WHERE job = ?", (page, job), lasting=False)

    def blamed(self, job: str, reason: Message, attempt: int = 0) -> int:
        """Record that the engine died over a scan; return how often that has happened.

        An attempt on another machine may be reported twice: its number makes it count once. Number 0 is this machine's.
        """
        return self._counted(
            "UPDATE scan SET blamed = blamed + (? NOT BETWEEN 1 AND heeded), heeded = max(heeded, ?), reason = ?"
            " WHERE job = ? RETURNING blamed",
            (attempt, attempt, packed(reason), job),
        )

    def recognised(
        self, job: str, *, sha256: str, pages: int, seconds: float, counts: Mapping[str, object] | None = None
    ) -> None:
        """Record the figures of the engine; ``counts`` has those of :data:`ocrwatchd.storage.records.COUNTED`."""
        statement = "UPDATE scan SET sha256 = ?, pages = ?, seconds = ?, counts = ? WHERE job = ?"
        self._run(statement, (sha256, pages, seconds, json.dumps(counts or {}), job), lasting=False)

    def delivering(
        self,
        job: str,
        outcome: Goal,
        name: str,
        sets: Sequence[PlannedSet],
        reason: Message,
        *,
        place: Path | None = None,
    ) -> None:
        """Record the goal, sets and free names of a delivery, before the first file moves."""
        self._run(
            "UPDATE scan SET state = 'delivering', outcome = ?, name = ?, sets = ?, reason = ?,"
            " relative = coalesce(?, relative) WHERE job = ?",
            (outcome, os.fsencode(name), sets_packed(sets), packed(reason), place and os.fsencode(place), job),
        )

    def reserved(self, outcome: Goal, but: str) -> set[Path]:
        """The names, with their folders, of the deliveries of other jobs that are under way."""
        rows = self._run(
            "SELECT relative, name, sets FROM scan WHERE state = 'delivering' AND outcome = ? AND job <> ?",
            (outcome, but),
        )
        originals = {Path(os.fsdecode(relative)).with_name(os.fsdecode(name)) for relative, name, _ in rows if name}
        return originals.union(planned.path for *_, sets in rows for planned in sets_unpacked(sets))

    def next_number(self) -> int:
        """The next of the running numbers that names of sets may hold, from 1."""
        number = int(self.fact(COUNTER) or 0) + 1
        self.note_fact(COUNTER, str(number))
        return number

    def ended(self, job: str) -> None:
        """Record that a delivery is complete."""
        now = time.time()
        self._run(
            "UPDATE scan SET state = CASE outcome WHEN 'outbox' THEN 'delivered' ELSE 'failed' END, ended_at = ?,"
            " kept_from = ? WHERE job = ? AND state = 'delivering'",
            (now, now, job),
        )

    def adopt(self, original: Original) -> None:
        """Record an original that was delivered or set aside before this ledger was made."""
        self._run(
            "INSERT INTO scan (job, relative, state, outcome, name, reason, sha256, size, mtime_ns, claimed_at,"
            " ended_at, kept_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                original.job,
                os.fsencode(original.relative),
                "delivered" if original.outcome == "outbox" else "failed",
                original.outcome,
                os.fsencode(original.name),
                packed(original.reason),
                original.sha256,
                original.size,
                _storable(original.mtime_ns),
                original.ended_at,
                original.ended_at,
                # How long it has been kept is not known: the time to keep it begins anew.
                time.time() if original.ours else None,
            ),
        )

    def alike(self, size: int) -> list[Original]:
        """The delivered scans that may have this size, the oldest first; also those being delivered."""
        return self._originals(
            # The plus keeps SQLite from going by the state, which nearly all rows share.
            "outcome = 'outbox' AND +state IN ('delivering', 'delivered') AND (size = ? OR size IS NULL)"
            " ORDER BY ended_at NULLS LAST",
            (size,),
        )

    def hashed(self, job: str, sha256: str) -> None:
        """Record the hash of a content."""
        self._run("UPDATE scan SET sha256 = ? WHERE job = ?", (sha256, job))

    def kept(self, outcome: Goal, before: float, most: int) -> list[Original]:
        """The originals that have been kept since before a Unix time, the oldest first."""
        return self._originals(
            "removed_at IS NULL AND outcome = ? AND +state IN ('delivered', 'failed') AND kept_from < ?"
            " ORDER BY kept_from LIMIT ?",
            (outcome, before, most),
        )

    def removed(self, job: str) -> None:
        """Record that an original was removed."""
        self._run("UPDATE scan SET removed_at = ? WHERE job = ?", (time.time(), job))

    def entry(self, job: str) -> Entry | None:
        """The row of a job, or None."""
        rows = self._run(
            "SELECT job, relative, state, refusal, started, blamed, outcome, name, sets, reason"
            " FROM scan WHERE job = ?",
            (job,),
        )
        if not rows:
            return None
        job, relative, state, refusal, started, blamed, outcome, name, sets, reason = rows[0]
        path, stem = Path(os.fsdecode(relative)), os.fsdecode(name)
        refused, why = unpacked(refusal), unpacked(reason)
        return Entry(job, path, state, refused, started, blamed, outcome, stem, sets_unpacked(sets), why)

    def counts(self, since: float) -> dict[str, int]:
        """How many scans were delivered and how many failed since a Unix time."""
        rows = self._run(
            "SELECT state, count(*) FROM scan WHERE state IN ('delivered', 'failed') AND ended_at >= ? GROUP BY state",
            (since,),
        )
        return {"delivered": 0, "failed": 0} | dict(rows)

    def last_delivery(self) -> float:
        """The Unix time of the last delivery, of the past; 0.0 without one."""
        # A delivery of the future was recorded under a wrong clock, or its row is damaged.
        statement = "SELECT max(ended_at) FROM scan WHERE state = 'delivered' AND ended_at <= ?"
        (last,) = self._run(statement, (time.time(),))
        return max(0.0, last[0] or 0.0)

    def failures(self, most: int) -> list[tuple[Path, str, Message]]:
        """The last failed scans: path under the inbox, name under ``failed/`` and reason, newest first."""
        rows = self._run(
            "SELECT relative, name, reason FROM scan WHERE state = 'failed' ORDER BY ended_at DESC LIMIT ?", (most,)
        )
        return [(Path(os.fsdecode(relative)), os.fsdecode(name), unpacked(reason)) for relative, name, reason in rows]

    def _counted(self, statement: str, values: tuple[object, ...], *, lasting: bool = True) -> int:
        if not (rows := self._run(statement, values, lasting=lasting)):
            raise LedgerFault(errno.ENOENT, "the ledger cannot be used: it does not know a scan that is in work")
        return int(rows[0][0])

    def _originals(self, condition: str, values: tuple[object, ...]) -> list[Original]:
        rows = self._run(
            "SELECT job, relative, outcome, name, sha256, size, mtime_ns, ended_at FROM scan"  # noqa: S608 - see callers
            f" WHERE {condition}",
            values,
        )
        return [
            Original(job, Path(os.fsdecode(relative)), outcome, os.fsdecode(name), *rest)
            for job, relative, outcome, name, *rest in rows
        ]

    def _run(self, statement: str, values: tuple[object, ...], *, lasting: bool = True) -> list[Any]:
        try:
            return ledger_file.run(self._db, statement, values, lasting=lasting)
        except sqlite3.Error as error:
            if ledger_file.is_damage(error):
                self.damaged = str(error)
            cause = _CAUSES.get(ledger_file.code(error), errno.EIO)
            raise LedgerFault(cause, f"the ledger cannot be used: {error}", str(self.path)) from error


def _storable(mtime_ns: int | None) -> int | None:
    """The nearest time that fits SQLite: an uploaded file may have any date."""
    return None if mtime_ns is None else max(-_FURTHEST_NS, min(mtime_ns, _FURTHEST_NS))
