"""Count the errors that remain after correction. The result holds document text: never log it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ocrwatchd.correct.confusions import confusions_of, misread_words
from ocrwatchd.gate import historical_spelling


class Remaining(NamedTuple):
    """Wrong runs of words by the kind of error, and wrong letters as (true, read)."""

    kinds: Counter[str]
    letters: Counter[tuple[str, str]]


def remaining(texts: Iterable[tuple[str, str]]) -> Remaining:
    """Count the errors in pairs of a text and its truth."""
    kinds, letters = Counter[str](), Counter[tuple[str, str]]()
    for text, truth in texts:
        for read, true in misread_words(text, truth):
            kinds[_kind(read, true)] += 1
            letters.update(confusions_of(read, true) if read and true else ())
    return Remaining(kinds, letters)


def _kind(read: str, true: str) -> str:
    if not read or not true:
        return "words put in" if read else "words left out"
    if "".join(read.split()) == "".join(true.split()):
        return "spacing"
    if [*filter(str.isdigit, read)] != [*filter(str.isdigit, true)]:
        return "digits"
    if read.lower() == true.lower():
        return "capitals"
    if [*filter(str.isalnum, read)] == [*filter(str.isalnum, true)]:
        return "marks"
    return "accents" if historical_spelling.same_letters(read, true) else "letters"
