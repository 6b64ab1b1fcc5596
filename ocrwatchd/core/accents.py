"""Letters without what stands above and below them."""

from __future__ import annotations

import unicodedata


def without_accents(text: str) -> str:
    """The letters of a text without what stands above and below them; ligatures are spelled out."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(each for each in decomposed if not unicodedata.combining(each))
