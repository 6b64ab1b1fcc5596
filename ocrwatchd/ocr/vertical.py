"""Pages of Chinese or Japanese in columns: they are read from right to left, each column downwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from ocrwatchd.core.model import Box
from ocrwatchd.ocr.geometry import UPRIGHT
from ocrwatchd.ocr.rows import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.ocr.layout import RawLine

WIDE = frozenset("WF")
"""Widths, by Unicode's Standard Annex 11, of signs that are written in columns and take no space between them."""


def turned(lines: Sequence[RawLine]) -> list[RawLine] | None:
    """Turn the places of a vertical page by 90° counter-clockwise, so that its columns lie as rows from top to bottom.

    A tier of columns becomes a column of rows: the upper tier is the left one and is read first. Boxes stay.

    Args:
        lines: of one page.

    Returns:
        The lines with new places; None where most of the page's signs do not stand in Chinese or Japanese columns.
    """
    signs = columns = 0
    for line in lines:
        signs += len(line.text)
        if _is_column(line):
            columns += len(line.text)
    if 2 * columns <= signs:
        return None
    return [replace(line, place=_turned(place_of(line))) for line in lines]


def _is_column(line: RawLine) -> bool:
    left, top, right, bottom = line.box
    wide = sum(east_asian_width(sign) in WIDE for sign in line.text)
    return bottom - top >= UPRIGHT * (right - left) and 2 * wide > len(line.text)


def _turned(place: Box) -> Box:
    return Box(place.top, -place.right, place.bottom, -place.left)
