"""Usual formats of numbers: amounts, dates, times, ordinals, telephone and account numbers."""

from __future__ import annotations

import re
from functools import cache

_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:\d{2}|\d{4})"
_COMMON = (
    r"\d+",
    r"\d+[.,]\d+",
    r"\d{1,3}(?P<group>[.,'])\d{3}(?:(?P=group)\d{3})*(?:(?!(?P=group))[.,]\d{1,2})?",
    rf"{_DAY}(?P<dm>[./-]){_MONTH}(?P=dm){_YEAR}",
    rf"{_MONTH}(?P<md>[./-]){_DAY}(?P=md){_YEAR}",
    rf"\d{{4}}(?P<iso>[./-]){_MONTH}(?P=iso){_DAY}",
    r"(?:[01]?\d|2[0-4])[:.][0-5]\d(?:[:.][0-5]\d)?(?:am|pm|h|uhr)?",
    r"(?:[01]?\d|2[0-4])h(?:[0-5]\d)?",
    r"\d{1,2}(?:\.\d{1,2}){2,4}",  # sections, French telephones
    r"\d{1,6}[/-]\d{1,6}",  # fractions, ranges, years
    r"\d{2,5}[/-]\d{4,9}(?:-\d{1,4})?",
    r"\+?\d{1,4}(?P<tel>[.-])\d{2,4}(?P=tel)\d{3,4}(?:(?P=tel)\d{2,4})?",
    r"[a-z]{2}\d{13,32}",  # an account number
    r"[abcdefghjkmnpqrtuvwxyz][1-9]\d{0,2}",  # sizes of paper, vitamins; not what is misread for a digit or a sign
    r"\d+(?:[.,]\d+)?(?:kg|km|cm|mm|ml|kb|mb|gb|khz|mhz|ghz|kw|am|pm)",
)
_ORDINALS = {
    "en": r"(?:\d*(?<!1)(?:1st|2nd|3rd)|\d*(?:1[1-3]|[04-9])th)",
    "fr": r"(?:1(?:er|ère|re|ers)|\d+(?:e|è|ème|eme|nd|nde|es))",
    "nl": r"\d+(?:e|de|ste)",
    "sv": r"\d+:(?:a|e)",
    "it": r"\d+[°ºª]",
    "es": r"\d+(?:[°ºª]|er|ra|ro|do|da|to|ta|mo|ma|vo|va|no|na)",
    "pt": r"\d+[°ºª]",
    "ca": r"\d+(?:[°ºª]|r|n|t|è|a)",
    "fi": r"\d+:\w{1,4}",
}
_DECADES = {"en": r"\d{2,4}'?s"}


def is_formed(text: str, languages: tuple[str, ...]) -> bool:
    """True for a number in a usual format.

    Args:
        text: without marks around it, in lower case, with "'" for an apostrophe.
        languages: ISO 639-1 codes; the ordinals of these languages count too.
    """
    return bool(_formats(languages).fullmatch(text))


@cache
def _formats(languages: tuple[str, ...]) -> re.Pattern[str]:
    own = (table[each] for each in languages for table in (_ORDINALS, _DECADES) if each in table)
    return re.compile("|".join((*_COMMON, *own)), re.ASCII)
