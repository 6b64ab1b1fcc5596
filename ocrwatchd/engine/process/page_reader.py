"""Read one page of a scan: its PDF text, and the recognised text of its cleaned picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog
from PIL import Image

from ocrwatchd.core import faults
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.errors import EngineUnavailable, UnreadablePage
from ocrwatchd.core.model import Job, Page, PageText
from ocrwatchd.engine.process.file_pixels import in_pixels_of_the_file
from ocrwatchd.engine.process.mixed_page import merged
from ocrwatchd.formats.input.common import Pages
from ocrwatchd.ocr.rapidocr_languages import LANGUAGES
from ocrwatchd.ocr.tick_lines import with_tick_boxes

if TYPE_CHECKING:
    from ocrwatchd.engine.process.resources import Bench
    from ocrwatchd.ocr import OcrEngine

log = structlog.get_logger()

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class PageReader:
    """Reads the pages of one job with the OCR engine for its settings."""

    engine: OcrEngine
    bench: Bench
    job: Job

    def read(self, pages: Pages, number: int) -> PageText:
        """Read one page.

        Raises:
            UnreadablePage: nothing on this page can be read; other pages may be readable.
            EngineUnavailable: the engine cannot run here.
        """
        own = pages.own_text(number)
        if own is not None and own.rest is None:
            return own.page
        said = own is not None and bool(own.lines or own.doubted)
        try:
            page = own.rest if own and own.rest else pages.page(number)
            read, picture = self._recognise(page)
        except UnreadablePage as error:
            if own is None or not said:
                raise
            told = f"the picture beside the page's own text could not be read: {error}"
            return replace(own.page, warnings=(*own.page.warnings, told))
        if own is None or not said:
            read = replace(read, unseen_text=own is not None and own.page.unseen_text)
            ticked = partial(with_tick_boxes, read, picture)
            return in_pixels_of_the_file(self._helped("tick_boxes.failed", number, ticked, lambda _: read), page.scale)
        merge = partial(merged, own, read, ocr=self.job.work.ocr)
        return self._helped("tick_boxes.failed", number, lambda: merge(picture=picture), lambda _: merge(picture=None))

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

        def again() -> PageText:
            return self.bench.second_reader(self.job.work.ocr).with_lattices(read, picture)

        return self._helped("second_reader.failed", read.number, again, lambda _: read)

    def _clean(self, page: Page) -> tuple[Page, int, float]:
        def clean() -> tuple[Page, int, float]:
            cleaned = self.bench.cleaner(self.job.work.ocr).clean(page)
            return cleaned.page, cleaned.rotation, cleaned.skew

        def plain(error: Exception) -> tuple[Page, int, float]:
            remedy = f": {error}" if isinstance(error, EngineUnavailable) else ""
            told = f"the page could not be straightened and cleaned; it was read unchanged{remedy}"
            return replace(page, warnings=(*page.warnings, told)), 0, 0.0

        on = self.job.work.ocr.clean != "off"
        return self._helped("clean.failed", page.number, clean, plain) if on else (page, 0, 0.0)

    def _helped(
        self, event: str, number: int, step: Callable[[], _Result], plain: Callable[[Exception], _Result]
    ) -> _Result:
        """The result of a step that a page can do without, or ``plain`` if the step fails."""
        try:
            return step()
        except Exception as error:  # whatever the library raises: the page is read all the same
            if faults.is_machines(error):
                raise
            log.warning(event, job=self.job.id, page=number, at=faults.place(error))
            return plain(error)


def _gains(read: PageText, work: Work) -> bool:
    """Whether a second reading adds information. Never for a truncated page: only the granted text counts there."""
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
