"""Insert the symbols of tick boxes into the lines of a page beside which they stand."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ocrwatchd.core.model import Box, Word
from ocrwatchd.ocr.direction import WIDE, runs_leftward
from ocrwatchd.ocr.layout import moved, tells_all_places
from ocrwatchd.ocr.rows import around
from ocrwatchd.ocr.tick_boxes import find_tick_boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from ocrwatchd.core.model import Line, PageText
    from ocrwatchd.ocr.tick_boxes import TickBox

NEAR = 8.0
"""Greatest distance between a tick box and its line, in heights of the line."""
RATIO = (0.35, 2.0)
"""Least and greatest side of a tick box, in heights of its line."""
SHARED = 0.5
"""A word and a tick box that overlap by at least this part of the narrower one's width: the word was read inside the
box."""
FRAMED = frozenset("口囗回区図图凶因困囚冈田日目")
"""Chinese and Japanese characters that recognition reads for tick boxes."""
LOOKS = FRAMED | frozenset("xXvVyYoOQD0")
"""These and the letters and the digit that recognition reads for tick boxes."""
SYMBOLS = frozenset({"So", "Sm"})
"""Unicode categories of the symbols that recognition reads for a tick box before or after a word."""
UNSURE = 0.6
"""A single letter with less confidence than this may be a mark in a box."""


class _Token(NamedTuple):
    text: str
    box: Box
    confidence: float | None


def with_tick_boxes(page: PageText, picture: Image.Image) -> PageText:
    """Insert a symbol for each tick box beside its text, in place of what was read inside the box.

    Args:
        page: as recognised; returned unchanged if the engine does not give the boxes of all its text.
        picture: on which the page was recognised, mode "L" or "RGB".
    """
    placed = [line.box for line in page.lines if line.box]
    if not placed or not tells_all_places(page):
        return page
    height = median(box.height for box in placed)
    marks: dict[int, list[TickBox]] = {}
    for mark in find_tick_boxes(np.asarray(picture.convert("L")), height):
        if (place := _beside(mark.box, page.lines)) is not None:
            marks.setdefault(place, []).append(mark)
    if not marks:
        return page
    text, done = "", 0
    lines: list[Line] = []
    for number, line in enumerate(page.lines):
        text += page.text[done : line.offset]
        done = line.offset + len(line.text)
        marked = _marked(line, marks.get(number, ()), len(text))
        text += marked.text
        lines.append(marked)
    return replace(page, text=text + page.text[done:], lines=tuple(lines))


def _beside(mark: Box, lines: Sequence[Line]) -> int | None:
    """The number of the line in which a tick box stands, or of the nearest line of its row."""
    middle = (mark.top + mark.bottom) / 2
    gaps: list[tuple[float, int]] = []
    for number, line in enumerate(lines):
        if line.box is None or not line.box.top <= middle <= line.box.bottom:
            continue
        gap = max(0.0, line.box.left - mark.right, mark.left - line.box.right)
        if RATIO[0] <= mark.height / line.box.height <= RATIO[1] and gap <= NEAR * line.box.height:
            gaps.append((gap, number))
    return min(gaps)[1] if gaps else None


def _marked(line: Line, marks: Sequence[TickBox], offset: int) -> Line:
    tokens = _tokens(line)
    leftward = tokens[0].box.left > tokens[-1].box.left if len(tokens) > 1 else runs_leftward(line.text)
    before = tokens
    for mark in marks:
        tokens = _put(mark, tokens, leftward=leftward)
    if tokens == before:
        return moved(line, offset - line.offset)
    starts = accumulate((len(token.text) + 1 for token in tokens), initial=offset)
    words = [Word(token.text, at, token.box, token.confidence) for token, at in zip(tokens, starts, strict=False)]
    text, box = " ".join(token.text for token in tokens), around(token.box for token in tokens)
    return replace(line, text=text, offset=offset, box=box, words=tuple(words) if line.words else ())


def _tokens(line: Line) -> list[_Token]:
    """The line's words with their boxes; without known boxes each word gets its part of the line's box."""
    if line.words and all(word.box for word in line.words):
        return [_Token(word.text, word.box, word.confidence) for word in line.words if word.box]
    box = line.box or Box(0, 0, 0, 0)
    step, origin = box.width / len(line.text), box.left
    if runs_leftward(line.text):
        step, origin = -step, box.right
    tokens = []
    for found in re.finditer(r"\S+", line.text):
        left, right = sorted(origin + at * step for at in found.span())
        tokens.append(_Token(found.group(), box._replace(left=left, right=right), None))
    return tokens


def _put(mark: TickBox, tokens: list[_Token], *, leftward: bool) -> list[_Token]:
    """The words of a line with the symbol inserted; unchanged if a word was read at its place."""
    middle = (mark.box.left + mark.box.right) / 2
    kept = []
    for token in tokens:
        if _shared(token.box, mark.box) < SHARED:
            kept.append(token)
        elif not _is_mark(token):
            rest = None if leftward else _without_mark(token, mark.box)
            if rest is None:
                return tokens
            kept.append(rest)
    place = sum(((token.box.left + token.box.right) / 2 > middle) == leftward for token in kept)
    return [*kept[:place], _Token(mark.symbol, mark.box, None), *kept[place:]]


def _is_mark(token: _Token) -> bool:
    unsure = len(token.text) == 1 and token.confidence is not None and token.confidence < UNSURE
    letters = [sign for sign in token.text if sign.isalnum()]
    return unsure or not letters or (len(letters) == 1 and letters[0] in LOOKS)


def _without_mark(token: _Token, mark: Box) -> _Token | None:
    """A word without the character at its end that was read for a tick box; None if there is none."""
    reach = 2 * token.box.width / len(token.text)
    first, last = token.text[0], token.text[-1]
    if any(unicodedata.east_asian_width(sign) in WIDE for sign in token.text[1:-1]):
        return None
    if mark.left < token.box.left + reach and _is_box(first):
        return token._replace(text=token.text[1:], box=token.box._replace(left=min(mark.right, token.box.right - 1)))
    if mark.right > token.box.right - reach and _is_box(last):
        return token._replace(text=token.text[:-1], box=token.box._replace(right=max(mark.left, token.box.left + 1)))
    return None


def _is_box(sign: str) -> bool:
    return sign in FRAMED or unicodedata.category(sign) in SYMBOLS


def _shared(word: Box, mark: Box) -> float:
    return word.overlap(mark)[0] / max(1.0, min(word.width, mark.width))
