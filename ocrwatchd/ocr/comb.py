"""Comb fields, the boxes of a form with one letter each: join the letters of a row into words."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise
from statistics import fmean, median
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Word
from ocrwatchd.ocr.rows import around, place_of

if TYPE_CHECKING:
    from ocrwatchd.ocr.layout import RawLine
    from ocrwatchd.ocr.rows import Row

BOXES = 4
"""A word has at least this many single characters at one pitch."""
EVEN = 0.25
"""Greatest deviation of a distance between two boxes from the pitch, as part of the pitch. An empty box doubles the
distance."""
WIDE = 4.0
"""Greatest pitch, in heights of the characters: the boxes of a form have 1.8, the columns of a table of digits 11."""


def words_of_boxes(row: Row) -> Row:
    """Join the single characters of a row that stand at one pitch."""
    runs = groupby(row, key=lambda line: len(line.text) == 1 and line.text.isalnum())
    return [line for single, run in runs for line in (_joined(list(run)) if single else run)]


def _joined(run: list[RawLine]) -> list[RawLine]:
    if len(run) < BOXES:
        return run
    places = list(map(place_of, run))
    middles = [(place.left + place.right) / 2 for place in places]
    steps = [after - before for before, after in pairwise(middles)]
    pitch = median(steps)
    if pitch > WIDE * median(place.height for place in places):
        return run
    if any(min(abs(step - pitch), abs(step - 2 * pitch)) > EVEN * pitch for step in steps):
        return run
    text = run[0].text
    for line, step in zip(run[1:], steps, strict=True):
        text += (" " if step > 1.5 * pitch else "") + line.text
    box, place = around(line.box for line in run), around(places)
    score = fmean(line.confidence or 0.0 for line in run)
    words: list[Word] = []
    at = 0
    for word in text.split(" "):
        box_of_word = around(line.box for line in run[at : at + len(word)])
        words.append(Word(word, text.index(word, at + len(words)), box_of_word, score))
        at += len(word)
    return [replace(run[0], text=text, box=box, confidence=score, words=tuple(words), place=place, lattice=None)]
