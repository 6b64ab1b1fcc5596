"""The daemon's state as a JSON file that other users may read, and what ``ocrwatchd status`` makes of it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from ocrwatchd import files
from ocrwatchd.config import state_directory
from ocrwatchd.errors import FolderUnusable

if TYPE_CHECKING:
    from pathlib import Path

READABLE_BY_ALL = 0o644


@dataclass(frozen=True, slots=True)
class Status:
    """What people ask of a daemon; times are Unix seconds; no document text.

    Args:
        state: "running", "stopping" or "stopped".
        engine: the engine process in words.
        waiting: files in the inbox that have not settled, or found no place in the queue.
        queued: claimed scans that wait for the engine.
        in_work: the scan in the engine, "" where there is none.
        page: of it, from 1.
        pages: it has, 0 while unknown.
        delivered_today: since midnight, local time.
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
    failures: list[tuple[str, str]] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


def status_path() -> Path:
    """Where the file lies."""
    return state_directory() / "status.json"


def write(status: Status) -> None:
    """Replace the file, atomically.

    Raises:
        OSError: it cannot be written.
    """
    content = json.dumps(asdict(status), ensure_ascii=True, indent=1).encode()
    files.write_new(status_path(), content, READABLE_BY_ALL, replace=True)


def read() -> Status | None:
    """The last written status, its ``state`` set to "gone" where its daemon died; None where there was never one.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged.
    """
    try:
        content = status_path().read_bytes()
    except FileNotFoundError:
        return None
    try:
        status = TypeAdapter(Status).validate_json(content)
    except ValidationError as error:
        raise ValueError(f"{status_path()} is damaged; a running daemon writes it again") from error
    return status if status.state == "stopped" or _alive(status.pid) else replace(status, state="gone")


def describe(*, as_json: bool) -> tuple[str, bool]:
    """The status in words or as JSON, and whether a daemon is running.

    Raises:
        FolderUnusable: the status file cannot be read.
    """
    try:
        status = read()
    except (OSError, ValueError) as error:
        raise FolderUnusable(f"the status cannot be read: {error}") from error
    running = status is not None and status.state in {"running", "stopping"}
    if as_json:
        return json.dumps(asdict(status) if status else {"state": "never started"}, indent=1), running
    if status is None:
        return f"not running: no daemon has written {status_path()} yet; start one with `ocrwatchd run`", running
    return "\n".join(_lines(status)), running


def _lines(status: Status) -> list[str]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(status.written_at))
    first = {
        "running": f"running (process {status.pid}, ocrwatchd {status.version})",
        "stopping": f"stopping (process {status.pid})",
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


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
