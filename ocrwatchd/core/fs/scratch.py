"""Scratch folders that killed processes have left."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def clear_stale(base: Path, prefix: str) -> None:
    """Remove what processes that were killed have left: folders of ours named PREFIX, the process's id, a dash, more.

    Args:
        base: where the folders lie.
        prefix: of their names.
    """
    for folder in base.glob(f"{prefix}*-*"):
        owner = folder.name.removeprefix(prefix).split("-")[0]
        try:
            stale = owner.isdigit() and folder.lstat().st_uid == os.getuid() and not Path("/proc", owner).exists()
        except OSError:
            continue
        if stale:
            shutil.rmtree(folder, ignore_errors=True)
