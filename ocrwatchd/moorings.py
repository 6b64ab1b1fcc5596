"""On which mount did a folder lie at the start? Under a share that was unmounted there is an empty folder of its name.

What is written there is hidden once the share is back: not lost, and yet nobody finds it.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from ocrwatchd.words import say

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Moorings:
    """Remembers the mounts of folders.

    Args:
        folders: absolute; those that are missing lie where they would be made.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._points = {folder: mount_point(folder) for folder in folders}

    def confirm(self, folder: Path) -> None:
        """See that a folder still lies on its mount.

        Raises:
            OSError: with ENODEV: that is not mounted any more.
        """
        confirm(self._points[folder], folder)


def confirm(point: Path, folder: Path) -> None:
    """As :meth:`Moorings.confirm`, of the mount that a folder lay on."""
    if not os.path.ismount(point):  # Path.is_mount raises where the path cannot be reached
        raise OSError(errno.ENODEV, say("{folder} is not mounted any more", folder=point), str(folder))


def mount_point(folder: Path) -> Path:
    """The mount that a folder lies on; bind mounts within one file system are not told apart."""
    resolved = folder.resolve()
    return next(path for path in (resolved, *resolved.parents) if os.path.ismount(path))
