"""How frequent words are: wordfreq's lists, which lie in its package, for some forty languages."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NEAR = 10
"""How far a list may be from the language, as langcodes counts: 10 lets Croatian take the Serbo-Croatian list."""


@cache
def frequencies(language: str) -> Mapping[str, float]:
    """Each of a language's usual words in lower case, with its share of all words; empty without a list.

    Args:
        language: code of ISO 639. The first call takes a moment.
    """
    # Here, for they take a while to load, and few pages ask.
    import langcodes  # noqa: PLC0415
    from wordfreq import available_languages, get_frequency_dict  # noqa: PLC0415

    known, _ = langcodes.closest_match(language, list(available_languages("small")), max_distance=NEAR)
    return {} if known == "und" else get_frequency_dict(known, "small")
