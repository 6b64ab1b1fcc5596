"""Identify a model by its SHA-256, if possible without reading the file."""

from __future__ import annotations

import hashlib
import importlib.metadata
from base64 import urlsafe_b64decode
from pathlib import Path

from ocrwatchd.llm import cache, models, repository


def parts(path: Path) -> list[Path]:
    """The files of the model whose first file is ``path``.

    Raises:
        OSError: the folder cannot be read.
    """
    names = repository.models(each.name for each in path.parent.iterdir()).get(path.name, (path.name,))
    return [path.with_name(name) for name in names]


def read(file: Path) -> str:
    """Read a file's SHA-256, hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def recorded(file: Path) -> str:
    """The SHA-256 that the file's source has recorded, hexadecimal, or ""."""
    blob = file.resolve().name
    if repository.is_sha256(blob):  # the hub's cache names files by their SHA-256
        return blob
    for name in cache.repositories():
        for snapshot in cache.snapshots(name):
            if file.is_relative_to(snapshot):
                return cache.record(name).files.get(str(file.relative_to(snapshot)), "")
    return _installed(file) if file == models.BUILTIN else ""


def stamps(path: Path) -> tuple[tuple[int, int], ...]:
    """Size in bytes and time of change in nanoseconds of each of a model's files; equal stamps mean an equal model.

    Raises:
        OSError: a file cannot be found.
    """
    return tuple((found.st_size, found.st_mtime_ns) for found in (part.stat() for part in parts(path)))


def _installed(file: Path) -> str:
    """The SHA-256 of a file of the installed package, from RECORD; a checkout has no RECORD."""
    for packaged in importlib.metadata.files("ocrwatchd") or ():
        if packaged.hash and packaged.hash.mode == "sha256" and Path(str(packaged.locate())) == file:
            return urlsafe_b64decode(packaged.hash.value + "=").hex()  # PEP 376 leaves the padding out
    return ""
