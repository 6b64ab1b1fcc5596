"""What ``ocr.languages`` are called: in English for a prompt, by short code for a lexicon."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from iso639 import Lang
from iso639.exceptions import DeprecatedLanguageValue, InvalidLanguageValue

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
    return _language(code)[1]


def _name(code: str) -> str:
    # "Modern Greek (1453-)" says more than a model needs.
    return _language(code)[0].partition(" (")[0]


@cache
def _language(code: str) -> tuple[str, str]:
    """Name, or "", and short code. Some engines use codes that are retired: these have names, too."""
    try:
        found = Lang(code)
    except DeprecatedLanguageValue as error:
        return str(error.name), code
    except InvalidLanguageValue:
        return "", code
    return found.name, found.pt1 or found.pt3 or code
