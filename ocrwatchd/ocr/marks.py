"""Tick boxes of a form in reading order: place each mark beside its label."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.ocr.layout import RawLine

FAR = 4.0
"""Greatest distance between a mark and its label, in heights of the mark."""
BESIDE = 0.5
"""Mark and label share at least this part of the lower one's height."""
NEXT_TO = 0.2
"""Distance at which a mark is placed before its label, in heights of the label, so that both are pieces of one line."""


def beside_labels(marks: Sequence[RawLine], lines: Sequence[RawLine]) -> list[RawLine]:
    """Give each mark the ``place`` directly before the label on its right, or else behind the label on its left.

    Args:
        marks: tick boxes, empty or ticked.
        lines: of the same page. Lines with a place of their own are read in another direction and have no marks.
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
