"""Read delivered receipts page by page. Other people can write to the outbox, so every receipt is checked.

The reader follows no link under the outbox, opens only regular files, and holds one page of a receipt in memory. It
refuses a receipt with another layout than :mod:`ocrwatchd.formats.output.receipt` writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from pydantic import BaseModel, Field, ValidationError

from ocrwatchd.cli.report.ledger_reader import Counts, Number
from ocrwatchd.core.fs import safe_open, tree
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output.receipt import SUFFIX

HEAD_BYTES: Final = 1 << 16
PAGE_BYTES: Final = 1 << 23
"""A page of 10,000 words has about 1 MB."""

FILE_BYTES: Final = 1 << 30

_BEGIN, _PAGES, _END = b"{\n", b'"pages": [', b"]}\n"


class Unusable(Exception):
    """The file is no receipt of this document, or was changed."""


class _Timings(BaseModel):
    seconds: float = Field(0.0, ge=0, le=10**9)


class Head(BaseModel):
    """A receipt's facts of the whole document."""

    job: str
    page_count: Number
    unreadable_pages: Number = 0
    totals: Counts = Counts()
    timings: _Timings = _Timings()


class Proposal(BaseModel):
    """An admitted or a refused edit."""

    before: str
    after: str
    why: Reason
    reverted: bool = False


class Page(BaseModel):
    """The proposals of a page."""

    edits: list[Proposal]
    refused: list[Proposal]


@contextmanager
def opened(outbox: Path, place: Path, job: str) -> Iterator[tuple[Head, Iterator[Page]]]:
    """Open a document's receipt.

    Args:
        outbox: the folder.
        place: of the set in the outbox, without suffix; empty where unknown.
        job: id of the document.

    Raises:
        FileNotFoundError: the receipt is no longer there.
        OSError: the receipt cannot be read, or is a link, or no regular file.
        Unusable: the place is unknown, the receipt is another document's, or was changed; the pages raise this too.
    """
    if not place.name:
        raise Unusable("its place is unknown")
    relative = place.with_name(f"{place.name}{SUFFIX}")
    with tree.opened((outbox / relative).parent, outbox) as held:
        descriptor = safe_open.open_regular(relative, held)
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(file.fileno()).st_size > FILE_BYTES:
            raise Unusable("too long")
        head = _head(file)
        if head.job != job:
            raise Unusable("of another document")
        yield head, _pages(file)


def _head(file: BinaryIO) -> Head:
    room = HEAD_BYTES
    lines: list[bytes] = []
    if file.readline(len(_BEGIN)) == _BEGIN:
        while room > 0 and (line := file.readline(room)):
            if line.startswith(_PAGES):
                try:
                    return Head.model_validate_json(b"{" + b"".join(lines).rstrip(b",\n") + b"}")
                except ValidationError:
                    break
            lines.append(line)
            room -= len(line)
    raise Unusable("its head was changed")


def _pages(file: BinaryIO) -> Iterator[Page]:
    while (line := file.readline(PAGE_BYTES)) != _END:
        try:
            yield Page.model_validate_json(line.rstrip(b",\n"))
        except ValidationError:
            raise Unusable("a page was changed") from None
