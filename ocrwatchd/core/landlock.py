"""Confine this process to some files, permanently: the kernel's Landlock (landlock(7)), by its three system calls."""

from __future__ import annotations

import ctypes
import enum
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls on every machine but Alpha."""

_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_BIND_AND_CONNECT_TCP: Final = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS: Final = 0b11
_SINCE_TCP, _SINCE_SCOPES = 4, 6
"""Versions of Landlock."""

_libc = ctypes.CDLL(None, use_errno=True)


class Right(enum.IntFlag):
    """Rights to a file, or to a folder and all its content, in the kernel's order."""

    EXECUTE = enum.auto()
    WRITE_FILE = enum.auto()
    READ_FILE = enum.auto()
    READ_DIR = enum.auto()
    REMOVE_DIR = enum.auto()
    REMOVE_FILE = enum.auto()
    MAKE_CHAR = enum.auto()
    MAKE_DIR = enum.auto()
    MAKE_REG = enum.auto()
    MAKE_SOCK = enum.auto()
    MAKE_FIFO = enum.auto()
    MAKE_BLOCK = enum.auto()
    MAKE_SYM = enum.auto()
    REFER = enum.auto()
    TRUNCATE = enum.auto()
    IOCTL_DEV = enum.auto()


_ALL: Final = ~Right(0)
_OF_A_FILE: Final = Right.EXECUTE | Right.WRITE_FILE | Right.READ_FILE | Right.TRUNCATE | Right.IOCTL_DEV
_SINCE: Final = {Right.REFER: 2, Right.TRUNCATE: 3, Right.IOCTL_DEV: 5}
"""The versions that added rights; version 1 has all others."""

LIST: Final = Right.READ_DIR
READ: Final = Right.READ_FILE | Right.READ_DIR
RUN: Final = READ | Right.EXECUTE
CHANGE: Final = READ | Right.WRITE_FILE | Right.TRUNCATE
WRITE: Final = CHANGE | Right.MAKE_REG | Right.MAKE_DIR | Right.REMOVE_FILE | Right.REMOVE_DIR | Right.REFER
"""All rights except to make links, pipes, sockets and devices, and to run programs."""
DEVICE: Final = CHANGE | Right.IOCTL_DEV


def abi() -> int:
    """The version of the kernel's Landlock; 0 if there is none, or its system calls are not allowed."""
    return max(0, _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION)))


def restrict(rules: Iterable[tuple[Path, Right]], *, network: bool) -> int:
    """Give up all other access to files, for this thread and all threads and processes that it starts.

    Open files stay open. Names, owners, modes and times of files stay visible and can be set: Landlock has no right for
    them. Other processes can no longer be inspected and, since version 6, get no signals.

    Args:
        rules: paths with their rights, one entry for each path; a path that cannot be opened is left out.
        network: whether TCP stays allowed; it can be refused since version 4.

    Returns:
        The kernel's version; 0 if the kernel has no Landlock, and nothing was done.

    Raises:
        OSError: the kernel has Landlock and refuses.
    """
    version = abi()
    if not version:
        return 0
    handled = _ALL & ~sum((right for right, since in _SINCE.items() if since > version), Right(0))
    tcp = _BIND_AND_CONNECT_TCP if version >= _SINCE_TCP and not network else 0
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= _SINCE_SCOPES else 0
    attributes = (ctypes.c_uint64 * 3)(handled, tcp, scopes)  # an older kernel accepts zeros in unknown fields
    ruleset = _checked(_CREATE_RULESET, attributes, ctypes.c_size_t(ctypes.sizeof(attributes)), ctypes.c_uint32(0))
    try:
        for path, rights in rules:
            _allow(ruleset, path, rights & handled)
        forbid_new_rights()
        _checked(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return version


def forbid_new_rights() -> None:
    """Gain no rights from set-user-id programs; the kernel demands this before a process confines itself."""
    none = (ctypes.c_ulong(0),) * 3
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), *none) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _allow(ruleset: int, path: Path, rights: Right) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_A_FILE
        if rights:
            rule = struct.pack("=Qi", rights, descriptor)
            _checked(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def _checked(number: int, *arguments: object) -> int:
    result = _call(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _call(number: int, *arguments: object) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *arguments))
