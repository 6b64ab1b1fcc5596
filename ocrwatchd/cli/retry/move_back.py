"""Give failed scans fresh attempts: move them from ``failed/`` back into the inbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.cli.retry.match import match
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.log import printable
from ocrwatchd.storage.outbox import REASON
from ocrwatchd.storage.set_names import first_free, stem_and_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ocrwatchd.core.config.schema import Folders


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
    failed, inbox = folders.path("failed"), folders.path("inbox")
    scans = _scans(failed)
    wanted = dict.fromkeys(match(name, scans, failed) for name in names) or scans
    for scan in wanted:
        try:
            yield _move_back(scan, inbox, scan.relative_to(failed).parent, folders.folder_mode)
        except OSError as error:
            raise FolderUnusable(f"{printable(str(scan))} cannot be moved to the inbox: {error.strerror}") from error


def _move_back(scan: Path, inbox: Path, below: Path, folder_mode: int) -> Path:
    folder = inbox / below
    files.make_folder(folder, folder_mode, below=inbox)  # a link in the inbox leads nobody's scan out of it
    stem, suffix = stem_and_suffix(scan.name)
    name = first_free(stem, (suffix,), lambda stem: not os.path.lexists(folder / f"{stem}{suffix}"))
    target = folder / f"{name}{suffix}"
    files.move(scan, target)
    scan.with_name(f"{stem}{REASON}").unlink(missing_ok=True)
    return target


def _scans(failed: Path) -> list[Path]:
    found = []
    for parent, _folders, names in os.walk(failed):
        stems = {stem_and_suffix(name)[0] for name in names}
        # A note has its scan beside it; a scan that happens to be called so has not.
        notes = {name for name in names if name.endswith(REASON) and name.removesuffix(REASON) in stems - {""}}
        found += [Path(parent, name) for name in names if name not in notes and not name.startswith(".")]
    return sorted(found)
