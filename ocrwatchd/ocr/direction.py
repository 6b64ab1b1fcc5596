"""The direction of text: lines on their side or upside down, and columns of Chinese and Japanese."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from ocrwatchd.core.model import Box
from ocrwatchd.ocr.geometry import UPRIGHT
from ocrwatchd.ocr.rows import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.ocr.layout import RawLine

    Direction: TypeAlias = Literal["right", "down", "left", "up"]

WIDE = frozenset("WF")
"""East Asian widths (Unicode Standard Annex 11) of characters that may stand in columns, without spaces between."""


def runs_leftward(text: str) -> bool:
    """Whether a word is written from right to left, by its first letter that has a direction."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in {"L", "R", "AL"}:
            return direction != "L"
    return False


def upright(lines: Sequence[RawLine], width: float, height: float) -> list[RawLine]:
    """Give the lines their places on the page, turned so that most lines run from left to right.

    Args:
        lines: with their words in order; a line of one word has no known direction.
        width: of the page, pixels.
        height: of the page, pixels.
    """
    votes = Counter[str]()
    for line in lines:
        if len(line.words) > 1:
            votes[_direction(line)] += len(line.words)
    most = max(votes, key=votes.__getitem__, default="right")
    if most == "right":
        return list(lines)
    return [replace(line, place=_turned(line.box, most, width, height)) for line in lines]


def columns_as_rows(lines: Sequence[RawLine]) -> list[RawLine] | None:
    """Turn the places of a page of Chinese or Japanese columns by 90° counter-clockwise; the boxes stay.

    Columns, which are read from right to left, become rows from top to bottom. The upper tier of columns becomes the
    left column of rows, which is read first.

    Returns:
        The lines with new places; None if at most half of the page's characters stand in such columns.
    """
    columns = sum(len(line.text) for line in lines if _is_column(line))
    if 2 * columns <= sum(len(line.text) for line in lines):
        return None
    return [replace(line, place=_turned(place_of(line), "down", 0, 0)) for line in lines]


def _is_column(line: RawLine) -> bool:
    wide = sum(unicodedata.east_asian_width(character) in WIDE for character in line.text)
    return line.box.height >= UPRIGHT * line.box.width and 2 * wide > len(line.text)


def _direction(line: RawLine) -> Direction:
    first, last = line.words[0].box, line.words[-1].box
    if first is None or last is None:
        return "right"
    across = last.left + last.right - first.left - first.right
    down = last.top + last.bottom - first.top - first.bottom
    if abs(down) > abs(across):
        return "down" if down > 0 else "up"
    return "right" if (across < 0) == runs_leftward(line.words[0].text) else "left"


def _turned(box: Box, direction: str, width: float, height: float) -> Box:
    left, top, right, bottom = box
    match direction:
        case "down":
            return Box(top, width - right, bottom, width - left)
        case "up":
            return Box(height - bottom, left, height - top, right)
        case _:
            return Box(width - right, height - bottom, width - left, height - top)
