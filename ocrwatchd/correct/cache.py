"""What lies in the Hugging Face cache. Light: it reads the cache's layout without huggingface_hub.

The layout is the library's own, so that other programs find the models too:
``models--ORGANISATION--NAME/`` with ``blobs/SHA256``, ``refs/main`` and ``snapshots/COMMIT/FILE`` (links to blobs).
Beside them lies ``ocrwatchd.json``, which tells what ocrwatchd has fetched itself.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocrwatchd import files
from ocrwatchd.config import cache_directory
from ocrwatchd.correct.repository import choose
from ocrwatchd.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.config import Llm

RECORD = "ocrwatchd.json"
INCOMPLETE = ".incomplete"
_REPOSITORY = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?")
_READABLE = 0o644


class Record(BaseModel):
    """What ocrwatchd has fetched of one repository.

    Args:
        licence: as the model card says, or "".
        files: SHA-256 of each file by its name in the repository; what is half fetched is among them.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    licence: str = ""
    files: dict[str, str] = Field(default_factory=dict)


def root() -> Path:
    """The cache: the user's own where ``HF_HUB_CACHE`` or ``HF_HOME`` names one, else a folder of ocrwatchd's."""
    if given := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return _absolute(given)
    if given := os.environ.get("HF_HOME"):
        return _absolute(given) / "hub"
    return cache_directory() / "huggingface"


def folder(repository: str) -> Path:
    """Where a repository lies.

    Raises:
        ModelUnavailable: that is no repository's name.
    """
    if not _REPOSITORY.fullmatch(repository):
        raise ModelUnavailable(
            f'"{repository}" is no repository; set llm.hugging_face_repo_id to ORGANISATION/NAME, '
            "or llm.model to the path of a .gguf file"
        )
    return root() / f"models--{repository.replace('/', '--')}"


def repositories() -> Iterator[str]:
    """The repositories that lie here."""
    lying = sorted(root().glob("models--*")) if root().is_dir() else []
    for path in lying:
        yield path.name.removeprefix("models--").replace("--", "/", 1)


def snapshots(repository: str) -> list[Path]:
    """The folders of a repository's revisions: the one that its branch names first, then the latest."""
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
    """The GGUF files of a revision that are really there."""
    return [str(path.relative_to(snapshot)) for path in sorted(snapshot.rglob("*.gguf")) if path.is_file()]


def find(llm: Llm) -> Path | None:
    """The model that the settings mean, of a split one the first part; None where it is not here."""
    for snapshot in snapshots(llm.hugging_face_repo_id):
        names = names_in(snapshot)
        try:
            if names:
                return snapshot / choose(names, llm)[0]
        except ModelUnavailable:
            continue  # an older revision may hold it
    return None


def begun_bytes(repository: str) -> int:
    """How much of a model has come of which the download has not ended."""
    return sum(path.stat().st_size for path in (folder(repository) / "blobs").glob(f"*{INCOMPLETE}"))


def record(repository: str) -> Record:
    """What ocrwatchd has fetched of a repository; an empty record where it has fetched nothing."""
    try:
        return Record.model_validate_json((folder(repository) / RECORD).read_bytes())
    except (OSError, ValidationError):
        return Record()


def write_record(repository: str, written: Record) -> None:
    """Remember it.

    Raises:
        OSError: it cannot be written.
    """
    files.write_new(folder(repository) / RECORD, written.model_dump_json().encode(), _READABLE, replace=True)


def note_failure(repository: str, reason: str) -> None:
    """Remember why a model could not be fetched, for receipts and ``check``; "" forgets it."""
    path = _note(repository)
    try:
        if reason:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write_new(path, reason.encode(), _READABLE, replace=True)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return  # it is only a help: the log has it too


def last_failure(repository: str) -> str:
    """When and why the last try to fetch a model failed, or ""."""
    path = _note(repository)
    try:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
        return f"the last try to fetch it, {when}, failed: {path.read_text(encoding='utf-8')}"
    except (OSError, UnicodeDecodeError):
        return ""


def _note(repository: str) -> Path:
    return cache_directory() / "fetch" / f"{folder(repository).name}.reason"


def _absolute(given: str) -> Path:
    expanded = os.path.expandvars(Path(given).expanduser())
    return Path(os.path.abspath(expanded))  # noqa: PTH100 - resolve() would follow links
