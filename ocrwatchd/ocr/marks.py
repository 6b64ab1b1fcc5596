"""Marks of a form, ticked boxes, in the order of a text: each belongs to the label beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.ocr.layout import RawLine

FAR = 4.0
"""A label further away from its mark than this, in heights of the mark, is another one's."""
BESIDE = 0.5
"""They share at least this part of the lower one's height."""
NEXT_TO = 0.2
"""So far before its label the mark is taken to stand, in heights of the label: they are one piece of a line then."""


def beside_labels(marks: Sequence[RawLine], lines: Sequence[RawLine]) -> list[RawLine]:
    """The marks, each with its ``place`` right before the label at its right, or right behind the one at its left.

    Args:
        marks: boxes with or without a tick.
        lines: of the same page. Where they have a place of their own, the page is read in another direction.
    """
    return [_placed(mark, lines) for mark in marks]


def _placed(mark: RawLine, lines: Sequence[RawLine]) -> RawLine:
    at, reach = mark.box, FAR * mark.box.height
    beside = [line.box for line in lines if line.place is None and _is_beside(at, line.box)]
    after = min((box for box in beside if at.left < box.left < at.right + reach), default=None)
    if after is not None:
        end = after.left - NEXT_TO * after.height
        return replace(mark, place=Box(end - at.width, after.top, end, after.bottom))
    before = max(
        (box for box in beside if at.left - reach < box.right < at.right), key=lambda box: box.right, default=None
    )
    if before is not None:
        start = before.right + NEXT_TO * before.height
        return replace(mark, place=Box(start, before.top, start + at.width, before.bottom))
    return mark


def _is_beside(mark: Box, line: Box) -> bool:
    return mark.overlap(line)[1] / max(1.0, min(mark.height, line.height)) > BESIDE
