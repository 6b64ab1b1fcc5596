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
from typing import TYPE_CHECKING, Any, Final

from ocrwatchd.core.fs import tree
from ocrwatchd.core.i18n import NOTHING, Message, packed
from ocrwatchd.core.i18n.wire import unpacked
from ocrwatchd.storage import checked_json
from ocrwatchd.storage.records import PlannedSet
from ocrwatchd.storage.set_names import is_plain, is_plain_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.storage.records import Goal

FILE: Final = "route.json"
MAX_BYTES: Final = 1 << 26
MOST_SETS: Final = 50_000
"""Most documents of one scan, and most files of one document: as many as pages are counted."""

_TAIL: Final = re.compile(r"[0-9A-Za-z-]{0,40}")
_SUFFIX: Final = re.compile(r"\.[^.\s]\S*")


@dataclass(frozen=True, slots=True)
class Route:
    """A planned delivery.

    Args:
        relative: the scan's path under the inbox, or a simpler one.
        name: of the original, without suffix; also of its set where there is only one.
        sets: all of them, in the order of their moves.
    """

    relative: Path
    goal: Goal
    name: str
    sets: tuple[PlannedSet, ...]
    reason: Message = NOTHING


def write(folder: Path, route: Route) -> None:
    """Write the plan into a job's folder."""
    told = {
        "relative": str(route.relative),
        "goal": route.goal,
        "name": route.name,
        "sets": _told(route.sets),
        "reason": packed(route.reason),
    }
    checked_json.write(folder / FILE, told)


def sets_packed(sets: Sequence[PlannedSet]) -> str:
    """The sets as text, for the ledger; paths need not be valid UTF-8."""
    return json.dumps(_told(sets), ensure_ascii=True)


def sets_unpacked(text: str) -> tuple[PlannedSet, ...]:
    """The sets of such a text; none where it is invalid."""
    try:
        return _sets(json.loads(text)) if text else ()
    except (ValueError, TypeError, RecursionError):
        return ()


def read(folder: Path) -> Route | None:
    """The plan in a job's folder; None where there is none, or an invalid one."""
    try:
        return checked_json.read(folder / FILE, MAX_BYTES, _checked)
    except FileNotFoundError:
        return None


def _told(sets: Sequence[PlannedSet]) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    return [(str(each.folder), each.stem, each.tail, each.name, each.suffixes) for each in sets]


def _checked(told: dict[str, Any]) -> Route | None:
    """The plan of a file that any program may have changed; None where a value is invalid."""
    relative, goal, name, why = (told[key] for key in ("relative", "goal", "name", "reason"))
    if not all(isinstance(each, str) for each in (relative, goal, name, why)):
        return None
    place, sets = Path(relative), _sets(told["sets"])
    hidden = place.name.startswith(".")
    valid = (
        goal in {"outbox", "failed"}
        and is_plain_path(place)
        and is_plain(name)
        and all(hidden or not each.startswith(".") for each in (name, *(planned.name for planned in sets)))
        and bool(sets)
        and len({planned.path for planned in sets}) == len(sets)
    )
    return Route(place, goal, name, sets, unpacked(why)) if valid else None


def _sets(told: object) -> tuple[PlannedSet, ...]:
    """The sets of a list that any program may have changed.

    Raises:
        ValueError: a value is invalid.
    """
    if not isinstance(told, list) or len(told) > MOST_SETS:
        raise ValueError("no list of sets")
    return tuple(map(_set, told))


def _set(told: object) -> PlannedSet:
    match told:
        case [str(folder), str(stem), str(tail), str(name), list(suffixes)] if all(
            isinstance(each, str) for each in suffixes
        ):
            pass
        case _:
            raise ValueError("no set")
    under = Path(folder)
    valid = (
        (not under.parts or is_plain_path(under))
        and is_plain(stem)
        and stem.endswith(tail)
        and _TAIL.fullmatch(tail)
        and all(is_plain(f"{name}{suffix}") for suffix in ("", *suffixes))
        and all(map(_SUFFIX.fullmatch, suffixes))
        and len(set(suffixes)) == len(suffixes)
    )
    if not valid:
        raise ValueError("no plain names")
    return PlannedSet(under, stem, tail, name, tuple(suffixes))


def remove(folder: Path) -> None:
    """Remove the plan: the job starts anew."""
    with tree.opened(folder, folder.parent) as held:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(FILE, dir_fd=held)
        tree.sync(held, folder)
