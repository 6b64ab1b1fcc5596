"""Join what the picture and the lists of words say about a page's words with what a language model proposes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ocrwatchd.core.lattice import COLUMN
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.correct.picture import contradicts, judged, seen_words
from ocrwatchd.gate.own_words import own_edits
from ocrwatchd.gate.verdicts import Evidence, Policy, apply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ocrwatchd.core.config.profile import Work
    from ocrwatchd.core.lexicon import Lexicon
    from ocrwatchd.core.model import Correction, Edit, PageText
    from ocrwatchd.gate.consistency import Memory

OTHERWISE = "the picture says otherwise"


def with_words(page: PageText, found: Correction, work: Work, memory: Memory) -> Correction:
    """Correct a page's words by their picture too; where the picture contradicts the model, the picture is right.

    Args:
        page: as the engine read it. Without lattices words are corrected by the lists of words alone; with
            ``correct.words`` off nothing is added.
        found: what became of the page so far.
        work: the profile's settings.
        memory: of the document that the page is from.
    """
    if not work.correct.words:
        return found
    words = lexicon(tuple(filter(_is_latin, work.ocr.languages)))
    if not words:
        return found
    started = time.monotonic()
    if not any(line.lattice for line in page.lines):
        return _by_lists(page, found, work, words, started)
    seen = list(seen_words(page))
    own = judged(seen, words, memory.words)
    kept, refused = _beside(own.edits, found.edits, contradicts(seen))
    edits = tuple(sorted((*own.edits, *kept), key=lambda edit: edit.offset))
    places = [(edit.offset, edit.offset + len(edit.before)) for edit in kept]
    return replace(
        found,
        text=apply(page.text, edits),
        edits=edits,
        refused=tuple(sorted((*found.refused, *refused), key=lambda edit: edit.offset)),
        corrected=True,
        # Whoever wants no model misses none.
        reason="" if work.llm.model == "off" else found.reason,
        seconds=found.seconds + time.monotonic() - started,
        doubts=tuple(each for each in own.doubts if not any(start <= each.offset < end for start, end in places)),
    )


def _by_lists(page: PageText, found: Correction, work: Work, words: Lexicon, started: float) -> Correction:
    """Correct what no picture is known of: words that are plainly misread, on a page that was read badly."""
    evidence = Evidence(tuple(word for line in page.lines for word in line.words), lexicon=words)
    own = own_edits(page.text, found.edits, found.refused, Policy.from_settings(work.gate), evidence)
    if not own:
        return found
    edits = tuple(sorted((*own, *found.edits), key=lambda edit: edit.offset))
    return replace(
        found,
        text=apply(page.text, edits),
        edits=edits,
        corrected=True,
        reason="" if work.llm.model == "off" else found.reason,
        seconds=found.seconds + time.monotonic() - started,
    )


def _is_latin(language: str) -> bool:
    """Whether a language is written in the letters that lattices keep; one without a list of words is not."""
    letters = lexicon((language,)).letters
    return 2 * sum(letter in COLUMN for letter in letters) > len(letters)


def _beside(
    mended: Sequence[Edit], proposed: Sequence[Edit], against: Callable[[Edit], bool]
) -> tuple[list[Edit], list[Edit]]:
    """A model's edits that stand beside those of the words, and those that do not."""
    places = [(edit.offset, edit.offset + len(edit.before)) for edit in mended]
    kept: list[Edit] = []
    refused: list[Edit] = []
    for edit in proposed:
        end = edit.offset + len(edit.before)
        if any(edit.offset < last and end > first for first, last in places) or against(edit):
            refused.append(replace(edit, why=OTHERWISE))
        else:
            kept.append(edit)
    return kept, refused
