"""The files of a document that came as several scans: ``members.json`` in the job's folder, in the order of the pages.

It is written before the first file moves, so that a claim that was interrupted can be taken back whole.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ocrwatchd.core.fs import safe_open
from ocrwatchd.storage import checked_json
from ocrwatchd.storage.set_names import is_plain, is_plain_path

FILE: Final = "members.json"
MOST_MEMBERS: Final = 2000
MOST_NAME_BYTES: Final = 1 << 18
"""All names together: an order to another machine, in any escaping, stays within its bounds."""

MAX_BYTES: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class Members:
    """The document's path under the inbox, and where its files came from.

    Args:
        relative: also the path of the folder ``scan/RELATIVE`` that holds the files.
        folder: the files' folder under the inbox; an empty path: the inbox itself.
        names: of the files, in the order of the pages.
    """

    relative: Path
    folder: Path
    names: tuple[str, ...]


def write(job_folder: Path, members: Members) -> None:
    """Write the file, synced."""
    told = {"relative": str(members.relative), "folder": str(members.folder), "names": members.names}
    checked_json.write(job_folder / FILE, told)


def is_group(job_folder: Path) -> bool:
    """Whether a job has several files, as far as is known: the file may be invalid.

    Raises:
        OSError: this is not known now.
    """
    return safe_open.lexists_strict(job_folder / FILE)


def read(job_folder: Path) -> Members | None:
    """The members of a job; None where there is no such file, or an invalid one.

    Raises:
        OSError: it cannot be read now.
    """
    try:
        return checked_json.read(job_folder / FILE, MAX_BYTES, _checked)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in {errno.EINVAL, errno.ELOOP}:  # no file
            return None
        raise


def are_names(names: tuple[str, ...]) -> bool:
    """Whether these can be the names of a document's files."""
    return (
        0 < len(names) <= MOST_MEMBERS
        and all(map(is_plain, names))
        and len(set(names)) == len(names)
        and sum(len(os.fsencode(name)) for name in names) <= MOST_NAME_BYTES
    )


def _checked(told: dict[str, Any]) -> Members | None:
    """The members in a file that any program may have changed; None where a value is invalid."""
    relative, folder, names = told["relative"], told["folder"], told["names"]
    if not isinstance(names, list) or not all(isinstance(each, str) for each in (relative, folder, *names)):
        return None
    place, above, found = Path(relative), Path(folder), tuple(names)
    valid = is_plain_path(place) and (above == Path() or is_plain_path(above)) and are_names(found)
    return Members(place, above, found) if valid else None
