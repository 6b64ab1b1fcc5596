"""Whether a word is one: simplemma's dictionaries, which lie in its package, for some fifty languages."""

from __future__ import annotations

from functools import cache

import simplemma
from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

from ocrwatchd.correct.languages import short

SHARED = {"bs": "hbs", "hr": "hbs", "sr": "hbs", "no": "nb"}
"""Languages whose dictionary has another one's code."""


class Lexicon:
    """The dictionaries of a document's languages. A language without one has no known words.

    Args:
        codes: of ISO 639-3 or 639-2, as ``ocr.languages`` has them.
    """

    def __init__(self, codes: tuple[str, ...]) -> None:
        wanted = (SHARED.get(short(code), short(code)) for code in codes)
        self._codes = tuple(dict.fromkeys(code for code in wanted if code in SUPPORTED_LANGUAGES))

    def knows(self, word: str) -> bool:
        """True for a word of one of the languages, whatever its capitals; the first call takes a moment."""
        return bool(self._codes and word) and (self._has(word) or self._has(word.lower()))

    def _has(self, word: str) -> bool:
        return simplemma.is_known(word, lang=self._codes, low_memory=True)


@cache
def lexicon(codes: tuple[str, ...]) -> Lexicon:
    """The lexicon for these languages; one for each combination."""
    return Lexicon(codes)
