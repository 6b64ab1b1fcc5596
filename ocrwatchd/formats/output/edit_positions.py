"""Where on its page an edit lies."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Box

if TYPE_CHECKING:
    from ocrwatchd.core.model import PageText


class Places:
    """The lines and words of one page, found by offset.

    Args:
        page: as recognised; offsets count into its text.
    """

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

        Args:
            offset: where the stretch begins.
            length: 0 for a place between two characters, which touches no word.
        """
        first = bisect_right(self._offsets, offset - self._longest)
        touched: list[Box] = []
        for start, end, box in self._words[max(0, first - 1) :]:
            if start >= offset + length:
                break
            if end > offset:
                touched.append(box)
        if not touched:
            return None
        lefts, tops, rights, bottoms = zip(*touched, strict=True)
        return Box(min(lefts), min(tops), max(rights), max(bottoms))
