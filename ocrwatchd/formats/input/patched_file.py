"""A view of a file for decoders: some bytes are replaced, the end may be cut off, and bytes appended."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping

from typing_extensions import override


class PatchedFile(io.RawIOBase):
    """A view of a file. The file and the offset of its descriptor do not change.

    Args:
        descriptor: of the file.
        patches: bytes by the offset at which they stand instead of the file's own.
        size: how many of the file's bytes are seen; -1 for all.
        tail: bytes that follow them.
    """

    def __init__(self, descriptor: int, patches: Mapping[int, bytes], *, size: int = -1, tail: bytes = b"") -> None:
        super().__init__()
        self._descriptor = descriptor
        self._patches = patches
        self._size = size if size >= 0 else os.fstat(descriptor).st_size
        self._tail = tail
        self._at = 0

    @override
    def fileno(self) -> int:
        # Who reads by the descriptor sees the file as it is.
        raise io.UnsupportedOperation("fileno")

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size + len(self._tail)}[whence]
        if base + offset < 0:
            raise ValueError("an offset before the file's start")
        self._at = base + offset
        return self._at

    @override
    def tell(self) -> int:
        return self._at

    @override
    def read(self, size: int | None = -1) -> bytes:
        rest = max(0, self._size + len(self._tail) - self._at)
        wanted = rest if size is None or size < 0 else min(size, rest)
        own = min(wanted, max(0, self._size - self._at))
        data = bytearray(os.pread(self._descriptor, own, self._at) if own else b"")
        for offset, patch in self._patches.items():
            for index, byte in enumerate(patch, offset - self._at):
                if 0 <= index < len(data):
                    data[index] = byte
        if len(data) == own < wanted:
            start = self._at + own - self._size
            data += self._tail[start : start + wanted - own]
        self._at += len(data)
        return bytes(data)
