"""Misread a text as engines, old newspapers and the tutorial's sample are misread, and remember what was right."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate.channel import NEWSPRINT
from ocrwatchd.llm.builtin.training_units import Unit
from ocrwatchd.llm.builtin.vocabulary import NEWLINE, SPACE
from ocrwatchd.training.confusions import Confusions

WORST = 0.6
"""A word keeps at least the rest of its letters: more damage than this nobody could repair."""

TRIES = 3
MARKS = (".", "'", ",", "|", "-", "_", "\u00b7", "~", "^", "*", "\u2022", ":", "`", "\u00bb", "\u25a0")
_DIGIT = re.compile(r"\d")
_LIKE_DIGITS = {"0": "OoQD", "1": "lIi|", "2": "Zz", "5": "Ss", "6": "bG", "8": "B", "9": "g"}
LEET = {"i": "1", "l": "1", "a": "4", "e": "3", "o": "0", "s": "5", "t": "7", "b": "8", "g": "9", "I": "1", "O": "0"}


@dataclass
class Style:
    """One document's way of being misread.

    Args:
        tables: confusions, with the weight of each table.
        rate: misreadings for each letter.
        habits: misreadings of this document: true, read, how often of its occurrences.
        split, join, mark: how often a word is split, run together with the next one, or followed by a stray mark.
        digits: how often a digit is read as a letter like it.
    """

    tables: list[tuple[Confusions, float]]
    rate: float
    habits: list[tuple[str, str, float]] = field(default_factory=list)
    split: float = 0.0
    join: float = 0.0
    mark: float = 0.0
    digits: float = 0.0


class Noise:
    """Draws styles and misreads texts in them."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._old = Confusions(json.loads(NEWSPRINT.read_text("utf-8")))
        self._engines = [Confusions.learned("rapidocr"), Confusions.learned("tesseract")]

    def style(self, level: float) -> Style | None:
        """A document's style, None for one that was read well; damage gets worse as ``level`` goes from 0 to 1."""
        return self._rng.choices((lambda _: None, self._newspaper, self._scan, self._leet), (31, 41, 18, 10))[0](level)

    def even(self, rate: float) -> Style:
        """All tables together, at one rate: for measuring."""
        tables = [(self._old, 1.0), *((table, 1.0) for table in self._engines)]
        return Style(tables, rate, split=0.01, join=0.005, mark=0.003, digits=0.01)

    def misread(self, text: str, style: Style | None, copied: float = 0.0) -> list[Unit]:
        """Misread a text; lines stay lines. A share of the good words, ``copied``, is spelled again for exercise."""
        units = list(_clean(text))
        if style is not None:
            units = list(self._spoiled(units, style))
        if not copied:
            return units
        return [
            replace(unit, repair=unit.words[0], asked=False)
            if unit.repair is None and self._rng.random() < copied
            else unit
            for unit in units
        ]

    def _newspaper(self, level: float) -> Style:
        rng = self._rng
        style = self.even(rng.uniform(0.02, 0.08 + 0.06 * level) * 0.6)
        style = replace(style, tables=[(self._old, 4.0), *style.tables], digits=0.01)
        style = replace(style, split=rng.uniform(0, 0.02), join=rng.uniform(0, 0.02), mark=rng.uniform(0, 0.015))
        style.habits = [self._habit() for _ in range(rng.randint(0, 4))]
        return style

    def _scan(self, level: float) -> Style:
        rng = self._rng
        tables = [(table, rng.random()) for table in self._engines]
        rate = rng.uniform(0.003, 0.02 + 0.05 * level)
        return Style(tables, rate, split=rng.uniform(0, 0.01), join=rng.uniform(0, 0.03), mark=0.003, digits=0.01)

    def _leet(self, _level: float) -> Style:
        rng = self._rng
        letters = rng.sample(list(LEET), rng.randint(2, len(LEET)))
        if rng.random() < 0.5:  # half of them
            letters = ["i", "l", "a", "e", "o", *letters]
        share = rng.uniform(0.3, 1.0)
        return Style(
            [(engine, 1.0) for engine in self._engines],
            rng.choice((0.0, 0.0, 0.01)),
            [(letter, LEET[letter], share) for letter in dict.fromkeys(letters)],
        )

    def _habit(self) -> tuple[str, str, float]:
        true = self._rng.choice([letters for letters in self._old.table if letters.isalpha()])
        readings = self._old.table[true]
        read = self._rng.choices(list(readings), list(readings.values()))[0]
        return true, read, self._rng.choice((0.05, 0.1, 0.2, 0.4))

    def _spoiled(self, units: list[Unit], style: Style) -> Iterator[Unit]:
        rng = self._rng
        number = 0
        while number < len(units):
            unit = units[number]
            number += 1
            word, gap = unit.words[0], unit.gaps[0]
            if gap == SPACE and number < len(units) and rng.random() < style.join:
                following = units[number]
                number += 1
                read = self._word(word, style) + self._word(following.words[0], style)
                yield Unit((read,), following.gaps, f"{word} {following.words[0]}")
                continue
            read = self._word(word, style)
            if len(read) > 2 and not _DIGIT.search(word) and rng.random() < style.split:
                at = rng.randint(1, len(read) - 1)
                yield Unit((read[:at], read[at:]), (SPACE, gap), word)
                continue
            yield Unit((read,), (gap,), None if read == word else word)
            if rng.random() < style.mark:
                yield Unit((rng.choice(MARKS),), (gap,), "")

    def _word(self, word: str, style: Style) -> str:
        rng = self._rng
        if _DIGIT.search(word):
            return "".join(
                rng.choice(_LIKE_DIGITS[letter]) if letter in _LIKE_DIGITS and rng.random() < style.digits else letter
                for letter in word
            )
        for attempt in range(TRIES):
            read = word
            for old, new, share in style.habits:
                if old in read:
                    read = self._replaced(read, old, new, share)
            # Each further try is a milder one.
            for _ in range(sum(rng.random() < style.rate / (1 + attempt) for _ in word)):
                table = rng.choices([table for table, _ in style.tables], [weight for _, weight in style.tables])[0]
                read = table.misread(read, rng)
            read = "".join(read.split())
            if read and Levenshtein.distance(read, word) <= max(1, WORST * len(word)):
                return read
        return word

    def _replaced(self, word: str, old: str, new: str, share: float) -> str:
        parts = word.split(old)
        return parts[0] + "".join((new if self._rng.random() < share else old) + part for part in parts[1:])


def _clean(text: str) -> Iterator[Unit]:
    for line in text.split("\n"):
        words = line.split()
        for number, word in enumerate(words):
            yield Unit((word,), (NEWLINE if number == len(words) - 1 else SPACE,))
