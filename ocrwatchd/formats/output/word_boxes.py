"""Where the corrected words lie on their page: for formats that put text over pictures.

Engines tell boxes of the words that they read; edits change, join and split those. A word of the corrected text lies
where the characters lay that it came from: on its own word's box, on the part of a box that is its share where one
word became two, on the bounds of both where two became one. A word from both sides of a line's end lies where most of
it was. What has no box at all stands beside its neighbour, and a page without any box has its lines at the top, so that
each word of the text is on the page, in the text's order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ocrwatchd.core.model import Box, Document, Edit, FinishedPage, Line, PageText
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output.edit_positions import Stretches
from ocrwatchd.formats.output.txt import evaluation_line
from ocrwatchd.gate.verdicts import apply
from ocrwatchd.ocr.direction import runs_leftward
from ocrwatchd.ocr.rows import around

MARGIN = 0.05
"""Margin beside lines without a known place, as a share of the page's width."""
LINES_A_PAGE = 50
"""A page without any box has lines of this share of its height, or less where there are more."""
NOMINAL_PX = (1000, 1414)
"""Width and height of a page that could not be read."""

_WORD = re.compile(r"\S+")


class PlacedWord(NamedTuple):
    """A word of the corrected text, without white space.

    Args:
        box: pixels of the page as recognised, never empty.
        confidence: of what was read there, 0 to 1; None where the engine has told none.
        told: the engine has told where it lies, or where its line lies.
        source: of its line, as of :class:`ocrwatchd.core.model.Line`.
    """

    text: str
    box: Box
    confidence: float | None
    told: bool
    source: str = ""


class PlacedLine(NamedTuple):
    """A line of the corrected text; one without words ends a paragraph."""

    words: tuple[PlacedWord, ...]

    @property
    def box(self) -> Box:
        """The bounds of its words."""
        return around([word.box for word in self.words])


class _Read(NamedTuple):
    """A word as the engine read it: its place in the raw text, on the page, and among the engine's lines."""

    start: int
    end: int
    box: Box
    confidence: float | None
    line: int
    leftward: bool
    source: str


class _Found(NamedTuple):
    text: str
    box: Box | None
    confidence: float | None
    source: str = ""


def size_of(page: PageText) -> tuple[int, int]:
    """Width and height that boxes on the page count in, pixels, never 0."""
    return (page.width, page.height) if page.width > 0 and page.height > 0 else NOMINAL_PX


def placed(finished: FinishedPage) -> list[PlacedLine]:
    """The lines of a page's corrected text, every word with a box."""
    page, correction = finished.page, finished.correction
    edits = correction.edits
    if apply(page.text, edits) != correction.text:
        edits = (Edit(0, page.text, correction.text, Reason.TOO_DIFFERENT),)
    origin = _origins(page.text, edits)
    lookup = _Lookup(page)
    lines = []
    done = 0
    for text in correction.text.split("\n"):
        words = [
            _Found(match.group(), *lookup.place(origin[done + match.start()][0], origin[done + match.end() - 1][1]))
            for match in _WORD.finditer(text)
        ]
        lines.append(words)
        done += len(text) + 1
    return _filled(lines, *size_of(page))


def _origins(raw: str, edits: tuple[Edit, ...]) -> list[tuple[float, float]]:
    """For each character of the corrected text, its stretch of the raw text; edits are divided evenly."""
    origins: list[tuple[float, float]] = []
    done = 0
    for edit in edits:
        origins += ((at, at + 1) for at in range(done, edit.offset))
        share = len(edit.before) / max(1, len(edit.after))
        origins += ((edit.offset + at * share, edit.offset + (at + 1) * share) for at in range(len(edit.after)))
        done = edit.offset + len(edit.before)
    origins += ((at, at + 1) for at in range(done, len(raw)))
    return origins


class _Lookup:
    """The words that the engine read on a page, found by their place in the raw text."""

    def __init__(self, page: PageText) -> None:
        words = (word for number, line in enumerate(page.lines) for word in _read(line, number))
        self._words = Stretches((word.start, word.end, word) for word in words)

    def place(self, start: float, end: float) -> tuple[Box | None, float | None, str]:
        """Box, least confidence and source of the words there; from the line that has most of them."""
        touched: dict[int, list[tuple[float, _Read]]] = {}
        for word in self._words.touched(start, end):
            touched.setdefault(word.line, []).append((min(end, word.end) - max(start, word.start), word))
        if not touched:
            return None, None, ""
        most = max(touched.values(), key=lambda words: sum(overlap for overlap, _ in words))
        told = [word.confidence for _, word in most if word.confidence is not None]
        box = around([_part(word, start, end) for _, word in most])
        return box, min(told, default=None), most[0][1].source


def _read(line: Line, number: int) -> Iterator[_Read]:
    boxed = [(word, word.box) for word in line.words if word.box is not None]
    if boxed and len(boxed) == len(line.words):
        for word, box in boxed:
            end = word.offset + len(word.text)
            leftward = runs_leftward(word.text)
            yield _Read(word.offset, end, _sound(box), word.confidence, number, leftward, line.source)
    elif line.box is not None:
        leftward, length = runs_leftward(line.text), max(1, len(line.text))
        whole = _Read(0, length, _sound(line.box), line.confidence, number, leftward, line.source)
        for match in _WORD.finditer(line.text):
            start, end = line.offset + match.start(), line.offset + match.end()
            yield whole._replace(start=start, end=end, box=_part(whole, *match.span()))


def _part(word: _Read, start: float, end: float) -> Box:
    """The part of a word's box for some of its characters, all of the same width."""
    length = word.end - word.start
    first = (max(start, word.start) - word.start) / length
    last = (min(end, word.end) - word.start) / length
    if word.leftward:
        first, last = 1 - last, 1 - first
    left, top, right, bottom = word.box
    return Box(left + first * (right - left), top, left + last * (right - left), bottom)


def _sound(box: Box) -> Box:
    """A box with ordered sides, at least one pixel wide and high."""
    left, right = sorted((box.left, box.right))
    top, bottom = sorted((box.top, box.bottom))
    return Box(left, top, max(right, left + 1), max(bottom, top + 1))


def _filled(lines: list[list[_Found]], width: int, height: int) -> list[PlacedLine]:
    """Give a box to each word without one."""
    tall = height / max(LINES_A_PAGE, len(lines) + 2)
    below = tall
    filled = []
    for words in lines:
        boxes = [word.box for word in words if word.box]
        if boxes:
            bounds = around(boxes)
            below, tall = bounds.bottom, bounds.bottom - bounds.top
            placed_words = _beside(words, bounds)
        else:
            top = min(below, height - tall)
            placed_words = _across(words, Box(MARGIN * width, top, (1 - MARGIN) * width, top + tall))
            below = top + tall
        filled.append(PlacedLine(tuple(placed_words)))
    return filled


def _beside(words: list[_Found], line: Box) -> Iterator[PlacedWord]:
    """Words without a box stand, narrowly, at the end of the one before them, or at the line's beginning."""
    known = [word.box for word in words]
    first = next(box for box in known if box)
    at = Box(first.left, first.top, first.left, first.bottom)
    for word in words:
        at = word.box or Box(at.right, at.top, at.right + 0.1 * (line.bottom - line.top), at.bottom)
        yield PlacedWord(word.text, _sound(at), word.confidence, word.box is not None, word.source)


def _across(words: list[_Found], line: Box) -> Iterator[PlacedWord]:
    """A whole line without a box: its words from the left, letters twice as high as wide, narrower where they must."""
    total = sum(len(word.text) + 1 for word in words)
    letter = min((line.right - line.left) / max(1, total), (line.bottom - line.top) / 2)
    at = line.left
    for word in words:
        end = at + letter * len(word.text)
        yield PlacedWord(word.text, _sound(Box(at, line.top, end, line.bottom)), word.confidence, told=False)
        at = end + letter


def with_mark(document: Document, finished: FinishedPage, lines: list[PlacedLine]) -> list[PlacedLine]:
    """The lines below an added first line, as in NAME.txt, about an engine without a licence."""
    width, height = size_of(finished.page)
    line = Box(MARGIN * width, 0, (1 - MARGIN) * width, height / LINES_A_PAGE / 2)
    words = [_Found(word, None, None) for word in evaluation_line(document).split()]
    return [PlacedLine(tuple(_across(words, line))), *lines]
