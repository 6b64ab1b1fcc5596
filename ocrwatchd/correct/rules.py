"""What speaks against taking one word for another, and what a word is made of. Pure functions over single words."""

from __future__ import annotations

import re
import unicodedata

STRAY_CHARACTERS = 2
"""What stands alone may be dropped as a speck on the paper up to this length."""

STRAY_KINDS = 3
"""Longer runs without letters may be dropped if they mix so many different marks; leaders and rules repeat one."""

_WORDS_OF_ONE_LETTER = frozenset("aioyuàéèóôAIOYUÀÉÈÓÔ")
_HYPHENS = frozenset("-\u00ac\u00ad\u2010\u2011")
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_QUOTES = dict.fromkeys(map(ord, '"`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033'), "'")
_STYLE = _DASHES | _QUOTES
_OLD_LETTERS = str.maketrans({"\u017f": "s", "æ": "ae", "œ": "oe", "Æ": "AE", "Œ": "OE", "ß": "ss"})
_ADDRESS = re.compile(r"@\w|://|\bwww\.", re.IGNORECASE)
_TELLING = frozenset({"Sc", "Sm", "Lo", "Nl", "No"})
_MEANINGFUL = frozenset("&%§#@/\\|-\u2013\u2014\u2022*\u00b7")


def against(before: str, after: str, *, spacing: bool = False) -> str:
    """Why ``before`` must not become ``after``, or "".

    Args:
        before: as recognised.
        after: as proposed.
        spacing: the words differ in their spacing too, so that equal characters are no objection.
    """
    if before == after:
        return "" if spacing else "nothing changed"
    if any(unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} or character == "\ufffd" for character in after):
        return "not text"
    if _ADDRESS.search(before):
        return "address"
    return _digits(before, after) or _style(before, after) or _letters(before, after)


def has_letter(word: str) -> bool:
    """True where a word has at least one letter or digit."""
    return any(character.isalnum() for character in word)


def is_readable(word: str) -> bool:
    """True where a word is more than a speck or a splinter could make it."""
    return sum(character.isalnum() for character in word) > 1


def ends_hyphenated(word: str) -> bool:
    """True where a word breaks off with a hyphen."""
    return len(word) > 1 and word[-1] in _HYPHENS


def is_stray(word: str) -> bool:
    """True where a word that stands alone may be a speck: no digit, no word or sign with a meaning of its own."""
    if any(character.isdigit() or unicodedata.category(character) in _TELLING for character in word):
        return False
    if has_letter(word):
        return len(word) == 1 and word not in _WORDS_OF_ONE_LETTER
    if len(word) <= STRAY_CHARACTERS:
        return _MEANINGFUL.isdisjoint(word)
    return len(set(word)) >= STRAY_KINDS


def _digits(before: str, after: str) -> str:
    """Digits are never changed in what reads as a number, and never made up anywhere."""
    old, new = ([character for character in word if character.isdigit()] for word in (before, after))
    if old == new:
        return ""
    letters = sum(character.isalpha() for character in before)
    if len(old) >= letters:
        return "digits of a number"
    return "a new digit" if len(new) > len(old) or not set(new) <= set(old) else ""


def _style(before: str, after: str) -> str:
    if before.translate(_STYLE) == after.translate(_STYLE):
        return "quotes or dashes only"
    return ""


def _letters(before: str, after: str) -> str:
    if before.lower() == after.lower():
        # A model likes to begin with a capital; recognition rather invents them than loses them.
        return "a new capital" if sum(map(str.isupper, after)) > sum(map(str.isupper, before)) else ""
    if _plain(before) == _plain(after):
        return "accents or old letters only"
    return ""


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.translate(_OLD_LETTERS))
    return "".join(character for character in decomposed if not unicodedata.combining(character))
