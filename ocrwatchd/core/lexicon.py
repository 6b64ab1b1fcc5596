"""How probable a word is in a page's languages: wordfreq's lists of frequent words, and n-grams of letters for others.

The lists lie in wordfreq's package, for some forty languages, in lower case; runs of digits are zeros there. What is in
no list, a name above all, is as probable as its letters: interpolated n-grams (Witten and Bell 1991), counted on the
listed words when a language is first asked for.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NEAR = 10
"""How far a list may be from the language, as langcodes counts: 10 lets Croatian take the Serbo-Croatian list."""
ORDER = 4
"""Letters of an n-gram."""
COUNTED_WORDS = 40_000
"""So many of a list's most frequent words teach the n-grams, each once: rarer ones are often misspelt."""
LETTER_SHARE = 1e-4
"""Share of running words from which a letter is one of the language."""
UNLISTED = math.log(0.03)
"""ln of the share of running words that no list has."""
CHARACTERS = 200
"""Among so many characters one that no n-gram has seen is as probable as any other."""
COMPOUND = -4.0
"""ln P that two words are written as one, in languages that do so."""
PART = 4
"""Fewest letters of a part of such a word."""
COMPOUNDING = frozenset({"de", "nl", "da", "sv", "nb", "fi", "hu", "is"})
INNER = -7.0
"""ln P of a mark inside a word whose parts are words by themselves."""
ELIDED = -1.0
"""The same of the apostrophe behind an elided article ("l'eau", "dell'arte")."""
USUAL = 1e-6
"""Share of all running words from which a word is a usual one, as in wordfreq's small lists."""
KEPT_WORDS = 1 << 15
_DIGITS = re.compile(r"\d(?=\d)|(?<=\d)\d|(?<=\d[.,])\d|\d(?=[.,]\d)")
_PIECE = re.compile(r"[^\W_]+(?:['.,’][^\W_]+)*")
_SIMPLE = re.compile(r"[^\W_]+")
_ELISION = re.compile(r"(?:[ldjmnstc]|qu|(?:de|ne|a|su|da)ll|un)['’]", re.IGNORECASE)


class Lexicon:
    """Words of some languages. One without a list adds nothing.

    Args:
        codes: of ISO 639, as ``ocr.languages`` has them. The lists are read here: half a second a language, 20 to 60 MB.
    """

    def __init__(self, codes: tuple[str, ...]) -> None:
        self._languages = tuple(each for each in map(_language, dict.fromkeys(codes)) if each is not None)
        self.log_probability = lru_cache(KEPT_WORDS)(self._log_probability)

    def __bool__(self) -> bool:
        return bool(self._languages)

    @property
    def letters(self) -> frozenset[str]:
        """Small letters of the languages."""
        return frozenset().union(*(each.letters for each in self._languages))

    def knows(self, word: str) -> bool:
        """True where each piece of a word is in a list, whatever its capitals."""
        pieces = _PIECE.findall(word.lower())
        return bool(pieces) and all(any(_folded(piece) in each.shares for each in self._languages) for piece in pieces)

    def words(self, least: float) -> Iterator[tuple[str, float]]:
        """Listed words of letters with their shares, each language's most frequent first.

        Args:
            least: share of all running words from which a word is told.
        """
        for each in self._languages:
            for word, share in each.shares.items():
                if share < least:
                    break
                if word.replace("'", "").isalpha():
                    yield word, share / len(self._languages)

    def is_usual(self, word: str) -> bool:
        """True for one of a language's some 30,000 most frequent words, whatever its capitals."""
        low = word.lower()
        return any(each.shares.get(low, 0.0) >= USUAL for each in self._languages)

    def _log_probability(self, word: str) -> float:
        """ln P of a word without marks around it; of one with hyphens and other marks inside, of its pieces."""
        return sum(map(self._of_piece, pieces(word)))

    def _of_piece(self, piece: str) -> float:
        whole = self._of_word(piece)
        simple = _SIMPLE.findall(piece)
        if len(simple) == 1:
            return whole
        marks = ELIDED if _ELISION.match(piece) and len(simple) == 2 else INNER * (len(simple) - 1)  # noqa: PLR2004
        return max(whole, sum(map(self._of_word, simple)) + marks)

    def _of_word(self, word: str) -> float:
        folded = _folded(word)
        digits = _free_digits(folded)
        told = [each.log_probability(folded) for each in self._languages]
        if not told:
            return 0.0
        return _log_sum(told) - math.log(len(told)) - math.log(10) * digits


class _Language:
    """One language's list.

    Args:
        shares: of all running words, the most frequent first.
        compounds: whether words are written together.
    """

    def __init__(self, shares: Mapping[str, float], *, compounds: bool) -> None:
        self.shares = shares
        self._compounds = compounds
        self._grams = _Grams(islice(shares, COUNTED_WORDS))
        self.letters = _letters(shares)

    def log_probability(self, word: str) -> float:
        told = [UNLISTED + self._grams.log_probability(word)]
        if share := self.shares.get(word):
            told.append(math.log(share))
        elif self._compounds and len(word) >= 2 * PART:
            told += [
                COMPOUND + sum(parts) for at in range(PART, len(word) - PART + 1) if (parts := self._parts(word, at))
            ]
        return _log_sum(told)

    def _parts(self, word: str, at: int) -> list[float]:
        """ln P of two words that make a third, with or without an s between; none where one is no usual word."""
        second = self.shares.get(word[at:], 0.0)
        first = max(self.shares.get(word[:at], 0.0), self.shares.get(word[:at].removesuffix("s"), 0.0))
        return [math.log(first), math.log(second)] if min(first, second) >= USUAL else []


class _Grams:
    """Counts of n-grams over words, each word as often as it comes."""

    def __init__(self, words: Iterable[str]) -> None:
        padded = [f"{'^' * (ORDER - 1)}{word}$" for word in words]
        self._counts: Counter[str] = Counter()
        for size in range(1, ORDER + 1):
            for word in padded:
                self._counts.update(word[at - size : at] for at in range(ORDER, len(word) + 1))
        self._follow: Counter[str] = Counter(gram[:-1] for gram in self._counts)
        self._total: Counter[str] = Counter()
        for gram, count in self._counts.items():
            self._total[gram[:-1]] += count

    def log_probability(self, word: str) -> float:
        padded = f"{'^' * (ORDER - 1)}{word}$"
        return sum(math.log(self._probability(padded[at - ORDER : at])) for at in range(ORDER, len(padded) + 1))

    def _probability(self, gram: str) -> float:
        told = 1 / CHARACTERS
        for size in range(1, ORDER + 1):
            tail = gram[-size:]
            if not (total := self._total[tail[:-1]]):
                break
            kinds = self._follow[tail[:-1]]
            told = (self._counts[tail] + kinds * told) / (total + kinds)
        return told


def pieces(word: str) -> list[str]:
    """The parts of a word that hyphens and other marks part, in lower case, with straight apostrophes."""
    return _PIECE.findall(word.lower().replace("’", "'"))


@cache
def lexicon(codes: tuple[str, ...]) -> Lexicon:
    """The lexicon of these languages; one for each combination."""
    return Lexicon(codes)


@cache
def _language(code: str) -> _Language | None:
    # Here, for they take a while to load, and few pages ask.
    import langcodes  # noqa: PLC0415
    from wordfreq import available_languages, get_frequency_dict  # noqa: PLC0415

    known, _ = langcodes.closest_match(code, list(available_languages("best")), max_distance=NEAR)
    if known == "und":
        return None
    return _Language(get_frequency_dict(known, "best"), compounds=known in COMPOUNDING)


def _letters(shares: Mapping[str, float]) -> frozenset[str]:
    """The letters that a language's words are made of, but for those of foreign words."""
    seen: Counter[str] = Counter()
    for word, share in islice(shares.items(), COUNTED_WORDS):
        for letter in set(word):
            seen[letter] += share
    return frozenset(letter for letter, share in seen.items() if letter.isalpha() and share >= LETTER_SHARE)


def _folded(word: str) -> str:
    """Digits as the lists have them: zeros, but for one that stands alone."""
    return _DIGITS.sub("0", word)


def _free_digits(folded: str) -> int:
    """How many digits of a folded word might be any other."""
    return folded.count("0") if sum(map(str.isdigit, folded)) > 1 else 0


def _log_sum(told: list[float]) -> float:
    most = max(told)
    return most + math.log(sum(math.exp(each - most) for each in told))
