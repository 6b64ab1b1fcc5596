"""How a command is told: an event's facts as JSON on its standard input and as environment variables."""

from __future__ import annotations

import json
import os


def as_json(facts: dict[str, object]) -> bytes:
    """One line of ASCII; bytes of a path that are no UTF-8 stand there as lone surrogates."""
    return json.dumps(facts, ensure_ascii=True).encode() + b"\n"


def as_environment(facts: dict[str, object]) -> dict[bytes, bytes]:
    """A variable a fact: ``OCRWATCHD_EVENT`` and so on.

    All values but the path are printable, one line each: nothing in them can begin a header of a mail.
    """
    return {
        f"OCRWATCHD_{key.upper()}".encode(): os.fsencode(str(value))
        if key == "path"
        else str(value).encode("utf-8", "replace")
        for key, value in facts.items()
    }
