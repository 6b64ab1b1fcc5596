"""What ``ocr.languages`` are called: in English for a prompt, by short code for a lexicon."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from iso639 import Language, LanguageNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = "unknown"


def names(codes: Iterable[str]) -> str:
    """The languages in words: "English", "English and German", "English, French and German".

    Args:
        codes: of ISO 639-3 or 639-2; one that names no language is left out.
    """
    known = list(dict.fromkeys(name for code in codes if (name := _name(code))))
    if not known:
        return UNKNOWN
    return " and ".join(filter(None, (", ".join(known[:-1]), known[-1])))


def short(code: str) -> str:
    """The code of ISO 639-1 where there is one, else the one of ISO 639-3, else ``code`` itself."""
    language = _language(code)
    return code if language is None else language.part1 or language.part3


def _name(code: str) -> str:
    language = _language(code)
    # "Modern Greek (1453-)" says more than a model needs.
    return language.name.partition(" (")[0] if language else ""


@cache
def _language(code: str) -> Language | None:
    try:
        return Language.match(code)
    except LanguageNotFoundError:
        return None
