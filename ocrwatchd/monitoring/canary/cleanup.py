"""The daemon removes a canary's results from outbox, archive and ``failed/`` a minute later.

A canary has the known name and exactly the known bytes. A document that only has such a name is treated like any other.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import canary_name
from ocrwatchd.core.component import Component
from ocrwatchd.core.fs import safe_open, tree
from ocrwatchd.monitoring.canary import page
from ocrwatchd.storage.outbox import original_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.storage.records import Goal

GRACE_SECONDS = 60.0
"""The result stays so long for the command that waits for the result, over a network file system too."""

log = structlog.get_logger()


class Clearing(Component):
    """Clears up after canaries: those of an earlier daemon, too. Used from one thread."""

    def __init__(self, folders: Folders, clock: Callable[[], float] = time.monotonic) -> None:
        self._folders = folders
        self._clock = clock
        self._left: list[tuple[float, Path, Goal, str]] = []

    def clear_later(self, relative: Path, goal: Goal, name: str) -> None:
        """Clear away a canary that has ended, once whoever waits for its result has had time to read that."""
        self._left.append((self._clock() + GRACE_SECONDS, relative, goal, name))

    def start(self) -> None:
        """Find the results that canaries of an earlier daemon have left: in a large outbox that may take long."""
        goals: tuple[Goal, Goal] = ("outbox", "failed")
        for goal in goals:
            folder = original_path(self._folders, Path("x"), goal, "x").parent
            try:
                with tree.held(folder) as held:
                    names = [name for name in tree.names(held) if canary_name.is_name(name)]
                    found = [name for name in names if is_page(folder / name, held)]
            except OSError as error:
                log.warning("canary.not_sought", folder=str(folder), reason=error.strerror)
                continue
            for name in found:
                self.clear_later(Path(name), goal, name.removesuffix(canary_name.SUFFIX))

    def next_due(self) -> float | None:
        return self._left[0][0] if self._left else None

    def tick(self, now: float) -> None:
        """Remove the results of canaries that are due."""
        while self._left and self._left[0][0] <= now:
            _due, relative, goal, name = self._left.pop(0)
            try:
                self._clear(relative, goal, name)
            except OSError as error:  # the folder is away or read-only: once more later
                log.warning("canary.not_cleared", file=str(relative), reason=error.strerror)
                self._left.append((now + GRACE_SECONDS, relative, goal, name))

    def _clear(self, relative: Path, goal: Goal, name: str) -> None:
        original, folder = original_path(self._folders, relative, goal, name), self._folders.path(goal)
        with ExitStack() as stack:
            beside = stack.enter_context(tree.held(original.parent))
            # Held once, or what is looked at and what is removed might lie in two folders.
            held = beside if folder == original.parent else stack.enter_context(tree.held(folder))
            if not is_page(original, beside):
                return
            # In formats of other packages too: nobody else's file has a canary's name.
            for other in (each for each in tree.names(held) if each.startswith(f"{name}.")):
                if folder / other != original:
                    with suppress(FileNotFoundError):
                        os.unlink(other, dir_fd=held)
            os.unlink(original.name, dir_fd=beside)  # last: it tells whoever begins this anew


def is_page(path: Path, folder: int | None = None) -> bool:
    """Whether a file is the known page; ``folder`` is the descriptor of its folder."""
    known = page.picture()
    try:
        with os.fdopen(safe_open.open_regular(path, folder), "rb") as file:
            return file.read(len(known) + 1) == known
    except OSError:
        return False
