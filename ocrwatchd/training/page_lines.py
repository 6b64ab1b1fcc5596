"""Lines of pages with their boxes, as the engine reads them, before they are put in order.

``.bench/lattices/`` keeps the lines and lattices of each page. The key is a hash of the picture, the engine, its
settings, and the code that cleans and reads the page. So a change of spaces or of the order is measured in seconds,
over hundreds of pages.
"""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.lattice import CHARACTERS, Lattice
from ocrwatchd.formats.input import open_pages
from ocrwatchd.ocr import (
    geometry,
    inference,
    line_reader,
    preprocess,
    rapidocr,
    rapidocr_decoder,
    second_look,
    show_through,
)
from ocrwatchd.ocr.layout import RawLine  # noqa: TC001 - pydantic reads the type when it runs
from ocrwatchd.ocr.page_confidence import clear_lines

PICTURES = {".tif", ".tiff", ".png", ".jpg", ".jpeg"}
"""Suffixes of scans."""
CACHE = Path(".bench", "lattices")
READING = (
    preprocess,
    geometry.words_of,
    rapidocr.RapidEngine._read,  # noqa: SLF001 - as the engine reads, before it puts lines in order
    CHARACTERS,
    rapidocr_decoder.LatticeDecode,
    inference,
    line_reader,
    second_look,
    show_through,
    rapidocr.MODELS,
    rapidocr.SETTINGS,
)
"""Code and values on which a page's lines depend."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One page: width and height of the recognised picture in pixels, and its clear lines in the engine's order."""

    width: int
    height: int
    lines: tuple[RawLine, ...]


_SEEN: TypeAdapter[Seen] = TypeAdapter(Seen)
_SEEN.rebuild(_types_namespace={"Lattice": Any})  # kept beside them


class Reader:
    """Reads pages with RapidOCR, or takes their lines from the cache."""

    def __init__(self, languages: tuple[str, ...] = ("eng",)) -> None:
        self._ocr = Ocr(engine="rapidocr", languages=languages)
        self._loaded: tuple[Any, Any] | None = None
        told = [metadata.version("rapidocr"), inference.core() is None, languages, *map(_told, READING)]
        self._mark = hashlib.sha256(repr(told).encode()).digest()

    def read(self, path: Path) -> Seen:
        """The first page of a scan.

        Raises:
            UnreadableScan, UnreadablePage: it cannot be read.
        """
        key = hashlib.sha256(self._mark + path.read_bytes()).hexdigest()
        kept = CACHE / f"{key}.npz"
        if kept.exists():
            seen = _loaded(kept)
        else:
            seen = self._recognise(path)
            CACHE.mkdir(parents=True, exist_ok=True)
            _keep(seen, kept)
        return replace(seen, lines=tuple(clear_lines(seen.lines, self._ocr.languages)))

    def _recognise(self, path: Path) -> Seen:
        if self._loaded is None:
            self._loaded = rapidocr.RapidEngine(self._ocr), preprocess.Cleaner(self._ocr.threads or 1)
        engine, cleaner = self._loaded
        with open_pages(path, self._ocr) as pages:
            page = cleaner.clean(pages.page(1)).page
        asian = not rapidocr.ASIAN.isdisjoint(self._ocr.languages)
        found = engine._read(page.image, asian=asian)  # noqa: SLF001
        readable = tuple(line for line in found if (line.confidence or 0.0) >= rapidocr.CONFIDENCE)
        return Seen(page.image.width, page.image.height, readable)


def _told(part: object) -> str:
    return repr(part) if isinstance(part, (dict, tuple)) else inspect.getsource(part)  # type: ignore[arg-type]


def _keep(seen: Seen, path: Path) -> None:
    text = _SEEN.dump_json(seen, exclude={"lines": {"__all__": {"lattice"}}})
    lattices = {str(number): line.lattice for number, line in enumerate(seen.lines) if line.lattice}
    arrays = {
        **{f"{number} columns": each.columns for number, each in lattices.items()},
        **{f"{number} steps": np.array(each.steps) for number, each in lattices.items()},
    }
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        np.savez_compressed(file, seen=np.frombuffer(text, np.uint8), **arrays)  # type: ignore[arg-type]  # of a keyword's name
    fresh.rename(path)


def _loaded(path: Path) -> Seen:
    with np.load(path) as kept:
        seen = _SEEN.validate_json(kept["seen"].tobytes())
        lattices = [
            Lattice(kept[f"{number} columns"], tuple(kept[f"{number} steps"].tolist()))
            if f"{number} steps" in kept
            else None
            for number in range(len(seen.lines))
        ]
    lines = (replace(line, lattice=each) for line, each in zip(seen.lines, lattices, strict=True))
    return replace(seen, lines=tuple(lines))
