"""Lines as a detector would find them, from the boxes of the letters in a PDF: the order apart from the letters."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium

from ocrwatchd.core.model import Box, Word
from ocrwatchd.ocr.layout import RawLine
from ocrwatchd.ocr.rows import around

if TYPE_CHECKING:
    import pypdfium2

SCALE = 300 / 72
JOINED = 1.2
"""Words closer than this, in line heights, are one line."""
ROOM = 0.12
"""Detectors' boxes are larger than the letters by this on each side, in line heights."""
JITTER = 0.03
"""Standard deviation of a box's sides, in line heights."""
LEAST = 0.55
"""The height of a box that holds only dots or dashes, in sizes of its font."""


@dataclass(frozen=True, slots=True)
class _Letter:
    sign: str
    box: Box
    base: float
    size: float
    begins: bool


def lines_of(page: pypdfium2.PdfPage, seed: int) -> list[RawLine]:
    """The page's lines in pixels at 300 dpi, with their words, in a detector's order: from the top down."""
    chance = Random(seed)
    lines = [_line(words, chance) for words in _joined(_words(_letters(page)))]
    return sorted(lines, key=lambda line: (line.box.top, line.box.left))


def letters_of(page: pypdfium2.PdfPage) -> str:
    """All that is printed on a page, in the order of the PDF."""
    return "".join(letter.sign for letter in _letters(page))


def _letters(page: pypdfium2.PdfPage) -> list[_Letter]:
    text, height = page.get_textpage(), page.get_height()
    found = []
    begins = True
    x, y = ctypes.c_double(), ctypes.c_double()
    for index in range(text.count_chars()):
        sign = chr(pdfium.FPDFText_GetUnicode(text, index))
        if sign.isspace() or not sign.isprintable():
            begins = True
            continue
        left, bottom, right, top = text.get_charbox(index)
        pdfium.FPDFText_GetCharOrigin(text, index, x, y)
        size = _size(text, index)
        box = Box(left * SCALE, (height - top) * SCALE, right * SCALE, (height - bottom) * SCALE)
        found.append(_Letter(sign, box, (height - y.value) * SCALE, size * SCALE, begins))
        begins = False
    return found


def _size(text: pypdfium2.PdfTextPage, index: int) -> float:
    """Of the font, points: Chromium scales its pages, so the size in the file alone does not tell."""
    _, bottom, _, top = text.get_charbox(index, loose=True)
    return (top - bottom) / 1.17


def _words(letters: list[_Letter]) -> list[list[_Letter]]:
    words: list[list[_Letter]] = []
    for letter in letters:
        before = words[-1][-1] if words else None
        near = (
            before is not None
            and not letter.begins
            and abs(before.base - letter.base) < 0.2 * letter.size
            and -0.3 * letter.size < letter.box.left - before.box.right < 0.5 * letter.size
        )
        if near:
            words[-1].append(letter)
        else:
            words.append([letter])
    return words


def _joined(words: list[list[_Letter]]) -> list[list[list[_Letter]]]:
    rows: list[list[list[_Letter]]] = []
    for word in sorted(words, key=lambda word: word[0].base):
        first = word[0]
        near = (row for row in reversed(rows[-12:]) if abs(row[0][0].base - first.base) < 0.15 * first.size)
        row = next(near, None)
        if row is None:
            rows.append([word])
        else:
            row.append(word)
    lines: list[list[list[_Letter]]] = []
    for row in rows:
        row.sort(key=lambda word: word[0].box.left)
        lines.append([row[0]])
        for before, after in pairwise(row):
            one, two = before[-1], after[0]
            height = min(one.size, two.size)
            if two.box.left - one.box.right < JOINED * height and max(one.size, two.size) < 1.5 * height:
                lines[-1].append(after)
            else:
                lines.append([after])
    return lines


def _line(words: list[list[_Letter]], chance: Random) -> RawLine:
    box = around(letter.box for word in words for letter in word)
    lack = max(0.0, LEAST * words[0][0].size - (box.bottom - box.top)) / 2
    box = Box(box.left, box.top - lack, box.right, box.bottom + lack)
    height = box.bottom - box.top
    left, top, right, bottom = (chance.gauss(ROOM, JITTER) * height for _ in range(4))
    box = Box(box.left - left, box.top - top, box.right + right, box.bottom + bottom)
    parts: list[Word] = []
    offset = 0
    for word in words:
        text = "".join(letter.sign for letter in word)
        parts.append(Word(text, offset, Box(word[0].box.left, box.top, word[-1].box.right, box.bottom), 1.0))
        offset += len(text) + 1
    return RawLine(" ".join(part.text for part in parts), box, 1.0, tuple(parts))
