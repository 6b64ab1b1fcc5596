"""Choose what a word is: the reading and all candidates compete, and the one that is likely to be least wrong wins.

Each candidate has log-odds against the reading, a weighted sum of its features; so each has a probability. What is
chosen makes the expected number of wrong characters smallest, where a character made wrong counts as two (minimum Bayes
risk).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.model import Source, Term
from ocrwatchd.gate import digits
from ocrwatchd.gate.features import TERMS
from ocrwatchd.gate.weights import weights
from ocrwatchd.gate.words import plain_marks

COST = 2.0
"""A character made wrong counts as so many that are made right."""
MISTAKEN = 0.5
"""Characters that a wrong repair of a wrong word costs: the new word no longer looks wrong."""
LEAST_GAIN = 0.33
"""An edit is made where its gain is greater: the expected number of characters made right, less those made wrong."""
LEAST_PROBABILITY = 0.004
"""Candidates below this do not count."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a word may be.

    Args:
        text: in place of the reading.
        source: who proposed it.
        features: as of :mod:`ocrwatchd.gate.features`.
    """

    text: str
    source: Source
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Args:
        best: the candidate that comes nearest to being chosen, or None where there is none.
        gain: characters that it is expected to make right, those made wrong taken off at :data:`COST`.
        wrong: probability that the word is wrong as it is delivered: the candidate if it is chosen, else the reading.
    """

    best: Candidate | None
    gain: float
    wrong: float

    @property
    def chosen(self) -> bool:
        """Whether the candidate takes the reading's place."""
        return self.gain > LEAST_GAIN


def choose(
    reading: str,
    candidates: Sequence[Candidate],
    by: Mapping[str, float] | None = None,
    *,
    protect_digits: bool = False,
) -> Choice:
    """Let the candidates for a word compete with its reading and each other.

    Args:
        reading: the word as read.
        candidates: other texts than the reading.
        by: weights in place of the fitted ones.
        protect_digits: candidates with other digits tell that the word may be wrong, but are not chosen.
    """
    if not candidates:
        return Choice(None, 0.0, 0.0)
    odds = [_odds(each, by) for each in candidates]
    most = max(0.0, *odds)
    shares = [math.exp(each - most) for each in (0.0, *odds)]
    total = sum(shares)
    texts = [plain_marks(text) for text in (reading, *(each.text for each in candidates))]
    probable = [at for at, each in enumerate(shares) if not at or each / total > LEAST_PROBABILITY]
    kept = digits.of(reading)
    allowed = [at for at in probable[1:] if not protect_digits or digits.of(candidates[at - 1].text) == kept]
    best, gain = max(
        ((at, _gain(at, probable, texts, shares) / total) for at in allowed),
        key=lambda found: found[1],
        default=(1 + odds.index(max(odds)), 0.0),
    )
    right = texts[best] if gain > LEAST_GAIN else texts[0]
    agreed = sum(weight for text, weight in zip(texts, shares, strict=True) if text == right)
    return Choice(candidates[best - 1], gain, 1 - agreed / total)


def likeliest(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """So many of the candidates, the most probable first; of those that differ in their marks' style alone, one."""
    found: dict[str, Candidate] = {}
    for each in sorted(candidates, key=lambda each: -_odds(each)):
        found.setdefault(plain_marks(each.text), each)
    return list(found.values())[:count]


def terms(features: Mapping[str, float]) -> tuple[Term, ...]:
    """What people are told of a candidate: the weighted features, summed by term."""
    known = _weights(features)
    told = dict.fromkeys(TERMS.values(), 0.0)
    for name, value in features.items():
        told[TERMS[name]] += known[name] * value
    return tuple(Term(name, nats) for name, nats in told.items() if nats)


def _weights(features: Mapping[str, float]) -> Mapping[str, float]:
    # How frequent a word is tells less where a model has compared.
    return weights("context" if "context" in features else "picture")


def _odds(candidate: Candidate, by: Mapping[str, float] | None = None) -> float:
    known = by or _weights(candidate.features)
    return sum(known[name] * value for name, value in candidate.features.items())


def _gain(chosen: int, probable: Sequence[int], texts: Sequence[str], shares: Sequence[float]) -> float:
    """The characters that a candidate makes right less those it makes wrong, over what the truth may be."""
    total = 0.0
    for true in probable:
        saved = Levenshtein.distance(texts[0], texts[true]) - Levenshtein.distance(texts[chosen], texts[true])
        mistaken = MISTAKEN if texts[chosen] != texts[true] else 0.0
        total += shares[true] * ((saved if saved > 0 else COST * saved) - mistaken)
    return total
