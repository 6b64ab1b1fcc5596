"""Forbid this process all sockets except local ones, permanently: a filter of system calls (seccomp(2)) in BPF."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from typing import Final

from ocrwatchd.core.landlock import forbid_new_rights

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""BPF: a 32-bit word of the data, two jumps, the verdict."""
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in struct seccomp_data; for the argument the lower half, which the machines below store first."""
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_X32: Final = 0x40000000
"""System calls of the x32 kind, which have x86-64's architecture."""

_IO_URING_SETUP: Final = 425
_SOCKET: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198), "riscv64": (0xC00000F3, 198)}
"""Architecture (linux/audit.h) and number of socket(2) by machine; all are little-endian."""


def is_known() -> bool:
    """Whether there is a filter for this machine."""
    return os.uname().machine in _SOCKET and ctypes.sizeof(ctypes.c_void_p) == 8  # bytes


def allow_only_local_sockets() -> bool:
    """Refuse all sockets except AF_UNIX, for this thread and all threads and processes that it starts.

    io_uring could make sockets past the filter, so it is refused as if the kernel had none. So are the calls of other
    architectures, such as 32-bit ones.

    Returns:
        False if nothing was done: this machine, or its kernel, has no such filter.
    """
    if not is_known():
        return False
    program = b"".join(struct.pack("=HBBI", *each) for each in _program(*_SOCKET[os.uname().machine]))
    buffer = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    forbid_new_rights()
    mode = ctypes.c_ulong(_MODE_FILTER)
    return bool(ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, mode, filter_, ctypes.c_ulong(0), ctypes.c_ulong(0)) == 0)


def _program(architecture: int, socket_number: int) -> list[tuple[int, int, int, int]]:
    """Instructions: code, instructions to skip if a jump's condition is true and if it is false, value."""
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 0, 9, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 7, 0, _X32),
        (_IF_EQUAL, 4, 0, _IO_URING_SETUP),
        (_IF_EQUAL, 0, 2, socket_number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_EQUAL, 0, 2, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
        (_RETURN, 0, 0, _ERROR | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
    ]
