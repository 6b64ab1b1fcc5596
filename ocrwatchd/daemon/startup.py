"""Open the resources of one daemon: lock the root and its state folder, then open the ledger."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core.config.schema import ROOTS
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.fs.lock import HeldElsewhere, Lock
from ocrwatchd.core.fs.overlap import overlapping
from ocrwatchd.daemon.recovery import reregister_jobs
from ocrwatchd.monitoring import status
from ocrwatchd.storage import ledger_file, root_folders
from ocrwatchd.storage.ledger import COMPLETE, Ledger
from ocrwatchd.storage.ledger_file import LEDGER, DamagedLedger, OutdatedLedger
from ocrwatchd.storage.ledger_rebuild import rebuild
from ocrwatchd.storage.work_folder import ROOT_ID, WorkFolder, known_id

if TYPE_CHECKING:
    from contextlib import ExitStack

    from ocrwatchd.core.config.schema import Config, Folders

LOCK = "ledger.lock"
ROOT_STATE_MODE = 0o755
"""All users may read the status there, if the state directory permits."""
BUILT_ANEW = "it is built anew from the folders"

log = structlog.get_logger()


def open_storage(config: Config, state: Path, stack: ExitStack) -> tuple[Ledger, WorkFolder]:
    """Take the locks and open the ledger; build a missing or damaged ledger from the folders.

    Raises:
        FolderUnusable: another ocrwatchd holds the root or its state, or one of them cannot be used.
    """
    root_folders.prepare(config.folders)
    if words := overlapping(config.folders.named):
        raise FolderUnusable(words)
    _make_profiles(config)
    workplace = WorkFolder(config)
    workplace.open()
    stack.callback(workplace.close)
    root_state = state / ROOTS / workplace.root_id
    stack.callback(_lock_root_state(state, root_state, config.folders).free)
    _warn_of_copy(root_state, config.folders)
    ledger = stack.enter_context(_open(root_state / LEDGER))
    complete(ledger, workplace, config)
    return ledger, workplace


def complete(ledger: Ledger, workplace: WorkFolder, config: Config) -> None:
    """Build a new ledger from the folders; a complete ledger stays as it is."""
    if not ledger.fact(COMPLETE):
        rebuild(ledger, config.folders, workplace.left())


def replace_damaged(ledger: Ledger, workplace: WorkFolder, config: Config) -> None:
    """Replace a ledger that was found damaged while open: set it aside, and build a new one from the folders.

    After an error the ledger stays ``damaged`` or ``bare``; call again later.

    Raises:
        FolderUnusable: no new ledger can be made.
    """
    if wrong := ledger.damaged:
        try:
            _tell(ledger.replace(), wrong)
        except DamagedLedger as error:
            raise _none_can_be_kept(ledger.path, error) from error
    complete(ledger, workplace, config)
    reregister_jobs(workplace, ledger, config.folders)
    ledger.bare = False


def _make_profiles(config: Config) -> None:
    """Make a sub-folder of the inbox for each profile. What others put there must not prevent the start."""
    inbox, mode = config.folders.path("inbox"), config.folders.mode("inbox")
    for name in config.profiles:
        try:
            files.make_folder(inbox / name, mode, root_folders.group_id(config.folders.group), below=inbox)
        except OSError as error:
            log.warning("profile.no_folder", profile=name, reason=error.strerror, note="scans sent there do not arrive")


def _open(path: Path) -> Ledger:
    try:
        return Ledger(path)
    except OutdatedLedger as error:
        aside = ledger_file.set_aside(path, "old")
        log.info("ledger.outdated", reason=str(error), set_aside=str(aside), note=BUILT_ANEW)
    except DamagedLedger as error:
        _tell(ledger_file.set_aside(path, "damaged"), str(error))
    try:
        return Ledger(path)
    except DamagedLedger as error:
        raise _none_can_be_kept(path, error) from error


def _none_can_be_kept(path: Path, error: DamagedLedger) -> FolderUnusable:
    return FolderUnusable(f"no ledger can be kept in {path.parent}: {error}; check that disk")


def _tell(aside: Path, wrong: str) -> None:
    log.error("ledger.damaged", reason=wrong, set_aside=str(aside), note=BUILT_ANEW)


def _lock_root_state(state: Path, root_state: Path, folders: Folders) -> Lock:
    """Make and lock the root's folder in the state directory."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        files.make_folder(root_state, ROOT_STATE_MODE)
        return _locked(root_state)
    except HeldElsewhere as holder:
        known, here = status.copy_in(root_state), str(folders.served_path)
        other = known.root if known else "a root with the same id"
        words = f"another ocrwatchd ({holder}) already serves {other}; stop that one first"
        if other != here:
            words += f", or remove {folders.work_path / ROOT_ID}: {here} is a copy, and then becomes a root of its own"
        raise FolderUnusable(words) from None
    except OSError as error:
        raise FolderUnusable(
            f"the folder {root_state} cannot be used for the ledger: {error.strerror}; correct its owner or mode"
        ) from error


def _locked(folder: Path) -> Lock:
    lock = Lock(folder / LOCK)
    lock.take()
    return lock


def _warn_of_copy(root_state: Path, folders: Folders) -> None:
    """Warn where another existing root uses the same ledger: one of the two is a copy."""
    known = status.copy_in(root_state)
    with contextlib.suppress(OSError):  # it has moved here, as a rule
        if (
            known
            and known_id(Path(known.root, ".work")) == root_state.name
            and not folders.served_path.samefile(known.root)
        ):
            log.warning(
                "root.copied",
                other=known.root,
                note="both use one ledger; remove .work/root-id in the one that shall be a root of its own",
            )
