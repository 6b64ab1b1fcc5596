"""Are two folders one, whatever their paths are? Links and bind mounts give a folder several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import permutations
from pathlib import Path


def overlapping(folders: Mapping[str, Path]) -> str:
    """Why folders cannot be used together: one is another one, or lies in it; "" where they lie apart.

    Args:
        folders: absolute, by the names that people know; one that is missing lies where it would be made.
    """
    for (name, path), (other, elsewhere) in permutations(folders.items(), 2):
        with suppress(OSError, RuntimeError):  # it is missing, or cannot be reached: others tell that
            found = elsewhere.stat()
            if any(os.path.samestat(found, each) for each in _upwards(path)):
                return (
                    f"{name} ({path}) is the folder {other} ({elsewhere}) or lies in it, by a link or a mount: remove "
                    "that, or name another folder in the configuration"
                )
    return ""


def _upwards(path: Path) -> list[os.stat_result]:
    """A folder, as far as it is there, and those that it lies in."""
    resolved = path.resolve()
    return [each.stat() for each in (resolved, *resolved.parents) if each.exists()]
