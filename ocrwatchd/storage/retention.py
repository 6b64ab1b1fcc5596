"""``retention``: remove originals after their time.

Nothing else in ocrwatchd deletes an original, so this is careful: it removes only originals that the ledger knows as
delivered or failed, only while they are unchanged, and only while the clock can be trusted.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core.component import Component, Trouble
from ocrwatchd.core.fs import tree
from ocrwatchd.core.i18n import NOTHING, say
from ocrwatchd.core.log import told
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.storage import original_files
from ocrwatchd.storage.outbox import REASON, original_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.core.config.schema import Retention as Settings
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.original_files import Stature
    from ocrwatchd.storage.records import Goal, Original

ROUND_SECONDS = 3600.0
MOST_AT_ONCE = 50
"""Originals examined in one tick."""

DAY_S = 86_400.0
LONGEST_ABSENCE_S = 7 * DAY_S
"""After a larger step of the clock between two rounds, nothing is removed for ``TRIAL_S``."""

TRIAL_S = DAY_S
MTIME_TOLERANCE_NS = 2_000_000_000
"""Some file systems store times with a resolution of two seconds."""

CLOCK = "retention_clock"
"""The fact with the time of the last round, and the time from which the clock is trusted."""

log = structlog.get_logger()


class Retention(Component):
    """Removes originals that are due, some of them at each tick."""

    def __init__(
        self,
        folders: Folders,
        settings: Settings,
        ledger: Ledger,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folders = folders
        goals: tuple[tuple[Goal, float], ...] = (
            ("outbox", settings.archive_days),
            ("failed", settings.failed_days),
        )
        self._days = [(goal, days) for goal, days in goals if days > 0]
        self._ledger = ledger
        self._clock = clock
        self._due = 0.0
        self._put_off: set[str] = set()
        self._trouble = NOTHING

    def next_due(self) -> float | None:
        return self._due if self._days else None

    def troubles(self) -> list[Trouble]:
        return [Trouble("retention", self._trouble)]

    def tick(self, now: float) -> None:
        """Remove originals that are due; see :class:`Component` for errors."""
        if not self._days or now < self._due:
            return
        more = False
        if self._trusted():
            if not self._put_off:
                self._trouble = NOTHING
            more = sum(self._remove_some(goal, self._clock() - days * DAY_S) for goal, days in self._days) > 0
            if not more:
                self._put_off.clear()
        self._due = now if more else now + ROUND_SECONDS

    def _trusted(self) -> bool:
        now = self._clock()
        seen, trusted_from = (float(value) for value in (self._ledger.fact(CLOCK) or f"{now} {now}").split())
        if not -ROUND_SECONDS <= now - seen <= LONGEST_ABSENCE_S:
            trusted_from = now + TRIAL_S
            log.warning("retention.clock_leapt", note="nothing is removed for a day; is the machine's clock right?")
        self._ledger.note_fact(CLOCK, f"{now} {min(trusted_from, now + TRIAL_S)}")
        return now >= trusted_from

    def _remove_some(self, goal: Goal, before: float) -> bool:
        """Remove some of the originals that are due; return whether there may be more."""
        most = MOST_AT_ONCE + len(self._put_off)
        due = self._ledger.kept(goal, before, most)
        fresh = [original for original in due if original.job not in self._put_off]
        for original in fresh:
            path = original_path(self._folders, original.relative, goal, original.name)
            try:
                done = self._remove(original, goal, path)
            except OSError as error:
                self._put_off.add(original.job)
                self._trouble = say(
                    "{file} is due for removal, but cannot be removed: {reason}",
                    file=told(path.name),
                    reason=in_words(error),
                )
            else:
                if done:
                    self._ledger.removed(original.job)
                else:
                    self._put_off.add(original.job)
        return len(due) == most

    def _remove(self, original: Original, goal: Goal, path: Path) -> bool:
        """Remove an original, unless it is not what was put there; return whether that is all: else it is put off."""
        root = self._folders.path("archive" if goal == "outbox" else "failed")
        try:
            with tree.opened(path.parent, root) as folder:
                found = original_files.stature(path, folder)
                if found is None and original_files.encloses(path, folder):
                    return False
                if found is None or not _is_same(original, found):
                    log.warning("retention.left", file=str(original.relative), reason="it is not what was put there")
                    return True
                if goal == "failed":  # the note first: a kill never leaves a note alone
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(f"{original.name}{REASON}", dir_fd=folder)
                original_files.delete(path, folder)
        except FileNotFoundError:
            return True
        except tree.Obstacle as error:
            log.warning("retention.left", file=str(original.relative), reason=error.strerror)
            return True
        log.info("original.removed", file=str(original.relative), folder=root.name, name=path.name)
        return True


def _is_same(original: Original, found: Stature) -> bool:
    if original.size is None or original.mtime_ns is None:  # from before these were written down
        return not found.several
    return original.size == found.size and abs(original.mtime_ns - found.mtime_ns) < MTIME_TOLERANCE_NS
