"""What a document says of the scan that it is a part of, or of the pages that were left out of it."""

from __future__ import annotations

from typing import Final

from ocrwatchd.core.i18n import NOTHING, Message, count, joined, say
from ocrwatchd.core.model import Aside, Document

MOST_TOLD = 50
"""Most pages that are told one by one."""

_WHY: Final[dict[Aside, Message]] = {
    "sheet": say("separator sheet"),
    "barcode": say("page with a code"),
    "blank": say("blank"),
}


def part_told(document: Document) -> Message:
    """Which part of which scan a document is; nothing where it is the whole scan."""
    if document.parts == 1:
        return NOTHING
    return say("part {part} of {parts} of {name}", part=document.part, parts=document.parts, name=document.source)


def left_out_told(document: Document) -> Message:
    """Which pages of the scan are in no document, and why; nothing where there are none."""
    left_out = document.left_out
    if not left_out:
        return NOTHING
    each = [say("page {page} ({why})", page=page, why=_WHY.get(why, NOTHING)) for page, why in left_out[:MOST_TOLD]]
    more = [say("…")] if len(left_out) > MOST_TOLD else []
    return count(
        "1 page of the scan is left out: {pages}",
        "{n} pages of the scan are left out: {pages}",
        n=len(left_out),
        pages=joined([*each, *more]),
    )
