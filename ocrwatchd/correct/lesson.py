"""What a corrected page teaches the pages after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocrwatchd.correct.verdict import Admitted, apply

if TYPE_CHECKING:
    from ocrwatchd.model import Correction, Part


def lesson(raw: str, correction: Correction) -> Admitted:
    """What a document's ``Memory`` shall remember of a page: once, when the page is finished.

    It is made of what is kept of the page alone, so that a document that is resumed teaches as much as one that was
    never interrupted.

    Args:
        raw: the page's text as recognised.
        correction: what became of it.

    Returns:
        The page's edits; as text only those parts on which the model was heard, for it passed over no word of others.
    """
    heard = [_corrected(raw, correction, part) for part in correction.parts if part.fate == "decided"]
    return Admitted("\n".join(heard), correction.edits, correction.refused)


def _corrected(raw: str, correction: Correction, part: Part) -> str:
    end = part.offset + part.length
    inside = [edit for edit in correction.edits if part.offset <= edit.offset < end]
    return apply(raw[part.offset : end], [replace(edit, offset=edit.offset - part.offset) for edit in inside])
