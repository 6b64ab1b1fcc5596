"""Lines of JSON between processes: cut, checked, and told without what stood there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

_KEY = re.compile(r"[a-z0-9_]{1,40}")
"""What stands where a key of ours may stand; any other is content."""


class ProtocolError(Exception):
    """The other side said something that no version of this program says."""


class Message(BaseModel):
    """Base of all messages: frozen, nothing unknown in them."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lines:
    """Cuts a stream of bytes into lines and never holds more than one of the longest.

    Args:
        limit: of a line, bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what came in; the lines that are whole, without their ends.

        Raises:
            ProtocolError: a line is too long.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if any(len(line) > self._limit for line in (*lines, self._rest)):
            raise ProtocolError(f"a line is longer than {self._limit} bytes")
        return lines


def pack(path: Path) -> str:
    """A path as text that JSON carries, byte by byte."""
    return os.fsencode(path).decode("latin-1")


def unpack(packed: str) -> Path:
    """The path that was packed.

    Raises:
        UnicodeEncodeError: nothing that was packed looks like this.
    """
    return Path(os.fsdecode(packed.encode("latin-1")))


def summary(what: str, error: ValidationError) -> str:
    """Where a message does not hold, without what stood there."""
    # The offending input is left out: it may be anything, and this goes to the log.
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    # So may a key that nobody knows, or a table's.
    parts = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    place = ".".join(part if _KEY.fullmatch(part) else "?" for part in map(str, parts))
    return f"{what} does not hold: {place}: {first['type']}"
