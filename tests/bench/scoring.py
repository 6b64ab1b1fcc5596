"""How far a text is from the truth."""

from __future__ import annotations

from rapidfuzz.distance import Levenshtein


def fold(text: str) -> str:
    """The text with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


def error_rate(text: str, truth: str) -> float:
    """Character error rate: insertions, deletions and substitutions for each character of the truth, both folded."""
    wanted = fold(truth)
    return Levenshtein.distance(fold(text), wanted) / max(1, len(wanted))
