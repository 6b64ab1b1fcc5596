"""The daemon's state as a JSON file that other users may read, and what ``ocrwatchd status`` makes of it."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import pwd
import socket
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from ocrwatchd.core.attempt import Worker  # noqa: TC001  # pydantic resolves it when this module loads
from ocrwatchd.core.config.schema import state_directory
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.os_errors import in_words

if TYPE_CHECKING:
    from ocrwatchd.core.config.schema import Folders

READABLE_BY_ALL = 0o644
FILE = "status.json"

NEVER = "never started"
"""The state, as JSON tells it, where no daemon has ever served; a reason goes with it."""

SERVICE_STATES = ("/var/lib/ocrwatchd", "/var/lib/ocrwatchd/*")
"""State directories of the service and its instances, for whoever asks as another user."""

SILENT_SECONDS = 120.0
"""A running daemon writes at least every 30 s; one that has not written for this long does not turn any more."""


@dataclass(frozen=True, slots=True)
class Status:
    """What people ask of a daemon; times are Unix seconds; no document text.

    Args:
        state: "running", "stopping" or "stopped"; once read also "gone" or "silent".
        engine: the engine process in words.
        waiting: files in the inbox that have not settled, or found no place in the queue.
        queued: claimed scans that wait for the engine.
        in_work: the scan in the engine, "" where there is none.
        page: of it, from 1.
        pages: it has, 0 while unknown.
        delivered_today: since midnight, local time.
        last_delivery_at: 0.0 where nothing was ever delivered.
        pages_done: since the start.
        seconds_a_page: wall time that one of the last pages took on average; 0.0 before the first.
        failures: name under ``failed/`` and reason, newest first.
        trouble: what is wrong and being retried, in words.
        outbox_mount: what the outbox lay on at the start; "" where no page is kept there.
        workers: where several machines read.
        host: the machine's name; a worker's machine sees the same folder.
    """

    state: str
    pid: int
    version: str
    root: str
    started_at: float
    written_at: float
    engine: str = ""
    waiting: int = 0
    queued: int = 0
    in_work: str = ""
    page: int = 0
    pages: int = 0
    delivered_today: int = 0
    failed_today: int = 0
    last_delivery_at: float = 0.0
    pages_done: int = 0
    seconds_a_page: float = 0.0
    failures: list[tuple[str, str]] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    outbox_mount: str = ""
    workers: list[Worker] = field(default_factory=list)
    host: str = ""


def status_path(folders: Folders) -> Path:
    """Where the file lies: with the root's own work, so that whoever knows the configuration finds it."""
    return folders.work_path / FILE


def write(folders: Folders, status: Status) -> None:
    """Replace the file, atomically, and the copy in the state directory.

    The copy is for users who may not enter the root, and for all while the root's disk is full or gone.

    Raises:
        OSError: it cannot be written to its own place.
    """
    content = json.dumps(asdict(status), ensure_ascii=True, indent=1).encode()
    with contextlib.suppress(OSError):
        _replace(state_directory() / FILE, content)
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
    copies = [copy for copy in _copies() if copy.root == str(folders.root_path)]
    try:
        own = _written(status_path(folders))
    except (OSError, ValueError):
        if not copies:
            raise
        own = None
    return _newest([*copies, *([own] if own else [])])


def read_service() -> Status | None:
    """The last written status of a service on this machine, whatever root it serves; None where there is none."""
    return _newest(_copies())


def _newest(found: list[Status]) -> Status | None:
    if not found:
        return None
    status = max(found, key=lambda each: each.written_at)
    if status.state == "stopped":
        return status
    if is_here(status) and not _alive(status.pid):
        return replace(status, state="gone")
    return status if time.time() - status.written_at < SILENT_SECONDS else replace(status, state="silent")


def _copies() -> list[Status]:
    """What this user's daemon and the services have written to their state directories, as far as it can be read."""
    found = []
    for directory in dict.fromkeys((str(state_directory()), *SERVICE_STATES)):
        for path in glob.glob(f"{directory}/{FILE}"):  # noqa: PTH207  # Path's raises where it may not look
            with contextlib.suppress(OSError, ValueError):
                if (status := _written(Path(path))) is not None:
                    found.append(status)
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


def find(folders: Folders, *, any_service: bool = False) -> Status | None:
    """The status of this root's daemon.

    Args:
        folders: the configured folders.
        any_service: where no daemon has ever served these, a service's: whoever asks has no configuration of his own.

    Raises:
        FolderUnusable: the status file cannot be read, with what to do about it.
    """
    try:
        return read(folders) or (read_service() if any_service else None)
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
