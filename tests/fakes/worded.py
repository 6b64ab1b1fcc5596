"""Finished pages with words at known places, as no engine is needed to tell them."""

from __future__ import annotations

from pathlib import Path

from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.model import Box, Correction, Document, FinishedPage, Line, PageText, Word
from ocrwatchd.gate.verdicts import apply

LETTER_PX, LINE_PX, MARGIN_PX = 12, 30, 60


def worded(text, edits=(), number=1, size=(1000, 1400), boxes=True, *, shift=0.0, **figures):
    """A page on which letter n of line m lies at column n and row m, so many pixels further right and down."""
    lines, offset = [], 0
    for row, line in enumerate(text.split("\n")):
        top = MARGIN_PX + 2 * LINE_PX * row + shift
        words, at = [], 0
        for word in line.split():
            at = line.index(word, at)
            left = MARGIN_PX + LETTER_PX * at + shift
            box = Box(left, top, left + LETTER_PX * len(word), top + LINE_PX)
            words.append(Word(word, offset + at, box if boxes else None, 0.9))
            at += len(word)
        if words:
            whole = Box(words[0].box.left, top, words[-1].box.right, top + LINE_PX) if boxes else None
            lines.append(Line(line, offset, whole, 0.9, tuple(words)))
        offset += len(line) + 1
    page = PageText(number, text, *size, 150.0, engine="rapidocr", lines=tuple(lines) if boxes else (), **figures)
    return FinishedPage(page, Correction(apply(text, edits), tuple(edits), corrected=bool(edits), model="m"))


def document(scan, pages=1, **changes):
    """A document of a scan."""
    figures = {
        "job": "j", "source": Path(scan).name, "sha256": "ab", "pages": pages, "unreadable": 0, "corrected": True,
        "reason": "", "evaluation": False, "versions": {"ocrwatchd": "1"}, "scan": Path(scan), "work": Work(),
    }  # fmt: skip
    return Document(**figures | changes)
