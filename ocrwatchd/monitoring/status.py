"""The daemon's state as a JSON file that other users may read, and what ``ocrwatchd status`` makes of it."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import pwd
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from ocrwatchd.core.attempt import Amount, Count, Time
from ocrwatchd.core.config.schema import ROOTS, Folders, state_directory
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.i18n import Message  # pydantic resolves it when this module loads
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.monitoring.snapshot import Activity
from ocrwatchd.storage import work_folder

READABLE_BY_ALL = 0o644
FILE = "status.json"

NEVER = "never started"
"""The state, as JSON tells it, where no daemon has ever served; a reason goes with it."""

LAST_PID: Final = 1 << 22
"""Linux has no greater process id."""

SERVICE_STATES = ("/var/lib/ocrwatchd", "/var/lib/ocrwatchd/*")
"""State directories of the service and its instances, for whoever asks as another user."""

SILENT_SECONDS = 120.0
"""A running daemon writes at least every 30 s; one that has not written for this long does not turn any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(Activity):
    """What people ask of a daemon; times are Unix seconds; no document text.

    Args:
        delivered_today: since midnight, local time.
        last_delivery_at: 0.0 where nothing was ever delivered.
        pages_done: since the start.
        seconds_a_page: wall time that one of the last pages took on average; 0.0 before the first.
        failures: path below ``failed/`` and reason, newest first.
        trouble: what is wrong and being retried.
        outbox_mount: what the outbox lay on at the start; "" where no page is kept there.
        host: the machine's name; a worker's machine sees the same folder.
    """

    pid: Annotated[int, Field(ge=1, le=LAST_PID)]
    version: str
    root: str
    started_at: Time
    written_at: Time
    delivered_today: Count = 0
    failed_today: Count = 0
    last_delivery_at: Time = 0.0
    pages_done: Count = 0
    seconds_a_page: Amount = 0.0
    failures: tuple[tuple[str, Message], ...] = ()
    trouble: tuple[Message, ...] = ()
    outbox_mount: str = ""
    host: str = ""


def status_path(folders: Folders) -> Path:
    """Where the file lies: with the root's own work, so that whoever knows the configuration finds it."""
    return folders.work_path / FILE


def write(folders: Folders, status: Status, root_state: Path) -> None:
    """Replace the file, atomically, and its copy.

    The copy is for users who may not enter the root, and for all while the root's disk is full or gone.

    Args:
        folders: of the root.
        status: of its daemon.
        root_state: the root's folder in the state directory, where the copy lies.

    Raises:
        OSError: it cannot be written to its own place.
    """
    content = json.dumps(asdict(status), ensure_ascii=True, indent=1).encode()
    with contextlib.suppress(OSError):
        _replace(root_state / FILE, content)
    _replace(status_path(folders), content)


def _replace(path: Path, content: bytes) -> None:
    # Not synced: after a power cut nobody needs what a daemon said before it.
    files.write_new(path, content, READABLE_BY_ALL, replace=True, lasting=False)


def read(folders: Folders) -> Status | None:
    """The last written status; None where there was never one.

    Its ``state`` is set to "gone" where its daemon died, to "silent" where it has not written for long.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged.
    """
    copies = _copies().get(str(folders.served_path), [])
    try:
        own = _written(status_path(folders))
    except (OSError, ValueError):
        if not copies:
            raise
        own = None
    found = [*copies, *([own] if own else [])]
    return _newest(found) if found else None


def _newest(found: list[Status]) -> Status:
    status = max(found, key=lambda each: each.written_at)
    if status.state == "stopped":
        return status
    if is_here(status) and not _alive(status.pid):
        return replace(status, state="gone")
    return status if time.time() - status.written_at < SILENT_SECONDS else replace(status, state="silent")


def root_states() -> list[Path]:
    """The folders of all roots in the state directories of this user and of the services, this user's first."""
    own = glob.escape(str(state_directory()))
    patterns = [f"{state}/{ROOTS}/*" for state in (own, f"{own}/*", *SERVICE_STATES)]
    # Path's own glob raises where it may not look.
    return list(dict.fromkeys(Path(found) for pattern in patterns for found in glob.glob(pattern)))  # noqa: PTH207


def states_of(folders: Folders) -> Iterator[Path]:
    """This root's folders in state directories, found by its id or, if this user cannot read that, by their status."""
    try:
        root_id = work_folder.known_id(folders.work_path)
    except OSError:
        root_id = ""
    for root_state in root_states():
        known = None if root_id else copy_in(root_state)
        if root_state.name == root_id or (known and known.root == str(folders.served_path)):
            yield root_state


def copy_in(root_state: Path) -> Status | None:
    """The copy of a status in a root's folder, as it was written; None where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        return _written(root_state / FILE)
    return None


def _copies() -> dict[str, list[Status]]:
    """The copies of each root's status, by the path of the folder that holds ``.work``."""
    found: dict[str, list[Status]] = {}
    for root_state in root_states():
        if (status := copy_in(root_state)) is not None:
            found.setdefault(status.root, []).append(status)
    return found


def _written(path: Path) -> Status | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return TypeAdapter(Status).validate_json(content)
    except ValidationError as error:
        raise ValueError(f"{path} is damaged; a running daemon writes it again") from error


def find_all(folders: Folders, *, everywhere: bool) -> list[Status]:
    """The status of this root's daemon, and with ``everywhere`` of all roots of this user and of the services, by path.

    Raises:
        FolderUnusable: as :func:`find`.
    """
    own = find(folders)
    others = {root: found for root, found in _copies().items() if everywhere and root != str(folders.served_path)}
    return [*([own] if own else []), *(_newest(others[root]) for root in sorted(others))]


def find(folders: Folders) -> Status | None:
    """The status of this root's daemon; None where no daemon has ever served it.

    Raises:
        FolderUnusable: the status file cannot be read, with what to do about it.
    """
    try:
        return read(folders)
    except PermissionError as error:
        raise FolderUnusable(f"the status cannot be read: {_permitted(folders, error)}") from error
    except OSError as error:
        raise FolderUnusable(f"the status cannot be read: {in_words(error)}") from error
    except ValueError as error:
        raise FolderUnusable(f"the status cannot be read: {error}") from error


def _permitted(folders: Folders, error: PermissionError) -> str:
    """Who may read it, and how others do."""
    root = next(each for each in (folders.root_path, *folders.root_path.parents) if os.path.isdir(each))  # noqa: PTH112
    try:
        owner = pwd.getpwuid(root.stat().st_uid).pw_name
    except KeyError:
        owner = f"#{root.stat().st_uid}"
    return (
        f"{error.filename}: {error.strerror} for this user (uid {os.geteuid()}); ask as the one to whom {root} "
        f"belongs: sudo -u '{owner}' ocrwatchd status --config FILE"
    )


def is_running(status: Status | None) -> bool:
    """Whether a daemon serves."""
    return status is not None and status.state in {"running", "stopping"}


def running_pid(folders: Folders) -> int:
    """The process of the daemon that serves this root on this machine; 0 where none is known to."""
    with contextlib.suppress(OSError, ValueError):
        if (known := read(folders)) and known.state in {"running", "stopping", "silent"} and is_here(known):
            return known.pid
    return 0


def is_here(status: Status) -> bool:
    """Whether its process is one of this machine's."""
    return status.host in {"", socket.gethostname()}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
