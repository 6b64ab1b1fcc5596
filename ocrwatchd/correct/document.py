"""Correct a text of any length, page by page."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from ocrwatchd.core.errors import UnreadableScan
from ocrwatchd.core.i18n import joined, say
from ocrwatchd.core.model import Correction, PageText
from ocrwatchd.correct.page import with_words
from ocrwatchd.gate.consistency import Memory, lesson
from ocrwatchd.gate.verdicts import shifted
from ocrwatchd.llm.chunks import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ocrwatchd.core.config.profile import Work
    from ocrwatchd.correct.corrector import Corrector

PORTION_WORDS = 500
"""A text longer than this is corrected in portions of about so many words, as many as stand on a page."""


def text_of(file: Path | None) -> str:
    """A file's text, which is UTF-8; standard input's without one.

    Raises:
        UnreadableScan: it cannot be read, or is not UTF-8.
    """
    try:
        return (file.read_bytes() if file else sys.stdin.buffer.read()).decode("utf-8")
    except OSError as error:
        raise UnreadableScan(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableScan(
            f"{file or 'standard input'} is not UTF-8 text (byte {error.start}); save it as UTF-8; "
            "scans are read by `ocrwatchd process`"
        ) from error


def corrected(text: str, corrector: Corrector | None, work: Work) -> Correction:
    """Correct a text of any length; each portion of it has the budget of a page (``llm.page_budget_s``).

    Args:
        text: form feeds end its pages.
        corrector: the model; without one words are corrected by the lists of words alone.
        work: the settings.
    """
    pages = pages_of(text)
    if corrector:
        proposed = page_by_page(pages, corrector, work)
    else:
        proposed = [Correction(page.text, reason=say('llm.model is "off"')) for page in pages]
    corrections = [with_words(page, each, work, Memory()) for page, each in zip(pages, proposed, strict=True)]
    offsets = accumulate((len(page.text) for page in pages), initial=0)
    moved = [_moved(each, offset) for each, offset in zip(corrections, offsets, strict=False)]
    return Correction(
        "".join(each.text for each in moved),
        tuple(edit for each in moved for edit in each.edits),
        tuple(edit for each in moved for edit in each.refused),
        corrected=any(each.corrected for each in moved),
        reason=joined(each.reason for each in moved),
        model=corrector.name if corrector else "",
        seconds=sum(each.seconds for each in moved),
        parts=tuple(part for each in moved for part in each.parts),
    )


def page_by_page(pages: Iterable[PageText], corrector: Corrector, work: Work) -> list[Correction]:
    """Correct a document's pages in their order; what one teaches counts for those after it."""
    memory, methods = Memory(), corrector.methods(work)
    corrections: list[Correction] = []
    for page in pages:
        corrections.append(corrector.correct(page, work, memory, methods))
        memory.remember(lesson(page.text, corrections[-1]))
    return corrections


def pages_of(text: str) -> list[PageText]:
    """A text as pages that nobody has scanned: joined they are the text; form feeds end pages, long ones are cut."""
    return [PageText(number, portion, 0, 0, 0.0) for number, portion in enumerate(_portions(text), 1)]


def _portions(text: str) -> Iterator[str]:
    for page in re.finditer(r"[^\f]*\f|[^\f]+", text):
        pieces: list[str] = []
        words = 0
        for chunk in split(page.group()):
            size = len(chunk.text.split())
            if pieces and words + size > PORTION_WORDS:
                yield "".join(pieces)
                words, pieces = 0, []
            pieces.append(chunk.text)
            words += size
        yield "".join(pieces)


def _moved(correction: Correction, offset: int) -> Correction:
    parts = tuple(replace(part, offset=part.offset + offset) for part in correction.parts)
    edits, refused = shifted(correction.edits, offset), shifted(correction.refused, offset)
    return replace(correction, edits=edits, refused=refused, parts=parts)
