"""Bounded reading in a file that may be hostile and may change while it is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from ocrwatchd.core.fs.mounts import holes_are_gaps

BLOCK_BYTES = 1 << 16


class TooIntricate(Exception):
    """The file has more parts than any scan."""


class Window:
    """Random access to an open file by small blocks. A memory map would end with SIGBUS if the file is truncated.

    Args:
        file: descriptor of a regular file; its offset stays as it is.
        steps: how many parts may be visited before the file counts as too intricate, which bounds the time.
        block_bytes: how much is read at once.
    """

    def __init__(self, file: int, steps: int, block_bytes: int = BLOCK_BYTES) -> None:
        self.size = os.fstat(file).st_size
        self._file = file
        self._steps = steps
        self._block_bytes = block_bytes
        self._start = 0
        self._block = b""

    def read(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes at ``offset``; fewer, or none, where the file ends."""
        if offset < 0 or count <= 0 or offset >= self.size:
            return b""
        inside = offset - self._start
        if inside < 0 or inside + count > len(self._block):
            if count > self._block_bytes:
                return os.pread(self._file, count, offset)
            self._start, inside = offset, 0
            self._block = os.pread(self._file, self._block_bytes, offset)
        return self._block[inside : inside + count]

    def number(self, offset: int, count: int, order: Literal["little", "big"]) -> int:
        """The unsigned number in ``count`` bytes at ``offset``; -1 where the file ends before them."""
        found = self.read(offset, count)
        return int.from_bytes(found, order) if len(found) == count else -1

    def gapped(self) -> bool:
        """Whether parts of the file were never written: a client that sets the size first was cut off.

        Where a file system knows of no holes, or makes some out of written zeros, the answer is False.
        """
        at = os.lseek(self._file, 0, os.SEEK_CUR)
        try:
            if os.lseek(self._file, 0, os.SEEK_HOLE) >= self.size:
                return False
        except OSError:  # empty by now, or not a file that can be asked
            return False
        finally:
            os.lseek(self._file, at, os.SEEK_SET)
        return holes_are_gaps(Path(f"/proc/self/fd/{self._file}").readlink())

    def step(self, count: int = 1) -> None:
        """Count parts visited.

        Raises:
            TooIntricate: more than were granted.
        """
        self._steps -= count
        if self._steps < 0:
            raise TooIntricate
