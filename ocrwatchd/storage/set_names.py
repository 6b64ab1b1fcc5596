"""The name of a delivered set: free, short enough, and accepted by the disk. Pure functions.

Not every disk accepts every name: NTFS, exFAT and vfat accept no colon, ZFS may accept only UTF-8, eCryptfs at most 143
bytes. There the set and its folders get a simpler name; the receipt and the reason note contain the original one.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

STATUS_PAGE: Final = "status.html"
"""A name in the outbox that no set may take."""

NAME_BYTES: Final = 255
"""The longest file name on Linux, bytes."""

LONGEST_NUMBER: Final = len("-9999999")
LONGEST_SUFFIX: Final = 16
"""A part after the last dot that is longer (bytes) belongs to the stem."""

PATH_BYTES: Final = 4095
"""The longest path on Linux, bytes."""

RESERVED_BYTES: Final = 32
"""Room for a number, a suffix, and the name of a temporary file."""

PLAIN_BYTES: Final = 100
"""The longest part of the simplest path: encrypting file systems leave 143 bytes or fewer."""

REFUSALS: Final = frozenset({errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG})
"""Errors of a disk that refuses a name."""

_ODD: Final = re.compile(r"""[\x00-\x1f\x7f"*:<>?\\|\ud800-\udfff]|[. ](?=[. ]*$)""")
_DEVICE: Final = re.compile(r"(?:aux|con|nul|prn|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
"""Names that Windows, and so its file systems, do not accept."""

_NOT_ASCII: Final = re.compile(r"[^\w(),=+@ .-]", re.ASCII)


def longest_relative_bytes(folders: Iterable[Path]) -> int:
    """The longest path of a scan under the inbox for which its set's path fits below each folder."""
    return PATH_BYTES - RESERVED_BYTES - max(len(os.fsencode(folder)) for folder in folders)


def first_place(relative: Path, *, plain: bool) -> Path:
    """The first path to try below the outbox: usually the scan's path under the inbox.

    With ``plain``, a disk has refused unusual characters before, so they are replaced.
    """
    first, *rest = relative.parts
    if rest and first.casefold() == STATUS_PAGE:  # a folder of this name would be in the status page's way
        relative = Path(f"{first}-2", *rest)
    return _without_odd_characters(relative) if plain else relative


def plainer(place: Path) -> Path:
    """A path that more disks accept: first without unusual characters, then with short ASCII names."""
    plain = _without_odd_characters(place)
    return plain if plain != place else Path(*map(_short_ascii, place.parts))


def _without_odd_characters(place: Path) -> Path:
    return Path(
        *(f"_{part}" if _DEVICE.match(part) else part for part in (_ODD.sub("_", each) for each in place.parts))
    )


def _short_ascii(part: str) -> str:
    stem, suffix = stem_and_suffix(_NOT_ASCII.sub("_", part))
    return f"{stem[: PLAIN_BYTES - len(suffix)]}{suffix}"


def is_plain(name: str) -> bool:
    """Whether a file can have this name: other programs may change receipts, delivery plans and the ledger."""
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError:
        return False
    return length <= NAME_BYTES and name not in {"", ".", ".."} and "/" not in name and "\0" not in name


def is_plain_path(path: Path) -> bool:
    """Whether a file below a folder can have this path."""
    return bool(path.parts) and all(map(is_plain, path.parts)) and len(os.fsencode(path)) <= PATH_BYTES


def stem_and_suffix(name: str) -> tuple[str, str]:
    """Split a file name; a part after the last dot is a suffix only if it is short."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(os.fsencode(suffix)) > LONGEST_SUFFIX:
        return name, ""
    return stem, f"{dot}{suffix}"


def first_free(stem: str, suffixes: tuple[str, ...], free: Callable[[str], bool]) -> str:
    """The first free one of ``stem``, ``stem-2``, ``stem-3`` and so on.

    Args:
        stem: cut, between characters, to leave room for a number and the longest suffix.
        suffixes: of the set's files.
        free: whether a name is free.
    """
    stem = with_room(stem, suffixes)
    return numbered(stem, first_number(lambda number: free(numbered(stem, number))))


def with_room(stem: str, suffixes: Iterable[str], tail: str = "") -> str:
    """Cut a stem between characters, so that a number and the longest suffix can be added.

    Args:
        stem: as it would be without a limit.
        suffixes: of the set's files.
        tail: an end of the stem that must stay, such as the number of a document of a scan.
    """
    room = NAME_BYTES - LONGEST_NUMBER - max(len(os.fsencode(suffix)) for suffix in suffixes)
    head = stem.removesuffix(tail)
    while len(os.fsencode(head)) + len(os.fsencode(tail)) > room:
        head = head[:-1]
    return f"{head}{tail}"


def numbered(stem: str, number: int) -> str:
    """The name with a number; the first one has none."""
    return stem if number == 1 else f"{stem}-{number}"


def first_number(free: Callable[[int], bool]) -> int:
    """The first number that is free, by bisection: a scanner may use one name for years."""
    if free(1):
        return 1
    taken, number = 1, 2
    while not free(number):
        taken, number = number, number * 2
    while number - taken > 1:
        middle = (taken + number) // 2
        taken, number = (taken, middle) if free(middle) else (middle, number)
    return number
