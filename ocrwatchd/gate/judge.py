"""Add up what speaks for an edit and against it: named terms in nats, whose sum decides.

The sum is ln of the odds that the edit is a repair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ocrwatchd.core.model import Term
from ocrwatchd.gate.weights import weights

TERMS = {
    "source": ("base",),
    "looks": ("letters", "places", "capitals_letters"),
    "words": ("listed", "unlisted"),
    "rivals": ("share", "uncounted"),
    "page": ("word", "clean_share", "clean_unlisted", "clean_style", "clean_letter"),
    "document": ("printed",),
    "marks": ("odd", "lost_marks", "marks_only"),
    "kind": ("capitals_only", "joined", "dropped", "dropped_letter"),
}
"""Each term's quantities. They tell, in this order: who proposed the edit, how alike the two words look, how frequent
they are, which other words are possible, how well the page was read, which words the page has elsewhere, the marks, and
kinds of change that are seldom repairs."""

POSITIVE = frozenset({"letters", "places", "capitals_letters", "listed", "unlisted", "share", "printed", "odd",
                      "clean_share"})  # fmt: skip
NEGATIVE = frozenset({"uncounted", "joined", "dropped_letter", "clean_unlisted", "clean_style", "clean_letter"})
"""Quantities whose weights cannot be negative, and those whose weights cannot be positive, however they are fitted."""

CLEAN = -4.5
"""ln of the share of a page's words that are plainly misread, below which it was read well: about 4 in 300 words."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found of one edit.

    Args:
        terms: that were not 0, in the order of ``TERMS``.
    """

    terms: tuple[Term, ...]

    @property
    def sum(self) -> float:
        """In nats; more than 0 admits."""
        return sum(term.nats for term in self.terms)

    @property
    def weakest(self) -> str:
        """The name of what speaks most against the edit, beside the page and its source."""
        told = [term for term in self.terms if term.name not in {"page", "source"}]
        return min(told, key=lambda term: term.nats).name if told else "source"


def on_page(told: Mapping[str, float], noise: float) -> dict[str, float]:
    """What was measured of an edit together with how well its page was read.

    Args:
        told: as ``Page.measured`` has it.
        noise: as ``Page.noise`` has it.
    """
    clean = max(0.0, CLEAN - noise)
    if "word" in told:
        return {**told, "clean_share": clean * told["share"], "clean_unlisted": clean * ("unlisted" in told)}
    if "dropped" in told:
        return {**told, "clean_letter": clean * told["dropped_letter"]}
    return {**told, "clean_style": clean * (told["odd"] <= 0)}


def judged(told: Mapping[str, float]) -> Judgement:
    """Weigh what was measured of an edit."""
    known = weights("text")
    terms = [
        Term(name, sum(known[each] * told.get(each, float(each == "base")) for each in quantities))
        for name, quantities in TERMS.items()
    ]
    return Judgement(tuple(term for term in terms if term.nats))
