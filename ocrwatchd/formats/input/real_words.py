"""Tell whether a text consists of real words. Fonts with wrong letter codes give text without any."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ocrwatchd.core.lexicon import lexicon, list_of

SCRIPTS = {
    "Latn": "LATIN",
    "Cyrl": "CYRILLIC",
    "Grek": "GREEK",
    "Arab": "ARABIC",
    "Hebr": "HEBREW",
    "Deva": "DEVANAGARI",
    "Beng": "BENGALI",
    "Taml": "TAMIL",
}
"""Scripts with spaces between words, each with how Unicode's names of its letters begin."""
FEWEST_WORDS = 8
"""Fewer different words are not judged, because they may be names and numbers."""
MOST_WORDS = 40
"""Most words that are looked up."""
LEAST_KNOWN = 0.15
"""Share of words that a list has: of letter-for-letter garbage it has none but by chance, of a language's own text
most."""
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")


def hardly_words(text: Iterable[str], codes: tuple[str, ...]) -> bool:
    """True if hardly any word of a text is a word of these languages.

    Words in a script that none of the languages has, or one without a list has, are not judged.
    """
    # Here, for it takes a while to load, and few pages ask.
    import langcodes

    listed: dict[str, bool] = {}
    for code in codes:
        script = SCRIPTS.get(str(langcodes.get(code).maximize().script), "")
        listed[script] = listed.get(script, True) and list_of(code) is not None
    found = dict.fromkeys(
        word
        for piece in text
        for word in _LONG_WORD.findall(piece)
        if listed.get(unicodedata.name(word[0], "").partition(" ")[0], False)
    )
    words = list(found)[:MOST_WORDS]
    if len(words) < FEWEST_WORDS:
        return False
    return sum(map(lexicon(codes).knows, words)) < LEAST_KNOWN * len(words)
