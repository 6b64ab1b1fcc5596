"""Do the folders exist, or can they be made?"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ocrwatchd.core.config.schema import ROOTS, Folders, state_directory
from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.fs import mounts
from ocrwatchd.core.fs.overlap import overlapping
from ocrwatchd.core.fs.safe_open import is_folder
from ocrwatchd.setup.check.finding import Finding
from ocrwatchd.storage.root_folders import group_id
from ocrwatchd.storage.work_folder import known_id

_OF_THE_KERNEL = frozenset({"proc", "sysfs", "cgroup", "cgroup2", "devpts", "debugfs", "tracefs", "securityfs"})
"""File systems in which root has the right to write, but cannot make folders."""


def named(folders: Folders) -> dict[str, Path]:
    """Every folder that the daemon writes to, by its name in ``check``."""
    state = state_directory()
    with contextlib.suppress(OSError):  # the root's own line says so
        root_id = known_id(folders.work_path)
        root_state = state / ROOTS / root_id
        state = root_state if root_id and is_folder(root_state) else state
    return folders.named | {"state": state}


def look(folders: Folders) -> Iterator[Finding]:
    """One finding for each folder, one for an unknown group, and one for folders that overlap."""
    try:
        group_id(folders.group)
    except OcrwatchdError as error:
        yield Finding("folders.group", False, str(error))
    work = folders.work_path
    daemon = work.stat().st_uid if is_folder(work) else None
    for name, path in named(folders).items():
        yield look_at(name, path, daemon)
    if words := overlapping(folders.named):
        yield Finding("folders", False, words)


def look_at(name: str, path: Path, daemon: int | None = None) -> Finding:
    """Whether this user can use or make a folder."""
    if is_folder(path):
        usable = os.access(path, os.R_OK | os.W_OK | os.X_OK)
        remedy = f"this user (uid {os.geteuid()}) cannot read and write {path}; correct its owner or mode"
        if daemon not in {None, os.geteuid()}:  # correct modes may exclude this user
            remedy = f"{path} is for the daemon's user (uid {daemon}), not for this user; run `check` as that user"
        return Finding(name, usable, str(path) if usable else remedy)
    if os.path.lexists(path):
        return Finding(name, False, f"{path} is not a folder; remove it or name another one")
    parent = next(parent for parent in path.parents if os.path.exists(parent))  # noqa: PTH110
    if not os.access(parent, os.X_OK):
        words = f"this user (uid {os.geteuid()}) cannot reach {path}: {parent} is closed; correct its owner or mode"
        return Finding(name, False, words)
    if mounts.file_system(parent.resolve()) in _OF_THE_KERNEL:
        return Finding(name, False, f"{path} cannot be made: {parent} is a folder of the kernel; choose another folder")
    if os.access(parent, os.W_OK | os.X_OK):
        return Finding(name, True, f"{path} will be made")
    return Finding(name, False, f"{path} is missing and cannot be made in {parent}; make it, with this user as owner")
