"""How probable a word is in a page's languages, and whether it is one.

Words come from wordfreq's lists, which lie in its package, for some forty languages. Numbers are as probable as their
format and their digits. What is in no list, a name above all, is as probable as its letters.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from ocrwatchd.core.number_formats import is_formed
from ocrwatchd.core.word_list import DIGIT, ELISION, USUAL, log_sum, word_list

if TYPE_CHECKING:
    from collections.abc import Iterator

NEAR = 10
"""How far a list may be from the language, as langcodes counts: 10 lets Croatian take the Serbo-Croatian list."""
NUMBER = -5.0
"""ln P that a word is a number of some length and format, its digits aside: that of numbers of two and of four digits
in the English list."""
INNER = -7.0
"""ln P of a mark inside a word whose parts are words by themselves, or that makes a number one of no usual format."""
ELIDED = -1.0
"""The same of the apostrophe behind an elided article ("l'eau", "dell'arte")."""
KEPT_WORDS = 1 << 15
_MARKS = ".,:/'+-"
_NUMERIC = re.compile(r"[\d.,:/'+-]+")
_PIECE = re.compile(r"[^\W_]+(?:['.,][^\W_]+)*")
_SIMPLE = re.compile(r"[^\W_]+")


class Lexicon:
    """Words of some languages. One without a list adds nothing.

    Args:
        codes: of ISO 639, as ``ocr.languages`` has them. The lists are read here.
    """

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.languages = tuple(dict.fromkeys(name for code in codes if (name := list_of(code))))
        self._lists = tuple(map(word_list, self.languages))
        self.log_probability = lru_cache(KEPT_WORDS)(self._log_probability)
        self.knows = lru_cache(KEPT_WORDS)(self._knows)

    def __bool__(self) -> bool:
        return bool(self._lists)

    @property
    def letters(self) -> frozenset[str]:
        """Small letters of the languages."""
        return frozenset().union(*(each.letters for each in self._lists))

    def is_usual(self, word: str) -> bool:
        """True for one of a language's some 30,000 most frequent words, whatever its capitals."""
        return any(each.share(word) >= math.log(USUAL) for each in self._lists)

    def lists(self, word: str) -> bool:
        """True where each piece of a word is in a list, however rare; misspellings are in it too."""
        found = pieces(word)
        return bool(found) and all(any(each.share(piece) > -math.inf for each in self._lists) for piece in found)

    def words(self, least: float) -> Iterator[tuple[str, float]]:
        """Listed words of letters in lower case with their shares, each language's most frequent first.

        Args:
            least: share of all running words from which a word is told, at least ``word_list.RAREST``.
        """
        return chain.from_iterable(each.words(least) for each in self._lists)

    def _knows(self, word: str) -> bool:
        """Tell whether each piece of a word is frequent in one of the languages, or the whole is a usual number."""
        formed = self._is_formed(word)
        if formed is not None:
            return bool(self) and formed
        found = pieces(word)
        return bool(found) and all(
            piece.isdecimal() or any(each.knows(piece) for each in self._lists) for piece in found
        )

    def _log_probability(self, word: str) -> float:
        """Tell ln P of a word without marks around it; of one with hyphens and other marks inside, of its pieces."""
        if not self:
            return 0.0
        formed = self._is_formed(word)
        if formed is not None:
            return NUMBER + DIGIT * sum(map(str.isdecimal, word)) + INNER * (not formed)
        return sum(map(self._of_piece, pieces(word)))

    def _is_formed(self, word: str) -> bool | None:
        """Tell whether a number has a usual format; None for what is no number."""
        if not any(map(str.isdecimal, word)):
            return None
        plain = _plain(word).lower().strip(_MARKS)
        return is_formed(plain, self.languages) or (False if _NUMERIC.fullmatch(plain) else None)

    def _of_piece(self, piece: str) -> float:
        simple = _SIMPLE.findall(piece)
        if len(simple) == 1:
            return self._of_word(piece)
        marks = ELIDED if ELISION.match(piece.lower()) and len(simple) == 2 else INNER * (len(simple) - 1)  # noqa: PLR2004
        return max(self._of_word(piece), sum(map(self._of_word, simple)) + marks)

    def _of_word(self, word: str) -> float:
        if word.isdecimal():
            return NUMBER + DIGIT * len(word)
        told = [each.log_probability(word) for each in self._lists]
        return log_sum(told) - math.log(len(told))


@cache
def lexicon(codes: tuple[str, ...]) -> Lexicon:
    """The lexicon of these languages; one for each combination."""
    return Lexicon(codes)


@cache
def list_of(code: str) -> str | None:
    """Which of wordfreq's lists has a language's words; None without one."""
    # Here, for they take a while to load, and few pages ask.
    import langcodes  # noqa: PLC0415
    from wordfreq import available_languages  # noqa: PLC0415

    known, _ = langcodes.closest_match(code, list(available_languages("best")), max_distance=NEAR)
    return None if known == "und" else known


def pieces(word: str) -> list[str]:
    """The parts of a word that hyphens and other marks part, with straight apostrophes."""
    return _PIECE.findall(_plain(word))


def _plain(word: str) -> str:
    return word.replace("’", "'")  # noqa: RUF001
