"""What was weighed for an edit, in words: `ocrwatchd edits` and the review say the same.

English, as receipts and reviews are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocrwatchd.core.model import Doubt

NATS_DIGITS: Final = 1

ALLOWED_NATS, CONTRADICTED_NATS = -2.0, -4.0
"""Weighted, at about a half: of true repairs half lose less than the first, five in six less than the second; of other
words that look alike, one in fifty."""

MOST_ASKED: Final = 10
"""So many words of a page, or of a document, a reader is asked to check."""
LEAST_WRONG: Final = 0.1
"""A word that is less probably wrong is not asked for: ten looks would find one error."""

_SOURCES: Final = {
    "picture": "proposed by the picture",
    "words": "proposed by the word list",
    "document": "proposed by the rest of the document",
    "built-in": "proposed by the built-in model",
    "model": "proposed by the language model",
}
_TERMS: Final = {
    "words": ("a frequent word", "a rare word"),
    "capitals": ("the usual capitals", "unusual capitals"),
    "marks": ("the usual punctuation", "unusual punctuation"),
    "accents": ("the usual accents", "accents lost, or new ones"),
    "document": ("the word stands elsewhere in the document", "the word as read stands elsewhere in the document"),
    "digits": ("a known number format", "no known number format"),
    "context": ("the word fits the sentence", "the word does not fit the sentence"),
    "source": ("the source is often right", "the source is often wrong"),
    "prior": ("much of the page is misread", "little of the page is misread"),
}
"""By term: what speaks for an edit, and what speaks against."""


def in_words(source: str, terms: Iterable[tuple[str, float]], total: float) -> str:
    """What was weighed for an edit.

    Args:
        source: who proposed it, as in :data:`ocrwatchd.core.model.Source`.
        terms: name and nats of each.
        total: their sum, nats.

    Returns:
        Parts with semicolons between them, as "proposed by the picture; a frequent word: +6.1; sum: +6.1 nats"; or ""
        where nothing is known.
    """
    shown = [(name, nats) for name, nats in terms if round(nats, NATS_DIGITS)]
    said = [f"{_said(name, nats)}: {signed(nats)}" for name, nats in shown]
    proposed = [_SOURCES[source]] if source in _SOURCES else []
    return "; ".join([*proposed, *said, *([f"sum: {signed(total)} nats"] if said else [])])


def signed(nats: float) -> str:
    """A number with its sign, as "+6.1"."""
    return f"{nats:+.{NATS_DIGITS}f}".replace("-", "\N{MINUS SIGN}")


def _said(name: str, nats: float) -> str:
    if name == "picture":
        if nats >= ALLOWED_NATS:
            return "the picture allows it"
        return "the picture hardly allows it" if nats >= CONTRADICTED_NATS else "the picture contradicts it"
    favourable, against = _TERMS.get(name, (name, name))
    return favourable if nats > 0 else against


def asked(doubts: Iterable[Doubt]) -> list[Doubt]:
    """The words that a reader should check first, the most doubtful one first."""
    likely = [doubt for doubt in doubts if doubt.wrong >= LEAST_WRONG]
    return sorted(likely, key=lambda doubt: (-doubt.wrong, doubt.offset))[:MOST_ASKED]


def request(wrong: Sequence[float], before: float) -> str:
    """What checking some words is good for, as "Check 5 words: expected errors 7 → 2".

    Args:
        wrong: of each of these words the probability that it is wrong.
        before: the sum over all doubtful words.
    """
    words = "1 word" if len(wrong) == 1 else f"{len(wrong)} words"
    after = max(0.0, before - sum(wrong))
    return f"Check {words}: expected errors {_errors(before)} \N{RIGHTWARDS ARROW} {_errors(after)}"


def _errors(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
