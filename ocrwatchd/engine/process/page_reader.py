"""Read one page of a scan: its own text, and what is recognised on its cleaned picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import faults
from ocrwatchd.core.errors import EngineUnavailable, UnreadablePage
from ocrwatchd.engine.process.mixed_page import merged
from ocrwatchd.ocr.rapidocr_languages import LANGUAGES
from ocrwatchd.ocr.tick_lines import with_tick_boxes

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from ocrwatchd.core.config.profile import Work
    from ocrwatchd.core.model import Job, Page, PageText
    from ocrwatchd.engine.process.resources import Bench
    from ocrwatchd.formats.input.common import Pages
    from ocrwatchd.ocr import OcrEngine

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PageReader:
    """Reads the pages of one job.

    Args:
        engine: the OCR engine for its settings.
        bench: what is loaded.
        job: whose scan it is.
    """

    engine: OcrEngine
    bench: Bench
    job: Job

    def read(self, pages: Pages, number: int) -> PageText:
        """One page: what it says itself, and what is recognised.

        Raises:
            UnreadablePage: nothing on it can be read; other pages may be fine.
            EngineUnavailable: the engine cannot do this here.
        """
        own = pages.own_text(number)
        if own is not None and own.rest is None:
            return own.page
        said = own is not None and bool(own.lines or own.doubted)
        try:
            read, picture = self._recognise(own.rest if own and own.rest else pages.page(number))
        except UnreadablePage as error:
            if own is None or not said:
                raise
            told = f"what the page shows beside its own text could not be read: {error}"
            return replace(own.page, warnings=(*own.page.warnings, told))
        if own is None or not said:
            read = replace(read, unseen_text=own is not None and own.page.unseen_text)
            return self._ticked(number, lambda: with_tick_boxes(read, picture), lambda: read)
        ocr = self.job.work.ocr
        return self._ticked(number, lambda: merged(own, read, picture, ocr), lambda: merged(own, read, None, ocr))

    def _recognise(self, opened: Page) -> tuple[PageText, Image.Image]:
        page, rotation, skew = self._clean(opened)
        try:
            read = self.engine.recognise(page, self.job.work.ocr)
        finally:
            self.engine.free_page()
        read = self._read_again(read, page.image)
        told = tuple(dict.fromkeys(page.warnings + read.warnings))
        return replace(read, rotation=rotation, skew=skew, warnings=told), page.image

    def _read_again(self, read: PageText, picture: Image.Image) -> PageText:
        if not _gains(read, self.job.work):
            return read
        try:
            return self.bench.second_reader(self.job.work.ocr).with_lattices(read, picture)
        except Exception as error:  # a help, too: the page is read without it
            if faults.is_machines(error):
                raise
            log.warning("second_reader.failed", job=self.job.id, page=read.number, at=faults.place(error))
            return read

    def _ticked(self, number: int, ticked: Callable[[], PageText], plain: Callable[[], PageText]) -> PageText:
        try:
            return ticked()
        except Exception as error:  # a help, too: the text is there without it
            if faults.is_machines(error):
                raise
            log.warning("tick_boxes.failed", job=self.job.id, page=number, at=faults.place(error))
            return plain()

    def _clean(self, page: Page) -> tuple[Page, int, float]:
        if self.job.work.ocr.clean == "off":
            return page, 0, 0.0
        try:
            cleaned = self.bench.cleaner(self.job.work.ocr).clean(page)
        except Exception as error:  # cleaning is a help: a picture that it stumbles over is read as it is
            if faults.is_machines(error):
                raise
            log.warning("clean.failed", job=self.job.id, page=page.number, at=faults.place(error))
            remedy = f": {error}" if isinstance(error, EngineUnavailable) else ""
            told = f"the page could not be straightened and cleaned, and was read as it is{remedy}"
            return replace(page, warnings=(*page.warnings, told)), 0, 0.0
        return cleaned.page, cleaned.rotation, cleaned.skew


def _gains(read: PageText, work: Work) -> bool:
    """Whether a second reading tells more. Never of a page that was cut: there the granted text alone counts."""
    ocr = work.ocr
    return (
        ocr.second_reader == "auto"
        and ocr.mode == "printed"
        and work.correct.words
        and read.engine == "aspose"
        and not read.evaluation
        and LANGUAGES.issuperset(ocr.languages)
        and any(line.box for line in read.lines)
    )
