"""Access control lists as the kernel keeps them: an extended attribute (acl(5), linux/posix_acl_xattr.h).

Read here and not by a library: those that there are bind libacl, and would have to be compiled for forty lines.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ATTRIBUTE: Final = "system.posix_acl_access"
_HEADER: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")
_OWNER, _USER, _OWNING_GROUP, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NONE: Final = {errno.ENODATA, errno.EOPNOTSUPP, errno.ENOSYS}
READ, WRITE, ENTER = 4, 2, 1


@dataclass(frozen=True, slots=True)
class Rights:
    """What each may do in a folder: sums of READ, WRITE and ENTER; masks are applied already.

    Args:
        owner: the user to whom it belongs, and what he may.
        users: others who are named, by user id.
        groups: the folder's own group and those that are named, by group id.
        others: what everybody else may.
    """

    owner: tuple[int, int]
    users: dict[int, int]
    groups: dict[int, int]
    others: int


def rights(path: Path) -> Rights:
    """Who may do what in a folder, or with a file.

    Raises:
        OSError: it cannot be looked at.
    """
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    try:
        content = os.getxattr(path, _ATTRIBUTE)
    except OSError as error:
        if error.errno not in _NONE:
            raise
        content = b""
    entries = [(tag, may, number) for tag, may, number in _ENTRY.iter_unpack(content[_HEADER.size :])]
    if not entries:
        return Rights((status.st_uid, mode >> 6 & 7), {}, {status.st_gid: mode >> 3 & 7}, mode & 7)
    mask = next((may for tag, may, _ in entries if tag == _MASK), 7)
    users = {number: may & mask for tag, may, number in entries if tag == _USER}
    groups = {number: may & mask for tag, may, number in entries if tag == _GROUP}
    own = next(may for tag, may, _ in entries if tag == _OWNING_GROUP) & mask
    groups[status.st_gid] = groups.get(status.st_gid, 0) | own
    return Rights((status.st_uid, mode >> 6 & 7), users, groups, mode & 7)
