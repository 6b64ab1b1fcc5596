"""What speaks against taking one word for another, and what a word is made of. Pure functions over single words."""

from __future__ import annotations

import enum
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate import digits, historical_spelling
from ocrwatchd.gate.glyph_similarity import changes, ink, is_lookalike, likeness

if TYPE_CHECKING:
    from ocrwatchd.gate.verdicts import Policy

ALIKE = 0.6
"""In a text that was read badly, words whose strokes are alike to this degree may differ in any number of letters."""

INK_STROKES = 2
"""In a text that was read well, a word may gain or lose so many strokes."""

LITTLE = 0.25
"""A change of so small a share of a word's letters needs no likeness."""

WORD_CHARACTERS = 120
"""A longer run is no word; nothing in it is judged, so that the work stays bounded."""

STRAY_CHARACTERS = 2
"""What stands alone may be dropped as a speck on the paper up to this length."""

STRAY_KINDS = 3
"""Longer runs without letters may be dropped if they mix so many different marks; leaders and rules repeat one."""

SHOUTED_LETTERS = 4
"""A word of so many capitals was printed in capitals."""

TICK_BOXES = frozenset("\u2610\u2611\u2612")
"""Empty, ticked and crossed: what a page says by them, no word beside them tells."""

_WORDS_OF_ONE_LETTER = frozenset("aioyuàéèóôAIOYUÀÉÈÓÔ")
_HYPHENS = frozenset("-\u00ac\u00ad\u2010\u2011")
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_QUOTES = dict.fromkeys(
    map(ord, '"`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033«»\u2039\u203a'), "'"
)
_STYLE = _DASHES | _QUOTES | {ord("\u2026"): "..."}
_ORDINARY = frozenset(".,;:!?'\"()[]-\u00ac\u2013\u2014\u2026\u2018\u2019\u201a\u201c\u201d\u201e«»\u2039\u203a¿¡")
_STOPS = frozenset(".,;:")
_MISREAD_STOPS = frozenset("«»\u2039\u203a")
_ADDRESS = re.compile(r"@\w|://|\bwww\.|\w@", re.IGNORECASE)
_CONTROL = re.compile(r"<\||\|>|</?[A-Za-z_]+>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>")
_TELLING = frozenset({"Sc", "Sm", "So", "Lo", "Nl", "No"})
_MEANINGFUL = frozenset("&%§#@/\\|-\u2013\u2014\u2020\u2021\u2022*\u00b7")
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


ACCENTS = "accents or old letters only"
FAR = frozenset({"too different", "not alike"})
TASTES = frozenset(
    {
        "quotes or dashes only",
        ACCENTS,
        "another spelling",
        "capitals only",
        "a new capital",
    }
)
"""Reasons against what an editor would do to a text, however well it was read."""


class Doubt(enum.Enum):
    """What would have to speak for a change that is refused otherwise."""

    NONE = enum.auto()
    """Nothing can, or nothing needs to."""
    TASTE = enum.auto()
    """It mends a text that was read badly, and is taste in one that was read well."""
    UNPRINTED = enum.auto()
    """The word is printed so elsewhere in a text that was read badly: accents get lost."""
    STRAY = enum.auto()
    """A letter or a sign that stands alone is a speck in a text that was read badly."""
    LONE_DIGIT = enum.auto()
    """Digits were taken for letters in other words of its line."""


_OVERRULED = {digits.LONE: Doubt.LONE_DIGIT, ACCENTS: Doubt.UNPRINTED}


class Verdict(NamedTuple):
    """Why a change is refused, or ""; and what would overrule that."""

    why: str = ""
    doubt: Doubt = Doubt.NONE


def verdict(before: str, after: str, policy: Policy, *, sure: bool = False) -> Verdict:
    """Judge one word's change.

    Args:
        before: as recognised.
        after: as proposed.
        policy: what counts as a repair.
        sure: the word was read with confidence.
    """
    why = against(before, after, policy)
    if why:
        return Verdict(why, _OVERRULED.get(why, Doubt.NONE))
    far = distance(before, after, policy)
    if far.why:
        return Verdict("read with confidence") if sure else far
    doubtful = _taste(before, after)
    if sure and (doubtful or not is_lookalike(core(before), core(after))):
        return Verdict("read with confidence")
    return Verdict(doubtful, Doubt.TASTE) if doubtful else Verdict()


def against(before: str, after: str, policy: Policy, *, spacing: bool = False) -> str:
    """Why ``before`` must not become ``after``, or "".

    Args:
        before: as recognised.
        after: as proposed.
        policy: what counts as a repair.
        spacing: the words differ in their spacing too, so that equal characters are no objection.
    """
    if before == after:
        return "" if spacing else "nothing changed"
    if max(len(before), len(after)) > WORD_CHARACTERS:
        return "too different"
    if [sign for sign in before if sign in TICK_BOXES] != [sign for sign in after if sign in TICK_BOXES]:
        return "tick box"
    if not _is_text(after) or (_CONTROL.search(after) and not _CONTROL.search(before)):
        return "not text"
    if _ADDRESS.search(before) or _ADDRESS.search(after):
        return "address"
    return digits.against(before, after, policy.digits) or _style(before, after) or _letters(before, after)


def distance(before: str, after: str, policy: Policy) -> Verdict:
    """Judge by how much changes: more than recognition would misread is refused, unless it looks alike."""
    if Levenshtein.distance(before, after, score_cutoff=policy.max_changed) > policy.max_changed:
        return Verdict("too different")
    if rewritten(core(before) or before, core(after) or after) > policy.max_rewrite:
        return Verdict("too different", Doubt.TASTE if _is_alike(before, after) else Doubt.NONE)
    return Verdict()


def rewritten(before: str, after: str) -> float:
    """The share of characters that change; letters run together into another one, or torn, are one change."""
    return changes(before, after) / max(len(before), len(after), 1)


def core(word: str) -> str:
    """A word without the marks around it; "" if it is nothing but marks."""
    return _AROUND.sub("", word)


def in_the_marks_of(before: str, after: str) -> str:
    """``after`` without its own marks and with those of ``before``."""
    old, new = core(before), core(after)
    if not old or not new:
        return after
    first = before.index(old)
    return before[:first] + new + before[first + len(old) :]


def has_letter(word: str) -> bool:
    """True where a word has at least one letter or digit."""
    return any(character.isalnum() for character in word)


def ends_hyphenated(word: str) -> bool:
    """True where a word breaks off with a hyphen."""
    return len(word) > 1 and word[-1] in _HYPHENS


def is_letter(word: str) -> bool:
    """True where a word is a single letter that is no word by itself: a speck, an initial, a unit, a grade."""
    return len(word) == 1 and word.isalpha() and word not in _WORDS_OF_ONE_LETTER


def is_sign(word: str) -> bool:
    """True for a sign such as a tick or a cross: often how recognition reads a speck; a tick box was measured."""
    return (
        TICK_BOXES.isdisjoint(word)
        and len(word) <= STRAY_CHARACTERS
        and any(unicodedata.category(character) == "So" and _tells(character) for character in word)
    )


def is_stray(word: str) -> bool:
    """True where marks that stand alone may be a speck: no letter, no digit, no sign with a meaning of its own."""
    if any(character.isnumeric() or _tells(character) for character in word):
        return False
    if has_letter(word):
        return False
    if len(word) <= STRAY_CHARACTERS:
        return _MEANINGFUL.isdisjoint(word)
    return len(set(word)) >= STRAY_KINDS


def _tells(character: str) -> bool:
    # A broken bar is a scratch: nobody prints one.
    return unicodedata.category(character) in _TELLING and character != "\u00a6"


def _is_text(word: str) -> bool:
    return not any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} or character == "\ufffd"
        for character in word.replace("\u00ad", "").replace("\u200c", "").replace("\u200d", "")
    )


def _style(before: str, after: str) -> str:
    if before.translate(_STYLE) == after.translate(_STYLE):
        return "quotes or dashes only"
    return ""


def _letters(before: str, after: str) -> str:
    old, new = core(before), core(after)
    if old != new and old.lower() == new.lower():
        return _capitals(old, new)
    if old != new and historical_spelling.same_letters(old, new):
        return ACCENTS
    if historical_spelling.is_modernised(before, after):
        return "another spelling"
    if sum(map(str.isupper, old)) >= SHOUTED_LETTERS and old.isupper() and not new.isupper():
        return "capitals only"
    return ""


def _capitals(before: str, after: str) -> str:
    """A model likes to begin with a capital; recognition rather invents them than loses them."""
    if sum(map(str.isupper, after)) >= sum(map(str.isupper, before)):
        return "a new capital"
    if len(before) > 1 and before[1:] == after[1:]:
        # Nouns had capitals once, and have them in German; only the stem of an "I" is misread into one.
        return "" if before[0] in "IJ" else "capitals only"
    return "capitals only" if before.isupper() or len(before) == 1 else ""


def _taste(before: str, after: str) -> str:
    """What a repair might be as well as an editor's taste, or ""."""
    old, new = core(before), core(after)
    marks, new_marks = _outside(before, old), _outside(after, new)
    odd = not _ORDINARY.issuperset(marks + new_marks) or (_MISREAD_STOPS & set(marks) and _STOPS & set(new_marks))
    if old == new:
        return "" if odd else "marks only"
    if re.sub(r"\W", "", old) == re.sub(r"\W", "", new):
        return "marks only"
    if old.startswith(new) or new.startswith(old):
        return "another ending"
    if (rewritten(old, new) > LITTLE and likeness(old, new) < ALIKE) or ink(old, new) > INK_STROKES:
        return "not alike"
    return "" if odd or marks == new_marks else "marks too"


def _is_alike(before: str, after: str) -> bool:
    return likeness(core(before) or before, core(after) or after) >= ALIKE


def _outside(word: str, inside: str) -> str:
    return word.replace(inside, "", 1) if inside else word
