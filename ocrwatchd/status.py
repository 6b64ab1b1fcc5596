"""The daemon's state as a JSON file that other users may read, and what ``ocrwatchd status`` makes of it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from ocrwatchd import files
from ocrwatchd.config import state_directory
from ocrwatchd.errors import FolderUnusable

if TYPE_CHECKING:
    from ocrwatchd.config import Folders

READABLE_BY_ALL = 0o644
FILE = "status.json"

SERVICE_STATE = Path("/var/lib/ocrwatchd")
"""The state directory of the daemon as a service, for whoever asks as another user."""

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


def status_path(folders: Folders) -> Path:
    """Where the file lies: with the root's own work, so that whoever knows the configuration finds it."""
    return folders.work_path / FILE


def write(folders: Folders, status: Status) -> None:
    """Replace the file, atomically; where its disk is full or gone, a spare one in the state directory.

    Raises:
        OSError: it cannot be written to its own place.
    """
    content = json.dumps(asdict(status), ensure_ascii=True, indent=1).encode()
    spare = state_directory() / FILE
    try:
        # Not synced: after a power cut nobody needs what a daemon said before it.
        files.write_new(status_path(folders), content, READABLE_BY_ALL, replace=True, lasting=False)
    except OSError:
        with contextlib.suppress(OSError):
            files.write_new(spare, content, READABLE_BY_ALL, replace=True, lasting=False)
        raise
    with contextlib.suppress(OSError):
        spare.unlink(missing_ok=True)


def read(folders: Folders) -> Status | None:
    """The last written status; None where there was never one.

    Its ``state`` is set to "gone" where its daemon died, to "silent" where it has not written for long.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged.
    """
    status = _spare(folders) or _written(status_path(folders))
    if status is None:
        return None
    if status.state == "stopped":
        return status
    if not _alive(status.pid):
        return replace(status, state="gone")
    return status if time.time() - status.written_at < SILENT_SECONDS else replace(status, state="silent")


def _spare(folders: Folders) -> Status | None:
    """What the daemon of this root wrote while it could not write to the root."""
    for directory in (state_directory(), SERVICE_STATE):
        with contextlib.suppress(OSError, ValueError):
            status = _written(directory / FILE)
            if status is not None and status.root == str(folders.root_path):
                return status
    return None


def _written(path: Path) -> Status | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return TypeAdapter(Status).validate_json(content)
    except ValidationError as error:
        raise ValueError(f"{path} is damaged; a running daemon writes it again") from error


def describe(folders: Folders, *, as_json: bool) -> tuple[str, bool]:
    """The status in words or as JSON, and whether a daemon is running.

    Raises:
        FolderUnusable: the status file cannot be read.
    """
    try:
        status = read(folders)
    except (OSError, ValueError) as error:
        raise FolderUnusable(f"the status cannot be read: {error}") from error
    running = status is not None and status.state in {"running", "stopping"}
    if as_json:
        return json.dumps(asdict(status) if status else {"state": "never started"}, indent=1), running
    if status is None:
        hint = "start one with `ocrwatchd run`, or name its configuration with --config"
        return f"not running: no daemon has served {folders.root_path} yet; {hint}", running
    return "\n".join(_lines(status)), running


def _lines(status: Status) -> list[str]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(status.written_at))
    first = {
        "running": f"running (process {status.pid}, ocrwatchd {status.version})",
        "stopping": f"stopping (process {status.pid})",
        "silent": f"hanging: process {status.pid} is there, but has not answered since {when}; restart it",
        "stopped": f"not running: stopped {when}",
        "gone": f"not running: it ended without a word, last heard of {when}; its scans go on at the next start",
    }[status.state]
    page = f", page {status.page} of {status.pages}" if status.pages else ""
    lines = [
        first,
        f"root       {status.root}",
        f"engine     {status.engine}",
        f"in work    {status.in_work + page or 'nothing'}",
        f"queued     {status.queued}",
        f"in inbox   {status.waiting}",
        f"today      {status.delivered_today} delivered, {status.failed_today} failed",
    ]
    lines += [f"trouble    {words}" for words in status.trouble]
    return lines + [f"failed     {name}: {reason}" for name, reason in status.failures]


def running_pid(folders: Folders) -> int:
    """The process of the daemon that serves this root; 0 where none is known to."""
    with contextlib.suppress(OSError, ValueError):
        if (known := read(folders)) and known.state in {"running", "stopping", "silent"}:
            return known.pid
    return 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
