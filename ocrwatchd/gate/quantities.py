"""What is measured of a proposed edit: a few figures, each of which speaks for or against it.

All are taken from the text, from the lexicon and from the channel of misreadings. How much each weighs is fitted: see
``judge``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from ocrwatchd.gate import digits
from ocrwatchd.gate.channel import misreading
from ocrwatchd.gate.historical_spelling import same_letters
from ocrwatchd.gate.neighbours import neighbours
from ocrwatchd.gate.weights import limited
from ocrwatchd.gate.words import core, typed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocrwatchd.core.lexicon import Lexicon
    from ocrwatchd.gate.proposals import Proposal

MOST_LOOKS = 30.0
MOST_PLACES = 8
WORDS_OF_A_PAGE = 60
MENDED_WORDS = 0.3
"""A page of no words that are plainly misread counts as one of so many words with so many that are."""
PLAIN_SHARE = -1.5
PLAIN_WORDS = 4.0
"""A word is plainly misread where the proposed one has so great a share of its neighbours, and is so much likelier."""
FREQUENT = -11.0
"""ln P of a word from which it is a frequent one."""
LONG = 7
"""Letters of a listed word from which it is hardly another one by chance."""
OWN = 7.0
"""Nats by which a frequent word must be likelier read right than not, to stand whatever a model says of it."""
RARER = 2.0
"""A usual word is no misreading of one so many nats rarer: CO2 none of C02, mg none of mcg."""
GAIN = 4.0
"""Nats by which a word must be likelier misread than read right on a page that was read well."""
SHORT, GAIN_OF_SHORT = 3, 3.0
"""The same of a word of so few letters: each is nearly another one, and lists have many that are none."""
NO_WORD = -9.0
"""ln P of a sign that stands alone."""

_BEFORE = re.compile("[\"'(\\[£$€*\u2022\u201c\u2018\u201e«\u2013\u2014-]?[\"'(\\[\u201c\u2018\u201e«]?")
_BEHIND = re.compile("[)\\]\"'\u2019\u201d»%]*\\.?[.,;:!?]?[)\\]\"'\u2019\u201d»]*[-\u2013\u2014]?")
_INSIDE = re.compile("[^\\w\\s.,'\u2019:/&-]")
_ALONE = frozenset("-\u2014\u2013&\u2022*.")


class Page:
    """A page's words, by which its edits are measured.

    Args:
        words: as recognised, with the marks around them.
        lexicon: of the page's languages.
    """

    def __init__(self, words: Sequence[str], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._neighbours = neighbours(lexicon)
        self._times = Counter(core(word).lower() for word in words)
        self._words = len(words)

    def times(self, word: str) -> int:
        """How often the page has a word, whatever its capitals and the marks around it."""
        return self._times[core(word).lower()]

    def measured(self, proposal: Proposal, after: str, *, doubted: bool = False) -> dict[str, float]:
        """Measure one way of a proposal; what is not in the answer is 0. ``noise`` tells of all together.

        Args:
            proposal: what stands there.
            after: what shall take its place.
            doubted: the engine could hardly read what stands there.
        """
        before = proposal.before
        if proposal.shape == "drop":
            return {"dropped": 1.0, "dropped_letter": float(bool(core(before)) and not doubted)}
        looks = misreading(before, after)
        told = {
            "letters": -min(looks.nats, MOST_LOOKS),
            "places": -float(min(looks.places, MOST_PLACES)),
            "odd": float(_odd(before) - _odd(after)),
            "lost_marks": float(max(0, _marks(before) - _marks(after))),
            "joined": float(proposal.shape == "join"),
        }
        old, new = core(before), core(after)
        if old.lower() != new.lower():
            return told | self._of_words(before, after, proposal.whole)
        if old == new:
            return told | {"marks_only": 1.0}
        return told | {"capitals_only": 1.0, "capitals_letters": told["letters"]}

    def noise(self, told: Sequence[Sequence[Mapping[str, float]]]) -> list[float]:
        """How badly the page was read: for each proposal ln of the share of words that the others plainly mend.

        Args:
            told: what was measured of each proposal's ways.
        """
        plain = [any(map(_is_plain, ways)) for ways in told]
        return [math.log((sum(plain) - own + MENDED_WORDS) / (self._words + WORDS_OF_A_PAGE)) for own in plain]

    def stands(self, before: str, after: str, *, clean: bool) -> bool:
        """True where a word is likelier to have been read right than to be another one misread, whatever a model says.

        Args:
            before: as recognised.
            after: as proposed.
            clean: the page was read well.
        """
        old, new = core(before), core(after)
        # Numbers have rules of their own.
        if not new or old.lower() == new.lower() or not any(map(str.isalpha, old)):
            return False
        own, other = self._lexicon.log_probability(old), self._lexicon.log_probability(new)
        cost = 0.0 if same_letters(old, new) else misreading(old, new).cost
        gained = other - cost - own
        if self.is_usual(old):
            if other < own - RARER:
                return True
            if clean:
                return gained < (GAIN_OF_SHORT if len(old) <= SHORT else GAIN)
        return gained < -OWN and (own > FREQUENT or (len(old) >= LONG and self._lexicon.lists(old)))

    def is_usual(self, text: str) -> bool:
        """True where each word of a text is a frequent one."""
        words = re.findall(r"[\w']+", text.replace("\u2019", "'"))
        return bool(words) and all(map(self._lexicon.is_usual, words))

    def _of_words(self, before: str, after: str, whole: str) -> dict[str, float]:
        old, new = core(before), core(after)
        known = bool(new) and all(map(self._lexicon.lists, (core(whole) or new).split()))
        gained = limited("text", self._likely(after) - self._likely(before))
        # Of numbers there is no list.
        counted = bool(self._lexicon) and not digits.of(new)
        share = self._neighbours.share(old, new) if counted else 0.0
        usual = self.is_usual(old)
        return {
            "listed" if known else "unlisted": gained,
            "word": 1.0,
            "share": share or 0.0,
            "uncounted": float(share is None),
            "usual": float(usual),
            "rival": self._neighbours.rival(old, new) if counted and not usual else math.inf,
            "printed": math.log1p(self.times(new)) - math.log1p(self.times(old)),
        }

    def _likely(self, text: str) -> float:
        words = map(core, text.split())
        return sum(self._lexicon.log_probability(word) if word else NO_WORD for word in words)


def _is_plain(told: Mapping[str, float]) -> bool:
    return (
        told.get("listed", 0.0) > PLAIN_WORDS
        and told["share"] > PLAIN_SHARE
        and not (told["usual"] or told["uncounted"])
    )


def _odd(text: str) -> int:
    """How many of a text's words have marks around or in them as no printer sets them."""
    odd = 0
    for word in text.split():
        inside = core(word)
        if not inside:
            odd += word not in _ALONE
            continue
        first = word.index(inside)
        odd += not _BEFORE.fullmatch(word[:first])
        odd += not _BEHIND.fullmatch(word[first + len(inside) :])
        odd += bool(_INSIDE.search(inside))
    return odd


def _marks(text: str) -> int:
    return sum(not character.isalnum() and not character.isspace() for character in typed(text))
