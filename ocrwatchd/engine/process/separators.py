"""Find the pages that separate the documents of a scan: sheets of ours, and codes that ``split.on`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import structlog

from ocrwatchd.core import faults
from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.core.model import Correction, FinishedPage, PageText
from ocrwatchd.core.sheet_code import LONGEST_CHARACTERS, decode
from ocrwatchd.engine import page_failures

if TYPE_CHECKING:
    from ocrwatchd.core.config.paper import Split
    from ocrwatchd.core.model import Aside, Job
    from ocrwatchd.formats.input.common import Pages

log = structlog.get_logger()


def looks(split: Split) -> bool:
    """Whether codes separate documents."""
    return "sheet" in split.on or bool(split.barcodes)


class Found(NamedTuple):
    """A code that separates documents."""

    aside: Aside
    code: str
    only_this: bool
    """The page is a separator and nothing else, so that it need not be read."""


def found(pages: Pages, number: int, job: Job) -> Found | None:
    """The code that makes a page separate documents; None for any other page, or one that cannot be read.

    A page over which the engine has died too often is not looked at: the death may have been here.

    Raises:
        UnreadableScan: the scan as a whole cannot be read.
        OSError: the disk cannot be read.
    """
    if page_failures.skip_reason(job, "page", number):
        return None
    from ocrwatchd.ocr.barcodes import texts  # loads its library only for scans that are cut so

    try:
        codes = texts(pages.page(number).image)
    except UnreadablePage:
        return None
    except UnreadableScan:
        raise
    except Exception as error:  # whatever a picture makes the libraries raise: the page is read as any other
        if faults.is_machines(error):
            raise
        log.warning("separators.failed", page=number, at=faults.place(error))
        return None
    split, key = job.work.split, job.sheets.key if job.sheets else b""
    sheets = [(code, sheet) for code in codes if "sheet" in split.on and (sheet := decode(code, key))]
    if sheets:
        code, sheet = min(sheets, key=lambda each: not each[1].signed)
        return Found("sheet", code, sheet.signed)
    short = [code[:LONGEST_CHARACTERS] for code in codes]
    match = any(pattern.fullmatch(code) for pattern in split.barcodes for code in short)
    return Found("barcode", "", only_this=True) if match else None


def bare(number: int, found: Found) -> FinishedPage:
    """The page that is a separator and nothing else."""
    return FinishedPage(PageText(number, "", 0, 0, 0.0), Correction(""), found.aside, found.code)
