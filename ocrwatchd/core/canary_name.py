"""Names of canaries: known pages for a test of the running daemon."""

import re
import secrets
from typing import Final

PREFIX: Final = "ocrwatchd-canary-"

SUFFIX: Final = ".png"

_NAME: Final = re.compile(rf"{PREFIX}[0-9a-f]{{16}}{re.escape(SUFFIX)}")


def new_name() -> str:
    """A name that no other canary has."""
    return f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"


def is_name(name: str) -> bool:
    """Whether a file's name is a canary's."""
    return _NAME.fullmatch(name) is not None
