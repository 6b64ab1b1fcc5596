"""What the finished pages of a document tell: whether one is missing, and the date. A fault there costs no document."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import faults
from ocrwatchd.core.name_template import parse
from ocrwatchd.correct.letter_date import date_of
from ocrwatchd.correct.page_sequence import sequence_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.core.config.profile import Work
    from ocrwatchd.core.model import FinishedPage

log = structlog.get_logger()


def warnings_of_order(pages: Iterable[FinishedPage], work: Work) -> tuple[str, ...]:
    """Warnings about pages that seem to be missing, doubled or swapped; a text that breaks the search gives none.

    Raises:
        OSError: a page cannot be read from the disk.
    """
    texts = ["" if each.page.error else each.correction.text for each in pages]
    try:
        return tuple(map(str, sequence_warnings(texts, work.ocr.languages)))
    except Exception as error:  # whatever the texts hold, they are delivered
        if faults.is_machines(error):
            raise
        log.warning("order.failed", at=faults.place(error))
        return ()


def date_for_name(pages: Iterable[FinishedPage], work: Work) -> dt.date | None:
    """The date on a document's first page, if ``output.name`` asks for it; None where it is not certain.

    Raises:
        OSError: the page cannot be read from the disk.
    """
    if "date" not in parse(work.output.name).fields:
        return None
    first = next(iter(pages))
    if first.page.error:
        return None
    try:
        return date_of(first.correction.text, work.ocr.languages, dt.datetime.now(tz=dt.UTC).date())
    except Exception as error:  # likewise
        if faults.is_machines(error):
            raise
        log.warning("date.failed", at=faults.place(error))
        return None
