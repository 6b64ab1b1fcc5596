"""How far a text is from the truth."""

from __future__ import annotations

from rapidfuzz.distance import Levenshtein


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
    return Levenshtein.distance(*("".join(filter(str.isdigit, each)) for each in (text, truth)))
