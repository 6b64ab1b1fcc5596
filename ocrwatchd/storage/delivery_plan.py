"""The plan of a delivery, written into the job's folder before the first file moves.

With it, every delivery that has begun can be completed under its chosen name, even if the ledger is lost or outdated.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocrwatchd.core.fs import files, safe_open, tree
from ocrwatchd.core.i18n import NOTHING, Message, packed
from ocrwatchd.core.i18n.wire import unpacked
from ocrwatchd.storage.set_names import is_plain, is_plain_path

if TYPE_CHECKING:
    from ocrwatchd.storage.records import Goal

FILE: Final = "route.json"
FILE_MODE: Final = 0o600
MAX_BYTES: Final = 1 << 20
_SUFFIX: Final = re.compile(r"\.[^.\s]\S*")
"""The ledger stores the suffixes of a set separated by blanks."""


@dataclass(frozen=True, slots=True)
class Route:
    """A planned delivery: scan's path under the inbox, name of the set, its suffixes in the order of their moves."""

    relative: Path
    goal: Goal
    name: str
    suffixes: tuple[str, ...]
    reason: Message = NOTHING


def write(folder: Path, route: Route) -> None:
    """Write the plan into a job's folder."""
    told = {
        "relative": str(route.relative),
        "goal": route.goal,
        "name": route.name,
        "suffixes": route.suffixes,
        "reason": packed(route.reason),
    }
    files.write_new(folder / FILE, json.dumps(told, ensure_ascii=True).encode(), FILE_MODE, replace=True)


def read(folder: Path) -> Route | None:
    """The plan in a job's folder; None where there is none, or an invalid one."""
    try:
        file = safe_open.open_regular(folder / FILE)
    except FileNotFoundError:
        return None
    with os.fdopen(file, "rb") as opened:
        content = opened.read(MAX_BYTES)
    try:
        return _checked(content)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _checked(content: bytes) -> Route | None:
    """The plan of a file that any program may have changed; None where a value is invalid."""
    told = json.loads(content)
    relative, goal, name, suffixes, why = (told[key] for key in ("relative", "goal", "name", "suffixes", "reason"))
    if not isinstance(suffixes, list):
        return None
    if not all(isinstance(each, str) for each in (relative, goal, name, why, *suffixes)):
        return None
    place = Path(relative)
    valid = (
        goal in {"outbox", "failed"}
        and is_plain_path(place)
        and all(is_plain(f"{name}{suffix}") for suffix in ("", *suffixes))
        and (not name.startswith(".") or place.name.startswith("."))  # hidden only where the scan is
        and all(map(_SUFFIX.fullmatch, suffixes))
        and len(set(suffixes)) == len(suffixes)
    )
    return Route(place, goal, name, tuple(suffixes), unpacked(why)) if valid else None


def remove(folder: Path) -> None:
    """Remove the plan: the job starts anew."""
    with tree.opened(folder, folder.parent) as held:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(FILE, dir_fd=held)
        tree.sync(held, folder)
