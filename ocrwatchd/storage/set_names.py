"""The name of a delivered set: free, short enough, and such that the disk takes it. Pure; nothing is looked up here.

Not every disk takes each name: NTFS, exFAT and vfat take no colon, ZFS may take UTF-8 only, eCryptfs no more than 143
bytes. There the set, and the folders above it, get a plainer name; the receipt and the reason note tell the true one.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocrwatchd.storage.names import STATUS_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAME_BYTES: Final = 255
"""The longest file name that Linux file systems take, in bytes."""

LONGEST_NUMBER: Final = len("-9999999")
LONGEST_SUFFIX: Final = 16
"""Bytes after the last dot of a name; what is longer is no suffix but a part of the name."""

PATH_BYTES: Final = 4095
"""The longest path that Linux takes."""

RESERVED_BYTES: Final = 32
"""For what a set's name has more than the scan's: a number and a suffix; and for a temporary file's name."""

PLAIN_BYTES: Final = 100
"""How long a part of the plainest path may be: encrypting file systems leave 143 bytes, or fewer, of 255."""

REFUSALS: Final = frozenset({errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG})
"""How a disk refuses a name."""

_ODD: Final = re.compile(r"""[\x00-\x1f\x7f"*:<>?\\|\ud800-\udfff]|[. ](?=[. ]*$)""")
_DEVICE: Final = re.compile(r"(?:aux|con|nul|prn|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
"""What is no file name on Windows, and so not on its file systems."""

_NOT_ASCII: Final = re.compile(r"[^\w(),=+@ .-]", re.ASCII)


def longest_relative_bytes(folders: Iterable[Path]) -> int:
    """How long a scan's path under the inbox may be, so that its set has a path below each of some folders."""
    return PATH_BYTES - RESERVED_BYTES - max(len(os.fsencode(folder)) for folder in folders)


def first_place(relative: Path, *, plain: bool) -> Path:
    """Where a scan's set is delivered first, below the outbox: mostly the scan's own path under the inbox.

    Args:
        relative: that path.
        plain: a disk has refused odd characters before.
    """
    first, *rest = relative.parts
    if rest and first.casefold() == STATUS_PAGE:  # a folder of this name would be in the status page's way
        relative = Path(f"{first}-2", *rest)
    return _without_odd_characters(relative) if plain else relative


def plainer(place: Path) -> Path:
    """A path that more disks take: without odd characters, then of short ASCII names; the same where it is plain."""
    plain = _without_odd_characters(place)
    return plain if plain != place else Path(*map(_short_ascii, place.parts))


def _without_odd_characters(place: Path) -> Path:
    return Path(
        *(f"_{part}" if _DEVICE.match(part) else part for part in (_ODD.sub("_", each) for each in place.parts))
    )


def _short_ascii(part: str) -> str:
    stem, suffix = stem_and_suffix(_NOT_ASCII.sub("_", part))
    return f"{stem[: PLAIN_BYTES - len(suffix)]}{suffix}"


def stem_and_suffix(name: str) -> tuple[str, str]:
    """Split a file's name; what follows the last dot counts as a suffix only where it is as short as suffixes are."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(os.fsencode(suffix)) > LONGEST_SUFFIX:
        return name, ""
    return stem, f"{dot}{suffix}"


def first_free(stem: str, suffixes: tuple[str, ...], free: Callable[[str], bool]) -> str:
    """A free one of ``stem``, ``stem-2``, ``stem-3`` …: the first where no earlier one was taken away.

    A scanner may use one name for years, so not every number is tried.

    Args:
        stem: cut where it would not leave room for a number and the longest suffix; characters stay whole.
        suffixes: what may follow the name.
        free: whether a name is.
    """
    room = NAME_BYTES - LONGEST_NUMBER - max(len(os.fsencode(suffix)) for suffix in suffixes)
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    if free(stem):
        return stem
    taken, number = 1, 2
    while not free(f"{stem}-{number}"):
        taken, number = number, number * 2
    while number - taken > 1:
        middle = (taken + number) // 2
        taken, number = (taken, middle) if free(f"{stem}-{middle}") else (middle, number)
    return f"{stem}-{number}"
