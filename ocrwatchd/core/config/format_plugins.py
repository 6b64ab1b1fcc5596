"""Which formats are there: the entry points ``ocrwatchd.formats`` of this and of every other installed package.

Light: the configuration asks by this for names alone. Nothing here imports a writer; only the engine loads one.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

OURS = "ocrwatchd"
GROUP = "ocrwatchd.formats"
"""An entry point there has the format's name, and leads to a module (or object) with ``SUFFIX`` and ``write``."""


@cache
def installed() -> dict[str, EntryPoint]:
    """The formats by name, sorted; where two packages bring one name, ours stays ours."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.dist is not None and point.dist.name == OURS)
    return dict(sorted((point.name, point) for point in points))
