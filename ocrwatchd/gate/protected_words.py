"""What is kept though a change of it looks like a repair. Pure functions over single words.

These are words whose change turns a meaning around, words that a lexicon vouches for, names, and codes.

Without a lexicon, no word is known to be one: then only closed classes, the shapes of codes and the first letters of
names are kept, and a wrong word that looks like the right one gets through.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ocrwatchd.gate.glyph_similarity import is_lookalike, likeness
from ocrwatchd.gate.rules import Doubt, Verdict, core
from ocrwatchd.gate.verdicts import knows_nothing

if TYPE_CHECKING:
    from collections.abc import Callable

A_WORD = "a word of the language"
"""Recognition makes words into others by chance; in a text that was read well the model rewrites them by taste."""

NO_WORD = "no word of the language"
NAME = "a name or a term"
CLOSED = "one of few words, each with its own meaning"
ADDRESS = "address"
CODE = "letters of a code"

WORDS_ALIKE = 0.7
"""A word of the language becomes another one only where their strokes are alike to this degree."""

CLOSED_ALIKE = 0.85
"""Without a lexicon, or from a splinter, a month or a negation is made only of what looks like it to this degree."""

SPLINTER = 3
"""No lexicon has all words as short as this, and each of them is nearly another one."""

CLOSED_ALIKE_OF_A_WORD = 1.0
"""The same for what is a word of the language: "lour" and "four", "throe" and "three"."""

NAME_ALIKE = 0.85
"""What is capitalised and no word becomes a word only where it looks alike to this degree: Gantt is no Grant."""

CLOSED_PART = 3
"""Shorter parts of a compound are splinters rather than words."""

CODE_LETTERS = 8
"""So many capitals that are no word may be a bank's code."""

SHORT_CAPITALS = 5
"""So few capitals may be an abbreviation that no lexicon knows."""

_MONTHS = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec "
    "januar jänner februar märz mai juni juli oktober dezember okt dez mrz "
    "janvier février mars avril juin juillet août septembre octobre novembre décembre "
    "monday tuesday wednesday thursday friday saturday sunday "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag "
    "lundi mardi mercredi jeudi vendredi samedi dimanche"
)
_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen "
    "half twice first second third fourth fifth sixth seventh eighth ninth tenth "
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig dreissig vierzig fünfzig "
    "sechzig siebzig achtzig neunzig hundert tausend "
    "dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn "
    "deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante "
    "cinquante soixante cent cents mille"
)
_UNITS = "a.m p.m mg mcg µg μg g kg ml dl cl l mm cm km m oz lb lbs ft kw kwh mw hz khz mhz ghz"
_NEGATIONS = (
    "not no never nor none nothing nobody neither without cannot "
    "nicht nichts nie niemals nein ohne weder kein keine keinen keinem keiner keines niemand "
    "ne pas non jamais rien aucun aucune sans"
)
_CLOSED = frozenset(f"{_MONTHS} {_NUMBERS} {_UNITS} {_NEGATIONS}".split())
_GERMAN_NUMBER = re.compile(r"\w+und(?:zwanzig|drei[sß]+ig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig)")
_ROMAN = re.compile(r"(?=.)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_SMALL_ROMAN = re.compile(r"(?=..)x{0,3}(?:ix|iv|v?i{0,3})")
_NEGATING = ("un", "in", "im", "ir", "il", "non", "non-", "dis", "mis", "a")
_OPPOSING = (
    "hyper hypo;in de;in ex;im ex;inter intra;over under;up down;pre post;in out;ante anti;macro micro;"
    "ein aus;an ab;auf ab;vor nach;he she;man woman;men women;male female"
)
_OPPOSITES = frozenset(frozenset(pair.split()) for pair in _OPPOSING.split(";"))
"""Beginnings, and words, that say the contrary of each other and look alike."""

_NOT_SHORT = ("n't", "n\u2019t")
_INNER = re.compile("[-\u00ad\u2010\u2011'\u2019]")
_TAILS = frozenset({"s", "t", "d", "ll", "re", "ve", "m", "l", "n", "qu", "j", "c"})
_WORDS_OF_ONE_LETTER = frozenset("aAIàÀyYoOéÉ")
_ADDRESS = re.compile(r"[\w-]{2,}\.[a-z]{2,}(?!\w)|\w[/\\_]\w|:\\|\w[(\[]at[)\]]\w")
_MIXED = re.compile(r"[a-zß-ÿ][A-ZÀ-Þ]")
_PLATE = re.compile(r"[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}")
_NOT_IN_CHINESE = frozenset("不未无非没無沒")
_LONE_STROKES = frozenset("l|")


def verdict(before: str, after: str, knows: Callable[[str], bool]) -> Verdict:
    """What speaks against a word's change, however alike both look; nothing overrules it if its doubt is ``NONE``.

    Args:
        before: as recognised.
        after: as proposed.
        knows: whether a run of letters is a word of the document's languages; see ``Evidence``.
    """
    why = _absolute(before, after, knows)
    return Verdict(why) if why else Verdict(found := _doubtful(before, after, knows), _doubt(found))


def is_known(word: str, knows: Callable[[str], bool]) -> bool:
    """True for a word of the language, with or without marks around it; all parts of a compound must be words."""
    inside = core(word)
    if len(inside) == 1:
        return inside in _WORDS_OF_ONE_LETTER and knows(inside)
    if not inside or knows(inside):
        return bool(inside)
    parts = [part for part in _INNER.split(inside) if part]
    return len(parts) > 1 and all(part.lower() in _TAILS or knows(part) for part in parts)


def is_closed(word: str) -> bool:
    """True for a month, a number, a unit or a negation of English, German or French."""
    return bool(_closed(core(word)))


def is_i(before: str, after: str) -> bool:
    """True where a stroke that stands alone becomes the word "I"."""
    return before in _LONE_STROKES and after == "I"


def _doubt(why: str) -> Doubt:
    return Doubt.TASTE if why else Doubt.NONE


def _absolute(before: str, after: str, knows: Callable[[str], bool]) -> str:
    old, new = core(before), core(after)
    if _ADDRESS.search(before) or _ADDRESS.search(after):
        return ADDRESS
    if _NOT_IN_CHINESE & {*before, *after}:
        return CLOSED
    if old.lower() != new.lower():
        if _PLATE.fullmatch(old):
            return CODE
        if _turns(old, new, knows):
            return CLOSED
        if knows is not knows_nothing:
            return _vouched(old, new, knows)
    return ""


def _vouched(old: str, new: str, knows: Callable[[str], bool]) -> str:
    """What a lexicon says against a change: words become words alone, and codes are in no lexicon."""
    if is_known(old, knows):
        return "" if is_known(new, knows) and likeness(old, new) >= WORDS_ALIKE else A_WORD
    code = len(old) >= CODE_LETTERS and old.isalpha() and old.isupper()
    return CODE if code and not is_known(new, knows) else ""


def _turns(old: str, new: str, knows: Callable[[str], bool]) -> bool:
    """True where a change turns a meaning around."""
    before, after = _closed(old), _closed(new)
    if any(old.lower().endswith(end) != new.lower().endswith(end) for end in _NOT_SHORT):
        # A misread apostrophe is a mark between the same letters.
        return re.sub(r"\W", "", old) != re.sub(r"\W", "", new)
    small, other = sorted((old.lower(), new.lower()), key=len)
    if any(other == prefix + small for prefix in _NEGATING) and (knows is knows_nothing or is_known(old, knows)):
        return True
    if {small, other} in _OPPOSITES or {*_beginnings(small, other)} in _OPPOSITES:
        return True
    if before <= after:
        after -= before
    if before - after or not after:
        return bool(before - after)
    if knows is knows_nothing or len(old) <= SPLINTER:
        return likeness(old, new) < CLOSED_ALIKE
    return is_known(old, knows) and likeness(old, new) < CLOSED_ALIKE_OF_A_WORD


def _beginnings(one: str, other: str) -> tuple[str, str]:
    """What stands before the ending that two words have in common."""
    alike = 0
    while alike < min(len(one), len(other)) and one[-1 - alike] == other[-1 - alike]:
        alike += 1
    return one[: len(one) - alike], other[: len(other) - alike]


def _closed(word: str) -> set[str]:
    parts = [word, *(part for part in _INNER.split(word) if len(part) >= CLOSED_PART)]
    return {
        part.lower()
        for part in parts
        if part.lower() in _CLOSED
        or _GERMAN_NUMBER.fullmatch(part.lower())
        or _ROMAN.fullmatch(part)
        or _SMALL_ROMAN.fullmatch(part)
    }


def _doubtful(before: str, after: str, knows: Callable[[str], bool]) -> str:
    """What speaks against a change unless its text was read badly."""
    old, new = core(before), core(after)
    if not old or not new or old.lower() == new.lower() or is_lookalike(old, new):
        return ""
    if _MIXED.search(old):
        return CODE
    if old[0].isupper() and not is_lookalike(old[0], new[0]) and old[0].lower() != new[0].lower():
        return NAME
    return "" if knows is knows_nothing else _unvouched(old, new, knows)


def _unvouched(old: str, new: str, knows: Callable[[str], bool]) -> str:
    """What a lexicon does not know may be a name, and what becomes none of its words is no repair for certain."""
    capital = old[0].isupper()
    if capital and ((old.isupper() and len(old) <= SHORT_CAPITALS) or likeness(old, new) < NAME_ALIKE):
        return NAME
    return "" if is_known(new, knows) else NAME if capital else NO_WORD
