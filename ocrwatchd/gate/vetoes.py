"""What no evidence overrules: addresses, digits, control tokens, tick boxes, styles of writing. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from ocrwatchd.core.reason import Reason
from ocrwatchd.gate import digits, historical_spelling
from ocrwatchd.gate.align import COMPARED_CHARACTERS
from ocrwatchd.gate.channel import misreading
from ocrwatchd.gate.glyph_similarity import likeness
from ocrwatchd.gate.words import core, has_letter, typed

if TYPE_CHECKING:
    from ocrwatchd.gate.proposals import Proposal
    from ocrwatchd.gate.verdicts import Policy

STRAY_CHARACTERS = 2
"""What stands alone may be dropped as a speck on the paper up to this length."""
STRAY_KINDS = 2
"""Longer runs without letters may be dropped if they mix so many different marks; leaders and rules repeat one."""
SHOUTED_LETTERS = 4
"""A word of so many capitals was printed in capitals."""

TICK_BOXES = frozenset("\u2610\u2611\u2612")
_ADDRESS = re.compile(r"@\w|://|\bwww\.|\w@", re.IGNORECASE)
_CONTROL = re.compile(r"<\||\|>|</?[A-Za-z_]+>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>")
_TELLING = frozenset({"Sc", "Sm", "So", "Lo", "Nl", "No"})
_MEANINGFUL = frozenset("«»&%§#@/\\|-\u2013\u2014\u2020\u2021\u2022*\u00b7")
_SCRATCHES = frozenset("\u00a6~^`\u00b4\u00a8")
"""Signs that nobody prints by themselves."""
_WORDS_OF_ONE_LETTER = frozenset("aioyuàéèóôAIOYUÀÉÈÓÔ")
_SHAPES = {"insert": Reason.INSERTED, "break": Reason.OVER_A_BREAK, "many": Reason.TOO_MANY_WORDS}


def against(proposal: Proposal, after: str, policy: Policy) -> Reason | None:
    """Why ``after`` must not take the proposal's place, or None.

    Args:
        proposal: what stands there, and in what shape it changes.
        after: one of its ways.
        policy: what the settings allow.
    """
    before = proposal.before
    if proposal.shape in _SHAPES:
        return Reason.DROPPED if proposal.ways == ("",) else _SHAPES[proposal.shape]
    if proposal.shape == "drop":
        return None if _is_speck(before.strip()) else Reason.DROPPED
    return Reason.SPACING if before == after else _of_signs(before, after) or _of_writing(proposal, after, policy)


def _of_signs(before: str, after: str) -> Reason | None:
    if max(len(before), len(after)) > COMPARED_CHARACTERS:
        return Reason.TOO_DIFFERENT
    if [sign for sign in before if sign in TICK_BOXES] != [sign for sign in after if sign in TICK_BOXES]:
        return Reason.TICK_BOX
    if not _is_text(after) or (_CONTROL.search(after) and not _CONTROL.search(before)):
        return Reason.NOT_TEXT
    if _ADDRESS.search(before) or _ADDRESS.search(after):
        return Reason.ADDRESS
    return None


def _of_writing(proposal: Proposal, after: str, policy: Policy) -> Reason | None:
    before = proposal.before
    if proposal.shape == "join" and not all(map(has_letter, before.split())) and before.replace(" ", "") == after:
        return Reason.SPACING
    return _of_digits(proposal, after, policy) or _of_style(before, after) or _of_distance(before, after, policy)


def _of_digits(proposal: Proposal, after: str, policy: Policy) -> Reason | None:
    before = proposal.before
    if proposal.shape != "word" and policy.digits != "free" and digits.of(before):
        # Spaces within and beside numbers part thousands, and quantities from amounts.
        return Reason.NUMBER
    return digits.against(before.replace(" ", ""), after.replace(" ", ""), policy.digits)


def _of_style(before: str, after: str) -> Reason | None:
    """Refuse what an editor would do to a text that was read right."""
    if typed(before) == typed(after):
        return Reason.QUOTES_OR_DASHES
    old, new = core(before), core(after)
    if old != new and old.lower() == new.lower():
        return Reason.NEW_CAPITAL if _capitals(new) >= _capitals(old) else None
    if len(new) > 1 and _capitals(new) > _capitals(old) + 1:
        return Reason.NEW_CAPITAL
    parted = " " in after and historical_spelling.is_modernised(before.replace("-", ""), after.replace(" ", ""))
    # Whether accents come and go is asked elsewhere: the page may say.
    changed = old != new and not historical_spelling.same_letters(old, new)
    if changed and (parted or historical_spelling.is_modernised(before, after)):
        return Reason.OTHER_SPELLING
    if _capitals(old) >= SHOUTED_LETTERS and old.isupper() and not new.isupper():
        return Reason.CAPITALS
    return None


def _of_distance(before: str, after: str, policy: Policy) -> Reason | None:
    """Refuse more changes than recognition makes, counted in letters and in the strokes of letters."""
    old, new = core(before) or before, core(after) or after
    if len(old) == len(new) == 1:
        return None
    places = misreading(old, new).places
    share = min(places / max(len(old), len(new)), 1 - likeness(old, new))
    return Reason.TOO_DIFFERENT if places > policy.max_changed or share > policy.max_rewrite else None


def _is_speck(word: str) -> bool:
    """True for what may be dirt: a letter that is no word, or marks without a meaning of their own."""
    if len(word) == 1 and word.isalpha() and unicodedata.category(word) != "Lo" and word not in _WORDS_OF_ONE_LETTER:
        return True
    if has_letter(word) or any(character.isnumeric() or _tells(character) for character in word):
        return False
    return _MEANINGFUL.isdisjoint(word) if len(word) <= STRAY_CHARACTERS else len(set(word)) >= STRAY_KINDS


def _tells(character: str) -> bool:
    return unicodedata.category(character) in _TELLING and character not in _SCRATCHES


def _is_text(word: str) -> bool:
    return not any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} or character == "\ufffd"
        for character in word.replace("\u00ad", "").replace("\u200c", "").replace("\u200d", "")
    )


def _capitals(word: str) -> int:
    return sum(map(str.isupper, word))
