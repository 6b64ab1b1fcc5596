"""Give failed scans fresh attempts: move them from ``failed/`` back into the inbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd import files
from ocrwatchd.errors import FolderUnusable
from ocrwatchd.log import printable
from ocrwatchd.outbox import REASON, first_free

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ocrwatchd.config import Folders


def retry(folders: Folders, names: Iterable[str]) -> Iterator[Path]:
    """Move scans back; a running daemon sees them arrive, and a stopped one finds them at its start.

    Args:
        folders: the configured folders.
        names: as they lie in ``failed/``, with or without suffix, or paths under it; empty means all.

    Yields:
        Where each lies in the inbox.

    Raises:
        FolderUnusable: there is no such scan, or it cannot be moved.
    """
    failed, inbox = folders.path("failed"), folders.path("inbox")
    scans = _scans(failed)
    wanted = [_one(name, scans, failed) for name in names] or scans
    for scan in wanted:
        try:
            yield _move_back(scan, inbox / scan.relative_to(failed).parent, folders.folder_mode)
        except OSError as error:
            raise FolderUnusable(f"{printable(str(scan))} cannot be moved to the inbox: {error.strerror}") from error


def _move_back(scan: Path, folder: Path, folder_mode: int) -> Path:
    files.make_folder(folder, folder_mode)
    name = first_free(scan.stem, (scan.suffix,), lambda stem: [folder / f"{stem}{scan.suffix}"])
    target = folder / f"{name}{scan.suffix}"
    files.move(scan, target)
    scan.with_name(f"{scan.stem}{REASON}").unlink(missing_ok=True)
    return target


def _scans(failed: Path) -> list[Path]:
    found = []
    for parent, _folders, names in os.walk(failed):
        found += [Path(parent, name) for name in names if not name.endswith(REASON) and not name.startswith(".")]
    return sorted(found)


def _one(name: str, scans: list[Path], failed: Path) -> Path:
    fitting = [scan for scan in scans if name in {scan.name, scan.stem, str(scan), str(scan.relative_to(failed))}]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        several = ", ".join(printable(str(scan.relative_to(failed))) for scan in fitting)
        raise FolderUnusable(f'"{name}" could be any of these, name one in full: {several}')
    raise FolderUnusable(f'there is no scan "{name}" in {failed}; `ls {failed}` shows what is there')
