"""The probability of a word in a page's languages, and whether it is a word.

Word lists come from the package wordfreq, for some forty languages. The probability of a number follows from its format
and its digits, that of an unlisted word, such as a name, from its letters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain

from ocrwatchd.core.number_formats import is_formed
from ocrwatchd.core.word_list import DIGIT, ELISION, USUAL, log_sum, word_list

NEAR = 10
"""Greatest distance between a language and its word list, as langcodes counts: 10 gives Croatian the Serbo-Croatian
list."""
NUMBER = -5.0
"""ln P that a word is a number of a given length and format, without its digits: that of numbers of two and of four
digits in the English list."""
INNER = -7.0
"""ln P of a mark inside a word whose parts are words, or in a number of no usual format."""
ELIDED = -1.0
"""ln P of the apostrophe behind an elided article ("l'eau", "dell'arte")."""
KEPT_WORDS = 1 << 15
_MARKS = ".,:/'+-"
_NUMERIC = re.compile(r"[\d.,:/'+-]+")
_PIECE = re.compile(r"[^\W_]+(?:['.,][^\W_]+)*")
_SIMPLE = re.compile(r"[^\W_]+")


class Lexicon:
    """Words of some languages; a language without a list adds nothing.

    Args:
        codes: ISO 639, as in ``ocr.languages``. The lists are read here.
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
        """Lower-case letters of the languages."""
        return frozenset().union(*(each.letters for each in self._lists))

    def is_usual(self, word: str) -> bool:
        """True for one of a language's about 30,000 most frequent words, in any case."""
        return any(each.share(word) >= math.log(USUAL) for each in self._lists)

    def lists(self, word: str) -> bool:
        """True if each piece of a word is in a list, however rare; lists have misspellings too."""
        found = pieces(word)
        return bool(found) and all(any(each.share(piece) > -math.inf for each in self._lists) for piece in found)

    def words(self, least: float) -> Iterator[tuple[str, float]]:
        """Listed words of letters, in lower case, with at least this share, itself at least ``RAREST``."""
        return chain.from_iterable(each.words(least) for each in self._lists)

    def _knows(self, word: str) -> bool:
        """Whether each piece of a word is frequent in one of the languages, or the whole is a usual number."""
        formed = self._is_formed(word)
        if formed is not None:
            return bool(self) and formed
        found = pieces(word)
        return bool(found) and all(
            piece.isdecimal() or any(each.knows(piece) for each in self._lists) for piece in found
        )

    def _log_probability(self, word: str) -> float:
        """Ln P of a word without marks around it; the pieces count if it has marks inside."""
        if not self:
            return 0.0
        formed = self._is_formed(word)
        if formed is not None:
            return NUMBER + DIGIT * sum(map(str.isdecimal, word)) + INNER * (not formed)
        return sum(map(self._of_piece, pieces(word)))

    def _is_formed(self, word: str) -> bool | None:
        """Whether a number has a usual format; None if the word is no number."""
        if not any(map(str.isdecimal, word)):
            return None
        plain = _plain(word).lower().strip(_MARKS)
        return is_formed(plain, self.languages) or (False if _NUMERIC.fullmatch(plain) else None)

    def _of_piece(self, piece: str) -> float:
        simple = _SIMPLE.findall(piece)
        if len(simple) == 1:
            return self._of_word(piece)
        marks = ELIDED if ELISION.match(piece.lower()) and len(simple) == 2 else INNER * (len(simple) - 1)
        return max(self._of_word(piece), sum(map(self._of_word, simple)) + marks)

    def _of_word(self, word: str) -> float:
        if word.isdecimal():
            return NUMBER + DIGIT * len(word)
        told = [each.log_probability(word) for each in self._lists]
        return log_sum(told) - math.log(len(told))


@cache
def lexicon(codes: tuple[str, ...]) -> Lexicon:
    """The lexicon of these languages, cached."""
    return Lexicon(codes)


@cache
def list_of(code: str) -> str | None:
    """Which of wordfreq's lists has a language's words; None without one."""
    # Here, for they take a while to load, and few pages ask.
    import langcodes
    from wordfreq import available_languages

    known, _ = langcodes.closest_match(code, list(available_languages("best")), max_distance=NEAR)
    return None if known == "und" else known


def pieces(word: str) -> list[str]:
    """The parts of a word between hyphens and other marks, with straight apostrophes."""
    return _PIECE.findall(_plain(word))


def _plain(word: str) -> str:
    return word.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
