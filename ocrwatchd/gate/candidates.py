"""Turn groups of words that differ into candidates: edits with what speaks for or against each.

No edit spans a line break, a tab or a run of spaces: line breaks and spacing are the source's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.model import Edit
from ocrwatchd.gate import align, digits, historical_spelling, protected_words, rules
from ocrwatchd.gate.candidate import LEFT_OUT, OVER_A_BREAK, PUT_IN, STRAY, Candidate, apart
from ocrwatchd.gate.confidence import Confidence
from ocrwatchd.gate.rules import Doubt, Verdict
from ocrwatchd.gate.verdicts import knows_nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocrwatchd.gate.align import Group, Span
    from ocrwatchd.gate.verdicts import Evidence, Policy

JOINED_CHARACTERS = 1
"""Two words that only lose the space between them are joined if one of them is a splinter no longer than this."""

SWALLOWED = 2
"""A joined word that is nearer to one of its halves by so many letters has swallowed the other."""

_DRAWN_MARKS = frozenset("|!1[]{}\\/\u00a1\u00a6")
"""Marks that are as often a letter's stroke."""


class Candidates:
    """What a proposal would change, over one source.

    Args:
        source: the text as recognised.
        before: its words.
        after: the proposed text's words.
        policy: what counts as a repair.
        evidence: how sure the engine was of its words.
    """

    def __init__(
        self, source: str, before: Sequence[Span], after: Sequence[Span], policy: Policy, evidence: Evidence
    ) -> None:
        self._source = source
        self._before = before
        self._after = after
        self._policy = policy
        self._knows = evidence.knows
        self._speaks = evidence.knows is not knows_nothing
        self._confidence = Confidence(evidence.words, policy.sure_confidence)

    def of(self, groups: Iterable[Group]) -> Iterator[Candidate]:
        """Yield the candidates of all groups, in order of offset, those that would be admitted not overlapping."""
        return apart(each for group in groups for each in self._in(group))

    def _in(self, group: Group) -> Iterator[Candidate]:
        old = self._before[group.first : group.last]
        new = [span.text for span in self._after[group.proposed_first : group.proposed_last]]
        if not old:
            offset = self._before[group.first - 1].end if group.first else 0
            yield Candidate(Edit(offset, "", " ".join(new), PUT_IN), admitted=False)
        elif not new:
            yield from (self._dropped(word, at) for at, word in enumerate(old, group.first))
        elif len(old) == len(new) == 1:
            yield self._rewritten(old[0], new[0], group)
        elif len(old) == 2 and len(new) == 1:  # noqa: PLR2004 - a pair
            yield from self._joined(old[0], old[1], new[0])
        elif len(old) == 1:
            yield self._split(old[0], new)
        else:
            yield self._judged(old, " ".join(new), "too many words at once")

    def _rewritten(self, old: Span, new: str, group: Group | None = None) -> Candidate:
        if align.is_unspaced(old.text) and align.is_unspaced(new):
            return self._redrawn(old, new, group)
        if self._is_i(old, new):
            return self._judged([old], new, "", "similar word")
        judged = self._verdict(old, new)
        edit = Edit(old.start, old.text, new, judged.why or "similar word")
        return Candidate(edit, not judged.why, judged.doubt, self._in_old_marks(old, new, judged))

    def _in_old_marks(self, old: Span, new: str, judged: Verdict) -> Edit | None:
        """The same repair with the source's own marks around the word; None if those are not what differs."""
        plain = rules.in_the_marks_of(old.text, new)
        inside = rules.core(old.text)
        around = {*old.text.replace(inside, "", 1)}
        if (
            judged.doubt is not Doubt.TASTE
            or plain in (new, old.text)
            or _DRAWN_MARKS & around
            or self._is_known(inside)
        ):
            return None
        return None if self._verdict(old, plain).why else Edit(old.start, old.text, plain, "similar word")

    def _verdict(self, old: Span, new: str) -> Verdict:
        """Judge one word's change by its looks, by what is known of both words, and by what must not change at all."""
        guarded = protected_words.verdict(old.text, new, self._knows)
        if guarded.why and guarded.doubt is Doubt.NONE:
            return guarded
        sure, known = self._confidence.is_sure(old.start, old.end), self._is_known(old.text)
        judged = rules.verdict(old.text, new, self._policy, sure=sure)
        if not sure and self._is_excused(judged, old.text, new):
            judged = Verdict()
        if known and (not judged.why or judged.why in rules.FAR):
            return Verdict(protected_words.A_WORD, Doubt.NONE if sure else Doubt.TASTE)
        if not judged.why and digits.is_mended(old.text, new) and self._speaks and not self._is_known(new):
            return Verdict(protected_words.NO_WORD)
        return judged if judged.why else guarded

    def _is_known(self, word: str) -> bool:
        return protected_words.is_known(word, self._knows)

    def _is_excused(self, judged: Verdict, before: str, after: str) -> bool:
        """True where it is what a lexicon or a number says that was misread: "0f", "wi11", "lO0", "méme"."""
        if judged.why == "too different":
            return digits.is_round(before, after)
        if self._is_known(before) or not self._is_known(after):
            return False
        if judged.doubt is Doubt.UNPRINTED:
            return historical_spelling.is_misread_accent(rules.core(before), rules.core(after))
        return judged.why == digits.LONE and digits.is_drawn(before, after)

    def _is_i(self, old: Span, new: str) -> bool:
        """True where a lone stroke is the word "I": before another word, and beside no number, where it is a litre."""
        line, rest = self._source[: old.start].rpartition("\n")[2], self._source[old.end :].partition("\n")[0]
        left, right = line.split()[-1:], rest.split()[:1]
        beside = "".join(left + right)
        return protected_words.is_i(old.text, new) and bool(right) and right[0].isalpha() and not digits.of(beside)

    def _redrawn(self, old: Span, new: str, group: Group | None) -> Candidate:
        """One character for another, in a script without spaces: a repair if its neighbours are vouched for."""
        why = protected_words.verdict(old.text, new, self._knows).why or rules.against(old.text, new, self._policy)
        if not why and self._confidence.is_sure(old.start, old.end):
            why = "read with confidence"
        if not why and not (group and self._is_vouched(group)):
            why = "too different"
        return self._judged([old], new, why, "similar character")

    def _is_vouched(self, group: Group) -> bool:
        """True where the words on both sides are the same in source and proposal; a text's end is as good."""
        first, last, proposed_first, proposed_last = group
        left = first == 0 == proposed_first or (
            first > 0 < proposed_first and self._before[first - 1].text == self._after[proposed_first - 1].text
        )
        ends = last == len(self._before) and proposed_last == len(self._after)
        right = ends or (
            last < len(self._before)
            and proposed_last < len(self._after)
            and self._before[last].text == self._after[proposed_last].text
        )
        return left and right and len(self._before) > 1

    def _split(self, old: Span, new: Sequence[str]) -> Candidate:
        spaced, joined = " ".join(new), "".join(new)
        if not all(rules.has_letter(word) for word in new):
            # The model's spaces around a mark are taste; its letters may be a repair all the same.
            judged = self._verdict(old, joined) if joined != old.text else Verdict("spacing only")
            edit = Edit(old.start, old.text, joined if not judged.why else spaced, judged.why or "similar word")
            return Candidate(edit, not judged.why, judged.doubt if not judged.why else Doubt.NONE)
        why = self._of_a_number(old.text) or rules.against(old.text, joined, self._policy, spacing=True)
        far = rules.distance(old.text, joined, self._policy) if not why else Verdict()
        if not why and any(map(align.is_unspaced, spaced)):
            why = "spacing only"
        if not why and any(rules.core(word) == rules.core(old.text) for word in new):
            why = PUT_IN
        if not why and any(rules.ends_hyphenated(word) for word in new[:-1]):
            why = "spacing only"
        if not why and self._is_known(old.text):
            why = protected_words.A_WORD
        why = why or self._unsure([old], joined) or self._guarded(old.text, joined)
        if not why and not far.why and self._speaks and not all(map(self._is_known, new)):
            far = Verdict(protected_words.NO_WORD, Doubt.TASTE)
        return self._judged([old], spaced, why or far.why, "words run together", Doubt.NONE if why else far.doubt)

    def _joined(self, first: Span, second: Span, new: str) -> Iterator[Candidate]:
        gap = self._source[first.end : second.start]
        pure = first.text + second.text == new
        splinter = min(len(first.text), len(second.text)) <= JOINED_CHARACTERS or self._is_torn(first, second, new)
        if gap != " " or rules.ends_hyphenated(first.text) or (pure and not splinter):
            yield from self._keptapart(first, second, new)
            return
        together = first.text + second.text
        why = self._of_a_number(together) or rules.against(together, new, self._policy, spacing=True)
        far = rules.distance(together, new, self._policy) if not why else Verdict()
        if not why and not (rules.has_letter(first.text) and rules.has_letter(second.text)) and pure:
            why = "spacing only"
        if not why and _swallowed(first.text, second.text, new):
            why = LEFT_OUT
        if not why and self._is_known(first.text) and self._is_known(second.text):
            why = protected_words.A_WORD
        why = why or self._unsure((first, second), new) or self._guarded(together, new)
        if not why and not far.why and self._speaks and not self._is_known(new):
            far = Verdict(protected_words.NO_WORD, Doubt.TASTE)
        yield self._judged((first, second), new, why or far.why, "split word", Doubt.NONE if why else far.doubt)

    def _is_torn(self, first: Span, second: Span, new: str) -> bool:
        """True where neither half is a word and the whole is one."""
        halves = self._is_known(first.text) or self._is_known(second.text)
        return self._speaks and not halves and self._is_known(new)

    def _guarded(self, before: str, after: str) -> str:
        """What must not change where words are parted or joined; their letters may stay the same."""
        guarded = protected_words.verdict(before, after, self._knows) if before != after else Verdict()
        return guarded.why if guarded.doubt is Doubt.NONE else ""

    def _keptapart(self, first: Span, second: Span, new: str) -> Iterator[Candidate]:
        """Give back the break that the model took out of a word, and judge what it changed beside that."""
        whole = Edit(first.start, self._source[first.start : second.end], new, OVER_A_BREAK)
        if max(len(first.text) + len(second.text), len(new)) > rules.WORD_CHARACTERS:
            yield Candidate(whole, admitted=False)
            return
        hyphen = first.text[-1] if rules.ends_hyphenated(first.text) else ""
        head = first.text.removesuffix(hyphen)
        at = Levenshtein.editops(head + second.text, new)
        cut = len(head) + sum((op.tag == "insert") - (op.tag == "delete") for op in at if op.src_pos < len(head))
        parts = (new[:cut] + ("" if hyphen and new[:cut].endswith(hyphen) else hyphen), new[cut:])
        changed = [(old, part) for old, part in zip((first, second), parts, strict=True) if old.text != part]
        if not changed or not all(parts) or not all(rules.has_letter(part) for part in parts):
            yield Candidate(whole, admitted=False)
            return
        for old, part in changed:
            yield self._rewritten(old, part)

    def _dropped(self, word: Span, at: int) -> Candidate:
        start, end = word.start, word.end
        source = self._source
        odd = rules.is_letter(word.text) or rules.is_sign(word.text)
        stray = odd or (rules.is_stray(word.text) and not self._confidence.is_sure(start, end))
        doubtful = odd and not self._confidence.is_doubted(start, end)
        if doubtful and self._means_something(at):
            stray = False
        if source[end : end + 1] == " " and not source[end + 1 : end + 2].isspace() and end + 1 < len(source):
            end += 1
        elif source[start - 1 : start] == " " and not source[start - 2 : start - 1].isspace() and start > 1:
            start -= 1
        else:
            # No neighbour on its line: without it the line would be gone too.
            stray = False
        edit = Edit(start, source[start:end], "", STRAY if stray and not doubtful else LEFT_OUT)
        return Candidate(edit, stray and not doubtful, Doubt.STRAY if stray and doubtful else Doubt.NONE)

    def _means_something(self, at: int) -> bool:
        """True for what stands beside a number or a name: 10 g, Vitamin K, 2 x daily, John B Smith."""
        beside = [word.text for word in (*self._before[max(0, at - 1) : at], *self._before[at + 1 : at + 2])]
        return any(digits.of(word) or rules.core(word)[:1].isupper() for word in beside)

    def _judged(
        self, old: Sequence[Span], new: str, against: str, why: str = "", doubt: Doubt = Doubt.NONE
    ) -> Candidate:
        before = self._source[old[0].start : old[-1].end]
        return Candidate(Edit(old[0].start, before, new, against or why), not against, doubt)

    def _unsure(self, old: Sequence[Span], new: str) -> str:
        """Spacing alone is often misread; letters beside it are not where the engine was sure of every word."""
        together = "".join(span.text for span in old)
        sure = all(self._confidence.is_sure(span.start, span.end) for span in old)
        return "read with confidence" if sure and together != new else ""

    def _of_a_number(self, text: str) -> str:
        """Spaces within and beside numbers are the source's: they part thousands, and quantities from amounts."""
        return digits.NUMBER if self._policy.digits != "free" and digits.of(text) else ""


def _swallowed(first: str, second: str, new: str) -> bool:
    """True where one of two words was dropped, rather than joined to the other."""
    one, two, joined = rules.core(first), rules.core(second), rules.core(new)
    if not one or not two:
        return False
    together = Levenshtein.distance(one + two, joined)
    return min(Levenshtein.distance(one, joined), Levenshtein.distance(two, joined)) <= together - SWALLOWED
