"""The steps through which a page passes, with the engine and the model for the settings of its document."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import structlog

from ocrwatchd.core import faults
from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable, UnreadablePage, UnreadableScan
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.model import Correction, FinishedPage, Job, PageText
from ocrwatchd.correct.page import with_words
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.process.documents import unreadable_text
from ocrwatchd.engine.process.mixed_page import without_edits_of_own
from ocrwatchd.engine.process.page_reader import PageReader
from ocrwatchd.engine.process.page_store import PageStore, fingerprint
from ocrwatchd.formats.input.common import OWN_TEXT, Pages
from ocrwatchd.ocr.selection import licence_file

if TYPE_CHECKING:
    from ocrwatchd.core.config.profile import Work
    from ocrwatchd.core.model import Page
    from ocrwatchd.correct.corrector import Corrector
    from ocrwatchd.engine.process.resources import Bench
    from ocrwatchd.engine.protocol import StepName
    from ocrwatchd.gate.consistency import Memory
    from ocrwatchd.llm.calibration_store import Methods
    from ocrwatchd.ocr import OcrEngine

log = structlog.get_logger()


class Tell(Protocol):
    """Announces a step, as a sign of life."""

    def __call__(
        self, name: StepName, page: int = 0, pages: int = 0, seconds: float = 0.0, priority: int | None = None
    ) -> None:
        """Announce that the step begins, or, with "page-done", that the page took ``seconds``.

        ``priority`` is that of the job from now on, where a separator sheet asks for another one.
        """


@dataclass(frozen=True, slots=True)
class PageSteps:
    """Reads and corrects pages with the same settings.

    Args:
        job: with these settings.
        corrector: None without a model; ``no_corrector`` says why.
        files: where the pages are kept; its fingerprint is that of these settings.
    """

    job: Job
    bench: Bench
    engine: OcrEngine
    corrector: Corrector | None
    methods: Methods | None
    no_corrector: Message
    files: PageStore
    tell: Tell

    @classmethod
    def set_up(cls, job: Job, sha256: str, bench: Bench, tell: Tell) -> PageSteps:
        """Load what the settings of a job ask for.

        Raises:
            EngineUnavailable: no engine can run here.
        """
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
        return cls(job, bench, engine, corrector, methods, reason, files, tell)

    @property
    def work(self) -> Work:
        """The settings."""
        return self.job.work

    @property
    def versions(self) -> dict[str, str]:
        """Of the engine and the model."""
        found = {self.engine.name: self.engine.version}
        return (
            found | {"model": self.corrector.name, "model_runtime": self.corrector.version} if self.corrector else found
        )

    def finish(self, pages: Pages, number: int, memory: Memory) -> FinishedPage:
        """Read and correct a page; one that cannot be read gives a page that says so.

        ``memory`` is what the earlier pages of the document have taught.

        Raises:
            EngineUnavailable: the engine cannot run here.
            UnreadableScan: the scan as a whole cannot be read.
            OSError: the disk is at fault.
        """
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
        return FinishedPage(page, self._correct(page, memory))

    def read_piece(self, piece: Page) -> PageText:
        """What the engine reads on a piece of a page, uncorrected."""
        try:
            return self.engine.recognise(piece, self.work.ocr)
        finally:
            self.engine.free_page()

    def _correct(self, page: PageText, memory: Memory) -> Correction:
        if page.engine == OWN_TEXT:
            return Correction(page.text, reason=say("the PDF's own text was taken, in which nothing was misread"))
        proposed = self._proposed(page, memory)
        deadly = page_failures.skip_reason(self.job, "correct", page.number)
        asked = self.corrector if self.methods and self.methods.chooses and not deadly else None
        for choose in dict.fromkeys((asked.choose if asked else None, None)):
            try:
                found = with_words(page, proposed, self.job.work, memory, choose)
                return without_edits_of_own(page, found)
            except Exception as error:  # whatever a page holds, its text is delivered
                if faults.is_machines(error):
                    raise
                log.warning("words.failed", job=self.job.id, page=page.number, at=faults.place(error))
        return without_edits_of_own(page, proposed)

    def _proposed(self, page: PageText, memory: Memory) -> Correction:
        """The correction that the language model proposes for a page."""
        if self.corrector is None:
            return Correction(page.text, reason=self.no_corrector)
        if deadly := page_failures.skip_reason(self.job, "correct", page.number):
            return Correction(page.text, reason=say("the language model was left out: {reason}", reason=deadly))
        try:
            return self.corrector.correct(page, self.job.work, memory, self.methods)
        except Exception as error:  # the boundary to the model: whatever it does, the raw text is delivered
            if faults.is_machines(error):
                raise
            log.warning("correct.failed", job=self.job.id, page=page.number, at=faults.place(error))
            reason = say("the language model failed ({error})", error=type(error).__name__)
            return Correction(page.text, reason=reason)


def _unreadable(number: int, reason: Message, seconds: float) -> FinishedPage:
    text = unreadable_text(number)
    page = PageText(number, text, 0, 0, 0.0, error=reason, seconds=seconds)
    return FinishedPage(page, Correction(text, reason=say("the page could not be read")))
