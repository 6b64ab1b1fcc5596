"""Access control lists in the kernel's format: an extended attribute (acl(5), linux/posix_acl_xattr.h).

No library is used: the existing libraries need libacl and a compiler.
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
    """Rights in a folder: sums of READ, WRITE and ENTER, with masks applied.

    Args:
        owner: user id and rights of the owner.
        users: rights of further users, by user id.
        groups: rights of the folder's group and of further groups, by group id.
        others: rights of everybody else.
    """

    owner: tuple[int, int]
    users: dict[int, int]
    groups: dict[int, int]
    others: int


def rights(path: Path) -> Rights:
    """The rights in a folder, or of a file.

    Raises:
        OSError: the path cannot be examined.
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
