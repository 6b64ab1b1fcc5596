"""Give failed scans fresh attempts: move them from ``failed/`` back into the inbox."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocrwatchd.cli.retry.match import match
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files, tree
from ocrwatchd.core.fs.safe_open import lexists_strict, open_regular
from ocrwatchd.core.log import printable
from ocrwatchd.storage import reason_note, root_folders
from ocrwatchd.storage.outbox import REASON
from ocrwatchd.storage.set_names import first_free, stem_and_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ocrwatchd.core.config.schema import Folders

NOTE_BYTES: Final = 1 << 16
"""Read of what may be a note: no note is longer."""


def retry(folders: Folders, names: Iterable[str]) -> Iterator[Path]:
    """Move scans back; a running daemon sees them arrive, and a stopped one finds them at its start.

    Args:
        folders: the configured folders.
        names: as :func:`~ocrwatchd.cli.retry.match.match` takes them; empty means all.

    Yields:
        Where each lies in the inbox.

    Raises:
        ConfigError: there is no such scan, or a name could be several.
        FolderUnusable: a scan cannot be moved.
    """
    failed = folders.path("failed")
    scans = _scans(failed)
    wanted = dict.fromkeys(match(name, scans, failed) for name in names) or scans
    for scan in wanted:
        try:
            yield _move_back(scan, folders)
        except OSError as error:
            raise FolderUnusable(f"{printable(str(scan))} cannot be moved to the inbox: {error.strerror}") from error


def _move_back(scan: Path, folders: Folders) -> Path:
    failed, inbox = folders.path("failed"), folders.path("inbox")
    folder = inbox / scan.relative_to(failed).parent
    stem, suffix = stem_and_suffix(scan.name)
    root_folders.make(folders, "inbox")
    # No link leads to what is nobody's failed scan, and none in the inbox leads a scan out of it.
    with tree.opened(scan.parent, failed) as here, tree.opened(folder, inbox, folders.mode("inbox")) as there:
        name = first_free(stem, (suffix,), lambda stem: not lexists_strict(folder / f"{stem}{suffix}", there))
        target = folder / f"{name}{suffix}"
        files.move(scan, target, source_in=here, target_in=there)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{stem}{REASON}", dir_fd=here)
    return target


def _scans(failed: Path) -> list[Path]:
    found = []
    # Unlike os.walk, fwalk is not led astray by exchanges.
    for parent, _folders, names, held in os.fwalk(failed) if failed.is_dir() else ():
        stems = {stem_and_suffix(name)[0] for name in names} - {""}
        # A note has its scan beside it, or is one by its words; a scan that happens to be called so is neither.
        notes = {name for name in names if name.endswith(REASON)}
        notes = {name for name in notes if name.removesuffix(REASON) in stems or _is_note(Path(parent, name), held)}
        found += [Path(parent, name) for name in names if name not in notes and not name.startswith(".")]
    return sorted(found)


def _is_note(path: Path, folder: int) -> bool:
    try:
        with os.fdopen(open_regular(path, folder), "rb") as file:
            return reason_note.told(file.read(NOTE_BYTES).decode("utf-8", "replace")) != ""
    except OSError:
        return False
