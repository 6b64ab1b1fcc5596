"""SHA-256 of a scan's content; of several files, the contents one after the other in the order of their pages."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from ocrwatchd.core.fs import safe_open

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path


def hashing(files: Iterable[Path], folder: int | None = None) -> Generator[None, None, str]:
    """Hash files block by block, with a pause after each block; return the hash, hexadecimal.

    ``folder`` is a descriptor of the folder in which they lie; without it they are reached by their paths.

    Raises:
        OSError: a file cannot be read, or is no regular file.
    """
    digest = hashlib.sha256()
    for path in files:
        with os.fdopen(safe_open.open_regular(path, folder), "rb") as file:
            while block := file.read(safe_open.BLOCK_BYTES):
                digest.update(block)
                yield
    return digest.hexdigest()


def sha256_of_files(files: Iterable[Path], alive: Callable[[], None] = lambda: None, folder: int | None = None) -> str:
    """Hash files at once; ``alive`` is called after each block. Errors: see :func:`hashing`."""
    work = hashing(files, folder)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return str(end.value)
        alive()
