"""The gate: the model proposes, this decides.

A proposal is compared with its source word by word; what looks like the repair of a misread word is admitted, all
else is refused, each with its reason. Line breaks and spacing are the source's: no edit spans a line break, a tab or a
run of spaces. Pure: no input, no output, nothing kept; it sees document text and so never logs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Edit
from ocrwatchd.gate import account_numbers, align, digits, protected_words, rules, whole_answer
from ocrwatchd.gate.candidate import LEFT_OUT, PUT_IN, STRAY, Candidate
from ocrwatchd.gate.candidates import Candidates
from ocrwatchd.gate.rules import Doubt
from ocrwatchd.gate.verdicts import Admitted, Digits, Evidence, Policy, apply, knows_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ocrwatchd.gate.align import Group, Span

__all__ = ["Admitted", "Digits", "Evidence", "Policy", "admit", "apply"]

_POLICY = Policy()
_EVIDENCE = Evidence()

DIRTY_SHARE = 0.01
DIRTY_WORDS = 3
"""A text was read badly where so many words, and so large a share, had letters mended beyond doubt; and more of them
than the model would restyle."""

PRINTED_LETTERS = 4
"""Shorter words mean something else without their accents: où, là, für."""

REDRAWN_CHARACTERS = 2
REDRAWN_SHARE = 0.2
"""More characters and a larger share changed, in a script without spaces, are another way of writing, not repairs."""


def admit(source: str, proposed: str, policy: Policy = _POLICY, evidence: Evidence = _EVIDENCE) -> Admitted:
    """Let those of the proposed changes in that look like repairs of misread words.

    Args:
        source: the text as recognised.
        proposed: the model's answer, without what stood around it (see ``answer_text``), whatever that is.
        policy: what counts as a repair.
        evidence: what else is known.
    """
    if whole_answer.outgrown(source, proposed):
        longer = "the answer is longer than its text"
        return Admitted(source, (), (Edit(0, "", proposed, longer),), longer)
    before, after = align.words(source), align.words(proposed)
    groups = list(align.differences([word.text for word in before], [word.text for word in after]))
    candidates = list(Candidates(source, before, after, policy, evidence).of(groups))
    objection = "" if evidence.finished else "the answer did not end"
    objection = objection or _objection(before, after, proposed, groups, candidates)
    if objection:
        return Admitted(source, (), tuple(replace(each.edit, why=objection) for each in candidates), objection)
    candidates = _overruled(candidates, before, source, evidence)
    candidates = _with_accounts_kept(source, _with_script_kept(candidates, before))
    edits = tuple(each.edit for each in candidates if each.admitted)
    refused = tuple(each.edit for each in candidates if not each.admitted)
    return Admitted(apply(source, edits), edits, refused)


def _objection(
    before: Sequence[Span],
    after: Sequence[Span],
    proposed: str,
    groups: Sequence[Group],
    candidates: Sequence[Candidate],
) -> str:
    changed = sum(group.last - group.first for group in groups)
    likely = [each.edit for each in candidates if each.admitted or each.doubt is not Doubt.NONE]
    vouched = len(before) - changed + sum(len(align.words(edit.before)) for edit in likely)
    strange = sum(
        max(len(align.words(each.edit.before)), len(align.words(each.edit.after)))
        for each in candidates
        if not each.admitted and each.edit.why in {"too different", "too many words at once", PUT_IN, LEFT_OUT}
    )
    words, answer = [word.text for word in before], [word.text for word in after]
    return whole_answer.objection(words, answer, proposed, vouched=vouched, strange=strange)


def _overruled(
    candidates: Sequence[Candidate], before: Sequence[Span], source: str, evidence: Evidence
) -> list[Candidate]:
    """Decide what single words left in doubt, by what became of the words around them."""
    dirty = _is_dirty(candidates, len(before), evidence)
    lines = _Lines(source, before, candidates)
    printed = Counter(rules.core(word.text).lower() for word in before)
    decided: list[Candidate] = []
    for each in candidates:
        admitted, edit = each.admitted, each.edit
        if each.doubt is Doubt.TASTE and dirty:
            admitted, edit = True, replace(edit, why="similar word")
        elif each.doubt is Doubt.STRAY and dirty:
            admitted, edit = True, replace(edit, why=STRAY)
        elif each.doubt is Doubt.LONE_DIGIT and lines.overrule(edit.offset):
            admitted, edit = True, replace(edit, why="digits among letters")
        elif each.doubt is Doubt.UNPRINTED and dirty and _is_printed(edit, printed):
            admitted, edit = True, replace(edit, why="as printed elsewhere")
        elif not admitted and each.otherwise is not None:
            admitted, edit = True, each.otherwise
        decided.append(Candidate(edit, admitted))
    return decided


def _is_dirty(candidates: Sequence[Candidate], words: int, evidence: Evidence) -> bool:
    mended = sum(
        (each.admitted or each.otherwise is not None) and _is_mended(each.edit, evidence.knows) for each in candidates
    )
    taste = sum(each.edit.why in rules.TASTES for each in candidates)
    return mended >= max(DIRTY_WORDS, DIRTY_SHARE * words, taste)


def _is_mended(edit: Edit, knows: Callable[[str], bool]) -> bool:
    """True where a word was misread for certain: it was none, and is one now."""
    if rules.core(edit.before).lower() == rules.core(edit.after).lower():
        return False
    if knows is knows_nothing:
        # Names are what a model would rather have otherwise.
        return not rules.core(edit.before)[:1].isupper()
    before, after = (
        all(protected_words.is_known(word, knows) for word in words.split()) for words in (edit.before, edit.after)
    )
    return after and not before


def _is_printed(edit: Edit, printed: Counter[str]) -> bool:
    """True where the page has the proposed word itself, and not more rarely than the one that was recognised."""
    before, after = rules.core(edit.before).lower(), rules.core(edit.after).lower()
    return len(after) >= PRINTED_LETTERS and printed[after] >= max(1, printed[before])


class _Lines:
    """How many words of each line had digits in them mended."""

    def __init__(self, source: str, before: Sequence[Span], candidates: Sequence[Candidate]) -> None:
        self._breaks = [at for at, character in enumerate(source) if character == "\n"]
        self._words = Counter(self._line(word.start) for word in before)
        self._mended = Counter(
            self._line(each.edit.offset)
            for each in candidates
            if each.admitted and digits.is_mended(each.edit.before, each.edit.after)
        )

    def overrule(self, offset: int) -> bool:
        """True where a line's other words say that a digit at ``offset`` is a letter."""
        line = self._line(offset)
        return digits.overrules(self._mended[line], self._words[line])

    def _line(self, offset: int) -> int:
        return bisect_left(self._breaks, offset)


def _with_script_kept(candidates: Sequence[Candidate], before: Sequence[Span]) -> list[Candidate]:
    """Refuse all changed characters of a script without spaces where they are many: simplified, not repaired."""
    redrawn = sum(align.is_unspaced(each.edit.before) and bool(each.edit.after) for each in candidates)
    characters = sum(align.is_unspaced(word.text) for word in before)
    if redrawn <= max(REDRAWN_CHARACTERS, REDRAWN_SHARE * characters):
        return list(candidates)
    return [
        Candidate(replace(each.edit, why="another way of writing"), admitted=False)
        if each.admitted and align.is_unspaced(each.edit.before)
        else each
        for each in candidates
    ]


def _with_accounts_kept(source: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep account numbers as they are, but for repairs after which the checksum holds."""
    kept = list(candidates)
    for account in account_numbers.accounts(source):
        touching = [
            at
            for at, each in enumerate(kept)
            if each.edit.offset < account.end and each.edit.offset + len(each.edit.before) > account.start
        ]
        if not any(kept[at].admitted for at in touching):
            continue
        edits = [kept[at].edit for at in touching if kept[at].admitted]
        inside = all(account.start <= edit.offset and edit.offset + len(edit.before) <= account.end for edit in edits)
        moved = [replace(edit, offset=edit.offset - account.start) for edit in edits]
        mended = inside and account_numbers.is_iban(apply(source[account.start : account.end], moved))
        if account.valid or not mended:
            for at in touching:
                kept[at] = Candidate(replace(kept[at].edit, why="account number"), admitted=False)
    return kept
