"""How far a text is from the truth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate.align import Span, differences, words

AROUND: Final = 100
"""Characters on either side of a change by which it is judged."""


def fold(text: str) -> str:
    """The text with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


def errors(text: str, truth: str) -> int:
    """Insertions, deletions and substitutions of characters, both texts folded."""
    return Levenshtein.distance(fold(text), fold(truth))


def error_rate(text: str, truth: str) -> float:
    """Character error rate: ``errors`` for each character of the truth."""
    return errors(text, truth) / max(1, len(fold(truth)))


def changed_words(before: str, after: str) -> int:
    """How many words were exchanged, put in or left out; spacing apart."""
    steps = (step for step in Levenshtein.opcodes(before.split(), after.split()) if step.tag != "equal")
    return sum(max(step.src_end - step.src_start, 1) for step in steps)


def digit_errors(text: str, truth: str) -> int:
    """``errors`` among the digits alone."""
    return Levenshtein.distance(*map(_digits, (text, truth)))


def spoils_digits(before: str, after: str, truth: str) -> bool:
    """Whether a change makes digits wrong: it has other digits than what it stands for, and alone adds to the errors.

    Each change is judged alone, for a wrong amount is not made good by a right one elsewhere; and by what stands
    around it, for in long texts each look at all of it takes seconds.
    """
    before, after, truth = fold(before), fold(after), fold(truth)
    changes = [each for each in _changes(before, after) if _digits(each.text) != _digits(before[each.start : each.end])]
    if not changes:
        return False
    steps = Levenshtein.opcodes(before, truth)
    starts = [step.src_start for step in steps]

    def in_truth(at: int) -> int:
        step = steps[bisect_right(starts, at) - 1]
        return min(step.dest_start + at - step.src_start, step.dest_end)

    for text, start, end in changes:
        first, last = max(0, start - AROUND), min(len(before), end + AROUND)
        true = truth[in_truth(first) : in_truth(last) if last < len(before) else len(truth)]
        if errors(before[first:start] + text + before[end:last], true) > errors(before[first:last], true):
            return True
    return False


def _changes(before: str, after: str) -> Iterator[Span]:
    """What is to be put in the place of which part of ``before``, word by word."""
    old, new = words(before), words(after)
    for group in differences([word.text for word in old], [word.text for word in new]):
        start = old[group.first].start if group.first < len(old) else len(before)
        if group.proposed_first == group.proposed_last:
            text = ""
        else:
            text = after[new[group.proposed_first].start : new[group.proposed_last - 1].end]
        if group.first == group.last:
            yield Span(f" {text} ", start, start)
        else:
            yield Span(text, start, old[group.last - 1].end)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
