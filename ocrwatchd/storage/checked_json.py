"""Files of a job's folder as JSON. Any program may have changed them, so each value is checked when they are read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from ocrwatchd.core.fs import files, safe_open

FILE_MODE: Final = 0o600

Value = TypeVar("Value")


def write(path: Path, told: object) -> None:
    """Write a file, synced; a name that is not valid UTF-8 comes back byte by byte."""
    files.write_new(path, json.dumps(told, ensure_ascii=True).encode(), FILE_MODE, replace=True)


def read(path: Path, most_bytes: int, checked: Callable[[Any], Value | None]) -> Value | None:
    """What ``checked`` makes of a file's content; None where it is invalid.

    Raises:
        OSError: it cannot be read, or is no regular file; FileNotFoundError where there is none.
    """
    with os.fdopen(safe_open.open_regular(path), "rb") as opened:
        content = opened.read(most_bytes)
    try:
        return checked(json.loads(content))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
