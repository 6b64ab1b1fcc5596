"""Typeset clean text, degrade the pages like bad scans and read them with RapidOCR; cache the result."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile

import rapidocr

from ocrwatchd import __version__
from ocrwatchd.cli.calibrate import ground_truth, typeset
from ocrwatchd.cli.calibrate.corpus import Sheet
from ocrwatchd.cli.calibrate.measure import Case
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Config, cache_directory
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs.scratch import clear_stale
from ocrwatchd.core.model import Correction, FinishedPage, PageText
from ocrwatchd.engine.process.page_store import PageStore

if TYPE_CHECKING:
    from rich.console import Console

BASIS: Final = "typeset pages"
SET_PREFIX: Final = "set-"


def read(sheets: Sequence[Sheet], config: Config, work: Work, console: Console, *, keep: bool) -> list[Case]:
    """Typeset pages, degrade and read them, or take the result from the cache; with ``keep`` write the cache.

    Raises:
        ConfigError: no font here has all letters.
        EngineUnavailable: RapidOCR cannot read here.
        FolderUnusable: there is no room for the pages.
        UnreadableScan: no page could be read.
    """
    ocr = work.ocr.model_copy(update={"engine": "rapidocr", "mode": "printed"})
    work = work.model_copy(update={"ocr": ocr})
    base = cache_directory() / "calibrate"
    parts = (__version__, getattr(rapidocr, "__version__", ""), ocr.model_dump_json(), *map(repr, sheets))
    key = hashlib.sha256("\0".join((*parts, *typeset.faces())).encode("utf-8", "replace")).hexdigest()[:16]
    kept = _kept(base / key)
    if len(kept) == len(sheets):
        return [Case(sheet.name, sheet.text, (page,)) for sheet, page in zip(sheets, kept, strict=True)]
    try:
        base.mkdir(parents=True, exist_ok=True)
        clear_stale(base, SET_PREFIX)
        with tempfile.TemporaryDirectory(prefix=f"{SET_PREFIX}{os.getpid()}-", dir=base) as folder:
            _set(sheets, Path(folder))
            cases = ground_truth.read(Path(folder), config, work, console)
        named = [replace(case, name=sheets[int(Path(case.name).stem)].name) for case in cases]
        if keep and len(named) == len(sheets):
            for earlier in base.iterdir():
                if not earlier.name.startswith(SET_PREFIX):  # another run may use it
                    shutil.rmtree(earlier)
            store = PageStore(base / key, key, lattices=True)
            for number, case in enumerate(named, 1):
                store.save(FinishedPage(replace(case.pages[0], number=number), Correction(case.read)))
    except OSError as error:
        raise FolderUnusable(
            f"the pages to measure on cannot be kept in {base}: {error.strerror}; correct its owner or mode, "
            "or make room"
        ) from error
    return named


def _kept(folder: Path) -> list[PageText]:
    try:
        return [each.page for each in PageStore.left_in(folder)]
    except (OSError, ValueError, BadZipFile):
        return []  # damaged


def _set(sheets: Sequence[Sheet], folder: Path) -> None:
    for number, sheet in enumerate(sheets):
        page = typeset.drawn(sheet, number)
        page.save(folder / f"{number:04}.png", dpi=page.info["dpi"])
        (folder / f"{number:04}.txt").write_text(sheet.text, encoding="utf-8")
