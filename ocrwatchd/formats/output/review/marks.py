"""A page's text cut into what a review shows: plain stretches, doubtful words, and edits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.core.i18n.language import Language
from ocrwatchd.core.model import Box, Doubt, Edit, FinishedPage, PageText, Word
from ocrwatchd.formats.output.edit_positions import Places, delivered_word
from ocrwatchd.formats.output.evidence import asked, in_words, request
from ocrwatchd.formats.output.sums import sum_warnings
from ocrwatchd.ocr.rows import around

LOW_CONFIDENCE = 0.9
"""Words that were read with less are tinted: with RapidOCR a few on a page that was scanned badly, and hardly any on a
good one."""

LONGEST_PROPOSAL = 400
"""Characters of a refused proposal that are shown: it may be a model's whole answer, and NAME.json has all of it."""

GAP = "   "
FEWEST_ROWS = 3
ROWS_SHARE = 0.25
"""A page is a table where so many lines, and so large a share, have a tab or a gap inside."""

CUT = "\N{HORIZONTAL ELLIPSIS}"


@dataclass(frozen=True, slots=True)
class Mark:
    """An edit, or a proposal that was refused.

    Args:
        number: as in the receipt; 0 for a refused one.
        line: from 1, blank lines counted.
        box: on the page as it was recognised, or None.
    """

    number: int
    line: int
    before: str
    after: str
    why: str
    weighed: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class Check:
    """A word that a reader is asked to check.

    Args:
        offset: in the raw text.
        line: from 1, blank lines counted.
        text: as delivered.
        percent: how probably the word is wrong.
        edit: number of the edit that has changed the word, or 0.
        box: on the page as it was recognised, or None.
    """

    offset: int
    line: int
    text: str
    percent: int
    edit: int
    box: Box | None


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a line that is shown in one way.

    Args:
        text: as recognised; of an edit what it replaces.
        percent: confidence, of "low" only.
        mark: of "edit" only.
        check: of "asked" only.
    """

    kind: Literal["text", "low", "asked", "edit"]
    text: str
    percent: int = 0
    box: Box | None = None
    mark: Mark | None = None
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the text, or several where an edit joins them; ``line`` is the number of the first."""

    line: int
    box: Box | None
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """A page's text with everything that is marked in it."""

    rows: tuple[Row, ...]
    edits: tuple[Mark, ...]
    refused: tuple[Mark, ...]
    low: int
    """How many words were read with little confidence and stand as they were read."""
    table: bool
    """Rows stand in columns, so that every character should be of one width."""
    checks: tuple[Check, ...]
    """The most doubtful word first."""
    request: Message
    """How many errors checking them corrects; empty where there are none."""
    sums: dict[int, Message]
    """Totals that do not add up, by the line of the row."""


def marked(finished: FinishedPage, numbers: Iterator[int], language: Language) -> Marked:
    """Cut a page's text; ``numbers`` run through the document, as in the receipt."""
    page, correction = finished.page, finished.correction
    places = Places(page)
    edits = tuple(_mark(edit, places, next(numbers), language) for edit in correction.edits)
    refused = tuple(_mark(edit, places, 0, language) for edit in correction.refused)
    doubtful = asked(correction.doubts)
    checks = tuple(_check(doubt, finished, edits, places) for doubt in doubtful)
    rows = tuple(_rows(page, _spans(page, list(zip(correction.edits, edits, strict=True)), checks), places))
    first_lines = [row.line for row in rows]
    sums = {
        first_lines[bisect_right(first_lines, warning.line) - 1]: warning.told for warning in sum_warnings(finished)
    }
    before = sum(doubt.wrong for doubt in correction.doubts)
    return Marked(
        rows,
        edits,
        refused,
        sum(run.kind in {"low", "asked"} for row in rows for run in row.runs),
        _is_table(page.text),
        checks,
        request([doubt.wrong for doubt in doubtful], before) if checks else NOTHING,
        sums,
    )


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    run: Run


def _mark(edit: Edit, places: Places, number: int, language: Language) -> Mark:
    after = edit.after
    if not number and len(after) > LONGEST_PROPOSAL:
        after = after[:LONGEST_PROPOSAL] + CUT
    box = places.box(edit.offset, len(edit.before))
    weighed = in_words(edit.source, edit.terms, edit.total, language)
    return Mark(number, places.line(edit.offset), edit.before, after, language.of(edit.why.wording), weighed, box)


def _check(doubt: Doubt, finished: FinishedPage, edits: Sequence[Mark], places: Places) -> Check:
    text, changed = delivered_word(finished.page.text, doubt, finished.correction.edits)
    return Check(
        doubt.offset,
        places.line(doubt.offset),
        text,
        int(100 * doubt.wrong),
        0 if changed is None else edits[changed].number,
        places.box(doubt.offset, doubt.length),
    )


def _spans(page: PageText, edits: Sequence[tuple[Edit, Mark]], checks: Sequence[Check]) -> list[_Span]:
    """The marked stretches in order, without overlap. The confidence of an edited word no longer matters."""
    spans = [
        _Span(edit.offset, edit.offset + len(edit.before), Run("edit", edit.before, box=mark.box, mark=mark))
        for edit, mark in edits
    ]
    spans += [
        _Span(check.offset, check.offset + len(check.text), Run("asked", check.text, box=check.box, check=check))
        for check in checks
        if not check.edit
    ]
    spans.sort(key=lambda span: (span.start, span.end))
    words = sorted((word for line in page.lines for word in line.words), key=lambda word: word.offset)
    done, upcoming = 0, 0
    low: list[_Span] = []
    for word in words:
        end = word.offset + len(word.text)
        if word.confidence is None or word.confidence >= LOW_CONFIDENCE or word.offset < done:
            continue
        while upcoming < len(spans) and spans[upcoming].end <= word.offset:
            upcoming += 1
        if upcoming == len(spans) or spans[upcoming].start >= end:
            low.append(_Span(word.offset, end, _low(word, page.text)))
            done = end
    return sorted(spans + low, key=lambda span: (span.start, span.end))


def _low(word: Word, text: str) -> Run:
    percent = int(100 * (word.confidence or 0.0))
    return Run("low", text[word.offset : word.offset + len(word.text)], percent, word.box)


def _rows(page: PageText, spans: Sequence[_Span], places: Places) -> Iterator[Row]:
    boxes = sorted((line.offset, line.box) for line in page.lines if line.box is not None)
    at, line, box_at, span_at = 0, 1, 0, 0
    while at <= len(page.text):
        end = _line_end(page.text, at)
        first = span_at
        # A span that runs over the line's end takes the next line along.
        while span_at < len(spans) and spans[span_at].start <= end:
            if spans[span_at].end > end:
                end = _line_end(page.text, spans[span_at].end)
            span_at += 1
        own: list[Box] = []
        while box_at < len(boxes) and boxes[box_at][0] <= end:
            own.append(boxes[box_at][1])
            box_at += 1
        box = around(own) if own else places.box(at, end - at)
        yield Row(line, box, tuple(_runs(page.text, at, end, spans[first:span_at])))
        line += page.text.count("\n", at, end) + 1
        at = end + 1


def _runs(text: str, start: int, end: int, spans: Sequence[_Span]) -> Iterator[Run]:
    for span in spans:
        if span.start > start:
            yield Run("text", text[start : span.start])
        yield span.run
        start = max(start, span.end)
    if start < end:
        yield Run("text", text[start:end])


def _is_table(text: str) -> bool:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    parted = sum("\t" in line or GAP in line for line in lines)
    return parted >= FEWEST_ROWS and parted >= ROWS_SHARE * len(lines)


def _line_end(text: str, start: int) -> int:
    found = text.find("\n", start)
    return len(text) if found < 0 else found
