"""Where on its page an edit lies, and what stands in the delivered text in place of a stretch of the raw one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from ocrwatchd.core.model import Box, Doubt, Edit, PageText
from ocrwatchd.ocr.rows import around


class Places:
    """The lines and words of one page, found by offset."""

    def __init__(self, page: PageText) -> None:
        self.page = page.number
        self._breaks = [offset for offset, character in enumerate(page.text) if character == "\n"]
        boxed = ((word.offset, len(word.text), word.box) for line in page.lines for word in line.words)
        self._words = sorted((offset, offset + length, box) for offset, length, box in boxed if box is not None)
        self._offsets = [offset for offset, _, _ in self._words]
        self._longest = max((end - start for start, end, _ in self._words), default=0)

    def line(self, offset: int) -> int:
        """The number of the line, from 1, blank lines counted."""
        return bisect_right(self._breaks, offset - 1) + 1

    def box(self, offset: int, length: int) -> Box | None:
        """The bounds of all words of which the stretch has a part; None where the engine has told no boxes.

        A stretch of length 0 touches no word.
        """
        first = bisect_right(self._offsets, offset - self._longest)
        touched: list[Box] = []
        for start, end, box in self._words[max(0, first - 1) :]:
            if start >= offset + length:
                break
            if end > offset:
                touched.append(box)
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
