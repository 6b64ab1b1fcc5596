"""Files of ours: the first line is a signature, which shows whether anybody has changed the file."""

from __future__ import annotations

import hashlib
import re
from enum import Enum
from pathlib import Path

_SAYS = (
    "# Put here by `ocrwatchd service install`; changes belong in a file of their own beside it. sha256 of the rest: "
)
_FIRST = re.compile(re.escape(_SAYS) + "([0-9a-f]{64})\n")


class Standing(Enum):
    """The state of a file, compared with the file to install."""

    ABSENT = "not there"
    SAME = "as installed"
    OURS = "ours, of another version or configuration"
    CHANGED = "changed by hand"
    FOREIGN = "not ours"


def signed(text: str) -> str:
    """A file's content with its signature."""
    return f"{_SAYS}{_digest(text)}\n{text}"


def standing(path: Path, text: str | None = None) -> Standing:
    """The state of a file, compared with the content to install without its signature.

    Raises:
        OSError: the file cannot be read.
    """
    if not path.exists() and not path.is_symlink():
        return Standing.ABSENT
    if path.is_symlink() or not path.is_file():
        return Standing.FOREIGN
    lying = path.read_text(encoding="utf-8", errors="replace")
    first = _FIRST.match(lying)
    if first is None:
        return Standing.FOREIGN
    rest = lying[first.end() :]
    if _digest(rest) != first[1]:
        return Standing.CHANGED
    return Standing.SAME if rest == text else Standing.OURS


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
