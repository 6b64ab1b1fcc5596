"""The chain of directories in a TIFF, and each page of it as a file of its own.

Pillow follows the chain itself, but then one bad directory hides all the pages behind it, and page 900 costs 900
steps. Source of the layout: TIFF 6.0, section 2; BigTIFF.
"""

from __future__ import annotations

import io
import os
import struct
from typing import NamedTuple


class Layout(NamedTuple):
    """How numbers lie in a TIFF: where the first directory's offset is, and the structs of its parts."""

    first: int
    offset: struct.Struct
    entries: struct.Struct
    entry_bytes: int


class Directories(NamedTuple):
    """A TIFF's pages: the offset of each one's directory, and whether the chain broke off or ran in a circle."""

    layout: Layout
    offsets: list[int]
    damaged: bool


def directories(descriptor: int, limit: int) -> Directories:
    """Follow the chain from directory to directory.

    Args:
        descriptor: of the file.
        limit: of pages; a longer chain is cut there.
    """
    layout = _layout(os.pread(descriptor, 4, 0))
    offsets: list[int] = []
    seen = {0}
    at = _number(descriptor, layout.first, layout.offset)
    while at is not None and at not in seen and len(offsets) < limit:
        entries = _number(descriptor, at, layout.entries)
        if not entries:
            break
        seen.add(at)
        offsets.append(at)
        at = _number(descriptor, at + layout.entries.size + entries * layout.entry_bytes, layout.offset)
    return Directories(layout, offsets, damaged=at != 0)


class PageFile(io.RawIOBase):
    """The TIFF as seen by a reader that shall find one directory first.

    Reading is by ``pread``: the descriptor, which libtiff gets to itself, stays where it is.

    Args:
        descriptor: of the file.
        layout: of its numbers.
        offset: of the directory to be found.
        shared: libtiff reads by the descriptor, and finds the directory by an offset that it is told apart. It then
            insists on a sound first directory of the file; without ``shared`` it is given the file's bytes instead.
    """

    def __init__(self, descriptor: int, layout: Layout, offset: int, *, shared: bool = True) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._shared = shared
        self._size = os.fstat(descriptor).st_size
        self._first = layout.first
        self._start = layout.offset.pack(offset)
        self._at = 0

    def fileno(self) -> int:
        """For libtiff.

        Raises:
            OSError: not shared.
        """
        if not self._shared:
            raise io.UnsupportedOperation("fileno")
        return self._descriptor

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As for any file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("an offset before the file's start")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """As for any file."""
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """As for any file, with the first directory's offset replaced."""
        rest = max(0, self._size - self._at)
        wanted = rest if size is None or size < 0 else min(size, rest)
        data = bytearray(os.pread(self._descriptor, wanted, self._at) if wanted else b"")
        for index, byte in enumerate(self._start, self._first - self._at):
            if 0 <= index < len(data):
                data[index] = byte
        self._at += len(data)
        return bytes(data)


def _layout(magic: bytes) -> Layout:
    order = "<" if magic[:2] == b"II" else ">"
    if b"+" in magic:
        return Layout(8, struct.Struct(f"{order}Q"), struct.Struct(f"{order}Q"), 20)
    return Layout(4, struct.Struct(f"{order}I"), struct.Struct(f"{order}H"), 12)


def _number(descriptor: int, at: int, kind: struct.Struct) -> int | None:
    """The number at an offset, or None where the file has ended before."""
    if at >= 1 << 62:
        return None
    data = os.pread(descriptor, kind.size, at)
    return int(kind.unpack(data)[0]) if len(data) == kind.size else None
