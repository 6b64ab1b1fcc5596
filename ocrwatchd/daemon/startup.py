"""Open what one daemon holds alone: the root and the state directory by their locks, then the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.fs.lock import HeldElsewhere, Lock
from ocrwatchd.daemon.recovery import recall
from ocrwatchd.storage import ledger_file, outbox
from ocrwatchd.storage.ledger import COMPLETE, Ledger
from ocrwatchd.storage.ledger_file import LEDGER, ROOT, DamagedLedger, aside_for
from ocrwatchd.storage.ledger_rebuild import rebuild
from ocrwatchd.storage.work_folder import Workplace

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from ocrwatchd.core.config.schema import Config

LOCK = "ledger.lock"

log = structlog.get_logger()


def open_rooms(config: Config, state: Path, stack: ExitStack) -> tuple[Ledger, Workplace]:
    """Take the locks and open the ledger; where there is none, or a damaged one, it is built from the folders.

    Args:
        config: the settings.
        state: the state directory, made where missing.
        stack: closes what was opened.

    Raises:
        FolderUnusable: another ocrwatchd holds one of them, or one cannot be used.
    """
    outbox.prepare(config.folders)
    _make_profiles(config)
    workplace = Workplace(config)
    workplace.open()
    stack.callback(workplace.close)
    stack.callback(_lock_state(state).free)
    ledger = stack.enter_context(_of_this_root(_open(state / LEDGER), workplace.root_id))
    complete(ledger, workplace, config)
    return ledger, workplace


def complete(ledger: Ledger, workplace: Workplace, config: Config) -> None:
    """Build a ledger that does not know the folders from them; one that does stays as it is.

    Raises:
        OSError: a folder cannot be read, or the ledger not written.
    """
    if ledger.fact(ROOT) != workplace.root_id:
        ledger.note_fact(ROOT, workplace.root_id)
    if not ledger.fact(COMPLETE):
        rebuild(ledger, config.folders, workplace.left())


def replace_damaged(ledger: Ledger, workplace: Workplace, config: Config) -> None:
    """Mend a ledger that turned out to be damaged while it was open: set it aside, and build another from the folders.

    After an error it stays ``damaged`` or ``bare``, and the call is to be made again.

    Raises:
        FolderUnusable: no other one can be begun.
        OSError: a folder cannot be read, or the ledger not written.
    """
    if wrong := ledger.damaged:
        try:
            _tell(ledger.replace(), wrong)
        except DamagedLedger as error:
            raise _none_can_be_kept(ledger.path, error) from error
    complete(ledger, workplace, config)
    recall(workplace, ledger, config.folders)
    ledger.bare = False


def _make_profiles(config: Config) -> None:
    """Make the inbox's sub-folders for the profiles; whoever may write in the inbox must not keep us from starting."""
    inbox, mode = config.folders.path("inbox"), config.folders.folder_mode
    for name in config.profiles:
        try:
            files.make_folder(inbox / name, mode, outbox.group_id(config.folders.group), below=inbox)
        except OSError as error:
            log.warning("profile.no_folder", profile=name, reason=error.strerror, note="scans sent there do not arrive")


def _open(path: Path) -> Ledger:
    try:
        return Ledger(path)
    except DamagedLedger as error:
        _tell(ledger_file.set_aside(path, "damaged"), str(error))
    try:
        return Ledger(path)
    except DamagedLedger as error:
        raise _none_can_be_kept(path, error) from error


def _none_can_be_kept(path: Path, error: DamagedLedger) -> FolderUnusable:
    return FolderUnusable(f"no ledger can be kept in {path.parent}: {error}; check that disk")


def _tell(aside: Path, wrong: str) -> None:
    log.error("ledger.damaged", reason=wrong, set_aside=str(aside), note="it is built anew from the folders")


def _lock_state(state: Path) -> Lock:
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = Lock(state / LOCK)
        lock.take()
    except HeldElsewhere as holder:
        raise FolderUnusable(
            f"another ocrwatchd ({holder}) keeps its ledger in {state}; "
            "stop that one first, or give this one another folder by the environment variable STATE_DIRECTORY"
        ) from None
    except OSError as error:
        raise FolderUnusable(
            f"the folder {state} cannot be used for the ledger: {error.strerror}; mend its owner or mode"
        ) from error
    return lock


def _of_this_root(ledger: Ledger, root_id: str) -> Ledger:
    """The root's own ledger: one state directory may serve several roots in turn."""
    other = ledger.fact(ROOT)
    if other in {"", root_id}:
        return ledger
    ledger.close()
    path = ledger.path
    own = aside_for(path, root_id)
    ledger_file.rename(path, aside_for(path, other))
    if own.exists():
        ledger_file.rename(own, path)
    return _open(path)
