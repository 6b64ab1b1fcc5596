"""NAME.json: everything that is known about the document. It is delivered last: where it lies, the set is whole.

One JSON object, UTF-8. The figures of the document come first, a key a line; then ``pages``, a page a line, so that a
program can read it with a few megabytes whatever the document's length. ``ocrwatchd edits`` writes it again, in the
same layout, when edits are taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import count
from typing import BinaryIO

from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.i18n.language import ENGLISH
from ocrwatchd.core.log import printable
from ocrwatchd.core.model import (
    Box,
    Correction,
    Document,
    Edit,
    FinishedPage,
    Line,
    Part,
    Term,
    Word,
)
from ocrwatchd.formats.output.edit_positions import Places
from ocrwatchd.formats.output.evidence import NATS_DIGITS
from ocrwatchd.formats.output.sums import sum_warnings

SUFFIX = OUTPUT_SUFFIXES["json"]
SCHEMA = 3
"""Goes up when a key changes its meaning or goes away; new keys may come at any time."""

COORDINATE_DIGITS = 1
CONFIDENCE_DIGITS = 4
SECONDS_DIGITS = 3
WRONG_DIGITS = 3


def write(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> None:
    """Write the receipt."""
    numbers = count(1)
    file.writelines(laid_out(_head(document), (_page(finished, numbers) for finished in pages)))


def laid_out(head: Mapping[str, object], pages: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """The bytes of a receipt: the head's keys, then ``pages``."""
    yield b"{\n"
    yield from (_json(key) + b": " + _json(value) + b",\n" for key, value in head.items())
    yield b'"pages": ['
    yield from ((b",\n" if index else b"\n") + _json(page) for index, page in enumerate(pages))
    yield b"\n]}\n"


def _head(document: Document) -> dict[str, object]:
    totals = document.totals
    return {
        "schema": SCHEMA,
        "name": document.source,
        "job": document.job,
        "sha256": document.sha256,
        **_stack(document),
        "page_count": document.pages,
        "complete": document.complete,
        "unreadable_pages": document.unreadable,
        "corrected": document.corrected,
        "reason": str(document.reason),
        "evaluation": document.evaluation,
        "notices": document.work.output.language or ENGLISH,
        "totals": {
            "words": totals.words,
            "edits": sum(totals.edits.values()),
            "reverted": 0,
            "refused": sum(totals.refused.values()),
            "edits_by_reason": totals.edits,
            "refused_by_reason": totals.refused,
            "parts": totals.parts,
            "confidence": totals.confidence,
            "expected_errors": round(totals.expected_errors, 1),
        },
        "warnings": document.warnings,
        "formats": document.formats,
        "files": dict(document.files),
        "tasks": [asdict(end) | {"seconds": round(end.seconds, SECONDS_DIGITS)} for end in document.tasks],
        "versions": document.versions,
        "timings": {"seconds": round(document.seconds, SECONDS_DIGITS)},
    }


def _stack(document: Document) -> dict[str, object]:
    """Where in a stack of paper the document lay."""
    files = dict.fromkeys(leaf.file for leaf in document.leaves)
    told: dict[str, object] = {
        "parent": document.source if document.parts > 1 else "",
        "part": document.part,
        "parts": document.parts,
        "pages_from": document.pages_from,
        "left_out": [{"page": page, "why": why} for page, why in document.left_out],
    }
    return told | {"sources": [{"name": printable(file.name)} for file in files]} if len(files) > 1 else told


def _page(finished: FinishedPage, numbers: Iterator[int]) -> dict[str, object]:
    page, correction = finished.page, finished.correction
    return {
        "number": page.number,
        "text": correction.text,
        "raw": page.text,
        "error": str(page.error),
        "warnings": [*page.warnings, *(str(warning.told) for warning in sum_warnings(finished))],
        "corrected": correction.corrected,
        "reason": str(correction.reason),
        **_edits(finished, numbers),
        "doubts": [asdict(doubt) | {"wrong": round(doubt.wrong, WRONG_DIGITS)} for doubt in correction.doubts],
        "parts": [_part(part) for part in correction.parts],
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
        "lines": [_line(line, page.engine) for line in page.lines],
    }


def _edits(finished: FinishedPage, numbers: Iterator[int]) -> dict[str, object]:
    places = Places(finished.page)
    correction: Correction = finished.correction
    # The numbers run through the document: `ocrwatchd edits --revert` takes them.
    admitted = [{"number": next(numbers), **_edit(edit, places), "reverted": False} for edit in correction.edits]
    return {"edits": admitted, "refused": [_edit(edit, places) for edit in correction.refused]}


def _edit(edit: Edit, places: Places) -> dict[str, object]:
    told: dict[str, object] = {
        "page": places.page,
        "line": places.line(edit.offset),
        "offset": edit.offset,
        "before": edit.before,
        "after": edit.after,
        "why": edit.why,
    }
    if edit.source:
        told["source"] = edit.source
    if edit.terms:
        told["terms"] = _terms(edit.terms)
        told["sum"] = round(edit.total, NATS_DIGITS)
    box = places.box(edit.offset, len(edit.before))
    return told | {"box": _corners(box)} if box else told


def _terms(terms: Iterable[Term]) -> dict[str, float]:
    nats: dict[str, float] = {}
    for term in terms:
        nats[term.name] = nats.get(term.name, 0.0) + term.nats
    rounded = {name: round(value, NATS_DIGITS) for name, value in nats.items()}
    return {name: value for name, value in rounded.items() if value}


def _part(part: Part) -> dict[str, object]:
    told: dict[str, object] = {"offset": part.offset, "length": part.length, "fate": part.fate, "why": part.why or ""}
    return told | {"detail": part.detail} if part.detail else told


def _line(line: Line, engine: str) -> dict[str, object]:
    told: dict[str, object] = {"offset": line.offset, "text": line.text}
    if (line.source or engine) != engine:
        told["source"] = line.source
    if line.box is not None:
        told["box"] = _corners(line.box)
    if line.confidence is not None:
        told["confidence"] = round(line.confidence, CONFIDENCE_DIGITS)
    boxed = [_word(word, word.box) for word in line.words if word.box is not None]
    return told | {"words": boxed} if boxed and len(boxed) == len(line.words) else told


def _word(word: Word, box: Box) -> list[float | None]:
    """Offset, length, box, confidence: an array, for there are hundreds on a page."""
    sure = None if word.confidence is None else round(word.confidence, CONFIDENCE_DIGITS)
    return [word.offset, len(word.text), *_corners(box), sure]


def _corners(box: Box) -> list[float]:
    return [round(side, COORDINATE_DIGITS) for side in box]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
