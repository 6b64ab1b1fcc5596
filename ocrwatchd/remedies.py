"""What is wrong with a disk or a folder, and what to do about it, for people."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from ocrwatchd.log import names_are_told

_AGAIN: Final = "everything goes on by itself then"
_FULL = f"make room there; {_AGAIN}"
_DENIED = f"mend its owner or mode, or its disk's; {_AGAIN}"
_GONE = f"make it again, or mount it; {_AGAIN}"
_AWAY = f"see to the network or the disk, and mount it again; {_AGAIN}"
_REMEDIES: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EBUSY: f"end the program that holds it; {_AGAIN}",
    errno.EROFS: f"see in the kernel's log why, and mount it writable again; {_AGAIN}",
    errno.EIO: f"check that disk, its cable and the kernel's log; {_AGAIN}",
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ENOENT: _GONE,
    errno.ENODEV: _AWAY,
    errno.ESTALE: _AWAY,
    errno.ENOTCONN: _AWAY,
    errno.ETIMEDOUT: _AWAY,
    errno.EHOSTDOWN: _AWAY,
}


def in_words(error: OSError) -> str:
    """An error of a disk or folder as a sentence without its full stop: what, where, and what to do."""
    said = error.strerror or str(error)
    place = _folder_of(error)
    if place:
        said = f"{said}, in {place}"
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{said}: {remedy}" if remedy else said


def _folder_of(error: OSError) -> str:
    """The folder, never the file: its name may not be told everywhere. Of a rename the target's."""
    name = error.filename2 or error.filename
    if not isinstance(name, str | bytes | os.PathLike):
        return ""
    path = Path(os.fsdecode(name))
    if not path.is_absolute() or path.is_relative_to("/proc"):
        return ""
    folder = path if os.path.isdir(path) else path.parent  # noqa: PTH112  # unlike Path's it never raises
    if not names_are_told():  # sub-folders have names as telling as files'
        folder = next(above for above in (folder, *folder.parents) if os.path.ismount(above))
    return os.fsencode(folder).decode("utf-8", "replace")
