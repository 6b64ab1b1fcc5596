"""Write paths so that a shell and fstab read them as they are."""

from __future__ import annotations

import shlex
from pathlib import Path

from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.log import printable

_FSTAB = str.maketrans({char: f"\\{ord(char):03o}" for char in " \t\\"})
"""fstab(5): fields end at blanks, and three octal digits after a backslash stand for a character."""


def for_shell(path: Path) -> str:
    """A path as one word of a command line.

    Raises:
        ConfigError: it holds what no configuration should.
    """
    return shlex.quote(_plain(path))


def for_fstab(path: Path) -> str:
    """A path as a field of fstab, quoted for the shell that writes it there.

    Raises:
        ConfigError: it holds what no configuration should.
    """
    return shlex.quote(_plain(path).translate(_FSTAB))


def commented(path: Path) -> str:
    """A path in a comment: on one line, whatever it holds."""
    return printable(str(path))


def _plain(path: Path) -> str:
    said = str(path)
    if printable(said) != said:
        raise ConfigError(
            f"the path {printable(said)} holds a control character or bytes that are no UTF-8, which servers' "
            "configurations cannot hold; rename that folder and set folders.root to its new name"
        )
    return said
