"""Download a model from the Hugging Face hub. The only module that imports huggingface_hub, and the only network use.

Each file grows in ``blobs/SHA256.incomplete`` and gets its name once its hash is right; interrupted downloads resume,
in another process too. ``hf_hub_download`` (2.4) cannot do this: it downloads to a temporary name, deletes the part
after an error, checks no hash, and uses the hub's answer as a path.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when the library is imported

from collections.abc import Callable, Iterator

from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is httpx's or httpx2's, as it uses
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers, disable_progress_bars  # type: ignore[attr-defined]  # documented
from huggingface_hub.utils import logging as hub_logging

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import FolderUnusable, ModelUnavailable
from ocrwatchd.core.units import format_bytes
from ocrwatchd.llm import cache
from ocrwatchd.llm.repository import choose, is_commit, is_plain, is_sha256

if TYPE_CHECKING:
    from io import BufferedRandom

    Tell = Callable[[int, int], None]
    """Called with the downloaded bytes and all bytes."""

ROOM_BYTES = 256 << 20
"""A download leaves this much free on the disk."""

ANSWER_SECONDS = 20.0
LICENCE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Part:
    """A file to download: its name in the repository, its size in bytes, its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The configured model in a repository, its parts in order; the licence is the model card's, or ""."""

    repository: str
    commit: str
    parts: tuple[Part, ...]
    licence: str

    @property
    def size(self) -> int:
        """Size of the model, bytes."""
        return sum(part.size for part in self.parts)


def ask(llm: Llm) -> Offer:
    """Ask the hub for the files of the configured model.

    Raises:
        ModelUnavailable: the hub cannot be reached, has no such model, or gives invalid names or hashes.
    """
    cache.folder(llm.hugging_face_repo_id)
    with _in_plain_words(llm.hugging_face_repo_id):
        info = HfApi().model_info(llm.hugging_face_repo_id, files_metadata=True, timeout=ANSWER_SECONDS)
        siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
        chosen = [siblings[name] for name in choose(siblings, llm)]
    parts = tuple(Part(each.rfilename, each.lfs.size, each.lfs.sha256) for each in chosen if each.lfs)
    # They become names in the cache.
    if not (len(parts) == len(chosen) and is_commit(info.sha) and all(map(_is_sane, parts))):
        raise ModelUnavailable(
            f"{llm.hugging_face_repo_id}: the hub gives no valid checksum for the model; use another repository"
        )
    return Offer(llm.hugging_face_repo_id, info.sha, parts, _licence(info.card_data))


def pull(offer: Offer, tell: Tell) -> Path:
    """Download the missing parts of a model into the cache; return the path of its first part.

    Raises:
        ModelUnavailable: the download failed; the next try resumes.
        FolderUnusable: there is no room, or the cache cannot be written.
    """
    hub_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bars()
    base = cache.folder(offer.repository)
    blobs, snapshot = base / "blobs", base / "snapshots" / offer.commit
    try:
        blobs.mkdir(parents=True, exist_ok=True)
        missing = tuple(part for part in offer.parts if not _is_whole(part, blobs / part.sha256))
        _check_room(offer, missing, blobs)
        _remember(offer, missing, blobs)
        before = 0
        for part in offer.parts:
            if part in missing:
                _fetch(offer, part, blobs, lambda here, base=before: tell(base + here, offer.size))  # type: ignore[misc]
            cache.put_in_place(blobs / part.sha256, snapshot / part.name)
            before += part.size
            tell(before, offer.size)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise FolderUnusable(f"{blobs}: the disk is full; make room and try again: the download resumes") from error
        raise FolderUnusable(f"{error.filename or blobs} cannot be written: {error.strerror or error}") from error
    return snapshot / offer.parts[0].name


def _is_sane(part: Part) -> bool:
    return is_plain(part.name) and is_sha256(part.sha256) and isinstance(part.size, int) and part.size >= 0


def _is_whole(part: Part, path: Path) -> bool:
    return cache.is_whole(path, part.sha256, part.size)


def _fetch(offer: Offer, part: Part, blobs: Path, tell: Callable[[int], None]) -> None:
    blob = blobs / part.sha256
    with _held(blobs / f"{part.sha256}{cache.INCOMPLETE}") as incomplete:
        if not _is_whole(part, blob):  # another process may have completed the download meanwhile
            _download(offer, part, incomplete, tell)
            Path(incomplete.name).replace(blob)


def _download(offer: Offer, part: Part, incomplete: BufferedRandom, tell: Callable[[int], None]) -> None:
    here = incomplete.seek(0, os.SEEK_END)
    if here > part.size:
        incomplete.truncate(0)
        here = incomplete.seek(0)
    tell(here)
    url = hf_hub_url(offer.repository, part.name, revision=offer.commit)
    with _in_plain_words(offer.repository):
        try:
            http_get(
                url,
                _Counted(incomplete, tell),  # type: ignore[arg-type]  # has all methods that http_get calls
                resume_size=here,
                headers=build_hf_headers(),
                expected_size=part.size,
            )
        except OSError as error:
            if error.errno is not None or isinstance(error, HTTPError):
                raise
            # The library's own check of the size has no errno.
            come = format_bytes(incomplete.seek(0, os.SEEK_END))
            raise ModelUnavailable(
                f"{offer.repository}: the download broke off at {come}; `ocrwatchd models pull` resumes it"
            ) from error
    incomplete.flush()
    os.fsync(incomplete.fileno())
    if not _is_whole(part, Path(incomplete.name)):
        Path(incomplete.name).unlink(missing_ok=True)
        raise ModelUnavailable(
            f"{offer.repository}: {part.name} came damaged (its SHA-256 is not the hub's) and was removed; "
            "run `ocrwatchd models pull` again; if the file comes damaged again, a proxy changes downloads"
        )


class _Counted:
    """A file that reports its size after each write."""

    def __init__(self, file: BufferedRandom, tell: Callable[[int], None]) -> None:
        self._file = file
        self._tell = tell
        self.seek, self.tell, self.truncate = file.seek, file.tell, file.truncate

    def write(self, data: bytes) -> int:
        count = self._file.write(data)
        self._tell(self._file.tell())
        return count


@contextlib.contextmanager
def _held(path: Path) -> Iterator[BufferedRandom]:
    """Lock the file of a download for this process; remove the file if it stays empty."""
    if path.is_symlink():
        raise ModelUnavailable(f"{path} is a link where a download belongs; remove it")
    with open(path, "a+b", opener=_no_link) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ModelUnavailable(f"another process is downloading this model ({path}); wait for its end") from None
        try:
            yield file
        finally:
            with contextlib.suppress(OSError):
                if path.stat().st_size == 0:
                    path.unlink()


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def _remember(offer: Offer, missing: tuple[Part, ...], blobs: Path) -> None:
    """Record the parts that this download adds; parts of another program stay that program's."""
    ours = {part.name: part.sha256 for part in missing}
    if ours:
        known = cache.record(offer.repository).files
        for name in ours.keys() & known.keys():
            if known[name] != ours[name]:  # the repository has a newer version
                (blobs / f"{known[name]}{cache.INCOMPLETE}").unlink(missing_ok=True)
        cache.write_record(offer.repository, cache.Record(licence=offer.licence, files=known | ours))


def _check_room(offer: Offer, missing: tuple[Part, ...], blobs: Path) -> None:
    wanted = 0
    for part in missing:
        incomplete = blobs / f"{part.sha256}{cache.INCOMPLETE}"
        wanted += part.size - (min(incomplete.stat().st_size, part.size) if incomplete.exists() else 0)
    free = shutil.disk_usage(blobs).free
    if wanted and wanted + ROOM_BYTES > free:
        raise FolderUnusable(
            f"{cache.root()}: {format_bytes(wanted)} are missing of {offer.repository} and {format_bytes(free)} are "
            f"free; make room (with {format_bytes(ROOM_BYTES)} to spare), choose a smaller "
            "llm.hugging_face_quantization, or set HF_HOME to a folder on another disk"
        )


@contextlib.contextmanager
def _in_plain_words(repository: str) -> Iterator[None]:
    """Turn errors of the hub and the network into messages that say what to do."""
    try:
        yield
    except GatedRepoError as error:
        raise ModelUnavailable(
            f"{repository} is gated: accept its terms on its page, then set HF_TOKEN to a token of that account"
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelUnavailable(
            f"the hub has no {repository}, or it is private; check llm.hugging_face_repo_id, "
            "and for a private one set HF_TOKEN"
        ) from error
    except OfflineModeIsEnabled as error:
        raise ModelUnavailable(
            f"HF_HUB_OFFLINE is set, so {repository} cannot be downloaded; unset HF_HUB_OFFLINE, or copy the model to "
            "this machine and set llm.directory_model_path"
        ) from error
    except HfHubHTTPError as error:
        raise ModelUnavailable(
            f"the hub answers {error.response.status_code} about {repository}; try again later, "
            "and check HF_TOKEN where one is set"
        ) from error
    except (HTTPError, ConnectionError) as error:
        raise ModelUnavailable(
            f"the hub cannot be reached for {repository} ({type(error).__name__}); check the network and its proxy, "
            "or copy the model to this machine and set llm.directory_model_path"
        ) from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:  # the library's errors on invalid answers
        raise ModelUnavailable(
            f"the answer about {repository} is not the hub's ({type(error).__name__}); a login page or a proxy may "
            "have sent it"
        ) from error


def _licence(card: Any) -> str:  # noqa: ANN401 - the library's own value, which may be anything that a card holds
    found = getattr(card, "license_name", None) or getattr(card, "license", None) or ""
    words = found if isinstance(found, str) else ", ".join(map(str, found))
    return "".join(filter(str.isprintable, words))[:LICENCE_CHARACTERS]
