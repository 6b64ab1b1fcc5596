"""Is the language model there, and is it what it was when it came?"""

from __future__ import annotations

import hashlib
import importlib.metadata
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.check.finding import Finding
from ocrwatchd.correct import cache, models, repository
from ocrwatchd.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.settings import Llm

DIGITS_SHOWN = 16
"""Of a hash: enough to compare by eye."""


def look(llm: Llm) -> Iterator[Finding]:
    """The model that these settings mean; all of it is read."""
    try:
        path = models.resolve(llm)
        meanwhile = models.why_builtin(llm)
    except ModelUnavailable as error:
        # Texts stay raw: that is in order where no model was asked for.
        yield Finding("model", llm.model == "off", str(error))
        return
    yield Finding("model", True, f"{path} (built in; {meanwhile})" if meanwhile else str(path))
    try:
        yield _sound(path)
    except OSError as error:
        words = f"{path} cannot be read: {error.strerror}; check its disk, or fetch the model again"
        yield Finding("model's hash", False, words)


def _sound(path: Path) -> Finding:
    parts = repository.models(each.name for each in path.parent.iterdir()).get(path.name, (path.name,))
    said = []
    for file in (path.with_name(part) for part in parts):
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        recorded = _recorded(file)
        if recorded and found != recorded:
            again = "install ocrwatchd again" if path == models.BUILTIN else "`ocrwatchd models pull` fetches it again"
            words = f"{file} is damaged: its SHA-256 is {found}, not {recorded}; {again}"
            return Finding("model's hash", False, words)
        known = "as it was published" if recorded else "nobody has recorded what it should be"
        said.append(f"{found[:DIGITS_SHOWN]}…, {known}")
    return Finding("model's hash", True, f"SHA-256 {'; '.join(said)}")


def _recorded(file: Path) -> str:
    """The SHA-256 that the file had where it comes from, hexadecimal, or "" where nobody has recorded it."""
    blob = file.resolve().name
    if repository.is_sha256(blob):  # the hub's cache names files for their content
        return blob
    for name in cache.repositories():
        for snapshot in cache.snapshots(name):
            if file.is_relative_to(snapshot):
                return cache.record(name).files.get(str(file.relative_to(snapshot)), "")
    return _installed(file) if file == models.BUILTIN else ""


def _installed(file: Path) -> str:
    """The same for a file of the installed package, from its RECORD; a checkout has none."""
    for packaged in importlib.metadata.files("ocrwatchd") or ():
        if packaged.hash and packaged.hash.mode == "sha256" and Path(str(packaged.locate())) == file:
            return urlsafe_b64decode(packaged.hash.value + "=").hex()  # PEP 376 leaves the padding out
    return ""
