"""List the models on this machine, with size, licence and whether they fit into memory; remove models."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.core.units import format_bytes
from ocrwatchd.llm import cache, identity, models, repository

BUILTIN_LICENCE = "MIT"
BESIDE_BYTES = 3 << 29
"""Memory for the context, the OCR engine and the system beside the model (1.5 GiB)."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """A model on this machine.

    Args:
        name: REPOSITORY/FILE, the path of a model outside the cache, or "builtin".
        size: of the parts that are here, bytes.
        licence: from the model card, or "".
        own: ocrwatchd has downloaded the model, and may remove it.
        whole: False if a part is missing.
        used: this is the configured model.
    """

    name: str
    size: int
    licence: str = ""
    own: bool = False
    whole: bool = True
    used: bool = False


def on_the_shelf(llm: Llm) -> list[Shelved]:
    """List the built-in model, the models in the cache, and the configured model if it is elsewhere."""
    used = None
    with contextlib.suppress(ModelUnavailable):
        used = models.resolve(llm)
    found = [*_packaged(used), *(shelved for name in cache.repositories() for shelved in _of(name, used))]
    if used is not None and not any(shelved.used for shelved in found):
        found.append(Shelved(str(used), sum(part.stat().st_size for part in identity.parts(used)), used=True))
    return found


def remove(name: str) -> list[str]:
    """Remove models or interrupted downloads of ocrwatchd, and return their names.

    Args:
        name: REPOSITORY/FILE, a repository for all of its models, or a file's name that only one repository has.

    Raises:
        ModelUnavailable: there is no such model, or another program has downloaded it.
        OSError: the model cannot be removed.
    """
    if name == models.BUILTIN_NAME:
        raise ModelUnavailable(
            'the built-in model is a part of ocrwatchd and cannot be removed; llm.model = "off" does not use it'
        )
    lying = [(each, shelved) for each in cache.repositories() for shelved in _of(each, None)]
    named = [
        (each, shelved) for each, shelved in lying if name in {shelved.name, each} or shelved.name.endswith(f"/{name}")
    ]
    if not named:
        raise ModelUnavailable(f"there is no model {name} in {cache.root()}; `ocrwatchd models list` shows them")
    if len({each for each, _ in named}) > 1:
        raise ModelUnavailable(f"several models are called {name}; give the whole name as `ocrwatchd models list` does")
    ours = [(each, shelved) for each, shelved in named if shelved.own]
    if not ours:
        raise ModelUnavailable(f"another program has downloaded {name}; remove the model with that program")
    for each, shelved in ours:
        _remove(each, shelved.name.removeprefix(f"{each}/"))
    return [shelved.name for _, shelved in ours]


def fits(size: int, memory: int) -> bool:
    """Whether a model of ``size`` bytes can work on a machine with ``memory`` bytes."""
    return size + BESIDE_BYTES <= memory


def fit_in_words(size: int, memory: int) -> str:
    """Say whether the model fits."""
    if fits(size, memory):
        return "fits"
    return f"too large: needs about {format_bytes(size + BESIDE_BYTES)} of memory, there are {format_bytes(memory)}"


def _packaged(used: Path | None) -> Iterator[Shelved]:
    with contextlib.suppress(OSError):
        yield Shelved(models.BUILTIN_NAME, models.BUILTIN.stat().st_size, BUILTIN_LICENCE, used=used == models.BUILTIN)


def _of(name: str, used: Path | None) -> Iterator[Shelved]:
    """A repository's whole models, and ocrwatchd's interrupted downloads."""
    record = cache.record(name)
    seen: set[str] = set()
    for snapshot in cache.snapshots(name):
        for first, parts in repository.models(cache.names_in(snapshot)).items():
            if first in seen:
                continue
            seen.add(first)
            size = sum((snapshot / part).stat().st_size for part in parts)
            own = record.files.keys() >= set(parts)
            licence = record.licence if own else ""
            yield Shelved(f"{name}/{first}", size, licence, own, used=snapshot / first == used)
    for first, parts in repository.models(record.files).items():
        if first not in seen and (come := sum(_come(name, record.files[part]) for part in parts)):
            yield Shelved(f"{name}/{first}", come, record.licence, own=True, whole=False)


def _come(name: str, sha256: str) -> int:
    blob = cache.folder(name) / "blobs" / sha256
    for path in (blob, blob.with_name(f"{sha256}{cache.INCOMPLETE}")):
        with contextlib.suppress(OSError):
            return path.stat().st_size
    return 0


def _remove(name: str, first: str) -> None:
    record, base = cache.record(name), cache.folder(name)
    parts = repository.models(record.files)[first]
    blobs = {part: base / "blobs" / record.files[part] for part in parts}
    for part, blob in blobs.items():
        for snapshot in (base / "snapshots").glob("*"):
            place = snapshot / part
            if place.resolve() == blob.resolve() or (place.is_file() and not place.is_symlink()):
                place.unlink(missing_ok=True)
        blob.unlink(missing_ok=True)
        blob.with_name(f"{blob.name}{cache.INCOMPLETE}").unlink(missing_ok=True)
    left = {part: sha256 for part, sha256 in record.files.items() if _come(name, sha256)}
    cache.write_record(name, record.model_copy(update={"files": left}))
    kept = (path for kind in ("snapshots", "blobs") for path in (base / kind).rglob("*") if path.is_file())
    if not left and not any(kept):
        shutil.rmtree(base)
