"""Do folders overlap? Links and bind mounts give one folder several paths."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import permutations
from pathlib import Path


def overlapping(folders: Mapping[str, Path]) -> str:
    """Why folders cannot be used together: one is another one, or is inside it; "" if they are separate.

    Args:
        folders: absolute paths by name; a missing folder counts at the place where it would be made.
    """
    for (name, path), (other, elsewhere) in permutations(folders.items(), 2):
        with suppress(OSError, RuntimeError):  # the folder is missing or out of reach: other checks report this
            found = elsewhere.stat()
            if any(os.path.samestat(found, each) for each in _upwards(path)):
                return (
                    f"{name} ({path}) is the folder {other} ({elsewhere}) or is inside it, by a link or a mount: "
                    "remove the link or mount, or name another folder in the configuration"
                )
    return ""


def _upwards(path: Path) -> list[os.stat_result]:
    """The status of a folder and of all folders above, as far as they exist."""
    resolved = path.resolve()
    return [each.stat() for each in (resolved, *resolved.parents) if each.exists()]
