"""The gate's own candidates: the likeliest word for one that is plainly misread, where nobody proposed another.

They are for pages that were read badly and of which there is no picture. A word with a capital gets no candidate: names
are in no list, and must stay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

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
    from collections.abc import Iterator, Sequence

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
        self.own: set[int] = set()
        for number, word in enumerate(self._before):
            if taken.isdisjoint(range(word.start, word.end)) and evidence.lexicon:
                for after in _candidate(word.text, evidence.lexicon, self._page):
                    group = Group(number, number + 1, number, number + 1)
                    self._proposals.append(Proposal(word.start, word.text, (after,), "word", group))
                    self.own.add(word.start)
        self._proposals.sort(key=lambda each: each.offset)

    def _on_page(self, proposal: Proposal, way: Way, noise: float) -> Way:
        """Nothing is mended on a page that was read well: rare and foreign words, and old spellings, look misread."""
        if noise < CLEAN and proposal.offset in self.own:
            return replace(way, veto=way.veto or Reason.TOO_LITTLE, told={})
        return super()._on_page(proposal, way, noise)

    def _objection(self, found: Sequence[object]) -> Reason | None:  # noqa: ARG002 - the model's answer has passed
        return None


def _candidate(text: str, lexicon: Lexicon, page: Page) -> Iterator[str]:
    """Give the likeliest word for one in small letters of the language, if it is likely enough.

    A word that comes several times, and its candidate less often, is one that the page has.
    """
    word = core(text)
    if not (SHORTEST <= len(word) <= LONGEST and word.islower() and lexicon.letters.issuperset(word)):
        return
    known = neighbours(lexicon)
    best = None if lexicon.is_usual(word) else known.likeliest(word)
    if not best or (known.share(word, best) or 0.0) < SHARE or page.times(word) > max(1, page.times(best)):
        return
    gained = lexicon.log_probability(best) - misreading(word, best).cost - lexicon.log_probability(word)
    if gained >= (GAIN_OF_LISTED if lexicon.lists(word) else GAIN):
        yield text.replace(word, best, 1)
