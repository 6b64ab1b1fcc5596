"""Finished pages on disk, ``pages/NNNN.json`` in the job's folder, from which a restart resumes."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import cast

from pydantic import TypeAdapter, ValidationError

from ocrwatchd import __version__
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.fs.files import make_inner, write_new
from ocrwatchd.core.lattice import Lattice
from ocrwatchd.core.legible import legible_text
from ocrwatchd.core.model import Box, FinishedPage
from ocrwatchd.engine.process import lattice_file

SCHEMA = 2
FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class _Kept:
    schema: int
    settings: str
    finished: FinishedPage


_KEPT: TypeAdapter[_Kept] = TypeAdapter(_Kept)


class PageStore:
    """The finished pages of one job.

    Args:
        folder: ``job.folder / "pages"``.
        settings: a fingerprint; pages with another one do not count.
        lattices: whether the lattices are kept beside each page; only ``left_in`` reads them.
    """

    def __init__(self, folder: Path, settings: str, *, lattices: bool = False) -> None:
        self._folder = folder
        self._lattices = lattices
        self.settings = settings

    def load(self, number: int) -> FinishedPage | None:
        """A page with these settings; None if it is missing or damaged."""
        try:
            kept = _KEPT.validate_json(self._path(number).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        same = kept.schema == SCHEMA and kept.settings == self.settings and kept.finished.page.number == number
        return kept.finished if same else None

    def save(self, finished: FinishedPage) -> FinishedPage:
        """Keep a page; return it as kept, made legible.

        Raises:
            OSError: the page cannot be written.
        """
        make_inner(self._folder)
        if self._lattices:
            lattice_file.save(self._path(finished.page.number), finished.page.lines)
        finished = legible(finished)
        content = _KEPT.dump_json(_Kept(SCHEMA, self.settings, finished))
        # Not synced: reading pages again after a power cut is cheaper than three syncs a page, and ``load`` detects
        # damaged ones.
        write_new(self._path(finished.page.number), content, FILE_MODE, replace=True, lasting=False)
        return finished

    @staticmethod
    def left_in(folder: Path) -> list[FinishedPage]:
        """All pages in a folder, whatever their settings, with their lattices if kept.

        Raises:
            OSError: a page cannot be read.
        """
        found = ((_KEPT.validate_json(path.read_bytes()).finished, path) for path in sorted(folder.glob("*.json")))
        return [replace(each, page=lattice_file.attached(each.page, path)) for each, path in found]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:04}.json"


def fingerprint(work: Work, *parts: str) -> str:
    """A hash of everything on which a page's text depends.

    It covers this version, the settings, and ``parts`` such as engine and model. The name of the engine counts, but not
    how it was chosen: other machines receive the choice of this one.
    """
    settings = work.of_the_document.model_dump_json(
        include={"ocr": True, "correct": True, "llm": True, "gate": True, "split": True, "pages": {"blank", "duplex"}},
        exclude={"ocr": {"engine"}},
    )
    return hashlib.sha256("\0".join((__version__, settings, *parts)).encode("utf-8", "replace")).hexdigest()


def legible(finished: FinishedPage) -> FinishedPage:
    """Replace what no file format can carry; all offsets stay true.

    Control characters except tab and newline, lone surrogates and non-characters become U+FFFD, one for one. A number
    that is not finite becomes 0; a confidence or a box that is not finite becomes None. Lattices are dropped.
    """
    return cast("FinishedPage", _legible(finished))


def _legible(value: object, unknown: float | None = 0.0) -> object:
    if isinstance(value, Lattice) or (isinstance(value, Box) and not all(map(math.isfinite, value))):
        return None
    match value:
        case float():
            return value if math.isfinite(value) else unknown
        case str() if not isinstance(value, Enum):
            return legible_text(value)
        case tuple():
            return getattr(type(value), "_make", tuple)(map(_legible, value))

        case _ if is_dataclass(value) and not isinstance(value, type):
            old = {field.name: getattr(value, field.name) for field in fields(value)}
            new = {name: _legible(each, None if name == "confidence" else 0.0) for name, each in old.items()}
            return replace(value, **new)
    return value
