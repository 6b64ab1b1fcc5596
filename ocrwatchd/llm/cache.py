"""Read the Hugging Face cache. Light: it reads the cache's layout without huggingface_hub.

The layout is the library's own, so that other programs find the models too:
``models--ORGANISATION--NAME/`` with ``blobs/SHA256``, ``refs/main`` and ``snapshots/COMMIT/FILE`` (links to blobs).
``ocrwatchd.json`` beside them lists the files that ocrwatchd has downloaded.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.config.schema import cache_directory
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.core.fs import files
from ocrwatchd.llm.repository import choose, is_plain, is_sha256, models

RECORD = "ocrwatchd.json"
INCOMPLETE = ".incomplete"
_REPOSITORY = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?")
_READABLE = 0o644
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
"""Errors of file systems without symbolic links."""


class Record(BaseModel):
    """The downloads of one repository.

    Args:
        licence: from the model card, or "".
        files: SHA-256 of each file by its name in the repository, interrupted downloads included.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    licence: str = ""
    files: dict[str, str] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def _only_what_may_be_a_path(cls, given: dict[str, str]) -> dict[str, str]:
        return {name: sha256 for name, sha256 in given.items() if is_plain(name) and is_sha256(sha256)}


def root() -> Path:
    """The cache that ``HF_HUB_CACHE`` or ``HF_HOME`` names, else ocrwatchd's own."""
    if given := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return _absolute(given)
    if given := os.environ.get("HF_HOME"):
        return _absolute(given) / "hub"
    return cache_directory() / "huggingface"


def is_offline() -> bool:
    """Whether the library may not use the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def folder(repository: str) -> Path:
    """The folder of a repository.

    Raises:
        ModelUnavailable: the name is no repository's name.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise ModelUnavailable(
            f'"{repository}" is no repository; set llm.hugging_face_repo_id to ORGANISATION/NAME, '
            "or llm.model to the path of a .gguf file"
        )
    return root() / f"models--{repository.replace('/', '--')}"


def repositories() -> Iterator[str]:
    """The repositories in the cache."""
    for path in sorted(root().glob("models--*")):
        name = path.name.removeprefix("models--").replace("--", "/", 1)
        if _REPOSITORY.fullmatch(name):
            yield name


def snapshots(repository: str) -> list[Path]:
    """The folders of a repository's revisions: first the revision of the branch ``main``, then the latest."""
    base = folder(repository)
    try:
        found = [path for path in (base / "snapshots").iterdir() if path.is_dir()]
    except OSError:
        return []
    try:
        main = (base / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        main = ""
    return sorted(found, key=lambda path: (path.name == main, path.stat().st_mtime), reverse=True)


def names_in(snapshot: Path) -> list[str]:
    """The GGUF files of a revision that exist."""
    return [str(path.relative_to(snapshot)) for path in sorted(snapshot.rglob("*.gguf")) if path.is_file()]


def find(llm: Llm) -> Path | None:
    """Find the configured model, or the first part of a split one; None if the cache does not have it."""
    for snapshot in snapshots(llm.hugging_face_repo_id):
        names = names_in(snapshot)
        try:
            if names:
                return snapshot / choose(names, llm)[0]
        except ModelUnavailable:
            continue  # an older revision may hold it
    return None


def begun_bytes(repository: str) -> int:
    """Size of a repository's interrupted or running downloads, bytes."""
    total = 0
    for path in (folder(repository) / "blobs").glob(f"*{INCOMPLETE}"):
        with contextlib.suppress(OSError):  # the download has just ended
            found = path.lstat()
            total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total


def is_whole(path: Path, sha256: str, size: int | None = None) -> bool:
    """Whether the file exists with this SHA-256; a known size in bytes is compared first."""
    try:
        with path.open("rb") as file:
            if size is not None and os.fstat(file.fileno()).st_size != size:
                return False
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def put_in_place(blob: Path, place: Path) -> None:
    """Link a whole blob into its snapshot, or copy it if the file system has no links.

    Raises:
        OSError: the blob can be neither linked nor copied.
    """
    if place.resolve() == blob.resolve() or (not place.is_symlink() and is_whole(place, blob.name)):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    try:
        place.symlink_to(os.path.relpath(blob, place.parent))
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(blob, place)


def is_sound(first: Path) -> bool:
    """Whether each part of a cached model has the SHA-256 that its blob is named for; ``first`` comes from ``find``."""
    parts = models(path.name for path in first.parent.iterdir())[first.name]
    blobs = [first.with_name(part).resolve() for part in parts]
    return all(is_whole(blob, blob.name) for blob in blobs if is_sha256(blob.name))


def record(repository: str) -> Record:
    """Read the record of a repository; it is empty if ocrwatchd has downloaded nothing."""
    try:
        return Record.model_validate_json((folder(repository) / RECORD).read_bytes())
    except (OSError, ValidationError):
        return Record()


def write_record(repository: str, written: Record) -> None:
    """Write the record of a repository."""
    files.write_new(folder(repository) / RECORD, written.model_dump_json().encode(), _READABLE, replace=True)


def note_failure(repository: str, reason: str) -> None:
    """Remember why a download failed, for receipts and ``check``; "" forgets it."""
    path = _note(repository)
    try:
        if reason:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write_new(path, reason.encode(), _READABLE, replace=True)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return  # the log has the reason too


def last_failure(repository: str) -> str:
    """Say when and why the last download of a model failed, or ""."""
    path = _note(repository)
    try:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
        return f"the last download, {when}, failed: {path.read_text(encoding='utf-8')}"
    except (OSError, UnicodeDecodeError):
        return ""


def _note(repository: str) -> Path:
    return cache_directory() / "fetch" / f"{folder(repository).name}.reason"


def _absolute(given: str) -> Path:
    expanded = os.path.expandvars(Path(given).expanduser())
    return Path(os.path.abspath(expanded))  # noqa: PTH100 - resolve() would follow links
