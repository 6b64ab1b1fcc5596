"""Lines of JSON between processes: cut, validated, and reported without their content."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

_KEY = re.compile(r"[a-z0-9_]{1,40}")
"""Our own keys; any other key may be content."""


class ProtocolError(Exception):
    """The other side sent a line that no version of this program sends."""


class Record(BaseModel):
    """Base of all records: frozen, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lines:
    """Cuts a stream of bytes into lines of at most ``limit`` bytes, and never holds more."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take new bytes; return the complete lines, without their ends.

        Raises:
            ProtocolError: a line is too long.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if any(len(line) > self._limit for line in (*lines, self._rest)):
            raise ProtocolError(f"a line is longer than {self._limit} bytes")
        return lines


def pack(path: Path) -> str:
    """A path as text for JSON, one character for each byte."""
    return os.fsencode(path).decode("latin-1")


def unpack(packed: str) -> Path:
    """The path that was packed.

    Raises:
        UnicodeEncodeError: the text does not come from ``pack``.
    """
    return Path(os.fsdecode(packed.encode("latin-1")))


def summary(what: str, error: ValidationError) -> str:
    """Where a message is not valid, without the value."""
    # This goes to the log, and the value may be anything. So may unknown keys and the keys of a table.
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    parts = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    place = ".".join(part if _KEY.fullmatch(part) else "?" for part in map(str, parts))
    return f"{what} is not valid: {place}: {first['type']}"
