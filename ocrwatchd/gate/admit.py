"""The gate: the model proposes, this decides.

A proposal is cut into edits of single words; each is judged by what speaks for it and against it, and few things are
never let in. Line breaks and spacing are the source's: no edit spans a line break, a tab or a run of spaces. Pure: no
input, no output, nothing kept; it sees document text and so never logs.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.gate import account_numbers, align, digits, unspaced, vetoes, whole_answer
from ocrwatchd.gate.confidence import Confidence
from ocrwatchd.gate.glyph_similarity import is_lookalike
from ocrwatchd.gate.historical_spelling import is_misread_accent, same_letters
from ocrwatchd.gate.judge import CLEAN, Judgement, judged, on_page
from ocrwatchd.gate.neighbours import LEAST
from ocrwatchd.gate.proposals import proposals
from ocrwatchd.gate.quantities import Page
from ocrwatchd.gate.verdicts import Admitted, Digits, Evidence, Judged, Policy, apply, shifted
from ocrwatchd.gate.words import core

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ocrwatchd.gate.align import Span
    from ocrwatchd.gate.proposals import Proposal

__all__ = ["Admitted", "Digits", "Evidence", "Policy", "admit", "apply"]

_POLICY = Policy()
_EVIDENCE = Evidence()

REASONS = {
    "word": Reason.SIMILAR_WORD,
    "split": Reason.WORDS_RUN_TOGETHER,
    "join": Reason.SPLIT_WORD,
    "drop": Reason.STRAY_MARK,
}
"""Why an edit is let in, by its shape."""
AGAINST = {
    "looks": Reason.TOO_DIFFERENT,
    "words": Reason.NO_LIKELIER_WORD,
    "rivals": Reason.LIKELIER_WORD,
    "document": Reason.PRINTED_ELSEWHERE,
    "marks": Reason.MARKS,
    "source": Reason.TOO_LITTLE,
}
"""Why one is refused, by the term that speaks most against it; of "kind" by its shape."""
UNLIKELY = -3.0
"""ln of the share of all words that a misread one may be, below which a proposed one is another word."""
NEAR, FURTHER = 4.75, 6.0
"""On a page that was read badly the same holds where a misreading of the likeliest other word costs no more nats than
this; each further one lowers the bound by so many."""
_STROKES = frozenset("l|!")
STRANGE = frozenset({Reason.TOO_DIFFERENT, Reason.INSERTED, Reason.DROPPED, Reason.OVER_A_BREAK, Reason.TOO_MANY_WORDS,
                     Reason.LIKELIER_WORD})  # fmt: skip
"""Refusals for what is no repair of the words that stand there, but other words."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of a proposal: what shall stand there, what forbids it, what was measured of it."""

    after: str
    veto: Reason | None
    told: Mapping[str, float]


def admit(source: str, proposed: str, policy: Policy = _POLICY, evidence: Evidence = _EVIDENCE) -> Admitted:
    """Let those of the proposed changes in that are more likely repairs of misread words than not.

    Args:
        source: the text as recognised.
        proposed: the model's answer, without what stood around it (see ``answer_text``), whatever that is.
        policy: what counts as a repair.
        evidence: what else is known.
    """
    if whole_answer.outgrown(source, proposed):
        return Admitted(source, (), (Edit(0, "", proposed, Reason.ANSWER_LONG),), Reason.ANSWER_LONG)
    return Sheet(source, proposed, policy, evidence).admitted()


class Sheet:
    """A source, what is proposed for it, and all by which that is decided."""

    def __init__(self, source: str, proposed: str, policy: Policy, evidence: Evidence) -> None:
        self._source, self._proposed = source, proposed
        self._policy, self._evidence = policy, evidence
        self._before, self._after = align.words(source), align.words(proposed)
        old, new = [word.text for word in self._before], [word.text for word in self._after]
        self._groups = list(align.differences(old, new))
        self._proposals = list(proposals(source, self._before, self._after, self._groups))
        self._page = Page(old, evidence.lexicon or lexicon(()))
        self._confidence = Confidence(evidence.words, policy.sure_confidence)
        self._lines = _Lines(source, self._before, self._proposals)

    def admitted(self) -> Admitted:
        """Judge all edits, then the answer as a whole."""
        found = [self._decided(*each) for each in self.measured()]
        found = unspaced.kept(self._with_accounts_kept(_apart(found)), [word.text for word in self._before])
        objection = self._objection(found) if self._evidence.finished else Reason.ANSWER_UNFINISHED
        if objection:
            refused = tuple(replace(each.edit, why=objection) for each in found)
            return Admitted(self._source, (), refused, objection)
        edits = tuple(each.edit for each in found if each.admitted)
        refused = tuple(each.edit for each in found if not each.admitted)
        return Admitted(apply(self._source, edits), edits, refused)

    def measured(self) -> list[tuple[Proposal, list[Way]]]:
        """Each proposal with its ways and what was measured of them."""
        ways = [list(self._ways(each)) for each in self._proposals]
        noise = self._page.noise([[way.told for way in each if way.told] for each in ways])
        return [
            (proposal, [self._on_page(proposal, way, level) for way in each])
            for proposal, each, level in zip(self._proposals, ways, noise, strict=True)
        ]

    def _ways(self, proposal: Proposal) -> Iterator[Way]:
        for after in proposal.ways:
            veto = vetoes.against(proposal, after, self._policy)
            if veto is Reason.LONE_DIGIT and self._is_letter(proposal, after):
                veto = None
            veto = veto or self._unread(proposal, after)
            if veto or unspaced.is_character(proposal, after):
                yield Way(after, veto or unspaced.against(proposal, self._before, self._after), {})
            else:
                doubted = self._confidence.is_doubted(proposal.offset, proposal.offset + len(proposal.before))
                yield Way(after, None, self._page.measured(proposal, after, doubted=doubted))

    def _is_letter(self, proposal: Proposal, after: str) -> bool:
        """True where lone digits are letters: the whole is a word, or its line has digits in its other words mended."""
        drawn = digits.may_be_letters(proposal.before) and self._page.is_usual(core(after))
        return drawn or self._lines.overrule(proposal.offset)

    def _unread(self, proposal: Proposal, after: str) -> Reason | None:
        """Why the engine, the page or the words themselves say that the words were read right, or None."""
        before, end = proposal.before, proposal.offset + len(proposal.before)
        old = core(before)
        sure = self._confidence.is_sure(proposal.offset, end)
        if proposal.shape == "drop":
            # A bullet is often read as a point.
            bullet = before == ". " and not self._source[: proposal.offset].rpartition("\n")[2]
            return Reason.DROPPED if sure or bullet or (old and self._means_something(proposal)) else None
        unit = old != core(after) and digits.is_unit(old) and digits.of("".join(self._word_before(proposal)))
        return Reason.KNOWN_WORD if unit else self._of_words(proposal, after, sure=sure)

    def _of_words(self, proposal: Proposal, after: str, *, sure: bool) -> Reason | None:
        before, old, new = proposal.before, core(proposal.before), core(after)
        if before in _STROKES and after == "I":
            return None if self._is_pronoun(proposal) else Reason.KNOWN_WORD
        changed = before.replace(" ", "") != after.replace(" ", "")
        if sure and changed and (not is_lookalike(old, new) or self._page.is_usual(old)):
            return Reason.CONFIDENT
        if proposal.shape == "split" and self._page.is_usual(old):
            return Reason.KNOWN_WORD
        if old != new and same_letters(old, new) and old.lower() != new.lower():
            return None if is_misread_accent(old, new) or self._page.times(new) else Reason.ACCENTS
        return None

    def _is_pronoun(self, proposal: Proposal) -> bool:
        """True for a lone stroke before another word on its line, and beside no number, where it is a litre."""
        line = self._word_before(proposal)
        rest = self._source[proposal.offset + len(proposal.before) :].partition("\n")[0].split()[:1]
        return bool(rest) and rest[0].isalpha() and not digits.of("".join(line + rest))

    def _word_before(self, proposal: Proposal) -> list[str]:
        """The word before on its line, if there is one."""
        return self._source[: proposal.offset].rpartition("\n")[2].split()[-1:]

    def _means_something(self, proposal: Proposal) -> bool:
        """True for a letter beside a number or a name: 10 g, Vitamin K, 2 x daily, John B Smith."""
        first, last = proposal.group.first, proposal.group.last
        beside = [word.text for word in (*self._before[max(0, first - 1) : first], *self._before[last : last + 1])]
        return any(digits.of(word) or core(word)[:1].isupper() for word in beside)

    def _on_page(self, proposal: Proposal, way: Way, noise: float) -> Way:
        """A way as its page lets it be seen: a repair is a likely word, on a page that was read well the likeliest."""
        if not way.told:
            return way
        is_word = proposal.shape == "word" and proposal.before not in _STROKES
        if is_word and self._page.stands(proposal.before, way.after, clean=noise < CLEAN):
            return replace(way, veto=Reason.KNOWN_WORD, told={})
        share, rival = way.told.get("share", 0.0), way.told.get("rival", math.inf)
        least = UNLIKELY if noise < CLEAN else max(LEAST, UNLIKELY - FURTHER * max(0.0, rival - NEAR))
        if share <= LEAST or share < least:
            return replace(way, veto=Reason.LIKELIER_WORD, told={})
        return replace(way, told=on_page(way.told, noise))

    def _decided(self, proposal: Proposal, ways: Sequence[Way]) -> Judged:
        open_ways = [way for way in ways if not way.veto]
        if not open_ways and (veto := ways[0].veto):
            return Judged(Edit(proposal.offset, proposal.before, ways[0].after, veto), admitted=False)
        weighed = [(judged(way.told) if way.told else None, way) for way in open_ways]
        judgement, way = max(weighed, key=lambda each: each[0].sum if each[0] else 0.0)
        edit = Edit(proposal.offset, proposal.before, way.after, REASONS[proposal.shape])
        if judgement is None:
            return Judged(replace(edit, why=Reason.SIMILAR_CHARACTER), admitted=True)
        edit = replace(edit, terms=judgement.terms)
        if judgement.sum > 0:
            return Judged(edit, admitted=True)
        return Judged(replace(edit, why=_against(proposal, judgement)), admitted=False)

    def _objection(self, found: Sequence[Judged]) -> Reason | None:
        changed = sum(group.last - group.first for group in self._groups)
        kept = sum(len(each.edit.before.split()) for each in found if each.admitted or each.edit.why not in STRANGE)
        strange = sum(
            max(len(each.edit.before.split()), len(each.edit.after.split()))
            for each in found
            if not each.admitted and each.edit.why in STRANGE
        )
        words, answer = [word.text for word in self._before], [word.text for word in self._after]
        vouched = len(words) - changed + kept
        return whole_answer.objection(words, answer, self._proposed, vouched=vouched, strange=strange)

    def _with_accounts_kept(self, found: Iterable[Judged]) -> list[Judged]:
        """Keep account numbers as they are, but for repairs after which the checksum holds."""
        kept = list(found)
        for account in account_numbers.accounts(self._source):
            touching = [
                at
                for at, each in enumerate(kept)
                if each.edit.offset < account.end and each.edit.offset + len(each.edit.before) > account.start
            ]
            edits = [kept[at].edit for at in touching if kept[at].admitted]
            inside = all(
                account.start <= edit.offset and edit.offset + len(edit.before) <= account.end for edit in edits
            )
            number = apply(self._source[account.start : account.end], shifted(edits, -account.start))
            mended = inside and account_numbers.is_iban(number)
            if edits and (account.valid or not mended):
                for at in touching:
                    kept[at] = kept[at].refused(Reason.ACCOUNT_NUMBER)
        return kept


class _Lines:
    """How many words of each line had digits in them mended."""

    def __init__(self, source: str, before: Sequence[Span], found: Sequence[Proposal]) -> None:
        self._breaks = [at for at, character in enumerate(source) if character == "\n"]
        self._words = Counter(self._line(word.start) for word in before)
        self._mended = Counter(self._line(each.offset) for each in found if digits.is_mended(each.before, each.ways[0]))

    def overrule(self, offset: int) -> bool:
        """True where a line's other words say that a digit at ``offset`` is a letter."""
        line = self._line(offset)
        return digits.overrules(self._mended[line], self._words[line])

    def _line(self, offset: int) -> int:
        return bisect_left(self._breaks, offset)


def _against(proposal: Proposal, judgement: Judgement) -> Reason:
    if judgement.weakest != "kind":
        return AGAINST[judgement.weakest]
    if proposal.shape == "drop":
        return Reason.DROPPED
    same = core(proposal.before).lower() == core(proposal.ways[0]).lower()
    return Reason.SPACING if proposal.shape == "join" else Reason.CAPITALS if same else Reason.ACCENTS


def _apart(found: Sequence[Judged]) -> Iterator[Judged]:
    """Refuse what overlaps its forerunner: two dropped neighbours that claim one space between them."""
    done = 0
    for each in found:
        if each.admitted and each.edit.offset < done:
            yield each.refused(Reason.DROPPED)
            continue
        if each.admitted:
            done = each.edit.offset + len(each.edit.before)
        yield each
