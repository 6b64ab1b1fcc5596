"""Geometry of tilted lines: bounding boxes, the tilt of the page, and the boxes of the words in a line."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, median

from ocrwatchd.core.model import Box, Word

Point = tuple[float, float]
Quad = tuple[Point, ...]
"""Four corners clockwise from the top left, pixels."""

UPRIGHT = 1.5
"""A line with at least this ratio of height to width is written downwards."""
LONG = 3.0
"""A line with more than this ratio of width to height counts for the tilt of the page."""


def bounds(quad: Quad) -> Box:
    """The smallest upright box around a quad."""
    xs, ys = zip(*quad, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def tilt_of(quads: Sequence[Quad]) -> float:
    """The tilt of the page, radians clockwise: the median over its long lines; 0 without long lines."""
    tilts = []
    for quad in quads:
        wide, tall = _size(quad)
        if wide > LONG * tall:
            (x0, y0), (x1, y1) = quad[0], quad[1]
            tilts.append(math.atan2(y1 - y0, x1 - x0))
    return median(tilts) if tilts else 0.0


def straightened(quad: Quad, tilt: float) -> Box:
    """The box of a quad after the page is turned back by its tilt, about its top left corner."""
    wide, tall = _size(quad)
    x, y = fmean(point[0] for point in quad), fmean(point[1] for point in quad)
    x, y = x * math.cos(tilt) + y * math.sin(tilt), y * math.cos(tilt) - x * math.sin(tilt)
    return Box(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)


def words_of(
    text: str, quad: Quad, columns: Sequence[int], length: float, confidences: Sequence[float]
) -> tuple[Word, ...]:
    """The words of a line, each with the upright bounds of its part of the quad and its letters' mean confidence.

    Args:
        text: as recognised; offsets count from its first character that is not white space.
        quad: the line's corners.
        columns: for each character that is not white space, the recogniser's time step in which it appeared.
        length: time steps over the whole line.
        confidences: for each character, white space included.
    """
    matches = list(re.finditer(r"\S+", text))
    if len(columns) != sum(match.end() - match.start() for match in matches) or len(confidences) != len(text):
        return ()
    spans: list[Sequence[int]] = []
    for match in matches:
        used = sum(map(len, spans))
        spans.append(columns[used : used + match.end() - match.start()])
    half = _pitch(spans) / 2
    edges = [(span[0] + 0.5 - half, span[-1] + 0.5 + half) for span in spans]
    words: list[Word] = []
    for number, match in enumerate(matches):
        left, right = edges[number]
        if number:
            left = max(left, (edges[number - 1][1] + left) / 2)
        if number + 1 < len(edges):
            right = min(right, (right + edges[number + 1][0]) / 2)
        words.append(
            Word(
                match.group(),
                match.start() - matches[0].start(),
                bounds(_part(quad, left / length, right / length)),
                fmean(confidences[match.start() : match.end()]),
            )
        )
    return tuple(words)


def _pitch(spans: Sequence[Sequence[int]]) -> float:
    """The typical distance between neighbouring letters of a word, in time steps."""
    steps = [after - before for span in spans for before, after in pairwise(span)]
    return median(steps) if steps else 2.0


def _part(quad: Quad, start: float, end: float) -> Quad:
    wide, tall = _size(quad)
    top_left, top_right, bottom_right, bottom_left = quad
    if tall >= UPRIGHT * wide:
        return tuple(
            _between(*side, at)
            for side, at in (
                ((top_left, bottom_left), start),
                ((top_right, bottom_right), start),
                ((top_right, bottom_right), end),
                ((top_left, bottom_left), end),
            )
        )
    return (
        _between(top_left, top_right, start),
        _between(top_left, top_right, end),
        _between(bottom_left, bottom_right, end),
        _between(bottom_left, bottom_right, start),
    )


def _between(first: Point, second: Point, at: float) -> Point:
    at = min(1.0, max(0.0, at))
    return first[0] + at * (second[0] - first[0]), first[1] + at * (second[1] - first[1])


def _size(quad: Quad) -> tuple[float, float]:
    return math.dist(quad[0], quad[1]), math.dist(quad[0], quad[3])
