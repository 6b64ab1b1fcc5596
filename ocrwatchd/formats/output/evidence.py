"""What was weighed for an edit, in words: `ocrwatchd edits` and the review say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ocrwatchd.core.i18n import Message, count, say
from ocrwatchd.core.i18n.language import Language
from ocrwatchd.core.model import Doubt

NATS_DIGITS: Final = 1

ALLOWED_NATS, CONTRADICTED_NATS = -2.0, -4.0
"""Weighted, at about a half: of true repairs half lose less than the first, five in six less than the second; of other
words that look alike, one in fifty."""

MOST_ASKED: Final = 10
"""Most words that a reader is asked to check, per page and per document."""
LEAST_WRONG: Final = 0.1
"""Less doubtful words are not listed: a reader would find one error in ten checks."""

_SOURCES: Final = {
    "picture": say("proposed by the picture"),
    "words": say("proposed by the word list"),
    "document": say("proposed by the rest of the document"),
    "built-in": say("proposed by the built-in model"),
    "model": say("proposed by the language model"),
}
_ALLOWED: Final = say("the picture allows it")
_HARDLY_ALLOWED: Final = say("the picture hardly allows it")
_CONTRADICTED: Final = say("the picture contradicts it")
_TERMS: Final = {
    "words": (say("a frequent word"), say("a rare word")),
    "looks": (say("the words look alike"), say("the words differ in looks")),
    "rivals": (say("hardly another word is possible"), say("other words are possible too")),
    "capitals": (say("the usual capitals"), say("unusual capitals")),
    "marks": (say("the usual punctuation"), say("unusual punctuation")),
    "accents": (say("the usual accents"), say("accents lost, or new ones")),
    "document": (
        say("the word stands elsewhere in the document"),
        say("the word as read stands elsewhere in the document"),
    ),
    "digits": (say("a known number format"), say("no known number format")),
    "model": (say("a language model proposes it"), say("no language model proposes it")),
    "context": (say("the word fits the sentence"), say("the word does not fit the sentence")),
    "kind": (say("such changes are often right"), say("such changes are often wrong")),
    "source": (say("the source is often right"), say("the source is often wrong")),
    "prior": (say("much of the page is misread"), say("little of the page is misread")),
    "page": (say("the page may have misread words"), say("the page was read well")),
}
"""By term: what speaks for an edit, and what speaks against."""


def in_words(source: str, terms: Iterable[tuple[str, float]], total: float, language: Language) -> str:
    """What was weighed for an edit: its source, its terms and their total in nats.

    Returns:
        Parts with semicolons between them, as "proposed by the picture; a frequent word: +6.1; sum: +6.1 nats"; or ""
        where nothing is known.
    """
    shown = [(name, nats) for name, nats in terms if round(nats, NATS_DIGITS)]
    said = [f"{_said(name, nats, language)}: {signed(nats)}" for name, nats in shown]
    proposed = [language.of(_SOURCES[source])] if source in _SOURCES else []
    return "; ".join([*proposed, *said, *([language.say("sum: {nats} nats", nats=signed(total))] if said else [])])


def signed(nats: float) -> str:
    """A number with its sign, as "+6.1"."""
    return f"{nats:+.{NATS_DIGITS}f}".replace("-", "\N{MINUS SIGN}")


def _said(name: str, nats: float, language: Language) -> str:
    if name == "picture":
        allowed, hardly = nats >= ALLOWED_NATS, nats >= CONTRADICTED_NATS
        return language.of(_ALLOWED if allowed else _HARDLY_ALLOWED if hardly else _CONTRADICTED)
    if name not in _TERMS:
        return name  # of another version, and no template
    favourable, against = _TERMS[name]
    return language.of(favourable if nats > 0 else against)


def asked(doubts: Iterable[Doubt]) -> list[Doubt]:
    """The words that a reader should check first, the most doubtful one first."""
    likely = [doubt for doubt in doubts if doubt.wrong >= LEAST_WRONG]
    return sorted(likely, key=lambda doubt: (-doubt.wrong, doubt.offset))[:MOST_ASKED]


def request(wrong: Sequence[float], before: float) -> Message:
    """A request to check some words, as "Check 5 words: expected errors 7 → 2".

    ``wrong`` has each word's probability to be wrong, ``before`` is the sum over all doubtful words.
    """
    return count(
        "Check 1 word: expected errors {before} \N{RIGHTWARDS ARROW} {after}",
        "Check {n} words: expected errors {before} \N{RIGHTWARDS ARROW} {after}",
        n=len(wrong),
        before=_errors(before),
        after=_errors(max(0.0, before - sum(wrong))),
    )


def _errors(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
