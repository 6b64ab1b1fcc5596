"""Join what the picture and the lists of words say about a page's words with what a language model proposes."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ocrwatchd.core.i18n import NOTHING, joined, verbatim
from ocrwatchd.core.lattice import COLUMN
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.reason import Reason
from ocrwatchd.correct.picture import Proposed, judged, seen_words
from ocrwatchd.gate.own_words import own_edits
from ocrwatchd.gate.verdicts import Evidence, Policy, apply, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from ocrwatchd.core.config.profile import Work
    from ocrwatchd.core.lexicon import Lexicon
    from ocrwatchd.core.model import Correction, Edit, PageText
    from ocrwatchd.correct.choosing import Compared
    from ocrwatchd.correct.picture import Judged, SeenWord
    from ocrwatchd.gate.choice import Candidate
    from ocrwatchd.gate.consistency import Memory

    Choose: TypeAlias = Callable[[str, Work, float, Sequence[tuple[SeenWord, Sequence[Candidate]]]], Compared]
    """As :meth:`ocrwatchd.correct.corrector.Corrector.choose`."""


def with_words(
    page: PageText, found: Correction, work: Work, memory: Memory, choose: Choose | None = None
) -> Correction:
    """Correct a page's words by their picture too; where the picture contradicts the model, the picture is right.

    Args:
        page: as the engine read it. Without lattices words are corrected by the lists of words alone; with
            ``correct.words`` off nothing is added.
        found: what became of the page so far.
        work: the profile's settings.
        memory: of the document that the page is from.
        choose: lets a language model choose among what the picture allows; None: there is none, or it is not wanted.
    """
    words = words_of(work)
    if not words:
        return found
    started = time.monotonic()
    if not has_picture(page):
        return _by_lists(page, found, work, words, started)
    seen = list(seen_words(page))
    ask = partial(choose, page.text, work, found.seconds) if choose else None
    protect = work.gate.digits == "protect"
    own = judged(seen, words, memory.words, proposed(found), ask, protect_digits=protect)
    kept, refused = _beside(own, found)
    touched = places(kept)
    mended = _with_edits(page, found, work, (*own.edits, *kept), started)
    return replace(
        mended,
        reason=joined((mended.reason, verbatim(own.reason))),
        refused=tuple(sorted(refused, key=_offset)),
        doubts=tuple(each for each in own.doubts if each.offset not in touched),
    )


def proposed(found: Correction) -> dict[int, Proposed]:
    """What a model proposes for single words, by offset."""
    refused = {edit.offset: Proposed(edit, admitted=False) for edit in found.refused}
    return refused | {edit.offset: Proposed(edit, admitted=True) for edit in found.edits}


def words_of(work: Work) -> Lexicon | None:
    """The lists of words by which a page is corrected; None where there is none, or it is not wanted."""
    if not work.correct.words:
        return None
    return lexicon(tuple(filter(_is_latin, work.ocr.languages))) or None


def has_picture(page: PageText) -> bool:
    """Whether the engine tells what it saw of the page's words."""
    return any(line.lattice for line in page.lines)


def _by_lists(page: PageText, found: Correction, work: Work, words: Lexicon, started: float) -> Correction:
    """Correct what no picture is known of: words that are plainly misread, on a page that was read badly."""
    evidence = Evidence(tuple(word for line in page.lines for word in line.words), lexicon=words)
    own = own_edits(page.text, found.edits, found.refused, Policy.from_settings(work.gate), evidence)
    return _with_edits(page, found, work, (*own, *found.edits), started) if own else found


def _with_edits(page: PageText, found: Correction, work: Work, edits: Iterable[Edit], started: float) -> Correction:
    ordered = tuple(sorted(edits, key=_offset))
    return replace(
        found,
        text=apply(page.text, ordered),
        edits=ordered,
        corrected=True,
        # Whoever wants no model misses none.
        reason=NOTHING if work.llm.model == "off" else found.reason,
        seconds=found.seconds + time.monotonic() - started,
    )


def _is_latin(language: str) -> bool:
    """Whether a language is written in the letters that lattices keep; one without a list of words is not."""
    letters = lexicon((language,)).letters
    return 2 * sum(letter in COLUMN for letter in letters) > len(letters)


def _beside(own: Judged, found: Correction) -> tuple[list[Edit], list[Edit]]:
    """A model's edits that stand beside those of the words, and those that do not."""
    taken = places(own.edits)
    made = set(map(_change, own.edits))
    kept: list[Edit] = []
    refused = [edit for edit in found.refused if _change(edit) not in made]
    for edit in found.edits:
        if edit not in own.against and taken.isdisjoint(places([edit])):
            kept.append(edit)
        elif _change(edit) not in made:
            refused.append(replace(edit, why=Reason.PICTURE))
    return kept, refused


def _change(edit: Edit) -> tuple[int, str, str]:
    return edit.offset, edit.before, edit.after


def _offset(edit: Edit) -> int:
    return edit.offset
