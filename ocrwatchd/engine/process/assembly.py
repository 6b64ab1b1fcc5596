"""From finished pages to the finished set: the figures of the document, and its files, all or none."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import structlog

from ocrwatchd import __version__
from ocrwatchd.core import crashpoints, faults
from ocrwatchd.core.attempt import ScanFigures
from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.core.fs.files import sync_folder
from ocrwatchd.core.i18n import NOTHING, Message, joined, verbatim
from ocrwatchd.core.log import printable
from ocrwatchd.core.model import Document, DoubtfulWord, FinishedPage, Job, Totals
from ocrwatchd.core.reason import Reason
from ocrwatchd.engine.process.sign_of_life import paced
from ocrwatchd.formats.output import RECEIPT, ordered, writer
from ocrwatchd.formats.output.edit_positions import delivered_word
from ocrwatchd.formats.output.evidence import MOST_ASKED, asked
from ocrwatchd.formats.output.receipt import CONFIDENCE_DIGITS
from ocrwatchd.ocr.page_confidence import confidences
from ocrwatchd.storage.outbox import stem_of

if TYPE_CHECKING:
    from ocrwatchd.engine.process.tasks.stage import Result

log = structlog.get_logger()

MOST_ENDS = 100
"""A scan of many documents reports at most this many different follow-up tasks that are not done."""
MOST_REASONS = 5
"""A document reports at most this many different reasons; each page reports all its own."""


@dataclass(slots=True)
class Tally:
    """The figures of a document, counted page by page."""

    pages: int = 0
    unreadable: int = 0
    corrected: bool = False
    evaluation: bool = False
    words: int = 0
    edits: Counter[Reason] = field(default_factory=Counter)
    refused: Counter[Reason] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    scored: int = 0
    scores: float = 0.0
    seconds: float = 0.0
    reasons: dict[Message, None] = field(default_factory=dict)
    first_error: Message = NOTHING
    expected_errors: float = 0.0
    asked: list[DoubtfulWord] = field(default_factory=list)

    def add(self, finished: FinishedPage) -> None:
        """Count a page."""
        page, correction = finished.page, finished.correction
        self.pages += 1
        self.corrected |= correction.corrected
        self.evaluation |= page.evaluation
        self.words += 0 if page.error else len(page.text.split())
        self.edits.update(edit.why for edit in correction.edits)
        self.refused.update(edit.why for edit in correction.refused)
        self.parts.update(part.fate for part in correction.parts)
        scores = list(confidences(page.lines))
        self.scored += len(scores)
        self.scores += sum(scores)
        self.seconds += page.seconds + correction.seconds
        self.expected_errors += sum(doubt.wrong for doubt in correction.doubts)
        self._ask(finished)
        if page.error:
            self.unreadable += 1
            self.first_error = self.first_error or page.error
        elif correction.reason and len(self.reasons) < MOST_REASONS:
            self.reasons[correction.reason] = None

    def _ask(self, finished: FinishedPage) -> None:
        page, correction = finished.page, finished.correction
        own = [
            DoubtfulWord(page.number, doubt.offset, delivered_word(page.text, doubt, correction.edits)[0], doubt.wrong)
            for doubt in asked(correction.doubts)
        ]
        self.asked = sorted([*self.asked, *own], key=lambda word: (-word.wrong, word.page, word.offset))[:MOST_ASKED]

    @property
    def totals(self) -> Totals:
        """The counts of words and edits."""
        confidence = round(self.scores / self.scored, CONFIDENCE_DIGITS) if self.scored else None
        counts = dict(self.edits), dict(self.refused), dict(self.parts)
        return Totals(self.words, *counts, confidence, self.expected_errors)

    def document(self, job: Job, sha256: str, versions: dict[str, str], warnings: Sequence[str]) -> Document:
        """The figures as a document."""
        return Document(
            job=job.id,
            source=printable(job.relative.name),
            sha256=sha256,
            pages=self.pages,
            unreadable=self.unreadable,
            corrected=self.corrected,
            reason=joined(self.reasons),
            evaluation=self.evaluation,
            versions={"ocrwatchd": __version__} | versions,
            warnings=tuple(warnings),
            seconds=self.seconds,
            totals=self.totals,
            formats=ordered(job.work.output.formats),
            asked=tuple(self.asked),
            scan=job.source,
            work=job.work,
        )


class Part(NamedTuple):
    """One document of a scan: its figures, its pages from the first one on, and the results of its tasks."""

    document: Document
    tally: Tally
    pages: Callable[[], Iterator[FinishedPage]]
    results: Sequence[Result] = ()


def figures_of(parts: Sequence[Part], documents: Sequence[Document]) -> ScanFigures:
    """The figures of all documents of a scan for the host, without text.

    ``documents`` are those of the parts as they were written.
    """
    tallies = [part.tally for part in parts]
    edits: Counter[Reason] = Counter()
    refused: Counter[Reason] = Counter()
    for tally in tallies:
        edits.update(tally.edits)
        refused.update(tally.refused)
    scored = sum(tally.scored for tally in tallies)
    scores = sum(tally.scores for tally in tallies)
    ends = dict.fromkeys(str(end) for document in documents for end in document.tasks if end.state != "done")
    return ScanFigures(
        pages=sum(tally.pages for tally in tallies),
        unreadable=sum(tally.unreadable for tally in tallies),
        corrected=any(tally.corrected for tally in tallies),
        evaluation=any(tally.evaluation for tally in tallies),
        words=sum(tally.words for tally in tallies),
        scored_words=scored,
        edits=edits.total(),
        edits_by_reason={str(why): times for why, times in edits.items()},
        refused=refused.total(),
        refused_by_reason={str(why): times for why, times in refused.items()},
        confidence=round(scores / scored, CONFIDENCE_DIGITS) if scored else None,
        seconds=round(sum(tally.seconds for tally in tallies), 3),
        sha256=documents[0].sha256,
        tasks_not_done=tuple(map(verbatim, islice(ends, MOST_ENDS))),
    )


def write_sets(job: Job, parts: Sequence[Part], alive: Callable[[], None]) -> list[Document]:
    """Write the files of all sets into ``job.out``, which appears when all of them are complete and synced.

    A format that cannot be written is left out with a warning: it never holds up a document. The name ``job.out`` lasts
    once the job's folder is synced, and the delivery syncs it before any file moves.

    ``alive`` is called between two pages and behind each document, but not often; see :mod:`sign_of_life`.

    Returns:
        The documents as written: their warnings, and the formats and tasks that have files.

    Raises:
        OSError: a file cannot be written.
    """
    unfinished = job.out.with_name("out.tmp")
    for folder in (unfinished, job.out):
        shutil.rmtree(folder, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    documents, maybe_alive = [], paced(alive)
    for part in parts:
        documents.append(_write_set(part, unfinished, maybe_alive))
        maybe_alive()
        crashpoints.reached("engine-part-written")
    sync_folder(unfinished)
    unfinished.rename(job.out)
    crashpoints.reached("engine-set-written")
    return documents


def _write_set(part: Part, folder: Path, alive: Callable[[], None]) -> Document:
    document = part.document
    for name in document.formats:
        if name == RECEIPT:
            document = _with_results(document, part.results, folder)
        try:
            suffix, sha256, told = _write(name, document, part.pages(), folder, alive)
        except FormatUnusable as error:
            if name == RECEIPT:
                raise
            log.warning("format.left_out", job=document.job, format=name, at=faults.place(error.__cause__ or error))
            left = tuple(other for other in document.formats if other != name)
            document = replace(document, formats=left, warnings=(*document.warnings, f"left out: {error}"))
        else:
            warnings = (*document.warnings, told) if told else document.warnings
            document = replace(document, files={**document.files, suffix: sha256}, warnings=warnings)
        crashpoints.reached("engine-file-written")
    return document


def _with_results(document: Document, results: Sequence[Result], folder: Path) -> Document:
    """Write the files of follow-up tasks; return the document, whose receipt is written later."""
    ends = {end.name: end for end in document.tasks}
    warnings, sums = document.warnings, dict(document.files)
    for result in (each for each in results if each.content):
        end = result.end
        try:
            with (folder / f"{stem_of(document.part)}{end.suffix}").open("xb") as file:
                file.write(content := result.content.encode("utf-8", "replace"))
                file.flush()
                os.fsync(file.fileno())
            sums[end.suffix] = hashlib.sha256(content).hexdigest()
        except FileExistsError:
            reason = f"a format uses the same file name ({end.suffix}); rename the task"
            ends[end.name] = replace(end, state="left-out", reason=reason)
            warnings = (*warnings, str(ends[end.name]))
        crashpoints.reached("engine-file-written")
    return replace(document, tasks=tuple(ends.values()), warnings=warnings, files=sums)


def _write(
    name: str, document: Document, pages: Iterator[FinishedPage], folder: Path, alive: Callable[[], None]
) -> tuple[str, str, str]:
    """Write one file of the set; return its suffix behind NAME, its SHA-256, and a warning or ""."""
    found = writer(name)
    path = folder / f"{stem_of(document.part)}{found.suffix}"
    try:
        with path.open("x+b") as file:
            told = found.write(document, _telling(pages, alive), file)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            return found.suffix, hashlib.file_digest(file, "sha256").hexdigest(), told or ""
    except FileExistsError:
        raise FormatUnusable(f'the format "{name}" names its file as another one does ({found.suffix})') from None
    except FormatUnusable:
        path.unlink()
        raise
    except Exception as error:  # libraries and foreign packages may raise anything on hostile documents
        path.unlink(missing_ok=True)
        if faults.is_machines(error):
            raise
        raise FormatUnusable(f'the format "{name}" failed on this document ({type(error).__name__})') from error


def _telling(pages: Iterator[FinishedPage], alive: Callable[[], None]) -> Iterator[FinishedPage]:
    for finished in pages:
        alive()
        yield finished
