"""The daemon's state as a JSON file that other users may read, and the reading of it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ocrwatchd import files
from ocrwatchd.config import state_directory

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
        content = json.loads(status_path().read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(content, dict) or not Status.__dataclass_fields__.keys() >= content.keys():
        raise ValueError(f"{status_path()} is not a status file; the running daemon will write it again")
    status = Status(**content)
    if status.state != "stopped" and not _alive(status.pid):
        return Status(**{**content, "state": "gone"})
    return status


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
