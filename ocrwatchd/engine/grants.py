"""Rights that the engine process needs on this machine, beyond those of every Python program.

Light: the host decides them. The confinement of an engine cannot be widened, so the host remembers the granted files.
It starts a new engine before a job that needs other files, and after one of them was replaced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.config.schema import cache_directory
from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable
from ocrwatchd.core.jsonlines import Record, pack, unpack
from ocrwatchd.llm import cache, calibration_store, identity, models
from ocrwatchd.ocr.selection import choose, licence_file

Stamps: TypeAlias = dict[str, tuple[int, int] | None]


class Access(Record):
    """Rights of the engine; paths are packed, and a folder includes everything in it.

    Args:
        read: paths to read.
        names: folders to list.
        write: paths to read, write, create and remove.
        gpu: whether the engine may use the devices of a GPU.
        network: whether Aspose.OCR may download.
    """

    read: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    write: frozenset[str] = frozenset()
    gpu: bool = False
    network: bool = False

    def __or__(self, other: Access) -> Access:
        """All rights of both."""
        return Access(**{name: mine | getattr(other, name) for name, mine in self})

    def stamps(self) -> Stamps:
        """Device and inode of each path; None if the path does not exist."""
        return {packed: _stamp(unpack(packed)) for packed in self.read | self.names | self.write}


def needed(works: Iterable[Work], jobs: Path) -> Access:
    """The rights for work with the settings of all profiles, on jobs in this folder."""
    read = {_made(cache.root()), _made(cache_directory() / "fetch")}
    listed: set[Path] = set()
    write = {jobs}
    gpu = network = False
    for work in works:
        model = tuple(_model(work.llm))
        read.update(model)
        if work.llm.model != "off" and (work.llm.require_calibration or work.llm.method == "auto"):
            read.add(calibration_store.kept_in())
            listed.update(path.parent for path in model)
        if licence := licence_file(work.ocr):
            read.add(licence)
        if _reads_with_aspose(work.ocr):
            resources = Path(work.ocr.resources_dir).expanduser() if work.ocr.resources_dir else None
            (write if resources is None or work.ocr.allow_downloads else read).add(
                resources or _made(cache_directory() / "ocr")
            )
            network |= work.ocr.allow_downloads
        gpu |= work.llm.model != "off" and work.llm.gpu_layers != 0
    return Access(read=_packed(read), names=_packed(listed), write=_packed(write), gpu=gpu, network=network)


def _model(llm: Llm) -> Iterator[Path]:
    if llm.model == "off":
        return
    if llm.directory_model_path:
        yield Path(llm.directory_model_path).expanduser()
    with contextlib.suppress(ModelUnavailable, OSError):  # the engine reports it
        file = models.resolve(llm)
        parts = (part.resolve() for part in identity.parts(file) if file != models.BUILTIN)
        # A link in the cache may lead out of it.
        yield from (part for part in parts if not part.is_relative_to(cache.root().resolve()))


def _reads_with_aspose(ocr: Ocr) -> bool:
    try:
        return choose(ocr).name == "aspose"
    except EngineUnavailable:
        return False


def _made(folder: Path) -> Path:
    """Create a folder in the cache directory: a folder that appears later needs a new engine."""
    if folder.is_relative_to(cache_directory()):  # a configured folder may be a mount that is still missing
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    return folder


def _packed(paths: Iterable[Path]) -> frozenset[str]:
    return frozenset(pack(path) for path in paths if path.is_absolute())


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
