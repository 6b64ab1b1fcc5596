"""A line divided between its words."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Box
from ocrwatchd.ocr.gutter_runs import words_of_line, x_of
from ocrwatchd.ocr.rows import around, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.ocr.layout import RawLine


def divided(line: RawLine, cuts: Iterable[float]) -> list[RawLine]:
    """Divide a line between its words at these places, pixels on a level page; without boxes of words it stays."""
    middles = [(word.left + word.right) / 2 for word in words_of_line(line)]
    starts = {sum(middle < cut for middle in middles) for cut in cuts}
    bounds = (0, *sorted(starts - {0, len(middles)}), len(middles))
    return [line] if len(bounds) == 2 else [_piece(line, first, last) for first, last in pairwise(bounds)]


def _piece(line: RawLine, first: int, last: int) -> RawLine:
    words = line.words[first:last]
    begin, end = words[0].offset, words[-1].offset + len(words[-1].text)
    box = around(word.box for word in words if word.box is not None)
    scores = [word.confidence for word in words if word.confidence is not None]
    place = place_of(line)
    before, letters = (sum(len(word.text) for word in some) for some in (line.words[:first], words))
    return replace(
        line,
        text=line.text[begin:end],
        box=box,
        confidence=fmean(scores) if scores else line.confidence,
        words=tuple(replace(word, offset=word.offset - begin) for word in words),
        place=Box(x_of(box.left, line), place.top, x_of(box.right, line), place.bottom),
        lattice=line.lattice and line.lattice.part(before, before + letters),
    )
