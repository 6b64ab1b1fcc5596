"""Restore the pages of a delivered document from its receipt, for its output formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ocrwatchd.cli.edits.receipt_edits import Delivered, edit_of
from ocrwatchd.core.config.profile import Output, Work
from ocrwatchd.core.i18n import verbatim
from ocrwatchd.core.model import Box, Correction, Document, FinishedPage, Line, PageText, Word
from ocrwatchd.formats.input.common import OWN_TEXT


def document(delivered: Delivered, scan: Path) -> Document:
    """The figures of the document, as far as formats show them; ``scan`` stands for the scan, which is gone."""
    head = delivered.head
    return Document(
        job=head.get("job", ""),
        source=head.get("name", ""),
        sha256=head.get("sha256", ""),
        pages=len(delivered.pages),
        unreadable=head.get("unreadable_pages", 0),
        corrected=head.get("corrected", False),
        reason=verbatim(head.get("reason", "")),
        evaluation=head["evaluation"],
        versions=head.get("versions", {}),
        part=head.get("part", 1),
        parts=head.get("parts", 1),
        pages_from=tuple(head.get("pages_from", ())),
        scan=scan,
        work=Work(output=Output(language=head.get("notices", ""))),
    )


def pages(delivered: Delivered) -> Iterator[FinishedPage]:
    """The pages, with their edits except reverted ones."""
    for page in delivered.pages:
        kept = [edit for edit in page["edits"] if not edit["reverted"]]
        edits = tuple(map(edit_of, kept))
        yield FinishedPage(_read(page), Correction(page["text"], edits, corrected=page.get("corrected", False)))


def _read(page: dict[str, Any]) -> PageText:
    return PageText(
        number=page["number"],
        text=page["raw"],
        width=page["width"],
        height=page["height"],
        dpi=page["dpi"],
        engine=page["engine"],
        lines=tuple(_line(line, page) for line in page["lines"]),
        rotation=page["rotation"],
        skew=page["skew"],
        evaluation=page["evaluation"],
        error=verbatim(page["error"]),
    )


def _line(line: dict[str, Any], page: dict[str, Any]) -> Line:
    raw = page["raw"]
    source = line.get("source", OWN_TEXT if page["engine"] == OWN_TEXT else "")
    box = Box(*line["box"]) if "box" in line else None
    words = tuple(
        Word(raw[offset : offset + length], offset, Box(*corners), confidence)
        for offset, length, *corners, confidence in line.get("words", ())
    )
    return Line(line["text"], line["offset"], box, line.get("confidence"), words, source)
