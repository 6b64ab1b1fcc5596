"""Where on its page an edit lies, and what stands in the delivered text in place of a stretch of the raw one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Generic, TypeVar

from ocrwatchd.core.model import Box, Doubt, Edit, PageText
from ocrwatchd.ocr.rows import around

_Thing = TypeVar("_Thing")


class Stretches(Generic[_Thing]):
    """Things on stretches of a text, each given as its start, its end and itself; found by offset."""

    def __init__(self, things: Iterable[tuple[int, int, _Thing]]) -> None:
        self._things = sorted(things, key=itemgetter(0, 1))
        self._starts = [start for start, _, _ in self._things]
        self._longest = max((end - start for start, end, _ in self._things), default=0)

    def touched(self, start: float, end: float) -> Iterator[_Thing]:
        """The things that overlap this stretch, in order."""
        for first, last, thing in self._things[bisect_right(self._starts, start - self._longest - 1) :]:
            if first >= end:
                break
            if last > start:
                yield thing


class Places:
    """The lines and words of one page, found by offset."""

    def __init__(self, page: PageText) -> None:
        self.page = page.number
        self._breaks = [offset for offset, character in enumerate(page.text) if character == "\n"]
        words = (word for line in page.lines for word in line.words)
        self._boxes = Stretches((word.offset, word.offset + len(word.text), word.box) for word in words if word.box)

    def line(self, offset: int) -> int:
        """The number of the line, from 1, blank lines counted."""
        return bisect_right(self._breaks, offset - 1) + 1

    def box(self, offset: int, length: int) -> Box | None:
        """The bounds of all words that overlap the stretch; None without a word that has a box."""
        touched = list(self._boxes.touched(offset, offset + length))
        return around(touched) if touched else None


def raw_offset(offset: int, edits: Iterable[Edit]) -> int:
    """Where in the raw text a place of the delivered text lies; ``edits`` are admitted, in order of offset."""
    grown = 0
    for edit in edits:
        start = edit.offset + grown
        if offset < start:
            break
        if offset < start + len(edit.after):
            return edit.offset
        grown += len(edit.after) - len(edit.before)
    return offset - grown


def delivered_word(raw: str, doubt: Doubt, edits: Sequence[Edit]) -> tuple[str, int | None]:
    """A doubtful word as it is delivered, whole edits included; ``edits`` are admitted, in order of offset.

    Returns:
        The text; the index of the first edit that changes the word, or None.
    """
    end = doubt.offset + doubt.length
    changing = [
        index
        for index, edit in enumerate(edits)
        if edit.offset < end and edit.offset + max(1, len(edit.before)) > doubt.offset
    ]
    told, at = "", doubt.offset
    for index in changing:
        edit = edits[index]
        told += raw[at : edit.offset] + edit.after
        at = edit.offset + len(edit.before)
    return told + raw[at:end], changing[0] if changing else None
