"""Tell which parts of a page need no model: there is nothing in them to mend.

A model costs seconds and can only do harm to what is right already. But what is uncertain is always shown to it: a
part passes as clean only where the engine was sure of every single word *and* every word is in the lexicon. Neither
would do alone: of 2,108 misread words in 30 newspaper articles a third were other words ("bad" for "had").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ocrwatchd.core.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.core.lexicon import Lexicon
    from ocrwatchd.core.model import Word

SURE = 0.95
"""The least confidence, 0-1, with which each word of a clean part was read: the mean of its letters'."""

NUMBER_SHARE = 0.7
"""From this share of words that are plain numbers a part counts as a table of numbers."""

UNIT_CHARACTERS = 2
CURRENCY_CHARACTERS = 3
"""In a table of numbers, units may be as long as this, and words in capitals; others must be in the lexicon."""

_NUMBER = re.compile(r"[(\[]?[+\-\u2212\u00b1]?[$€£¥#]?\d[\d.,:/'\u2019\u2013-]*[%‰°$€£¥]?[)\]]?[.,;:]?")
_RULE = re.compile(r"[-\u2010-\u2015_=.|]+")
_AROUND = ".,;:!?\"'()[]\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\u2026"
_DASHES = frozenset("-\u2013\u2014\u2026")
_INNER = re.compile("[-'\u2019]")
_WORDS_OF_ONE_LETTER = frozenset("aAIàÀyYoOeEuUéÉ")
_TAILS = frozenset({"s", "t", "d", "ll", "re", "ve", "m", "l", "n", "qu", "j", "c"})


def why_skip(text: str, words: Sequence[Word], lexicon: Lexicon) -> Reason | None:
    """Why this part of a page needs no model, or None.

    Args:
        text: the part, with at least one word.
        words: the engine's, with offsets into ``text``.
        lexicon: of the document's languages.
    """
    if _is_numbers(text, lexicon):
        return Reason.TABLE_OF_NUMBERS
    return Reason.CLEAN if _is_clean(text, words, lexicon) else None


def _is_numbers(text: str, lexicon: Lexicon) -> bool:
    found = [word for word in text.split() if not _RULE.fullmatch(word)]
    others = [word for word in found if not _NUMBER.fullmatch(word)]
    if not found or len(others) > (1 - NUMBER_SHARE) * len(found):
        return False
    return all(_is_label(word, lexicon) for word in others)


def _is_label(word: str, lexicon: Lexicon) -> bool:
    core = word.strip(_AROUND)
    if not core:
        return True
    longest = CURRENCY_CHARACTERS if core.isupper() else UNIT_CHARACTERS
    return core.isalpha() and (len(core) <= longest or lexicon.knows(core))


def _is_clean(text: str, words: Sequence[Word], lexicon: Lexicon) -> bool:
    written = [(match.start(), match.group()) for match in re.finditer(r"\S+", text)]
    if written != [(word.offset, word.text) for word in words]:
        return False
    # Confidence first, for all: the lexicon is only loaded where it decides.
    return all((word.confidence or 0.0) >= SURE for word in words) and all(
        _is_known(word.text, lexicon) for word in words
    )


def _is_known(word: str, lexicon: Lexicon) -> bool:
    if _NUMBER.fullmatch(word):
        return True
    core = word.strip(_AROUND)
    if not core or _DASHES.issuperset(core):
        # Marks alone: a dash is one, a speck of several kinds is not.
        return len(set(word)) == 1
    if core.isalpha():
        return _is_word(core, lexicon)
    parts = _INNER.split(core)
    return all(part.isalpha() for part in parts) and (
        lexicon.knows(core) or all(part.lower() in _TAILS or _is_word(part, lexicon) for part in parts)
    )


def _is_word(word: str, lexicon: Lexicon) -> bool:
    if len(word) == 1:
        return word in _WORDS_OF_ONE_LETTER
    return (word.islower() or word.istitle() or word.isupper()) and lexicon.knows(word)
