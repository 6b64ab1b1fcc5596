"""Lines on the level page: the words in them, and the rows that lines side by side make."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.core.model import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ocrwatchd.ocr.layout import RawLine

JOINED = 0.5
"""Lines whose middles are closer than this, in heights of the lower one, stand in one row."""
BESIDE = 0.75
"""The same for lines of two columns, and for a line and its number."""

Row = list["RawLine"]
"""Lines of one row, from left to right."""


class PageWord(NamedTuple):
    """A word, or a line without known words, with its edges on the level page, pixels."""

    left: float
    right: float
    text: str
    line: RawLine


def place_of(line: RawLine) -> Box:
    """The box of a line on the level page, pixels."""
    return line.place or line.box


def left_of(line: RawLine) -> float:
    """The left edge of a line on the level page, pixels."""
    return place_of(line).left


def middle_of(line: RawLine) -> float:
    """The vertical middle of a line on the level page, pixels."""
    place = place_of(line)
    return (place.top + place.bottom) / 2


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around all boxes."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def box_of(row: Sequence[RawLine]) -> Box:
    """The smallest box around a row, on the level page."""
    return around(place_of(line) for line in row)


def height_of(row: Sequence[RawLine]) -> float:
    """The median height of a row's lines, pixels."""
    return median(place_of(line).height for line in row)


def rows_of(lines: Iterable[RawLine]) -> list[Row]:
    """Group the lines that stand side by side, from the top of the page down."""
    rows: list[Row] = []
    middle = least = 0.0
    for line in sorted(lines, key=middle_of):
        here, size = middle_of(line), place_of(line).height
        if rows and here - middle < JOINED * min(least, size):
            rows[-1].append(line)
            middle += (here - middle) / len(rows[-1])
            least = min(least, size)
        else:
            rows.append([line])
            middle, least = here, size
    return _merged([sorted(row, key=left_of) for row in rows], _is_numbered)


def beside(rows: Sequence[Row]) -> list[Row]:
    """Join the rows of neighbouring columns, which may stand a little higher or lower."""
    return _merged(rows, _abreast)


def numeric(text: str) -> bool:
    """Whether most of the letters and digits are digits."""
    return 2 * sum(character.isdigit() for character in text) > sum(character.isalnum() for character in text)


def _merged(rows: Iterable[Row], belong: Callable[[Row, Row], bool]) -> list[Row]:
    """Join each row to the row above if both belong together."""
    merged: list[Row] = []
    for row in rows:
        if merged and belong(merged[-1], row):
            merged[-1] = sorted([*merged[-1], *row], key=left_of)
        else:
            merged.append(row)
    return merged


def _is_numbered(upper: Row, lower: Row) -> bool:
    """Whether one is a line number in the margin of the other, although it stands a little higher or lower."""
    return _is_number(upper) != _is_number(lower) and _abreast(upper, lower)


def _is_number(row: Row) -> bool:
    return len(row) == 1 and row[0].text.isdecimal() and len(row[0].text) < 4  # no page has 1,000 lines


def _abreast(upper: Row, lower: Row) -> bool:
    first, second = box_of(upper), box_of(lower)
    apart = median(map(middle_of, lower)) - median(map(middle_of, upper))
    small = min(height_of(upper), height_of(lower))
    return apart < BESIDE * small and (first.right <= second.left or second.right <= first.left)


def words_of_line(line: RawLine) -> list[PageWord]:
    """The words of a line; the whole line as one word if it has no boxes of words."""
    place = place_of(line)
    boxes = [(word.text, word.box) for word in line.words if word.box is not None]
    if len(boxes) < len(line.words) or not boxes:
        return [PageWord(place.left, place.right, line.text, line)]
    return [PageWord(x_of(box.left, line), x_of(box.right, line), text, line) for text, box in boxes]


def x_of(x: float, line: RawLine) -> float:
    """The horizontal position on the level page of a position on the picture."""
    place = place_of(line)
    return place.left + (x - line.box.left) * place.width / max(1.0, line.box.width)


def divided(line: RawLine, cuts: Iterable[float]) -> list[RawLine]:
    """Divide a line between its words at these places on the level page; it stays whole without boxes of words."""
    middles = [(word.left + word.right) / 2 for word in words_of_line(line)]
    starts = {sum(middle < cut for middle in middles) for cut in cuts} - {0, len(middles)}
    parts = pairwise((0, *sorted(starts), len(middles)))
    return [_piece(line, first, last) for first, last in parts] if starts else [line]


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
