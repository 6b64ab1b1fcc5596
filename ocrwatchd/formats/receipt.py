"""NAME.json: everything that is known about the document. It is delivered last: where it lies, the set is whole.

One JSON object, UTF-8. The figures of the document come first, a key a line; then ``pages``, a page a line, so that a
program can read it with a few megabytes whatever the document's length.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.model import Document, Edit, FinishedPage, Line

SCHEMA = 1
"""Goes up when a key changes its meaning or goes away; new keys may come at any time."""

COORDINATE_DIGITS = 1
CONFIDENCE_DIGITS = 4
SECONDS_DIGITS = 3


def write(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> None:
    """Write the receipt."""
    file.write(b"{\n")
    file.writelines(_json(key) + b": " + _json(value) + b",\n" for key, value in _head(document).items())
    file.write(b'"pages": [')
    file.writelines((b",\n" if index else b"\n") + _json(_page(finished)) for index, finished in enumerate(pages))
    file.write(b"\n]}\n")


def _head(document: Document) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "name": document.source,
        "job": document.job,
        "sha256": document.sha256,
        "page_count": document.pages,
        "complete": document.complete,
        "unreadable_pages": document.unreadable,
        "corrected": document.corrected,
        "reason": document.reason,
        "evaluation": document.evaluation,
        "warnings": document.warnings,
        "versions": document.versions,
        "timings": {"seconds": round(document.seconds, SECONDS_DIGITS)},
    }


def _page(finished: FinishedPage) -> dict[str, object]:
    page, correction = finished.page, finished.correction
    return {
        "number": page.number,
        "text": correction.text,
        "raw": page.text,
        "error": page.error,
        "warnings": page.warnings,
        "corrected": correction.corrected,
        "reason": correction.reason,
        "edits": [_edit(edit) for edit in correction.edits],
        "refused": [_edit(edit) for edit in correction.refused],
        "engine": page.engine,
        "model": correction.model,
        "evaluation": page.evaluation,
        "width": page.width,
        "height": page.height,
        "dpi": round(page.dpi, 1),
        "rotation": page.rotation,
        "skew": round(page.skew, 2),
        "seconds": {
            "recognise": round(page.seconds, SECONDS_DIGITS),
            "correct": round(correction.seconds, SECONDS_DIGITS),
        },
        "lines": [_line(line) for line in page.lines],
    }


def _edit(edit: Edit) -> dict[str, object]:
    return dataclasses.asdict(edit)


def _line(line: Line) -> dict[str, object]:
    told: dict[str, object] = {"offset": line.offset, "text": line.text}
    if line.box is not None:
        told["box"] = [round(side, COORDINATE_DIGITS) for side in line.box]
    if line.confidence is not None:
        told["confidence"] = round(line.confidence, CONFIDENCE_DIGITS)
    return told


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
