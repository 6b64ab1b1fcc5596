"""Which model a file holds: its SHA-256, where possible without reading it."""

from __future__ import annotations

import hashlib
import importlib.metadata
from base64 import urlsafe_b64decode
from pathlib import Path

from ocrwatchd.llm import cache, models, repository


def parts(path: Path) -> list[Path]:
    """A model's files: one, or those of a split model, which ``path`` is the first of.

    Raises:
        OSError: its folder cannot be read.
    """
    names = repository.models(each.name for each in path.parent.iterdir()).get(path.name, (path.name,))
    return [path.with_name(name) for name in names]


def read(file: Path) -> str:
    """A file's SHA-256, hexadecimal; all of it is read.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def recorded(file: Path) -> str:
    """The SHA-256 that the file had where it comes from, hexadecimal, or "" where nobody has recorded it."""
    blob = file.resolve().name
    if repository.is_sha256(blob):  # the hub's cache names files for their content
        return blob
    for name in cache.repositories():
        for snapshot in cache.snapshots(name):
            if file.is_relative_to(snapshot):
                return cache.record(name).files.get(str(file.relative_to(snapshot)), "")
    return _installed(file) if file == models.BUILTIN else ""


def stamps(path: Path) -> tuple[tuple[int, int], ...]:
    """Size and time of change, in nanoseconds, of each of a model's files: what has the same is taken for the same.

    Raises:
        OSError: one cannot be looked at.
    """
    return tuple((found.st_size, found.st_mtime_ns) for found in (part.stat() for part in parts(path)))


def _installed(file: Path) -> str:
    """The same for a file of the installed package, from its RECORD; a checkout has none."""
    for packaged in importlib.metadata.files("ocrwatchd") or ():
        if packaged.hash and packaged.hash.mode == "sha256" and Path(str(packaged.locate())) == file:
            return urlsafe_b64decode(packaged.hash.value + "=").hex()  # PEP 376 leaves the padding out
    return ""
