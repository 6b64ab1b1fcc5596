"""Read delivered receipts page by page. They lie where other people write: nothing in there is taken for granted.

No link under the outbox is followed, nothing but a regular file is opened, and of a receipt no more than a page is in
memory. One that is not laid out as :mod:`ocrwatchd.formats.output.receipt` lays it out is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
    """It is no receipt of this document, or was changed by hand."""


class _Timings(BaseModel):
    seconds: float = Field(0.0, ge=0, le=10**9)


class Head(BaseModel):
    """What a receipt tells of the document as a whole."""

    job: str
    page_count: Number
    unreadable_pages: Number = 0
    totals: Counts = Counts()
    timings: _Timings = _Timings()


class Proposal(BaseModel):
    """An edit, or a refused one."""

    before: str
    after: str
    why: Reason
    reverted: bool = False


class Page(BaseModel):
    """What was proposed on a page."""

    edits: list[Proposal]
    refused: list[Proposal]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that is open."""

    head: Head
    pages: Iterator[Page]


@contextmanager
def opened(outbox: Path, place: Path, job: str) -> Iterator[Receipt]:
    """Open a document's receipt.

    Args:
        outbox: the folder.
        place: of the set in it, without suffix.
        job: whose receipt it has to be.

    Raises:
        FileNotFoundError: it is no longer there.
        OSError: it cannot be read, or is a link, or no regular file.
        Unusable: it is not this document's, or not as it was delivered; the pages raise that, too.
    """
    with os.fdopen(_beneath(outbox, place.with_name(f"{place.name}{SUFFIX}")), "rb") as file:
        if os.fstat(file.fileno()).st_size > FILE_BYTES:
            raise Unusable("it is too long")
        head = _head(file)
        if head.job != job:
            raise Unusable("it is another document's")
        yield Receipt(head, _pages(file))


def _beneath(folder: Path, relative: Path) -> int:
    """Open a regular file without following any link below the folder."""
    with tree.opened((folder / relative).parent, folder) as held:
        return safe_open.open_regular(relative, held)


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
    raise Unusable("its head is not as it was written")


def _pages(file: BinaryIO) -> Iterator[Page]:
    while (line := file.readline(PAGE_BYTES)) != _END:
        try:
            yield Page.model_validate_json(line.rstrip(b",\n"))
        except ValidationError:
            raise Unusable("a page is not as it was written") from None
