"""Scratch folders of killed processes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def clear_stale(base: Path, prefix: str) -> None:
    """Remove our folders ``PREFIX PID-…`` in ``base`` whose process has ended."""
    for folder in base.glob(f"{prefix}*-*"):
        owner = folder.name.removeprefix(prefix).split("-")[0]
        try:
            stale = owner.isdigit() and folder.lstat().st_uid == os.getuid() and not Path("/proc", owner).exists()
        except OSError:
            continue
        if stale:
            shutil.rmtree(folder, ignore_errors=True)
