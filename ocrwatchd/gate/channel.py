"""How likely a word is to be read as another one: a channel of misreadings, counted on real engines' pages.

``confusions.json`` holds what engines were seen to misread, ``newsprint.json`` what old newsprint does to letters. What
neither table has is judged by the strokes that letters are drawn with.
"""

from __future__ import annotations

import itertools
import json
import math
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from ocrwatchd.gate.glyph_similarity import strokes

CONFUSIONS = Path(__file__).with_name("confusions.json")
"""By engine: what is true, what was read, how often."""
NEWSPRINT = Path(__file__).with_name("newsprint.json")
"""The same by hand, for old newsprint."""

LONGEST = 3
"""Letters on either side of one misreading."""
BEYOND = 24
"""So many letters that differ in a row are not compared: nobody could repair them."""
ONE = 3.0
"""Nats that a further misreading costs beside its own rarity."""

_LETTERS = dict(zip("etaoinshrdlcumwfgypbvkjxqz", (
    127, 91, 82, 75, 70, 67, 63, 61, 60, 43, 40, 28, 28, 24, 24, 22, 20, 20, 19, 15, 10, 8, 1.5, 1.5, 1, 0.7,
), strict=True))  # fmt: skip
"""Letters of English in a thousand: the engines' pages were English for the most part."""
_CAPITAL, _OTHER, _RAREST = 0.05, 10.0, 2.0

_SAME_LETTER = 0.02
_SAME_STROKES = 0.01
_SAME_STROKES_OF_SEVERAL = 0.004
_ANY_LETTER = 0.0015
_ANY_SIGN = 0.001
_LOST_LETTER = 0.003
_LOST_MARK = 0.01

_SHAPES = [
    (read, true)
    for read, true in itertools.product(range(LONGEST + 1), repeat=2)
    if (read and true) or read + true == 1
]
"""Letters read and true ones of one misreading."""


class Misreading(NamedTuple):
    """What it takes to read one word as another.

    Args:
        nats: -ln P of what was read, given that so many places were misread.
        places: misread ones; up to three letters that are taken for up to three others count as one.
    """

    nats: float
    places: int

    @property
    def cost(self) -> float:
        """Both in nats, for words read equally badly."""
        return self.nats + ONE * self.places


@lru_cache(1 << 16)
def misreading(read: str, true: str) -> Misreading:
    """The likeliest way to read ``true`` as ``read``; the work is bounded by ``BEYOND``."""
    first = 0
    while first < min(len(read), len(true)) and read[first] == true[first]:
        first += 1
    last = 0
    while last < min(len(read), len(true)) - first and read[-1 - last] == true[-1 - last]:
        last += 1
    read, true = read[first : len(read) - last], true[first : len(true) - last]
    if max(len(read), len(true)) > BEYOND:
        return Misreading(ONE * BEYOND, BEYOND)
    if len(read) <= 1 >= len(true):
        nats = _one(true, read) if read or true else 0.0
        return Misreading(nats, int(bool(read or true)))
    return _likeliest(read, true)


def _likeliest(read: str, true: str) -> Misreading:
    """The cheapest way through all pairs of beginnings, as in an edit distance whose steps are misreadings."""
    best = [[(0.0, 0.0, 0)] * (len(true) + 1) for _ in range(len(read) + 1)]
    for row in range(len(read) + 1):
        for column in range(len(true) + 1):
            if row and column and read[row - 1] == true[column - 1]:
                found = best[row - 1][column - 1]
            else:
                found = (math.inf, 0.0, 0) if row or column else (0.0, 0.0, 0)
            for down, right in _SHAPES:
                if down > row or right > column:
                    continue
                cost, nats, places = best[row - down][column - right]
                if cost + ONE >= found[0]:
                    continue
                old, new = true[column - right : column], read[row - down : row]
                if old and new and (old[0] == new[0] or old[-1] == new[-1]):
                    # A shorter misreading beside a letter that was read right.
                    continue
                rare = _one(old, new)
                if cost + rare + ONE < found[0]:
                    found = (cost + rare + ONE, nats + rare, places + 1)
            best[row][column] = found
    _, nats, places = best[-1][-1]
    return Misreading(nats, places)


@lru_cache(1 << 16)
def _one(true: str, read: str) -> float:
    """-ln P that misread letters are read so; infinite where that takes several misreadings."""
    seen = _table()
    share = max(seen.get((true, read), 0.0), 0.5 * seen.get((true.lower(), read.lower()), 0.0))
    if len(true) == len(read) == 1:
        share = max(share, _of_one_letter(true, read))
    elif len(true) + len(read) == 1:
        share = max(share, _LOST_LETTER if (true + read).isalnum() else _LOST_MARK)
    elif not share and true and read and strokes(true) == strokes(read):
        share = _SAME_STROKES_OF_SEVERAL
    return -math.log(share) if share else math.inf


def _of_one_letter(true: str, read: str) -> float:
    if true.lower() == read.lower() or _plain(true) == _plain(read):
        return _SAME_LETTER
    if strokes(true) == strokes(read):
        return _SAME_STROKES
    return _ANY_LETTER if true.isalpha() and read.isalpha() else _ANY_SIGN


def _plain(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter)[:1]


@cache
def _table() -> dict[tuple[str, str], float]:
    """P(read | true, misread), by what is true and read: the greatest that a table says."""
    shares: dict[tuple[str, str], float] = {}
    for seen in json.loads(CONFUSIONS.read_text("utf-8")).values():
        total = sum(sum(counts.values()) for counts in seen.values())
        for true, counts in seen.items():
            frequency = max(_frequency(true), _RAREST / 1000)
            for read, count in counts.items():
                shares[true, read] = max(shares.get((true, read), 0.0), min(0.5, 0.5 * count / total / frequency))
    for true, counts in json.loads(NEWSPRINT.read_text("utf-8")).items():
        total = sum(counts.values()) + 2
        for read, count in counts.items():
            shares[true, read] = max(shares.get((true, read), 0.0), 0.6 * count / total)
    for (true, read), share in list(shares.items()):
        # Words are compared in small letters, too.
        small = true.lower(), read.lower()
        shares[small] = max(shares.get(small, 0.0), 0.5 * share)
    return shares


def _frequency(letters: str) -> float:
    """How often letters come in a text, for each of its letters: capitals seldom, pairs twice as often as by chance."""
    share = 1.0 if len(letters) != 2 else 2.0  # a pair
    for letter in letters:
        usual = _LETTERS.get(letter.lower(), _OTHER) / 1000
        share *= usual if letter.islower() or not letter.isalpha() else usual * _CAPITAL
    return share
