"""Cut a proposed text into edits of single words, each with the ways in which it may be had.

No edit spans a line break, a tab or a run of spaces: line breaks and spacing are the source's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate.align import COMPARED_CHARACTERS, Group, Span
from ocrwatchd.gate.words import core, has_letter

Shape = Literal["word", "split", "join", "drop", "insert", "many", "break"]
"""One word for one; words parted; words joined; a word left out; one put in; more at once; joined over a break."""

_HYPHENS = frozenset("-\u00ac\u00ad\u2010\u2011")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed change.

    Args:
        offset: in the source, in code points.
        before: what stands there.
        ways: what may take its place, the model's own wording first, then with the source's marks around the word.
        shape: what kind of change it is.
        group: the words of source and proposal that it comes from.
        whole: the proposed word of which this is a part, where a break parts it; else "".
    """

    offset: int
    before: str
    ways: tuple[str, ...]
    shape: Shape
    group: Group
    whole: str = ""


def proposals(
    source: str, before: Sequence[Span], after: Sequence[Span], groups: Sequence[Group]
) -> Iterator[Proposal]:
    """Yield what a proposal would change, in order of offset.

    Args:
        source: the text as recognised.
        before: its words.
        after: the proposed text's words.
        groups: the words that differ.
    """
    for group in groups:
        old = before[group.first : group.last]
        new = [span.text for span in after[group.proposed_first : group.proposed_last]]
        if not old:
            offset = before[group.first - 1].end if group.first else 0
            yield Proposal(offset, "", (" ".join(new),), "insert", group)
        elif not new:
            for word in old:
                yield _dropped(source, word, group)
        else:
            yield from _changed(source, old, new, group)


def _changed(source: str, old: Sequence[Span], new: Sequence[str], group: Group) -> Iterator[Proposal]:
    text, proposed = source[old[0].start : old[-1].end], " ".join(new)
    gaps = {source[first.end : second.start] for first, second in pairwise(old)}
    if len(old) == 2 and len(new) == 1 and (gaps != {" "} or _ends_hyphenated(old[0].text)):  # a pair
        yield from _kept_apart(source, old, new[0], group)
    elif gaps - {" "} or (len(old) > 1 and len(new) > 1):
        yield Proposal(old[0].start, text, (proposed,), "break" if gaps - {" "} else "many", group)
    elif len(old) > 1:
        yield Proposal(old[0].start, text, (proposed,), "join", group)
    elif len(new) == 1:
        yield Proposal(old[0].start, text, _ways(text, proposed), "word", group)
    elif all(map(has_letter, new)):
        yield Proposal(old[0].start, text, (proposed,), "split", group)
    else:
        # The model's spaces around a mark are taste; its letters may be a repair all the same.
        yield Proposal(old[0].start, text, _ways(text, "".join(new)), "word", group)


def _kept_apart(source: str, old: Sequence[Span], new: str, group: Group) -> Iterator[Proposal]:
    """Give back the break that the model took out of a word; what it changed beside that are words' changes."""
    first, second = old
    hyphen = first.text[-1] if _ends_hyphenated(first.text) else ""
    head = first.text.removesuffix(hyphen)
    parts: tuple[str, ...] = ()
    if max(len(first.text) + len(second.text), len(new)) <= COMPARED_CHARACTERS:
        steps = Levenshtein.editops(head + second.text, new)
        cut = len(head) + sum((op.tag == "insert") - (op.tag == "delete") for op in steps if op.src_pos < len(head))
        parts = (new[:cut] + ("" if hyphen and new[:cut].endswith(hyphen) else hyphen), new[cut:])
    changed = [(word, part) for word, part in zip(old, parts, strict=False) if word.text != part]
    if not changed or not all(map(has_letter, parts)):
        yield Proposal(first.start, source[first.start : second.end], (new,), "break", group)
        return
    for word, part in changed:
        yield Proposal(word.start, word.text, _ways(word.text, part), "word", group, new)


def _dropped(source: str, word: Span, group: Group) -> Proposal:
    """A word with a space beside it; without a neighbour on its line the line would be gone, too."""
    start, end = word.start, word.end
    if source[end : end + 1] == " " and end + 1 < len(source) and not source[end + 1].isspace():
        return Proposal(start, source[start : end + 1], ("",), "drop", group)
    if start > 1 and source[start - 1] == " " and not source[start - 2].isspace():
        return Proposal(start - 1, source[start - 1 : end], ("",), "drop", group)
    return Proposal(start, source[start:end], ("",), "break", group)


def _ways(before: str, after: str) -> tuple[str, ...]:
    """A word as proposed, and with the marks that the source has around it."""
    old, new = core(before), core(after)
    if not old or not new:
        return (after,)
    first = before.index(old)
    plain = before[:first] + new + before[first + len(old) :]
    return (after,) if plain in (after, before) else (after, plain)


def _ends_hyphenated(word: str) -> bool:
    return len(word) > 1 and word[-1] in _HYPHENS
