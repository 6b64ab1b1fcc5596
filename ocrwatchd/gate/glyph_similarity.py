"""How far apart two words look, as ink rather than as letters.

Recognition takes ``m`` for ``rn`` and ``the`` for ``tlie`` far more often than it takes ``b`` for ``x``: so letters are
taken apart into strokes, and what looks alike counts as little. The groups are those that every table of confusions in
old print shows (round letters, stems, minims, and signs that stand for specks); they hold for Latin script in general.
"""

from __future__ import annotations

import functools

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.accents import without_accents

STROKES_LIMIT = 64
"""Longer words are not taken apart: no misread word is so long, and the work stays bounded."""

# Each letter as the strokes that it leaves: i a stem or minim, c a bow, v a slant, s a curl, and so on.
_STROKES = {
    "m": "iii", "n": "ii", "u": "ii", "r": "i", "h": "li", "b": "lc", "d": "cl", "k": "lv", "w": "vv", "q": "cl",
    "e": "c", "o": "c", "a": "ci", "g": "cs", "p": "lc", "y": "v", "x": "v", "t": "l", "f": "l", "j": "i",
    "æ": "cic", "œ": "cc", "ß": "ls", "\u017f": "l", "ﬁ": "li", "ﬂ": "ll",
    "0": "c", "1": "l", "3": "s", "4": "ci", "5": "s", "6": "c", "7": "l", "8": "s", "9": "cs",
    "|": "l", "!": "l", "¡": "i", "¦": "l", "/": "l", "\\": "l", "[": "l", "]": "l", "(": "c", ")": "c", "{": "l",
    "}": "l", "«": "vv", "»": "vv", "€": "c", "£": "ls", "$": "s", "&": "s", "¢": "c", "©": "c", "¿": "s", "?": "s",
    "z": "s",
}  # fmt: skip
_DRAWN = str.maketrans(_STROKES)


_LIGATED = (
    ("rn", "m"), ("ni", "m"), ("in", "m"), ("iii", "m"), ("nn", "m"), ("ii", "n"), ("ri", "n"),
    ("ii", "u"), ("li", "h"),
    ("ll", "h"), ("lh", "h"), ("cl", "d"), ("ol", "d"), ("vv", "w"), ("lc", "k"),
    ("fi", "\ufb01"), ("ti", "n"), ("il", "d"),
)  # fmt: skip
"""Letters that look like another one when they stand together."""


_SAME_INK = (("rn", "m"), ("cl", "d"), ("vv", "w"), ("I", "l"), ("1", "l"), ("|", "l"), ("!", "l"), ("0", "O"))
"""What an engine cannot tell apart, however sharp the print."""


def is_lookalike(before: str, after: str) -> bool:
    """True where two words are drawn with the same strokes: "horne" and "home", "lll" and "Ill"."""
    for letters, letter in _SAME_INK:
        before, after = before.replace(letters, letter), after.replace(letters, letter)
    return before == after


def changes(before: str, after: str) -> int:
    """How many letters were misread: inserted, left out, taken for another, run together or torn apart."""
    fewest = int(Levenshtein.distance(before, after))
    for letters, rewritten, times in _rewritten(before):
        if letters in after:
            fewest = min(fewest, int(Levenshtein.distance(rewritten, after)) + times)
    return fewest


@functools.lru_cache(maxsize=64)
def _rewritten(word: str) -> tuple[tuple[str, str, int], ...]:
    """What a word may have been: the letters that others are taken for, the word with them, and how often they come.

    Kept for as long as one word is compared with many.
    """
    return tuple(
        (new, word.replace(old, new), word.count(old))
        for each in _LIGATED
        for old, new in (each, reversed(each))
        if old in word
    )


@functools.lru_cache(maxsize=4096)
def strokes(word: str) -> str:
    """A word as the strokes it is drawn with; what stands for no stroke is left as it is."""
    if not word.isascii():
        word = without_accents(word)
    return word.lower().translate(_DRAWN)


def likeness(before: str, after: str) -> float:
    """How alike two words look, 0 to 1."""
    if max(len(before), len(after)) > STROKES_LIMIT:
        return 0.0
    return float(Levenshtein.normalized_similarity(strokes(before), strokes(after)))
