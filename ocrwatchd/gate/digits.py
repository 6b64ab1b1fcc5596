"""What may happen to digits: nothing, or only what recognition confuses, or anything.

A number is never made into another one. Letters that stand among digits and look like one may become it; digits that
stand among letters and look like one may become it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.reason import Reason
from ocrwatchd.gate import historical_spelling

if TYPE_CHECKING:
    from ocrwatchd.gate.verdicts import Digits

LONE_LETTERS = 3
"""So few capitals beside a digit may be a name: H2O, CO2, A4."""

CODE_PARTS = 2
"""So many capitals with so many digits make a code."""

REPAIRED_WORDS = 2
REPAIRED_SHARE = 0.25
"""A lone digit is a letter where so many words of its line, and so large a share, had digits in them mended."""

_AS_DIGIT = {"0": "oOQDÓÖ", "1": "lIi|!", "2": "zZ", "5": "sS"}
# Without accents: a letter is compared by its plain form.
_AS_LETTER = {
    "0": "oODQCc",
    "1": "lIijtrfLTJ",
    "2": "zZ",
    "3": "sSeEBbzZa",
    "4": "aA",
    "5": "sS",
    "6": "bGeos",
    "7": "tTfZ",
    "8": "sSBaeg",
    "9": "gqs",
}
_STROKES = frozenset("01")
_PLAIN = frozenset("oOlI|")
"""Letters that are a digit's very strokes; others are one only within a number."""

_OXYGEN = frozenset({"O2", "O3"})
_LITRES = re.compile(r"\d+l")
_MARKED = re.compile(r"\w[.,]\w")
_RUN = re.compile(r"\d(?:[\d.,:/'\u2019\u00b7-]*\d)?")
_UNIT = re.compile(
    r"(?:mc|[nµμmcdhkgt])?(?:g|l|m|s|v|a|w|wh|hz|pa|j|cal|mol|val|b|bar)|t|h|ha|min|iu|ie|dpi|px|pt|lbs?|oz|ft|yd",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"\W*\d+(?:st|nd|rd|th|d|s|h|er|re|e|[èe]me|n?ten?|ter|o|a)?\W*", re.IGNORECASE)


def of(word: str) -> str:
    """The digits of a word, and all else in it that has a number's value."""
    return "".join(character for character in word if character.isnumeric())


def against(before: str, after: str, mode: Digits) -> Reason | None:
    """Why the digits of ``before`` must not become those of ``after``, or None.

    ``LONE_DIGIT`` may be overruled: see ``may_be_letters`` and ``overrules``.
    """
    old, new = of(before), of(after)
    if mode == "free" or not (old or new):
        return None
    if mode == "protect" and old != new:
        return Reason.DIGITS_PROTECTED
    if before != after and of_a_code(before, after):
        return Reason.LETTERS_OF_A_CODE
    if old == new:
        same = _letters(before) == _letters(after) and _skeleton(before) == _skeleton(after)
        return None if same else Reason.NUMBER
    return _confused(before, after, old, new) if old else Reason.NEW_DIGIT


def is_unit(word: str) -> bool:
    """True for what stands behind numbers as their unit."""
    return bool(_UNIT.fullmatch(word))


def of_a_code(before: str, after: str) -> bool:
    """True where letters change in a word of capitals and digits that stays one: a number plate, an account, a part."""
    letters, digits = _letters(before), of(before)
    mixed = len(letters) >= CODE_PARTS and len(digits) >= CODE_PARTS and all(map(str.isupper, letters))
    return mixed and bool(of(after)) and any(map(str.isalpha, after))


def is_mended(before: str, after: str) -> bool:
    """True where digits among letters became letters."""
    return bool(of(before)) and not of(after) and len(of(before)) < len(_letters(before))


def may_be_letters(word: str) -> bool:
    """True where lone digits beside small letters are no number with a unit behind it: "0f", not "1s", "4" or "A4"."""
    letters = _letters(word)
    return bool(letters) and not all(map(str.isupper, letters)) and not _ORDINAL.fullmatch(word)


def overrules(mended: int, words: int) -> bool:
    """True where so many ``mended`` ones of a line's ``words`` say that its lone digits are letters, too."""
    return mended >= REPAIRED_WORDS and mended >= REPAIRED_SHARE * words


def _confused(before: str, after: str, old: str, new: str) -> Reason | None:
    if len(new) > len(old):
        return None if _made_digits(_bare(before), _bare(after)) else Reason.NEW_DIGIT
    if set(new) - set(old):
        return Reason.NEW_DIGIT if len(old) < len(_letters(before)) else Reason.NUMBER
    letters = _letters(before)
    if new or not _made_letters(before, after):
        return Reason.NUMBER
    name = len(letters) <= LONE_LETTERS and all(map(str.isupper, letters))
    if len(old) >= len(letters) or name or _ORDINAL.fullmatch(before):
        return Reason.LONE_DIGIT if len(before) == len(after) else Reason.NUMBER
    return None


def _made_digits(before: str, after: str) -> bool:
    """True where nothing but letters among digits became the digits that they look like."""
    if len(before) != len(after):
        return False
    changed = [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    known = {at for at, character in enumerate(before) if character.isdigit()}
    plain = all(character.isdigit() or character in _PLAIN for character in before)
    if (len(changed) > len(known) and not plain) or not known:
        return False
    if any(before[at] not in _AS_DIGIT.get(after[at], "") for at in changed):
        return False
    if before in _OXYGEN or _LITRES.fullmatch(before):
        return False
    if not _MARKED.search(before) and any(before[at] not in _PLAIN for at in (0, len(before) - 1) if at in changed):
        return False
    waiting = set(changed)
    while near := {at for at in waiting if at - 1 in known or at + 1 in known or _over_a_mark(before, at, known)}:
        known |= near
        waiting -= near
    return not waiting


def _over_a_mark(word: str, at: int, known: set[int]) -> bool:
    """True where a decimal point or the like stands between ``at`` and a digit."""
    return any(at + 2 * step in known and word[at + step] in ".,:/-" for step in (-1, 1) if 0 <= at + step < len(word))


def _made_letters(before: str, after: str) -> bool:
    """True where each digit became a letter that it looks like, or a stroke of one."""
    for operation in Levenshtein.opcodes(before, after):
        gone = before[operation.src_start : operation.src_end]
        come = after[operation.dest_start : operation.dest_end]
        if operation.tag == "equal" or not of(gone):
            continue
        if not come or not all(character in _AS_LETTER for character in of(gone)):
            return False
        paired = zip(gone, come, strict=True) if len(gone) == len(come) else ((each, "") for each in gone)
        for old, new in paired:
            strokes = old in _STROKES or old not in _AS_LETTER
            if not strokes and historical_spelling.plain(new)[:1] not in [*_AS_LETTER[old]]:
                return False
    return True


def _letters(word: str) -> str:
    return "".join(filter(str.isalpha, word))


def _skeleton(word: str) -> list[str]:
    """A word's numbers with the marks inside them and the signs before them."""
    bare = _bare(word)
    signs = [character for character in bare if character in "+%\u2030£$€¥¢" and of(bare)]
    signs += [character for character in word if character in "<>=\u2264\u2265±"]
    minus = ["-"] if re.match(r"\W*[-\u2212.]\d", word) else []
    return [*_RUN.findall(bare), *signs, *minus]


def _bare(word: str) -> str:
    """A word without the marks around it."""
    return re.sub(r"^[^\w£$€¥]+|[^\w%£$€¥]+$", "", word)
