"""The gate's own candidates: the likeliest word for one that is plainly misread, where nobody proposed another.

They are for pages that were read badly and of which there is no picture. Names are in no list and must stay, so a word
with a capital needs more evidence. ``small.txt`` holds English words that begin with "i" or "j", which are often read
as capitals; ``ocrwatchd/training/marks.py`` counted them in 20 books of Standard Ebooks (CC0).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.reason import Reason
from ocrwatchd.gate.admit import Sheet, Way
from ocrwatchd.gate.align import Group
from ocrwatchd.gate.channel import misreading
from ocrwatchd.gate.judge import CLEAN
from ocrwatchd.gate.neighbours import neighbours
from ocrwatchd.gate.proposals import Proposal
from ocrwatchd.gate.verdicts import apply, places
from ocrwatchd.gate.words import core

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ocrwatchd.core.lexicon import Lexicon
    from ocrwatchd.core.model import Edit
    from ocrwatchd.gate.quantities import Page
    from ocrwatchd.gate.verdicts import Evidence, Policy

SHORTEST, LONGEST = 3, 24
"""Letters of a word that gets a candidate."""
SHARE = -0.1
"""ln of the least share that a candidate has of all words that may stand there: nine tenths."""
GAIN, GAIN_OF_LISTED = 6.0, 4.0
"""Nats by which a candidate must be likelier than that the word was read right; where a list has the word as read, its
frequency is known and not guessed from its letters."""
MOST_HABIT = 3.0
"""Nats that a letter gains at most where the page has been misread so before: "o" for "e" all over an article."""
SHARE_OF_NAME, GAIN_OF_NAME, COST_OF_NAME = -0.02, 8.0, 5.2
"""The same of words with a capital, and the nats that each misread letter of theirs may cost."""


def own_edits(
    source: str, edits: Sequence[Edit], refused: Sequence[Edit], policy: Policy, evidence: Evidence
) -> tuple[Edit, ...]:
    """Mend words that no model spoke about, in order of offset.

    Args:
        source: the page's text as recognised.
        edits: admitted ones of a model. They tell how badly the page was read, too.
        refused: a model's other ones: these words stay as they are.
        policy: what counts as a repair.
        evidence: what is known of the page; without a lexicon nothing is mended.
    """
    if not evidence.lexicon:
        return ()
    sheet = _Sheet(source, edits, refused, policy, evidence)
    return tuple(replace(edit, source="words") for edit in sheet.admitted().edits if edit.offset in sheet.own)


class _Sheet(Sheet):
    """A model's edits and beside them the candidates, which are judged alike."""

    def __init__(
        self, source: str, edits: Sequence[Edit], refused: Sequence[Edit], policy: Policy, evidence: Evidence
    ) -> None:
        super().__init__(source, apply(source, edits), policy, evidence)
        taken = places((*edits, *refused))
        habits = Counter(pair for edit in edits for pair in _changes(core(edit.before), core(edit.after)))
        self.own: set[int] = set()
        words = evidence.lexicon or lexicon(())
        for number, word in enumerate(self._before):
            if taken.isdisjoint(range(word.start, word.end)):
                after = _candidate(word.text, words, self._page, habits) or self._small(number, words)
                if after:
                    group = Group(number, number + 1, number, number + 1)
                    self._proposals.append(Proposal(word.start, word.text, (after,), "word", group))
                    self.own.add(word.start)
        self._proposals.sort(key=lambda each: each.offset)

    def _small(self, number: int, words: Lexicon) -> str:
        """Give a word its small letter back between words in small letters; "" for any other word."""
        text = self._before[number].text
        word = core(text)
        small = word[:1].lower() + word[1:]
        if word == small or small not in _small_words() or words.languages != ("en",):
            return ""
        beside = [self._before[at].text for at in (number - 1, number + 1) if 0 <= at < len(self._before)]
        if len(beside) < 2 or beside[0][-1] in ".!?:" or not (core(beside[0]).islower() and beside[1][0].islower()):
            return ""
        return text.replace(word, small, 1)

    def _on_page(self, proposal: Proposal, way: Way, noise: float) -> Way:
        """Nothing is mended on a page that was read well: rare and foreign words, and old spellings, look misread."""
        if noise < CLEAN and proposal.offset in self.own:
            return replace(way, veto=way.veto or Reason.TOO_LITTLE, told={})
        return super()._on_page(proposal, way, noise)

    def _objection(self, found: Sequence[object]) -> Reason | None:  # noqa: ARG002 - the model's answer has passed
        return None


def _candidate(text: str, words: Lexicon, page: Page, habits: Mapping[tuple[str, str], int]) -> str:
    """Give the likeliest word for one in letters of the language, if it is likely enough; else "".

    A word that comes several times, and its candidate less often, is one that the page has.
    """
    word = core(text)
    small, listed = word.lower(), words.lists(word)
    name = word != small
    if not SHORTEST <= len(word) <= LONGEST or not words.letters.issuperset(small) or words.is_usual(word):
        return ""
    if name and (listed or word not in {small.upper(), small.capitalize()}):
        return ""
    known = neighbours(words)
    best = known.likeliest(small)
    if not best or page.times(word) > max(1, page.times(best)):
        return ""
    looks = misreading(small, best)
    gained = words.log_probability(best) - looks.cost - words.log_probability(word)
    gained += sum(min(MOST_HABIT, math.log1p(habits.get(pair, 0))) for pair in _changes(small, best))
    gain, share = (GAIN_OF_NAME, SHARE_OF_NAME) if name else (GAIN_OF_LISTED if listed else GAIN, SHARE)
    dear = name and looks.cost > COST_OF_NAME * looks.places
    if dear or gained < gain or (known.share(small, best) or 0.0) < share:
        return ""
    return text.replace(word, best.upper() if name and word.isupper() else best.capitalize() if name else best, 1)


def _changes(read: str, true: str) -> list[tuple[str, str]]:
    """The letters that were misread for others, one for one."""
    return [(read[op.src_pos], true[op.dest_pos]) for op in Levenshtein.editops(read, true) if op.tag == "replace"]


@cache
def _small_words() -> frozenset[str]:
    return frozenset(resources.files(__package__).joinpath("small.txt").read_text("utf-8").split())
