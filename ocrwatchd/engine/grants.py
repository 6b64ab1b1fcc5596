"""What the engine process needs of this machine beside what every Python program needs. Light: the host decides it.

The engine's confinement cannot be widened. So the host remembers which files it has granted; before a job that needs
others, or once one of them has been replaced, it starts another engine.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ocrwatchd.core.config.schema import cache_directory
from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable
from ocrwatchd.core.jsonlines import Message, pack, unpack
from ocrwatchd.llm import cache, calibration_store, identity, models
from ocrwatchd.ocr.licence import licence_file
from ocrwatchd.ocr.selection import choose

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ocrwatchd.core.config.profile import Llm, Ocr, Work

    Stamps: TypeAlias = dict[str, tuple[int, int] | None]


class Access(Message):
    """Rights of the engine; paths are packed, and a folder stands for all that lies in it.

    Args:
        read: may be read.
        names: of the files in it may be listed.
        write: may be read, written, made and removed.
        gpu: the devices of a GPU may be used.
        network: Aspose.OCR may download.
    """

    read: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    write: frozenset[str] = frozenset()
    gpu: bool = False
    network: bool = False

    def __or__(self, other: Access) -> Access:
        """What both have."""
        return Access(
            read=self.read | other.read,
            names=self.names | other.names,
            write=self.write | other.write,
            gpu=self.gpu or other.gpu,
            network=self.network or other.network,
        )

    def stamps(self) -> Stamps:
        """What lies at each path now: device and inode, or None."""
        return {packed: _stamp(unpack(packed)) for packed in self.read | self.names | self.write}


def needed(works: Iterable[Work], jobs: Path) -> Access:
    """What the engine needs for work with these settings.

    Args:
        works: of every profile.
        jobs: the folder in which the jobs' folders lie.
    """
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
    with contextlib.suppress(ModelUnavailable, OSError):  # the engine says so itself
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
    """A folder in the cache directory: one that came later could not be granted, and the engine would start anew."""
    if folder.is_relative_to(cache_directory()):  # what somebody else named may be a mount that is not there yet
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
