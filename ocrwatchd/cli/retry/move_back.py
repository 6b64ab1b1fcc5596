"""Give failed scans fresh attempts: move them from ``failed/`` back into the inbox."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.core.fs import files, tree
from ocrwatchd.core.fs.rename import is_placeholder
from ocrwatchd.core.fs.safe_open import is_folder, lexists_strict, open_regular, same_content
from ocrwatchd.core.log import printable
from ocrwatchd.storage import reason_note, root_folders
from ocrwatchd.storage.outbox import REASON
from ocrwatchd.storage.set_names import first_free, stem_and_suffix

NOTE_BYTES: Final = 1 << 16
"""Read of what may be a note: no note is longer."""

MTIME_TOLERANCE_NS: Final = 2_000_000_000
"""A copy has the original's modification time; some file systems keep it to two seconds only."""


def retry(folders: Folders, names: Iterable[str]) -> Iterator[Path]:
    """Move the named scans, or all, back into the inbox, and yield their new paths.

    Raises:
        ConfigError: there is no such scan, or a name fits several scans.
        FolderUnusable: a scan cannot be moved.
    """
    failed = folders.path("failed")
    scans = _scans(failed)
    wanted = dict.fromkeys(_match(name, scans, failed) for name in names) or scans
    for scan in wanted:
        try:
            yield _move_folder_back(scan, folders) if is_folder(scan) else _move_back(scan, folders)
        except OSError as error:
            raise FolderUnusable(f"{printable(str(scan))} cannot be moved to the inbox: {error.strerror}") from error


def _match(name: str, scans: Sequence[Path], failed: Path) -> Path:
    """Find the scan with a name; a whole path counts before the path as notes show it, and before a name in any folder.

    Args:
        name: a path below ``failed/``, from the current directory or from ``/``; or a name in any folder, with its
            suffix, without, or with that of its note. Each may be given as notes and the status show it: printable.
        scans: absolute paths of all scans in ``failed/``.
        failed: absolute path of the folder.

    Raises:
        ConfigError: there is no such scan, or several fit.
    """
    below = {scan.relative_to(failed): scan for scan in scans}
    given = Path(name)
    # The folder above may be a link, and so may the scan itself.
    inside = Path(os.path.realpath(given.parent), given.name)
    paths = {given, Path(os.path.relpath(inside, os.path.realpath(failed)))}
    if whole := [path for path in below if path in paths]:
        return below[given if given in whole else whole[0]]
    shown = {path: Path(printable(str(path))) for path in below}
    fitting = [path for path in below if shown[path] in paths]
    fitting = fitting or [path for path in below if paths & (_short(path) | _short(shown[path]))]
    if len(fitting) == 1:
        return below[fitting[0]]
    if fitting:
        several = ", ".join(printable(str(path)) for path in fitting)
        raise ConfigError(f'"{printable(name)}" fits several scans; give the full name of one: {several}')
    if not failed.is_dir():
        raise ConfigError(
            f"there is no folder {failed}; give the configuration of the daemon with --config, or start the daemon"
        )
    raise ConfigError(
        f'there is no scan "{printable(name)}" in {failed}; `ocrwatchd status` shows the failed scans; '
        "to look in another root, give its configuration with --config"
    )


def _short(path: Path) -> set[Path]:
    """Other names of a scan."""
    stem, suffix = stem_and_suffix(path.name)
    names = {stem, f"{stem}{suffix}", f"{stem}{REASON}"}
    return {place for name in names for place in (Path(name), path.with_name(name))}


def _move_back(scan: Path, folders: Folders) -> Path:
    failed, inbox = folders.path("failed"), folders.path("inbox")
    folder = inbox / scan.relative_to(failed).parent
    stem, suffix = stem_and_suffix(scan.name)
    root_folders.make(folders, "inbox")
    # No link below failed/ is followed, and no link in the inbox leads a scan outside.
    with tree.opened(scan.parent, failed) as here, tree.opened(folder, inbox, folders.mode("inbox")) as there:
        target = folder / scan.name
        resume = _left_by_kill(scan, here, target, there)
        if not resume:
            name = first_free(stem, (suffix,), lambda stem: not lexists_strict(folder / f"{stem}{suffix}", there))
            target = folder / f"{name}{suffix}"
        with _removed(scan.with_name(f"{stem}{REASON}"), here):
            files.move(scan, target, resume=resume, source_in=here, target_in=there)
    return target


def _move_folder_back(scan: Path, folders: Folders) -> Path:
    """Move the files of a document that came as several, as a folder; its name may already be that of a folder."""
    failed, inbox = folders.path("failed"), folders.path("inbox")
    above = inbox / scan.relative_to(failed).parent
    root_folders.make(folders, "inbox")
    with tree.opened(scan.parent, failed) as outer, tree.opened(scan, failed) as here:
        names = sorted(_files_in(here) - _alone(scan, _files_in(here), here))

        def free(name: str) -> bool:
            try:
                with tree.opened(above / name, inbox) as there:
                    return all(
                        not lexists_strict(Path(each), there)
                        or _left_by_kill(scan / each, here, above / name / each, there)
                        for each in names
                    )
            except FileNotFoundError:
                return True
            except tree.Obstacle:
                return False

        folder = above / first_free(scan.name, ("",), free)
        with (
            tree.opened(folder, inbox, folders.mode("inbox")) as there,
            _removed(scan.with_name(f"{stem_and_suffix(scan.name)[0]}{REASON}"), outer),
        ):
            for name in names:
                files.move(scan / name, folder / name, resume=True, source_in=here, target_in=there)
            with suppress(OSError):  # people have put something there
                os.rmdir(scan.name, dir_fd=outer)
    return folder


def _left_by_kill(scan: Path, here: int, target: Path, there: int) -> bool:
    """Whether a killed call has left a copy or a placeholder of the scan in the inbox."""
    with suppress(FileNotFoundError):
        found = os.stat(target.name, dir_fd=there, follow_symlinks=False)
        own = os.stat(scan.name, dir_fd=here, follow_symlinks=False)
        if is_placeholder(found):
            return True
        alike = stat.S_ISREG(found.st_mode) and stat.S_ISREG(own.st_mode) and found.st_size == own.st_size
        if alike and abs(found.st_mtime_ns - own.st_mtime_ns) < MTIME_TOLERANCE_NS:
            return same_content(scan, target, here, there)
    return False


@contextmanager
def _removed(note: Path, folder: int) -> Iterator[None]:
    """Remove a scan's note before the scan moves: a kill leaves a scan without its note, never a note alone."""
    content = b""
    with suppress(OSError), os.fdopen(open_regular(note, folder), "rb") as file:
        mode, content = stat.S_IMODE(os.fstat(file.fileno()).st_mode), file.read(NOTE_BYTES)
    with suppress(FileNotFoundError):
        os.unlink(note.name, dir_fd=folder)
    try:
        yield
    except OSError:
        if content:
            files.write_new(note, content, mode, replace=True, folder=folder)
        raise


def _scans(failed: Path) -> list[Path]:
    found: list[Path] = []
    folders: set[Path] = set()
    # Unlike os.walk, os.fwalk is safe against exchanged folders.
    for parent, inner, names, held in os.fwalk(failed) if failed.is_dir() else ():
        folders.update(_folders_of_files(Path(parent), inner, names, held, failed))
        if Path(parent) in folders:
            apart = _alone(Path(parent), names, held)
            found += [Path(parent, name) for name in apart if not name.endswith(REASON)]
            continue
        stems = {stem_and_suffix(name)[0] for name in names} - {""}
        # A note has its scan next to it, or the text of a note; a scan of such a name has neither.
        notes = {name for name in names if name.endswith(REASON)}
        notes = {name for name in notes if name.removesuffix(REASON) in stems or _is_note(Path(parent, name), held)}
        found += [Path(parent, name) for name in names if name not in notes and not name.startswith(".")]
    return sorted([*found, *folders])


def _folders_of_files(
    parent: Path, folders: Iterable[str], names: Sequence[str], held: int, failed: Path
) -> Iterator[Path]:
    """The folders that are the original of a document of several files: such a folder has a note beside it."""
    there = set(names)
    for name in folders:
        note = f"{stem_and_suffix(name)[0]}{REASON}"
        path = parent / name
        if note in there and reason_note.is_about(_note(parent / note, held), str(path.relative_to(failed))):
            yield path


def _files_in(folder: int) -> set[str]:
    """The names in an open folder without those of folders, which are documents of their own."""
    return {name for name in tree.names(folder) if not stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode)}


def _alone(document: Path, names: Iterable[str], held: int) -> set[str]:
    """Of the names in the folder of a document of several files: those of scans that failed alone, and all notes."""
    notes = {name for name in names if name.endswith(REASON) and _is_note(document / name, held)}
    stems = {name.removesuffix(REASON) for name in notes}
    return notes | {name for name in names if stem_and_suffix(name)[0] in stems}


def _is_note(path: Path, folder: int) -> bool:
    return reason_note.told(_note(path, folder)) != ""


def _note(path: Path, folder: int) -> str:
    """The text of a note; "" where it cannot be read."""
    try:
        with os.fdopen(open_regular(path, folder), "rb") as file:
            return file.read(NOTE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
