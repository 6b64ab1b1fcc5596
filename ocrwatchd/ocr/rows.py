"""From lines on a page to rows of lines that stand side by side."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocrwatchd.ocr.layout import RawLine

JOINED = 0.5
"""Lines whose middles lie closer than this, in heights of the lower one, stand in one row."""
BESIDE = 0.75
"""Lines of two columns, or a line and its number, may miss one another by so much."""

Row = list["RawLine"]
"""Lines of one row, from left to right."""


def place_of(line: RawLine) -> Box:
    """Where a line would lie on a level page, pixels."""
    return line.place or line.box


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of them."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def box_of(row: Sequence[RawLine]) -> Box:
    """The smallest box that holds a row, on a level page."""
    return around(place_of(line) for line in row)


def height_of(row: Sequence[RawLine]) -> float:
    """The typical height of a row's lines, pixels."""
    return median(place.bottom - place.top for place in map(place_of, row))


def rows_of(lines: Iterable[RawLine]) -> list[Row]:
    """Group lines that stand side by side, from the top of the page down."""
    rows: list[Row] = []
    middle = least = 0.0
    for line in sorted(lines, key=middle_of):
        here, size = middle_of(line), _height(line)
        if rows and here - middle < JOINED * min(least, size):
            rows[-1].append(line)
            middle += (here - middle) / len(rows[-1])
            least = min(least, size)
        else:
            rows.append([line])
            middle, least = here, size
    return [sorted(row, key=_left) for row in _numbered(rows)]


def beside(rows: Sequence[Row]) -> list[Row]:
    """Rows with those of other columns beside them, whose lines may stand a little higher or lower."""
    joined: list[Row] = []
    for row in rows:
        if joined and _abreast(joined[-1], row):
            joined[-1] = sorted([*joined[-1], *row], key=_left)
        else:
            joined.append(row)
    return joined


def numeric(text: str) -> bool:
    """Most of its letters and digits are digits."""
    return 2 * sum(character.isdigit() for character in text) > sum(character.isalnum() for character in text)


def _numbered(rows: Sequence[Row]) -> list[Row]:
    """A line's number at the margin goes to its line, though it stands a little higher or lower."""
    kept: list[Row] = []
    for row in rows:
        if kept and (_is_number(row) != _is_number(kept[-1])) and _abreast(kept[-1], row):
            kept[-1] = [*kept[-1], *row]
        else:
            kept.append(row)
    return kept


def _is_number(row: Row) -> bool:
    return len(row) == 1 and row[0].text.isdecimal() and len(row[0].text) < 4  # no page has 1,000 lines


def _abreast(upper: Row, lower: Row) -> bool:
    first, second = box_of(upper), box_of(lower)
    apart = median(map(middle_of, lower)) - median(map(middle_of, upper))
    small = min(height_of(upper), height_of(lower))
    return apart < BESIDE * small and (first.right <= second.left or second.right <= first.left)


def middle_of(line: RawLine) -> float:
    """Half-way down a line, on a level page, pixels."""
    place = place_of(line)
    return (place.top + place.bottom) / 2


def _height(line: RawLine) -> float:
    place = place_of(line)
    return place.bottom - place.top


def _left(line: RawLine) -> float:
    return place_of(line).left
