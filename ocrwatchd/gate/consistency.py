"""Correct the same misread word alike throughout a document.

Pages are finished one at a time, so a page knows itself and those before it: what later pages will say is not known,
and what earlier ones were given is not taken back.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ocrwatchd.core.model import Correction, Edit, PageText, Part
from ocrwatchd.core.reason import Reason
from ocrwatchd.gate import digits
from ocrwatchd.gate.verdicts import Admitted, apply, places, shifted
from ocrwatchd.gate.words import core, folded

SUPPORT = 3
"""An edit admitted so many times speaks for its twins."""

OUTVOTED = 3
"""An edit is refused where another one of the same word was admitted so many times as often, and ``SUPPORT`` times."""

WORDS = 4096
"""Misread words that are remembered; the one seen longest ago is forgotten first."""

DOCUMENT_WORDS = 50_000
"""So many different words of a document are counted."""
CLEAR = 0.99
"""The least confidence, 0 to 1, of words that are counted."""


class Memory:
    """What was admitted so far in one document. Not for several threads.

    Args:
        words: how many misread words are remembered.
    """

    def __init__(self, words: int = WORDS) -> None:
        self._limit = words
        self._votes: OrderedDict[str, Counter[str]] = OrderedDict()
        self.words: Counter[str] = Counter()
        """How often each word stands on the document's finished pages, small letters, marks off."""

    def read(self, page: PageText) -> None:
        """Keep the words of a finished page that were read with confidence, for those that follow."""
        for line in page.lines:
            for word in line.words:
                name = folded(word.text)
                if (word.confidence or 0.0) >= CLEAR and (name in self.words or len(self.words) < DOCUMENT_WORDS):
                    self.words[name] += 1

    def weigh(self, admitted: Admitted, source: str) -> Admitted:
        """Decide once more, with what is remembered and with what a page says about itself.

        An edit that was admitted many times speaks for its twins, where these were refused for going too far and for
        nothing else: words of the language, and what was read with confidence, were refused for that. A lone edit that
        makes something else of the same word is refused. Digits are never decided by vote, and a word that the model
        left as it is stays.

        Args:
            admitted: what the gate said; offsets into ``source``.
            source: the text as recognised.
        """
        votes = self._with(admitted.edits)
        kept: list[Edit] = []
        refused: list[Edit] = []
        for edit in admitted.edits:
            if _is_outvoted(edit, votes):
                refused.append(replace(edit, why=Reason.OTHERWISE_ELSEWHERE))
            else:
                kept.append(edit)
        touched = places(kept)
        for edit in admitted.refused:
            if _is_supported(edit, votes) and touched.isdisjoint(places([edit])):
                kept.append(replace(edit, why=Reason.AS_ELSEWHERE))
            else:
                refused.append(edit)
        kept.sort(key=lambda edit: edit.offset)
        refused.sort(key=lambda edit: edit.offset)
        return replace(admitted, text=apply(source, kept), edits=tuple(kept), refused=tuple(refused))

    def remember(self, admitted: Admitted) -> None:
        """Keep what became of a page, for those that follow."""
        for before, after in _pairs(admitted.edits):
            self._votes.setdefault(before, Counter())[after] += 1
            self._votes.move_to_end(before)
        while len(self._votes) > self._limit:
            self._votes.popitem(last=False)

    def _with(self, edits: Sequence[Edit]) -> dict[str, Counter[str]]:
        """The votes on the words of ``edits``, those of the memory and their own."""
        votes: dict[str, Counter[str]] = {}
        for before, after in _pairs(edits):
            votes.setdefault(before, Counter(self._votes.get(before, {})))[after] += 1
        for before, known in self._votes.items():
            votes.setdefault(before, known)
        return votes


def lesson(raw: str, correction: Correction) -> Admitted:
    """What a document's ``Memory`` shall remember of a page: once, when the page is finished.

    It is made of what is kept of the page alone, so that a document that is resumed teaches as much as one that was
    never interrupted.

    Args:
        raw: the page's text as recognised.
        correction: what became of it.

    Returns:
        The page's edits; as text only those parts on which the model was heard, for it passed over no word of others.
    """
    heard = [_corrected(raw, correction, part) for part in correction.parts if part.fate == "decided"]
    return Admitted("\n".join(heard), correction.edits, correction.refused)


def _pairs(edits: Iterable[Edit]) -> Iterator[tuple[str, str]]:
    """Yield the words of edits from one word to one, without the marks around them."""
    for edit in edits:
        before, after = core(edit.before), core(edit.after)
        if before and after and before != after and not any(map(str.isspace, edit.before + edit.after)):
            yield before, after


def _is_outvoted(edit: Edit, votes: dict[str, Counter[str]]) -> bool:
    for before, after in _pairs([edit]):
        found = votes[before]
        _, times = found.most_common(1)[0]
        return times >= max(SUPPORT, OUTVOTED * found[after])
    return False


def _is_supported(edit: Edit, votes: dict[str, Counter[str]]) -> bool:
    return edit.why is Reason.TOO_DIFFERENT and any(
        votes.get(before, Counter())[after] >= SUPPORT and not digits.of(before + after)
        for before, after in _pairs([edit])
    )


def _corrected(raw: str, correction: Correction, part: Part) -> str:
    end = part.offset + part.length
    inside = [edit for edit in correction.edits if part.offset <= edit.offset < end]
    return apply(raw[part.offset : end], shifted(inside, -part.offset))
