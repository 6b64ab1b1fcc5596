"""Make what a recogniser saw of a line."""

import math

import numpy as np

from ocrwatchd.core.lattice import BLANK, CHARACTERS, COLUMN, FLOOR, Lattice
from ocrwatchd.core.model import Box, Line, PageText, Word

CLEAR = 0.99999


def of_steps(*steps):
    """A lattice of the given probabilities, the rest being the blank's; its text is each step's best character."""
    columns = np.full((len(steps), len(CHARACTERS)), math.log(FLOOR), np.float16)
    best = []
    for step, told in enumerate(steps):
        rest = 1 - sum(told.values())
        for character, probability in {**told, BLANK: max(rest, FLOOR)}.items():
            columns[step, COLUMN[character]] = math.log(probability)
        if told and max(told.values()) > rest and max(told, key=told.get) != " ":
            best.append(step)
    return Lattice(columns, tuple(best))


def line_of(text, **unsure):
    """A line that was read clearly but for some words: each with another text and the share that the picture gives it.

    Args:
        text: as read.
        unsure: word=("other", share); both as long as each other.
    """
    steps, words, at = [], [], 0
    for word in text.split(" "):
        other, share = unsure.get(word, (word, 0.0))
        words.append(Word(word, at, Box(10 * at, 0, 10 * (at + len(word)), 20), 0.9 if share else 1.0))
        for letter, second in zip(word, other, strict=True):
            steps += [{letter: CLEAR} if letter == second else {letter: CLEAR - share, second: share}, {}]
        steps.append({" ": CLEAR})
        at += len(word) + 1
    return Line(text, 0, Box(0, 0, 10 * at, 20), 1.0, tuple(words), lattice=of_steps(*steps[:-1]))


def page_of(text, **unsure):
    """A page of one such line."""
    return PageText(1, text, 1000, 100, 300.0, "rapidocr", (line_of(text, **unsure),))
