"""What the daemon remembers of each scan from its claim on: SQLite, whatever becomes of the process.

Before a scan's files leave the work folder, and when its delivery has ended, all is synced. What comes before that may
be behind after a power cut: the scan in the work folder tells it too, or the engine finds it again.

Every method raises :class:`LedgerFault` where the file is locked, full or broken; the same call can be made again.
Directories are the truth; the ledger remembers what they cannot show: attempts, hashes, the name chosen for a delivery.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.core.i18n.wire import packed, unpacked
from ocrwatchd.storage import ledger_file
from ocrwatchd.storage.records import Entry, Original

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from ocrwatchd.storage.records import Goal

COMPLETE = "complete"
"""The fact that the ledger knows what lies in the folders; without it, it has to be built from them."""

_CAUSES = {
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.ENOENT,
    sqlite3.SQLITE_PERM: errno.EACCES,
}
"""What SQLite's primary result codes mean for the disk; all others count as an I/O error."""

PATIENCE_S = 1.0
"""How long a call waits for another process that holds the file; the supervisor's loop rests meanwhile."""


_FURTHEST_NS = (1 << 63) - 1


class LedgerFault(OSError):
    """The ledger's file is locked, full or broken for the moment: an I/O error like that of any other folder."""


class Ledger:
    """The open ledger; used by one thread of one daemon.

    Args:
        path: of the database file, made with its folder where missing.
        patience_s: how long a call waits for another process that holds the file, seconds.

    Attributes:
        path: the file.
        damaged: what is wrong with the file's content, or "" where nothing is known to be; see :meth:`replace`.
        bare: it has taken a damaged one's place, and does not know what lies in the folders yet.

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
        """Set the damaged file aside and go on with an empty one; where the old one lies now.

        Raises:
            FolderUnusable: there is no room for a new one.
            DamagedLedger: the new one is damaged as well.
        """
        self._db.close()
        aside = ledger_file.set_aside(self.path, "damaged")
        self._db = ledger_file.connect(self.path, self._patience_s)
        self.damaged, self.bare = "", True
        return aside

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write everything in this block down, or nothing of it."""
        self._run("BEGIN IMMEDIATE", ())
        try:
            yield
            self._run("COMMIT", ())
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.rollback()
            raise

    def fact(self, name: str) -> str:
        """A fact about the ledger as a whole, or "" where it is not known."""
        rows = self._run("SELECT value FROM fact WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    def note_fact(self, name: str, value: str) -> None:
        """Write a fact down."""
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
        """Write down that a scan is claimed, before it moves; a job that is known already stays as it is.

        Args:
            job: the job's id.
            relative: the scan's path under the inbox.
            refusal: why it belongs in ``failed/`` unread, if so.
            size: of the file, bytes.
            mtime_ns: the file's modification time.
        """
        self._run(
            "INSERT INTO scan (job, relative, state, refusal, size, mtime_ns, claimed_at)"
            " VALUES (?, ?, 'claimed', ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (job, os.fsencode(relative), packed(refusal), size, _storable(mtime_ns), time.time()),
            lasting=False,
        )

    def forget(self, job: str) -> None:
        """Strike out a claim that came to nothing: the scan is still in the inbox."""
        self._run("DELETE FROM scan WHERE job = ? AND state = 'claimed'", (job,))

    def lost(self, job: str) -> None:
        """Strike out a scan whose folder somebody has removed: no copy of it will be delivered, so none counts."""
        self._run("DELETE FROM scan WHERE job = ? AND state IN ('claimed', 'delivering')", (job,))

    def strike(self, job: str) -> None:
        """Strike out a scan that has ended and that nobody shall count."""
        self._run("DELETE FROM scan WHERE job = ?", (job,))

    def begun(self) -> list[str]:
        """The jobs that have not ended."""
        return [job for (job,) in self._run("SELECT job FROM scan WHERE state IN ('claimed', 'delivering')", ())]

    def claimed_anew(self, job: str) -> None:
        """Write down that an ended job's scan lies in the work folder again: folders are the truth."""
        self._run("UPDATE scan SET state = 'claimed', outcome = '', name = x'', suffixes = '' WHERE job = ?", (job,))

    def started(self, job: str) -> int:
        """Write down that an attempt starts, before any engine touches the file; its number, from 1."""
        statement = "UPDATE scan SET started = started + 1 WHERE job = ? RETURNING started"
        return self._counted(statement, (job,), lasting=False)

    def page_done(self, job: str, page: int) -> None:
        """Write down that a page is finished, and so all before it."""
        self._run("UPDATE scan SET pages_done = max(pages_done, ?) WHERE job = ?", (page, job), lasting=False)

    def blamed(self, job: str, reason: Message, attempt: int = 0) -> int:
        """Write down that the engine died over a scan; how often that has happened so far.

        Args:
            job: the job's id.
            reason: why it died.
            attempt: its number where another machine has told of it, maybe twice: it counts once. 0: this machine's.
        """
        return self._counted(
            "UPDATE scan SET blamed = blamed + (? NOT BETWEEN 1 AND heeded), heeded = max(heeded, ?), reason = ?"
            " WHERE job = ? RETURNING blamed",
            (attempt, attempt, packed(reason), job),
        )

    def recognised(
        self, job: str, *, sha256: str, pages: int, seconds: float, counts: Mapping[str, object] | None = None
    ) -> None:
        """Write down an engine's figures.

        Args:
            job: the job's id.
            sha256: of the content.
            pages: how many.
            seconds: wall time.
            counts: of :data:`ocrwatchd.storage.records.COUNTED` those that it has told; no document text.
        """
        statement = "UPDATE scan SET sha256 = ?, pages = ?, seconds = ?, counts = ? WHERE job = ?"
        self._run(statement, (sha256, pages, seconds, json.dumps(counts or {}), job), lasting=False)

    def delivering(  # noqa: PLR0913 - what a row has
        self,
        job: str,
        outcome: Goal,
        name: str,
        suffixes: tuple[str, ...],
        reason: Message,
        *,
        place: Path | None = None,
    ) -> None:
        """Write down where a scan goes, as which files and under which free name, before the first of them moves.

        Args:
            job: the job's id.
            outcome: where to.
            name: of the set.
            suffixes: of its files.
            reason: why it failed, if so.
            place: the scan's path from now on, where the disk does not take the one under the inbox.
        """
        self._run(
            "UPDATE scan SET state = 'delivering', outcome = ?, name = ?, suffixes = ?, reason = ?,"
            " relative = coalesce(?, relative) WHERE job = ?",
            (outcome, os.fsencode(name), " ".join(suffixes), packed(reason), place and os.fsencode(place), job),
        )

    def reserved(self, outcome: Goal, but: str) -> set[Path]:
        """The names, with their folders, of deliveries that are under way, one job's left out."""
        rows = self._run(
            "SELECT relative, name FROM scan WHERE state = 'delivering' AND outcome = ? AND job <> ?", (outcome, but)
        )
        return {Path(os.fsdecode(relative)).with_name(os.fsdecode(name)) for relative, name in rows if name}

    def ended(self, job: str) -> None:
        """Write down that a delivery is complete."""
        now = time.time()
        self._run(
            "UPDATE scan SET state = CASE outcome WHEN 'outbox' THEN 'delivered' ELSE 'failed' END, ended_at = ?,"
            " kept_from = ? WHERE job = ? AND state = 'delivering'",
            (now, now, job),
        )

    def adopt(self, original: Original) -> None:
        """Write down an original that was delivered or set aside before this ledger was begun."""
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
        """The scans that were delivered, or are on their way out, and that may be of this size; the oldest first."""
        return self._originals(
            # The plus keeps SQLite from going by the state, which nearly all rows share.
            "outcome = 'outbox' AND +state IN ('delivering', 'delivered') AND (size = ? OR size IS NULL)"
            " ORDER BY ended_at NULLS LAST",
            (size,),
        )

    def hashed(self, job: str, sha256: str) -> None:
        """Write down a content's hash that was not known."""
        self._run("UPDATE scan SET sha256 = ? WHERE job = ?", (sha256, job))

    def kept(self, outcome: Goal, before: float, most: int) -> list[Original]:
        """The originals that have been kept since before a Unix time and were not removed, the oldest first."""
        return self._originals(
            "removed_at IS NULL AND outcome = ? AND +state IN ('delivered', 'failed') AND kept_from < ?"
            " ORDER BY kept_from LIMIT ?",
            (outcome, before, most),
        )

    def removed(self, job: str) -> None:
        """Write down that an original is no longer kept."""
        self._run("UPDATE scan SET removed_at = ? WHERE job = ?", (time.time(), job))

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
        refused, why = unpacked(refusal), unpacked(reason)
        return Entry(job, path, state, refused, started, blamed, outcome, stem, tuple(suffixes.split()), why)

    def counts(self, since: float) -> dict[str, int]:
        """How many scans were delivered and how many failed since a Unix time."""
        rows = self._run(
            "SELECT state, count(*) FROM scan WHERE state IN ('delivered', 'failed') AND ended_at >= ? GROUP BY state",
            (since,),
        )
        return {"delivered": 0, "failed": 0} | dict(rows)

    def last_delivery(self) -> float:
        """When a scan was last delivered, Unix time; 0.0 where none ever was."""
        (last,) = self._run("SELECT max(ended_at) FROM scan WHERE state = 'delivered'", ())
        return float(last[0] or 0.0)

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
    """A time as near as SQLite's 64 bits allow: whoever uploads a file may date it as far away as he likes."""
    return None if mtime_ns is None else max(-_FURTHEST_NS, min(mtime_ns, _FURTHEST_NS))
