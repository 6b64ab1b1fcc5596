"""The plan of one set of a delivery."""

from pathlib import Path

from ocrwatchd.storage.records import PlannedSet


def planned(name: str, *suffixes: str, folder: str = "") -> PlannedSet:
    """A set with its own name as the wanted one."""
    return PlannedSet(Path(folder), name, "", name, suffixes)
