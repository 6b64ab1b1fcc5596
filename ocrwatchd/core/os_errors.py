"""Errors of disks and folders, with the remedy, for people."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.fs.safe_open import is_folder
from ocrwatchd.core.fs.tree import Obstacle
from ocrwatchd.core.i18n import Message, say, verbatim
from ocrwatchd.core.log import names_are_told

_FULL: Final = say("make room there")
_DENIED: Final = say("correct the owner and the permissions there, or those of the mounted disk")
_GONE: Final = say("make the folder again, or mount its disk")
_AWAY: Final = say("check the network or the disk, then mount it again")
_REMEDIES: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EBUSY: say("close the program that uses it"),
    errno.EROFS: say("find the reason in the kernel's log, then mount it writable again"),
    errno.EIO: say("check that disk, its cable and the kernel's log"),
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ENOENT: _GONE,
    errno.ENAMETOOLONG: say("give the folders there, or the root, shorter names"),
    errno.ENODEV: _AWAY,
    errno.ESTALE: _AWAY,
    errno.ENOTCONN: _AWAY,
    errno.ETIMEDOUT: _AWAY,
    errno.EHOSTDOWN: _AWAY,
}

_FAULTS: Final = (
    say("No space left on device"),
    say("Disk quota exceeded"),
    say("Device or resource busy"),
    say("Read-only file system"),
    say("Input/output error"),
    say("Permission denied"),
    say("Operation not permitted"),
    say("No such file or directory"),
    say("File name too long"),
    say("No such device"),
    say("Stale file handle"),
    say("Transport endpoint is not connected"),
    say("Connection timed out"),
    say("Host is down"),
)
"""What the system says: listed here for the catalogues."""


def in_words(error: OSError | OcrwatchdError) -> Message:
    """An error for people: of a disk or folder what is wrong, where, and what to do."""
    if isinstance(error, OcrwatchdError):
        return error.message
    fault, folder = verbatim(error.strerror or error), _folder_of(error)
    remedy = _REMEDIES.get(error.errno or 0)
    if remedy and folder:
        told = say(
            "{fault}, in {folder}: {remedy}. Processing then resumes automatically",
            fault=fault,
            folder=folder,
            remedy=remedy,
        )
    elif remedy:
        told = say("{fault}: {remedy}. Processing then resumes automatically", fault=fault, remedy=remedy)
    else:
        told = say("{fault}, in {folder}", fault=fault, folder=folder) if folder else fault
    return told


def _folder_of(error: OSError) -> str:
    """The folder of the error, or of the target of a rename. Never the file: not everybody may see its name.

    What lies where a folder belongs has the folder's name, and is told.
    """
    name = error.filename2 or error.filename
    if not isinstance(name, str | bytes | os.PathLike):
        return ""
    path = Path(os.fsdecode(name))
    if not path.is_absolute() or path.is_relative_to("/proc"):
        return ""
    in_the_way = isinstance(error, Obstacle) and error.errno == errno.ENOTDIR
    folder = path if in_the_way or is_folder(path) else path.parent
    if not names_are_told():  # sub-folders have names as telling as files'
        folder = next(above for above in (folder, *folder.parents) if os.path.ismount(above))
    return os.fsencode(folder).decode("utf-8", "replace")
