"""Finished pages on disk: ``pages/NNNN.json`` in the job's folder, so that a restart goes on where it stopped."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from ocrwatchd import __version__
from ocrwatchd.core.fs.files import make_inner, write_new
from ocrwatchd.core.legible import legible_text
from ocrwatchd.core.model import FinishedPage
from ocrwatchd.engine.process import lattice_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocrwatchd.core.config.profile import Work
    from ocrwatchd.core.model import Box, Edit, Line, Word

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
        settings: a fingerprint; pages that were made with another one do not count.
        lattices: what the recogniser saw is kept beside each page; only ``left_in`` reads it.
    """

    def __init__(self, folder: Path, settings: str, *, lattices: bool = False) -> None:
        self._folder = folder
        self._lattices = lattices
        self.settings = settings

    def load(self, number: int) -> FinishedPage | None:
        """A page of these settings, or None where there is none or it is damaged."""
        try:
            kept = _KEPT.validate_json(self._path(number).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        same = kept.schema == SCHEMA and kept.settings == self.settings and kept.finished.page.number == number
        return kept.finished if same else None

    def save(self, finished: FinishedPage) -> FinishedPage:
        """Keep a page; what was kept, made legible.

        Raises:
            OSError: it cannot be written.
        """
        make_inner(self._folder)
        if self._lattices:
            lattice_file.save(self._path(finished.page.number), finished.page.lines)
        finished = legible(finished)
        content = _KEPT.dump_json(_Kept(SCHEMA, self.settings, finished))
        # Not synced: a page that a power cut takes, whole or in part, is read again; that is cheaper than three syncs
        # a page, and ``load`` tells a damaged one.
        write_new(self._path(finished.page.number), content, FILE_MODE, replace=True, lasting=False)
        return finished

    def all(self, count: int) -> Iterator[FinishedPage]:
        """Pages 1 to ``count``, one in memory at a time.

        Raises:
            OSError: a page is missing or cannot be read.
        """
        for number in range(1, count + 1):
            finished = self.load(number)
            if finished is None:
                raise FileNotFoundError(f"page {number} of {count} is missing in {self._folder}")
            yield finished

    @staticmethod
    def left_in(folder: Path) -> list[FinishedPage]:
        """All pages that lie in a folder, whatever their settings, with what the recogniser saw if that was kept.

        Raises:
            OSError: one cannot be read.
        """
        found = ((_KEPT.validate_json(path.read_bytes()).finished, path) for path in sorted(folder.glob("*.json")))
        return [replace(each, page=lattice_file.attached(each.page, path)) for each, path in found]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:04}.json"


def fingerprint(work: Work, *parts: str) -> str:
    """Stand for all that a page's text depends on: this version, the settings, ``parts`` such as engine and model.

    Of the engine its name counts, and not how it was chosen: other machines are told what this one has chosen.
    """
    settings = work.of_the_document.model_dump_json(
        include={"ocr", "correct", "llm", "gate"}, exclude={"ocr": {"engine"}}
    )
    return hashlib.sha256("\0".join((__version__, settings, *parts)).encode("utf-8", "replace")).hexdigest()


def legible(finished: FinishedPage) -> FinishedPage:
    """The page without what no file format can carry, every offset still true.

    Control characters but tab and newline, lone surrogates and non-characters become U+FFFD, one for one; numbers
    that are not finite become 0, or None where that stands for unknown.
    """
    page, correction = finished.page, finished.correction
    return FinishedPage(
        replace(
            page,
            text=legible_text(page.text),
            dpi=_number(page.dpi),
            skew=_number(page.skew),
            seconds=_number(page.seconds),
            lines=tuple(_line(line) for line in page.lines),
            warnings=tuple(map(legible_text, page.warnings)),
        ),
        replace(
            correction,
            text=legible_text(correction.text),
            edits=tuple(map(_edit, correction.edits)),
            refused=tuple(map(_edit, correction.refused)),
            model=legible_text(correction.model),
            seconds=_number(correction.seconds),
            parts=tuple(replace(part, detail=legible_text(part.detail)) for part in correction.parts),
            doubts=tuple(replace(doubt, wrong=_number(doubt.wrong)) for doubt in correction.doubts),
        ),
    )


def _line(line: Line) -> Line:
    words = tuple(map(_word, line.words))
    return replace(
        line,
        text=legible_text(line.text),
        box=_box(line.box),
        confidence=_confidence(line.confidence),
        words=words,
        lattice=None,
    )


def _word(word: Word) -> Word:
    return replace(word, text=legible_text(word.text), box=_box(word.box), confidence=_confidence(word.confidence))


def _edit(edit: Edit) -> Edit:
    return replace(
        edit,
        before=legible_text(edit.before),
        after=legible_text(edit.after),
        terms=tuple(term._replace(nats=_number(term.nats)) for term in edit.terms),
    )


def _box(box: Box | None) -> Box | None:
    return box if box is not None and all(map(math.isfinite, box)) else None


def _confidence(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _number(value: float) -> float:
    return value if math.isfinite(value) else 0.0
