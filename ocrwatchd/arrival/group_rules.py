"""Which scans wait for others, and the name of the document that they become. Pure functions of settings and names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from ocrwatchd.core import canary_name
from ocrwatchd.core.config.paper import Paper
from ocrwatchd.core.file_types import input_type_named
from ocrwatchd.core.model import Scan
from ocrwatchd.storage.set_names import stem_and_suffix

_COUNTED: Final = re.compile(r"(?P<prefix>.*?)[0-9]+\)?", re.DOTALL)
_SEPARATORS: Final = " ._-+#("


class Key(NamedTuple):
    """Scans with the same key may belong together.

    Args:
        way: how they are put together.
        folder: of the scans, as a path under the inbox.
        prefix: "prefix": what their names begin with.
        kind: "prefix": their type, as their names tell it.
    """

    way: Literal["folder", "prefix", "stacks"]
    folder: Path
    prefix: str = ""
    kind: str = ""


class Pending(NamedTuple):
    """A scan in the inbox that has not arrived yet, and its modification time, nanoseconds."""

    scan: Scan
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Rules:
    """Which scans wait for others.

    Args:
        paper: the settings of a scan's profile.
        profiles: names of the configured profiles: their folders in the inbox are no documents.
        longest_bytes: of a path under the inbox; a scan whose path would become longer in a group stays single.
    """

    paper: Callable[[Scan], Paper] = lambda _: Paper()
    profiles: Collection[str] = ()
    longest_bytes: int = 4095

    def key(self, scan: Scan) -> Key | None:
        """What a scan has in common with those that it waits for; None for a scan that waits for none."""
        paper, folder = self.paper(scan), scan.relative.parent
        if not paper.gathers or (folder == Path() and canary_name.is_name(scan.relative.name)):
            return None
        key: Key | None = None
        if paper.two_passes:
            key = Key("stacks", folder)
        elif paper.join == "folder":
            own = folder == Path() or (len(folder.parts) == 1 and folder.name in self.profiles)
            key = None if own else Key("folder", folder)
        elif paper.join == "prefix":
            stem, suffix = stem_and_suffix(scan.relative.name)
            if counted := _COUNTED.fullmatch(stem):
                named = input_type_named(suffix)
                key = Key("prefix", folder, counted["prefix"], named.name if named else suffix.lower())
        if (
            key
            and len(os.fsencode(scan.relative)) + len(os.fsencode(self.path(key, [scan]).name)) >= self.longest_bytes
        ):
            return None
        return key

    def path(self, key: Key, scans: Iterable[Scan]) -> Path:
        """The path of the document under the inbox, given its scans in the order of their pages."""
        if key.way == "folder":
            return key.folder
        first = next(iter(scans)).relative.name
        name = key.prefix.rstrip(_SEPARATORS) or stem_and_suffix(first)[0]
        if key.folder == Path() and name in self.profiles:  # that is the name of a folder with other scans
            name = first
        return key.folder / name

    def wait_s(self, scan: Scan) -> float:
        """How long a scan waits for others, seconds."""
        paper = self.paper(scan)
        return paper.duplex_wait_s if paper.two_passes else paper.join_wait_s
