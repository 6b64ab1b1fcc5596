"""Correct words by what the recogniser saw of them: its own alternatives, judged by language.

A language model, where there is one, compares what they may be; it proposes nothing. A word that the recogniser was
sure of is never looked at.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from ocrwatchd.core.lattice import COLUMN
from ocrwatchd.core.model import Doubt, Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.correct.choosing import Compared
from ocrwatchd.gate.choice import Candidate, choose, terms
from ocrwatchd.gate.features import Word, admits, shape
from ocrwatchd.gate.reading import HYPHEN, Place, value
from ocrwatchd.gate.words import folded, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from ocrwatchd.core.lattice import Lattice
    from ocrwatchd.core.lexicon import Lexicon
    from ocrwatchd.core.model import PageText, Source

LEAST_DOUBT = 3e-4
"""A word is looked at where the recogniser gave something else more than this probability at some step: of 1,099 words
of office pages that were read wrongly 1,025."""
LITTLE_DOUBT = 1e-3
"""Words of a page that were read with less doubt tell which words the page has."""
MUCH_DOUBT = 0.05
"""The share of words that were read with more doubt tells how badly the page was read."""
NOISE_WORDS = 20
"""So many words of a page without doubt are taken for granted: short pages tell little."""
TOLD_DOUBT = 0.02
"""Words that are wrong with a smaller probability are not told."""


@dataclass(frozen=True, slots=True)
class SeenWord:
    """A word of a page, and what the recogniser saw of it.

    Args:
        text: as read.
        offset: in the page's text.
        place: where it stands.
        lattice: its part of the line's.
        doubt: as of :meth:`Lattice.doubt`.
    """

    text: str
    offset: int
    place: Place
    lattice: Lattice
    doubt: float

    @property
    def text_is_known(self) -> bool:
        """Whether the lattice has all its characters."""
        return COLUMN.keys() >= set(self.text)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a language model makes of a word.

    Args:
        edit: for that word alone.
        admitted: by the judge that does not see the picture.
    """

    edit: Edit
    admitted: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a page's words.

    Args:
        edits: in order of offset.
        doubts: words that may be wrong still.
        against: proposed edits that lost, or that the picture contradicts.
        reason: why a model was not asked about some words, in plain words, or "".
    """

    edits: tuple[Edit, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    against: frozenset[Edit] = frozenset()
    reason: str = ""


def judged(
    words: Sequence[SeenWord],
    lexicon: Lexicon,
    document: Mapping[str, int],
    proposed: Mapping[int, Proposed] = MappingProxyType({}),
    ask: Callable[[Sequence[tuple[SeenWord, Sequence[Candidate]]]], Compared] | None = None,
    *,
    protect_digits: bool = False,
) -> Judged:
    """Correct a page's words.

    Args:
        words: of the page.
        lexicon: of the page's languages.
        document: how often each word stands on the document's other pages, small letters, marks off.
        proposed: by a language model, by offset of the word.
        ask: a language model, if there is one, that compares the candidates of some words.
        protect_digits: no edit changes a digit (``gate.digits``).
    """
    edits: list[Edit] = []
    doubts: list[Doubt] = []
    doubtful = list(candidates_of(words, lexicon, document, proposed))
    compared = ask(doubtful) if ask else Compared({})
    for word, candidates in doubtful:
        possible = compared.candidates.get(word.offset, candidates)
        choice = choose(word.text, possible, protect_digits=protect_digits)
        if choice.best and choice.chosen:
            best = choice.best
            weighed = terms(best.features)
            edits.append(Edit(word.offset, word.text, best.text, Reason.MISREAD_WORD, best.source, weighed))
        if choice.wrong >= TOLD_DOUBT:
            doubts.append(Doubt(word.offset, len(word.text), choice.wrong))
    made = {(edit.offset, edit.after) for edit in edits}
    at = {word.offset: word for word in words}
    against = (
        each.edit
        for offset, each in proposed.items()
        if (offset, each.edit.after) not in made and offset in at and _is_weighed(at[offset], each.edit)
    )
    return Judged(tuple(edits), tuple(doubts), frozenset(against), compared.reason)


def _is_weighed(word: SeenWord, edit: Edit) -> bool:
    """Whether the picture tells of an edit: it is of that word alone, and no matter of style."""
    if edit.before != word.text or not edit.after:
        return False
    return word.doubt < LEAST_DOUBT or (word.text_is_known and admits(word.text, edit.after))


def candidates_of(
    words: Sequence[SeenWord],
    lexicon: Lexicon,
    document: Mapping[str, int],
    proposed: Mapping[int, Proposed] = MappingProxyType({}),
) -> Iterator[tuple[SeenWord, list[Candidate]]]:
    """The words that the recogniser was in doubt about, each with what it may be; arguments as of ``judged``."""
    noise = math.log((1 + sum(word.doubt > MUCH_DOUBT for word in words)) / (NOISE_WORDS + len(words)))
    counts = Counter(document)
    counts.update(folded(word.text) for word in words if word.doubt < LITTLE_DOUBT)
    counts.update(filter(None, (shape(word.text) for word in words)))
    for seen in words:
        if seen.doubt < LEAST_DOUBT or not seen.text_is_known:
            continue
        word = Word(seen.text, seen.place, lexicon, counts, noise)
        sources: dict[str, Source] = dict.fromkeys(seen.lattice.alternatives(), "picture")
        model = proposed.get(seen.offset)
        if model and model.edit.before != seen.text:
            # Of several words at once, or of a part of one.
            model = None
        if model:
            sources.setdefault(model.edit.after, model.edit.source)
        texts = [text for text in sources if text != seen.text and admits(seen.text, text)]
        if not texts:
            continue
        told = seen.lattice.log_probabilities([seen.text, *texts])
        lost = (float(told[0] - each) for each in told[1:])
        candidates = [
            Candidate(text, sources[text], word.features(text, nats) | _of_model(model, text))
            for text, nats in zip(texts, lost, strict=True)
            if not word.contradicts(text, nats)
        ]
        if candidates:
            yield seen, candidates


def _of_model(model: Proposed | None, text: str) -> dict[str, float]:
    asked = model if model and model.edit.after == text else None
    return {"proposed": float(bool(asked)), "admitted": float(bool(asked and asked.admitted))}


def seen_words(page: PageText) -> Iterator[SeenWord]:
    """The page's words whose lattice is known, in order of offset."""
    found = sorted(_parts(page), key=lambda part: part[1])
    texts = [("", 0), *((text, offset) for text, offset, _ in found), ("", len(page.text) + 1)]
    for (before, word, after), (_, _, lattice) in zip(
        zip(texts, texts[1:], texts[2:], strict=False), found, strict=True
    ):
        place = _place(page.text, before, word, after)
        yield SeenWord(*word, place, lattice, lattice.doubt(word[0]))


def _parts(page: PageText) -> Iterator[tuple[str, int, Lattice]]:
    for line in page.lines:
        lattice: Lattice | None = line.lattice
        if lattice is None or sum(len(word.text) for word in line.words) != len(lattice.steps):
            continue
        ends = [0]
        for word in line.words:
            ends.append(ends[-1] + len(word.text))
        for word, (start, end) in zip(line.words, pairwise(ends), strict=True):
            if page.text[word.offset : word.offset + len(word.text)] == word.text:
                yield word.text, word.offset, lattice.part(start, end)


def _place(text: str, before: tuple[str, int], word: tuple[str, int], after: tuple[str, int]) -> Place:
    """Where a word stands among its neighbours, each with its offset; across a line's end a hyphen breaks a word."""
    begins = text[before[1] + len(before[0]) : word[1]].strip(" ") == "\n"
    ends = text[word[1] + len(word[0]) : after[1]].strip(" ") == "\n"
    head = parts(before[0].removesuffix(HYPHEN))[1] if begins and before[0].endswith(HYPHEN) else ""
    tail = parts(after[0])[1] if ends and word[0].endswith(HYPHEN) else ""
    place = Place(after[0], head if head.isalpha() else "", tail if tail.isalpha() else "")
    if not any(map(str.isdigit, word[0])):
        return place
    start, end = word[1], word[1] + len(word[0])
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return place._replace(left=_numbers(text[first:start]), right=_numbers(text[end : last if last >= 0 else None]))


def _numbers(text: str) -> tuple[Decimal, ...]:
    return tuple(filter(None, map(value, text.split())))
