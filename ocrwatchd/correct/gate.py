"""The gate: the model proposes, this decides.

A proposal is compared with its source word by word; what looks like the repair of a misread word is admitted, all
else is refused, each with its reason. Line breaks and spacing are the source's: no edit spans a line break, a tab or a
run of spaces. Pure: no input, no output, nothing kept; it sees document text and so never logs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from ocrwatchd.correct import rules
from ocrwatchd.correct.align import Span, differences, words
from ocrwatchd.model import Edit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocrwatchd.config import Gate
    from ocrwatchd.correct.align import Group
    from ocrwatchd.model import Word

FAMILIAR_SHARE = 0.4
"""An answer that vouches for less than this share of the source's words is no correction of that source."""

FAMILIAR_WORDS = 12
"""Sources with fewer words are too short for ``FAMILIAR_SHARE`` to tell anything."""

JOINED_CHARACTERS = 1
"""Two words that only lose the space between them are joined if one of them is a splinter no longer than this."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts as a repair.

    Args:
        max_rewrite: the largest part of a word's characters that may change, 0 to 1.
        max_changed: the most characters of one word that may change, however long it is.
    """

    max_rewrite: float = 0.5
    max_changed: int = 8

    @classmethod
    def from_settings(cls, gate: Gate) -> Policy:
        """The policy that a profile's ``[gate]`` section describes."""
        return cls(max_rewrite=gate.max_rewrite)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about source and proposal beside their text.

    Args:
        words: the engine's words with their confidences, offsets into the source; not weighed yet.
        finished: the model ended its answer by itself. An answer that was cut off for length is refused as a whole.
    """

    words: tuple[Word, ...] = ()
    finished: bool = True

    def within(self, start: int, end: int) -> Evidence:
        """The evidence for ``source[start:end]`` alone."""
        inside = (word for word in self.words if start <= word.offset < end)
        return replace(self, words=tuple(replace(word, offset=word.offset - start) for word in inside))


@dataclass(frozen=True, slots=True)
class Admitted:
    """What came through, and what did not.

    Args:
        text: the source with ``edits`` applied.
        edits: admitted, in order of offset, not overlapping; offsets in code points into the source.
        refused: proposed but not admitted, in order of offset.
    """

    text: str
    edits: tuple[Edit, ...]
    refused: tuple[Edit, ...]


def admit(source: str, proposed: str, policy: Policy = Policy(), evidence: Evidence = Evidence()) -> Admitted:
    """Let those of the proposed changes in that look like repairs of misread words.

    Args:
        source: the text as recognised.
        proposed: the model's answer, whatever that is.
        policy: what counts as a repair.
        evidence: what else is known.
    """
    before, after = words(source), words(proposed)
    groups = list(differences([word.text for word in before], [word.text for word in after]))
    candidates = list(_apart(each for group in groups for each in _candidates(source, before, after, group, policy)))
    objection = _objection(before, after, groups, candidates, evidence)
    if objection:
        candidates = [_Candidate(replace(each.edit, why=objection), admitted=False) for each in candidates]
    edits = tuple(each.edit for each in candidates if each.admitted)
    refused = tuple(each.edit for each in candidates if not each.admitted)
    return Admitted(apply(source, edits), edits, refused)


def apply(source: str, edits: Sequence[Edit]) -> str:
    """Write ``source`` again with ``edits``, which are in order of offset and do not overlap."""
    pieces: list[str] = []
    done = 0
    for edit in edits:
        pieces += (source[done : edit.offset], edit.after)
        done = edit.offset + len(edit.before)
    return "".join((*pieces, source[done:]))


@dataclass(frozen=True, slots=True)
class _Candidate:
    edit: Edit
    admitted: bool


def _objection(
    before: Sequence[Span],
    proposed: Sequence[Span],
    groups: Sequence[Group],
    candidates: Sequence[_Candidate],
    evidence: Evidence,
) -> str:
    """Why nothing of this proposal can be trusted, or ""."""
    if not evidence.finished:
        return "the answer did not end"
    if not proposed and any(rules.is_readable(word.text) for word in before):
        return "the answer is empty"
    if len(before) < FAMILIAR_WORDS:
        return ""
    strange = sum(group.last - group.first for group in groups)
    vouched = len(before) - strange + sum(len(each.edit.before.split()) for each in candidates if each.admitted)
    return "" if vouched >= FAMILIAR_SHARE * len(before) else "the answer is not this text"


def _candidates(
    source: str, before: Sequence[Span], after: Sequence[Span], group: Group, policy: Policy
) -> Iterator[_Candidate]:
    old = before[group.first : group.last]
    new = [span.text for span in after[group.proposed_first : group.proposed_last]]
    if not old:
        offset = before[group.first - 1].end if group.first else 0
        yield _Candidate(Edit(offset, "", " ".join(new), "inserted"), admitted=False)
    elif not new:
        yield from (_dropped(source, word) for word in old)
    elif len(old) == len(new) == 1:
        yield _rewritten(old[0], new[0], policy)
    elif len(old) == 2 and len(new) == 1:  # noqa: PLR2004 - a pair
        yield from _joined(source, old[0], old[1], new[0], policy)
    elif len(old) == 1:
        yield _split(old[0], new, policy)
    else:
        yield _judged(source, old, new, "too many words at once")


def _rewritten(old: Span, new: str, policy: Policy) -> _Candidate:
    why = rules.against(old.text, new) or _too_far(old.text, new, policy)
    return _Candidate(Edit(old.start, old.text, new, why or "similar word"), admitted=not why)


def _split(old: Span, new: Sequence[str], policy: Policy) -> _Candidate:
    spaced = " ".join(new)
    why = _too_far(old.text, "".join(new), policy) or rules.against(old.text, "".join(new), spacing=True)
    if not why and not all(rules.has_letter(word) for word in new):
        why = "spacing only"
    return _Candidate(Edit(old.start, old.text, spaced, why or "words run together"), admitted=not why)


def _joined(source: str, first: Span, second: Span, new: str, policy: Policy) -> Iterator[_Candidate]:
    gap = source[first.end : second.start]
    pure = first.text + second.text == new
    splinter = min(len(first.text), len(second.text)) <= JOINED_CHARACTERS
    hyphenated = rules.ends_hyphenated(first.text)
    if gap != " " or hyphenated or (pure and not splinter):
        yield from _kept_apart(first, second, new, policy)
        return
    why = rules.against(first.text + second.text, new, spacing=True) or _too_far(first.text + second.text, new, policy)
    if not why and not (rules.has_letter(first.text) and rules.has_letter(second.text)) and pure:
        why = "spacing only"
    yield _judged(source, (first, second), [new], why, "split word")


def _kept_apart(first: Span, second: Span, new: str, policy: Policy) -> Iterator[_Candidate]:
    """Give back the break that the model took out of a word, and judge what it changed beside that."""
    hyphen = first.text[-1] if rules.ends_hyphenated(first.text) else ""
    head = first.text.removesuffix(hyphen)
    at = Levenshtein.editops(head + second.text, new)
    cut = len(head) + sum((op.tag == "insert") - (op.tag == "delete") for op in at if op.src_pos < len(head))
    parts = (new[:cut] + ("" if hyphen and new[:cut].endswith(hyphen) else hyphen), new[cut:])
    changed = [(old, part) for old, part in zip((first, second), parts, strict=True) if old.text != part]
    if not changed or not all(parts):
        yield _Candidate(Edit(first.start, first.text, new, "joined over a break"), admitted=False)
        return
    for old, part in changed:
        yield _rewritten(old, part, policy)


def _dropped(source: str, word: Span) -> _Candidate:
    start, end = word.start, word.end
    stray = rules.is_stray(word.text)
    if source[end : end + 1] == " " and not source[end + 1 : end + 2].isspace() and end + 1 < len(source):
        end += 1
    elif source[start - 1 : start] == " " and not source[start - 2 : start - 1].isspace() and start > 1:
        start -= 1
    else:
        # No neighbour on its line: without it the line would be gone too.
        stray = False
    return _Candidate(Edit(start, source[start:end], "", "stray mark" if stray else "dropped"), admitted=stray)


def _apart(candidates: Iterable[_Candidate]) -> Iterator[_Candidate]:
    """Refuse what overlaps its forerunner: two dropped neighbours that claim one space between them."""
    done = 0
    for each in candidates:
        if not each.admitted:
            yield each
        elif each.edit.offset < done:
            yield _Candidate(replace(each.edit, why="dropped"), admitted=False)
        else:
            done = each.edit.offset + len(each.edit.before)
            yield each


def _judged(source: str, old: Sequence[Span], new: Sequence[str], against: str, why: str = "") -> _Candidate:
    before = source[old[0].start : old[-1].end]
    return _Candidate(Edit(old[0].start, before, " ".join(new), against or why), admitted=not against)


def _too_far(before: str, after: str, policy: Policy) -> str:
    changed = Levenshtein.distance(before, after)
    if changed > policy.max_rewrite * max(len(before), len(after)) or changed > policy.max_changed:
        return "too different"
    return ""
