"""What speaks for a candidate in place of a word as it was read: named quantities, differences between the two."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from ocrwatchd.core.accents import without_accents
from ocrwatchd.gate import digits
from ocrwatchd.gate.reading import HEXADECIMAL, reading
from ocrwatchd.gate.weights import limited
from ocrwatchd.gate.words import folded, plain_marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocrwatchd.core.lexicon import Lexicon
    from ocrwatchd.gate.reading import Place

MOST_LOST = 9.0
"""Nats; the picture contradicts a candidate that loses so many."""
MOST_LOST_ACCENT = 1.5
"""The same for a candidate without an accent of the reading: word lists do not know foreign names."""
MOST_MARKS = 8.0
"""Nats that the marks around words may tell, for or against."""
MOST_SPACES = 1
"""A word may be two."""
ACRONYM = 6
"""So many capitals or fewer may be an abbreviation that no list has."""
KEPT = frozenset("%°²³¹º$£€&§½¼¾±#+=*@†‡µ∆")
"""Signs whose meaning no word list knows: a candidate that drops one is not considered."""

TERMS: Mapping[str, str] = {
    "picture": "picture",
    "listed": "words",
    "unlisted": "words",
    "changed": "words",
    "known": "words",
    "acronym": "words",
    "mixed": "capitals",
    "capitals_only": "capitals",
    "inner": "marks",
    "marks": "marks",
    "marks_only": "marks",
    "spaces": "marks",
    "lost_marks": "marks",
    "document": "document",
    "shape": "document",
    "product": "document",
    "proposed": "model",
    "admitted": "model",
    "digits": "digits",
    "accents_lost": "accents",
    "foreign_accents_lost": "accents",
    "accents_new": "accents",
    "context": "context",
    "noise": "prior",
    "bias": "prior",
}
"""Each quantity, and the term that people are told of it; "proposed" and "admitted": by a language model, and by the
judge that does not see the picture; "context" is known only where a language model was asked."""
MONOTONE = {
    **dict.fromkeys(("picture", "listed", "unlisted", "mixed", "inner", "marks"), 1),
    **dict.fromkeys(("document", "shape", "product", "proposed", "admitted", "context"), 1),
    **dict.fromkeys(("acronym", "lost_marks", "accents_lost", "foreign_accents_lost"), -1),
}
"""Quantities whose weight has but one sensible sign."""
_FIRST_DIGITS = re.compile(r"^#+")


class Word:
    """A word as read, against which candidates are measured.

    Args:
        text: as read.
        place: where it stands.
        lexicon: of the page's languages.
        document: how often each word stands in the document, small letters, marks off; and each :func:`shape`.
        noise: ln of the share of the page's words that the recogniser was in doubt about.
    """

    def __init__(self, text: str, place: Place, lexicon: Lexicon, document: Mapping[str, int], noise: float) -> None:
        self.text = text
        self._place = place
        self._lexicon = lexicon
        self._document = document
        self._noise = noise
        self._core = folded(text)
        self._reading = reading(text, place, lexicon)

    def contradicts(self, candidate: str, lost: float) -> bool:
        """True where the picture loses too many nats: the picture must show plainly that there is no accent.

        Args:
            candidate: one that is admitted.
            lost: nats.
        """
        gone, _ = _accents(self._core, folded(candidate))
        return lost >= (MOST_LOST_ACCENT if gone else MOST_LOST)

    def features(self, candidate: str, lost: float) -> dict[str, float]:
        """The quantities.

        Args:
            candidate: one that is admitted.
            lost: nats that the picture loses with it.
        """
        read, other = self._reading, reading(candidate, self._place, self._lexicon)
        before, after = self._core, folded(candidate)
        changed = before != after
        words = limited("picture", other.words - read.words)
        gone, new = _accents(before, after)
        own = self._lexicon.letters
        acronym = (
            changed
            and self.text.isupper()
            and before.isalpha()
            and len(before) <= ACRONYM
            and len(before) != len(after)
        )
        return {
            "picture": -lost,
            "listed": words * other.listed,
            "unlisted": words * (not other.listed),
            "changed": changed,
            "known": changed and other.listed,
            "acronym": acronym,
            "mixed": read.mixed - other.mixed,
            "capitals_only": not changed and _differ(self.text, candidate),
            "inner": read.inner - other.inner,
            "marks": max(-MOST_MARKS, min(MOST_MARKS, other.marks - read.marks)),
            "marks_only": not changed and not _differ(self.text, candidate),
            "spaces": candidate.count(" "),
            "lost_marks": _marks_lost(self.text, candidate),
            "document": self._ratio(before, after),
            "shape": self._ratio(shape(self.text), shape(candidate), 1),
            "product": other.product - read.product,
            "digits": digits.of(before) != digits.of(after),
            "accents_lost": sum(letter in own for letter in gone),
            "foreign_accents_lost": sum(letter not in own for letter in gone),
            "accents_new": len(new),
            "noise": self._noise,
            "bias": 1.0,
        }  # fmt: skip

    def _ratio(self, before: str, after: str, own: int = 0) -> float:
        """Tell how much oftener, as ln, the document has the second than the first, of which ``own`` do not count."""
        return math.log((1 + self._document.get(after, 0)) / (1 + max(0, self._document.get(before, 0) - own)))


def admits(text: str, candidate: str) -> bool:
    """False for texts that are never considered.

    They differ in the style of marks, lack a sign, have too many words, are no hexadecimal number any more, or keep a
    number's digits without one of its letters: on the pages of ``weights.toml`` no such repair was right.
    """
    if not candidate or plain_marks(candidate) == plain_marks(text) or candidate.count(" ") > MOST_SPACES:
        return False
    if HEXADECIMAL.fullmatch(folded(text)) and not HEXADECIMAL.fullmatch(folded(candidate)):
        return False
    number, (letters, left) = digits.of(text), (sum(map(str.isalpha, each)) for each in (text, candidate))
    if left < letters <= len(number) and number == digits.of(candidate):
        return False
    return KEPT.isdisjoint(text) or not _signs(text) - _signs(candidate)


def shape(text: str) -> str:
    """How a number is written: each digit is "#", and so are all before the first mark; "" without a digit."""
    written = re.sub(r"\d", "#", folded(text))
    return _FIRST_DIGITS.sub("#", written) if "#" in written else ""


def _signs(text: str) -> Counter[str]:
    return Counter(each for each in text if each in KEPT)


def _differ(one: str, other: str) -> bool:
    """Whether two texts of the same letters have other capitals."""
    return list(filter(str.isalpha, one)) != list(filter(str.isalpha, other))


def _marks_lost(before: str, after: str) -> int:
    """How many marks of the reading the candidate lacks; points do not count."""
    if before.isalnum():
        return 0
    read, other = (
        Counter(each for each in plain_marks(text) if not each.isalnum() and each not in " .")
        for text in (before, after)
    )
    return sum((read - other).values())


def _accents(before: str, after: str) -> tuple[list[str], list[str]]:
    """The letters with accents that are gone, and those that are new."""
    if before.isascii() and after.isascii():
        return [], []
    old, new = (Counter(each for each in text if each != without_accents(each)) for text in (before, after))
    return list((old - new).elements()), list((new - old).elements())
