"""From job to finished set: open, clean, recognise and correct page by page, then write.

Each page is on disk before the next one begins. A fault of one page affects only that page; a fault of the machine is
never blamed on the scan.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

import structlog

from ocrwatchd.core import faults
from ocrwatchd.core.attempt import ScanFigures
from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable, UnreadablePage, UnreadableScan
from ocrwatchd.core.faults import Stopping
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.model import Correction, Document, FinishedPage, Job, PageText
from ocrwatchd.correct.page import with_words
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.process import scan_file
from ocrwatchd.engine.process.assembly import Tally, write_set
from ocrwatchd.engine.process.mixed_page import without_edits_of_own
from ocrwatchd.engine.process.page_reader import PageReader
from ocrwatchd.engine.process.page_store import PageStore, fingerprint, legible
from ocrwatchd.engine.process.resume_cache import Left, Stamp, stamp_of
from ocrwatchd.engine.process.tasks.stage import FollowUps, Result, told
from ocrwatchd.engine.protocol import StepName
from ocrwatchd.formats.input.common import OWN_TEXT, Pages
from ocrwatchd.formats.input.incomplete import open_whole
from ocrwatchd.gate.consistency import Memory, lesson
from ocrwatchd.ocr.selection import licence_file

if TYPE_CHECKING:
    from ocrwatchd.correct.corrector import Corrector
    from ocrwatchd.engine.process.resources import Bench
    from ocrwatchd.llm.calibration_store import Methods
    from ocrwatchd.ocr import OcrEngine

log = structlog.get_logger()


class Tell(Protocol):
    """Announces a step, as a sign of life."""

    def __call__(self, name: StepName, page: int = 0, pages: int = 0, seconds: float = 0.0) -> None:
        """Announce that the step begins, or, with "page-done", that the page took ``seconds``."""


def work_off(job: Job, bench: Bench, tell: Tell, asked: Callable[[], bool]) -> ScanFigures:
    """Make the finished set of a job in ``job.out``.

    ``tell`` is called at each step; ``asked`` says whether the job must be returned after the current page.

    Returns:
        Figures of the document.

    Raises:
        UnreadableScan: the content of the scan is at fault, or ocrwatchd itself has delivered it.
        EngineUnavailable: no engine can run here.
        Stopping: ``asked`` was True.
        OSError: the disk is at fault.
    """
    tell("hash")
    stamp = stamp_of(job.source)
    left = bench.leavings.take(job.id, stamp)
    sha256 = left.sha256 if left else scan_file.sha256_of(job.source)
    stations = _Stations.set_up(job, stamp, sha256, bench, tell, left)
    tell("open")
    try:
        with open_whole(job.source, job.work.ocr, strict=not job.by_hand, alive=partial(tell, "open")) as (
            pages,
            told_of_end,
        ):
            scan_file.check_origin(job, pages.receipt)
            tally = stations.read_all(pages, asked)
            warnings = (*pages.warnings, *told_of_end)
        if tally.unreadable:
            stations.keep_unreadable()
    except UnreadableScan:
        scan_file.check_disk(job.source, sha256)
        raise
    finally:
        stations.engine.free_document()
    if tally.unreadable == tally.pages:
        raise UnreadableScan(
            tally.first_error if tally.pages == 1 else say("no page could be read: {reason}", reason=tally.first_error)
        )
    warnings = (*warnings, *scan_file.warnings_of_change(job.source, stamp, sha256))
    document = tally.document(job, sha256, stations.versions(), warnings)
    results = stations.follow_up(document, asked)
    write = partial(tell, "write", pages=tally.pages)
    write()
    document = write_set(job, told(document, results), stations.files, write, results)
    return tally.figures(document)


@dataclass(frozen=True, slots=True)
class _Stations:
    """The steps through which each page of one job passes."""

    job: Job
    stamp: Stamp
    sha256: str
    bench: Bench
    engine: OcrEngine
    corrector: Corrector | None
    methods: Methods | None
    no_corrector: Message
    files: PageStore
    tell: Tell
    memory: Memory
    tally: Tally
    unreadable: list[FinishedPage]
    """Not kept before it is certain that the scan is at fault, and not the disk."""

    @classmethod
    def set_up(  # noqa: PLR0917 - once, by ``work_off``
        cls, job: Job, stamp: Stamp, sha256: str, bench: Bench, tell: Tell, left: Left | None
    ) -> _Stations:
        if not bench.holds(job.work):
            tell("load")
        engine = bench.engine(job.work.ocr)
        corrector, reason = None, NOTHING
        try:
            corrector = bench.corrector(job.work)
        except ModelUnavailable as error:
            reason = error.message
        # By name: on another machine the same model may lie elsewhere.
        path = bench.model_path(job.work)
        methods = corrector.methods(job.work) if corrector else None
        model = f"{path.name} {corrector.version}" if corrector and path else ""
        # What was cut without a licence is read again once there is one, which may come beside the settings.
        cut = "cut" if engine.name == "aspose" and licence_file(job.work.ocr) is None else ""
        mark = fingerprint(job.work, sha256, engine.name, engine.version, model, cut, *(methods or ()))
        files = PageStore(job.pages, mark, lattices=job.lattices)
        memory, tally = (left.memory, left.tally) if left and left.mark == mark else (Memory(), Tally())
        return cls(job, stamp, sha256, bench, engine, corrector, methods, reason, files, tell, memory, tally, [])

    def read_all(self, pages: Pages, asked: Callable[[], bool]) -> Tally:
        for number in range(self.tally.pages + 1, pages.count + 1):
            finished = self.files.load(number)
            if finished is None:
                self._heed(asked)
                self.tell("page", number, pages.count)
                finished = self._keep(self._finish(pages, number))
                seconds = finished.page.seconds + finished.correction.seconds
                self.tell("page-done", number, pages.count, seconds)
                self._log(finished)
                self.bench.page_finished()
            # As kept, and page by page: an earlier attempt's pages teach what they would have taught in this one.
            self.memory.remember(lesson(finished.page.text, finished.correction))
            self.memory.read(finished.page)
            self.tally.add(finished)
        return self.tally

    def _keep(self, finished: FinishedPage) -> FinishedPage:
        if not finished.page.error:
            return self.files.save(finished)
        self.unreadable.append(finished)
        return legible(finished)

    def keep_unreadable(self) -> None:
        """Keep the pages that could not be read.

        Raises:
            OSError: the disk does not give back the scan as it was, so that they may be readable.
        """
        if self.unreadable:
            scan_file.check_disk(self.job.source, self.sha256)
        for finished in self.unreadable:
            self.files.save(finished)

    def _heed(self, asked: Callable[[], bool]) -> None:
        if asked():
            self.keep_unreadable()  # else they would be read again whenever it goes on
            left = Left(self.stamp, self.sha256, self.files.settings, self.tally, self.memory)
            self.bench.leavings.put(self.job.id, left)
            raise Stopping

    def follow_up(self, document: Document, asked: Callable[[], bool]) -> tuple[Result, ...]:
        def begins(number: int) -> None:
            self._heed(asked)
            self.tell("task", number, document.pages)

        @cache
        def text() -> str:
            kept = self.files.all(document.pages)
            return "\n\n".join(finished.correction.text for finished in kept if not finished.page.error)

        model = self.corrector.model if self.corrector and self.job.work.tasks else None
        return FollowUps(self.job, document, model, self.no_corrector, self.files.settings, text, begins).results()

    def versions(self) -> dict[str, str]:
        found = {self.engine.name: self.engine.version}
        return (
            found | {"model": self.corrector.name, "model_runtime": self.corrector.version} if self.corrector else found
        )

    def _finish(self, pages: Pages, number: int) -> FinishedPage:
        started = time.monotonic()
        if deadly := page_failures.skip_reason(self.job, "page", number):
            return _unreadable(number, say("page {page}: {reason}", page=number, reason=deadly), 0.0)
        try:
            page = PageReader(self.engine, self.bench, self.job).read(pages, number)
        except UnreadablePage as error:
            return _unreadable(number, error.message, time.monotonic() - started)
        except (EngineUnavailable, UnreadableScan):
            raise
        except Exception as error:  # the boundary to native engines and hostile pictures: one page, not the document
            if faults.is_machines(error):
                raise
            log.warning("page.failed", job=self.job.id, page=number, error=type(error).__name__, at=faults.place(error))
            reason = say("page {page}: the OCR engine failed on it ({error})", page=number, error=type(error).__name__)
            return _unreadable(number, reason, time.monotonic() - started)
        page = replace(page, number=number, seconds=time.monotonic() - started)
        if self.corrector is not None:
            self.tell("correct", number, pages.count)
        return FinishedPage(page, self._correct(page))

    def _correct(self, page: PageText) -> Correction:
        if page.engine == OWN_TEXT:
            return Correction(page.text, reason=say("the PDF's own text was taken, in which nothing was misread"))
        proposed = self._proposed(page)
        deadly = page_failures.skip_reason(self.job, "correct", page.number)
        asked = self.corrector if self.methods and self.methods.chooses and not deadly else None
        for choose in dict.fromkeys((asked.choose if asked else None, None)):
            try:
                found = with_words(page, proposed, self.job.work, self.memory, choose)
                return without_edits_of_own(page, found)
            except Exception as error:  # whatever a page holds, its text is delivered
                if faults.is_machines(error):
                    raise
                log.warning("words.failed", job=self.job.id, page=page.number, at=faults.place(error))
        return without_edits_of_own(page, proposed)

    def _proposed(self, page: PageText) -> Correction:
        """The correction that the language model proposes for a page."""
        if self.corrector is None:
            return Correction(page.text, reason=self.no_corrector)
        if deadly := page_failures.skip_reason(self.job, "correct", page.number):
            return Correction(page.text, reason=say("the language model was left out: {reason}", reason=deadly))
        try:
            return self.corrector.correct(page, self.job.work, self.memory, self.methods)
        except Exception as error:  # the boundary to the model: whatever it does, the raw text is delivered
            if faults.is_machines(error):
                raise
            log.warning("correct.failed", job=self.job.id, page=page.number, at=faults.place(error))
            reason = say("the language model failed ({error})", error=type(error).__name__)
            return Correction(page.text, reason=reason)

    def _log(self, finished: FinishedPage) -> None:
        page, correction = finished.page, finished.correction
        log.info(
            "page.done",
            job=self.job.id,
            file=self.job.relative.name,
            page=page.number,
            recognise_s=round(page.seconds, 2),
            correct_s=round(correction.seconds, 2),
            edits=len(correction.edits),
            refused=len(correction.refused),
            skipped=sum(part.fate == "skipped" for part in correction.parts),
            readable=not page.error,
        )


def _unreadable(number: int, reason: Message, seconds: float) -> FinishedPage:
    text = f"[page {number} could not be read]"
    page = PageText(number, text, 0, 0, 0.0, error=reason, seconds=seconds)
    return FinishedPage(page, Correction(text, reason=say("the page could not be read")))
