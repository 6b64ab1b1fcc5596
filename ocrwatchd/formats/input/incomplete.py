"""Tell whether a file with a missing or damaged end still has all its rows and pages.

What is not whole by its structure is mostly an upload that broke off. Some programs leave out a file's last bytes,
though, and some servers put others behind it. Then the decoders tell: each page is decoded before one is recognised.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import DamagedPage, LockedScan, UnreadablePage, UnreadableScan
from ocrwatchd.core.fs.safe_open import open_regular
from ocrwatchd.formats.input import kind_of, open_pages
from ocrwatchd.formats.input.bounded_reader import BLOCK_BYTES
from ocrwatchd.formats.input.common import MAX_PAGES, Pages
from ocrwatchd.formats.input.completeness import Finding, examine
from ocrwatchd.formats.input.decoder_warnings import DAMAGED
from ocrwatchd.formats.input.tiff import directories

ALL_READ = "the file's end is missing or damaged; all its rows and pages were read"
SOME_MISSING = "the file's end is missing or damaged: rows or pages may be missing; scan or copy it again"

_OBJECT = re.compile(rb"(?<!\d)\d{1,10}\s{1,4}\d{1,5}\s{1,4}obj\b")
_LAST_PARTS = re.compile(rb"startxref\s{1,4}\d|endobj\b")
_OVERLAP_BYTES = 64
"""Longer than any match of the two expressions."""


@contextlib.contextmanager
def open_whole(
    source: Path, ocr: Ocr, *, strict: bool, alive: Callable[[], None]
) -> Iterator[tuple[Pages, tuple[str, ...]]]:
    """Open a scan as :func:`ocrwatchd.formats.input.open_pages` does, and find out whether all of it is there.

    With ``strict`` a scan is refused if rows or pages of it are missing. ``alive`` is called before each page that is
    decoded to find that out.

    Returns:
        The pages, and warnings about the end of the file.

    Raises:
        UnreadableScan: as ``open_pages``; or parts are missing, with the reason that the structure gives.
        OSError: the disk cannot be read; not the scan's fault.
    """
    descriptor = open_regular(source)
    try:
        examined = examine(descriptor, source.suffix)
        reason = examined.reason if examined.finding is Finding.PARTIAL else ""
        try:
            pages = open_pages(source, ocr)
        except LockedScan:
            raise
        except UnreadableScan:
            if reason and strict:
                raise UnreadableScan(reason) from None
            raise
        with pages:
            told: tuple[str, ...] = ()
            if reason:
                complete = examined.readable and _is_complete(descriptor, pages, ocr, alive)
                if strict and not complete:
                    raise UnreadableScan(reason)
                told = (ALL_READ if complete else SOME_MISSING,)
            yield pages, told
    finally:
        os.close(descriptor)


def _is_complete(descriptor: int, pages: Pages, ocr: Ocr, alive: Callable[[], None]) -> bool:
    kind = kind_of(descriptor)
    if kind == "PDF":
        return _has_all_objects(descriptor) and _has_all_pages(descriptor, pages.count, ocr)
    if kind == "TIFF" and directories(descriptor, MAX_PAGES).broken:
        return False
    return all(_is_there(pages, number, alive) for number in range(1, pages.count + 1))


def _is_there(pages: Pages, number: int, alive: Callable[[], None]) -> bool:
    """Whether a page has all its rows, or cannot be read for another reason than missing rows."""
    alive()
    try:
        return DAMAGED not in pages.page(number).warnings
    except DamagedPage:
        return False
    except UnreadablePage:
        return True


def _has_all_objects(descriptor: int) -> bool:
    """Whether a PDF's objects end as a writer ends them: none follows the last cross-reference, or is unfinished.

    A file that grew by an update which broke off is opened as it was before: the pages that were added are missing.
    """
    last_object = last_end = -1
    for start in range(0, os.fstat(descriptor).st_size, BLOCK_BYTES):
        block = os.pread(descriptor, BLOCK_BYTES + _OVERLAP_BYTES, start)
        last_object = max(last_object, *(start + each.start() for each in _OBJECT.finditer(block)), -1)
        last_end = max(last_end, *(start + each.start() for each in _LAST_PARTS.finditer(block)), -1)
    return last_object < last_end


def _has_all_pages(descriptor: int, count: int, ocr: Ocr) -> bool:
    from ocrwatchd.formats.input.pdf_page_tree import tree_of  # a format loads its library when it comes

    path = f"/proc/self/fd/{descriptor}"
    trees = (tree_of(path, password) for password in ("", *ocr.pdf_passwords))
    tree = next((each for each in trees if each), None)
    return tree is not None and tree.full and min(tree.places, ocr.max_pages + 1) == count
