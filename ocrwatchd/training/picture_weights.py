"""Fit the weights of candidates for a word with a picture.

RapidOCR reads scans, and a cache keeps the lines. Each doubtful word is compared with the true text, together with its
candidates by the picture and by the built-in model: a candidate is right if it reduces the text's wrong characters,
and the reading is right if no candidate is. With another language model, which compares the candidates of the picture,
the weights are fitted on the words that the model was asked about.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import PageText
from ocrwatchd.correct.choosing import Compared, compared
from ocrwatchd.correct.corrector import Corrector
from ocrwatchd.correct.page import proposed
from ocrwatchd.correct.picture import candidates_of, seen_words
from ocrwatchd.gate import choice
from ocrwatchd.gate.features import MONOTONE
from ocrwatchd.gate.weights import weights
from ocrwatchd.llm import models
from ocrwatchd.llm.decode import LlamaModel
from ocrwatchd.ocr.layout import arrange
from ocrwatchd.ocr.spaces import spaced
from ocrwatchd.training.fit import FOLDS, Fit
from ocrwatchd.training.page_lines import PICTURES, Reader

if TYPE_CHECKING:
    from ocrwatchd.gate.choice import Candidate
    from ocrwatchd.llm.protocol import Model

AROUND = 20
"""Characters on either side of a word that are compared with the true text."""
BLOCK = 12
"""Runs of edits of this many characters are out of order or missing: their words have no true text."""
OF_MODEL = ("proposed", "admitted")
"""Features that only a writing model gives."""
UNREAD = ("picture", "inner", "marks", "marks_only", "lost_marks", "product")
"""Features that do not depend on a comparing model: they keep their weights."""

GIVEN = {"product": 4.0}
"""Weights that are not fitted, because too few words have the feature. That the product of two numbers is a third one
by chance is rarer than 1 in 1,000, which is 7 nats; of these the weight trusts little more than half."""


@dataclass(frozen=True, slots=True)
class Example:
    """A word with its candidates.

    Args:
        page: folder and name of the page.
        gains: how many wrong characters each candidate removes; negative if it adds some.
        asked: the same word with the candidates that a language model compared.
    """

    page: str
    text: str
    candidates: tuple[Candidate, ...]
    gains: tuple[int, ...]
    asked: Example | None = None


def fitted(folders: Sequence[tuple[str, int, Path]], model: Path | None) -> tuple[dict[str, float], list[str]]:
    """The weights, and the edits that they repair, one line for each folder.

    Args:
        folders: each with its language, and N to take every Nth page.
        model: a GGUF file: fit the weights with its context, near the weights without.
    """
    loaded = LlamaModel(model, Llm()) if model else None
    examples = [each for told in folders for each in _examples(*told, loaded)]
    told = _told(examples)
    if loaded:
        return _with_context(_asked(examples), weights("picture")), [f"with {loaded.name}", *told]
    return _fitted(examples), told


def _examples(language: str, every: int, folder: Path, model: Model | None) -> Iterator[Example]:
    reader, words, work = Reader((language,)), lexicon((language,)), Work(ocr=Ocr(languages=(language,)))
    builtin = Corrector(models.BUILTIN, work.llm)
    scans = [path for path in sorted(folder.iterdir()) if path.suffix in PICTURES and path.with_suffix(".txt").exists()]
    for path in scans[::every]:
        truth = path.with_suffix(".txt")
        seen = reader.read(path)
        arranged = arrange(spaced(seen.lines, (language,)))
        page = PageText(1, arranged.text, seen.width, seen.height, 0.0, lines=arranged.lines)
        beside = _Beside(arranged.text, truth.read_text("utf-8"))
        proposals = {} if model else proposed(builtin.correct(page, work))
        doubtful = list(candidates_of(list(seen_words(page)), words, {}, proposals))
        told = compared(page.text, doubtful, partial(model.compare, deadline=math.inf)) if model else Compared({})
        for word, candidates in doubtful:
            gains = beside.gains(word.offset, word.text, [each.text for each in candidates])
            if gains is None:
                continue
            name, by_text = (
                f"{folder.name}/{path.name}",
                dict(zip((each.text for each in candidates), gains, strict=True)),
            )
            asked = tuple(told.candidates.get(word.offset, ()))
            with_context = Example(name, word.text, asked, tuple(by_text[each.text] for each in asked))
            yield Example(name, word.text, tuple(candidates), gains, with_context if asked else None)


class _Beside:
    """A page's text aligned with the true text, white space folded."""

    def __init__(self, text: str, truth: str) -> None:
        self._text, self._truth = " ".join(text.split()), " ".join(truth.split())
        self._steps = list(Levenshtein.opcodes(self._text, self._truth))
        self._starts = [step.src_start for step in self._steps]
        self._blocks = [
            (step.src_start, step.src_end)
            for step in self._steps
            if step.tag != "equal" and max(step.src_end - step.src_start, step.dest_end - step.dest_start) >= BLOCK
        ]
        # Where each word of the text stands once white space is folded.
        self._folded: dict[int, int] = {}
        at = 0
        for word, offset in _words(text):
            self._folded[offset] = at
            at += len(word) + 1
        self._offsets = sorted(self._folded)

    def gains(self, offset: int, word: str, candidates: Sequence[str]) -> tuple[int, ...] | None:
        """How many wrong characters each candidate removes; None if the true text has no such place."""
        run = self._offsets[bisect_right(self._offsets, offset) - 1]
        start = self._folded[run] + offset - run
        end = start + len(word)
        if any(first <= end and last >= start for first, last in self._blocks):
            return None
        first, last = max(0, start - AROUND), min(len(self._text), end + AROUND)
        true = self._truth[self._in_truth(first) : self._in_truth(last) if last < len(self._text) else None]
        before, after = self._text[first:start], self._text[end:last]
        wrong = [Levenshtein.distance(f"{before}{each}{after}", true) for each in (word, *candidates)]
        return tuple(wrong[0] - each for each in wrong[1:])

    def _in_truth(self, at: int) -> int:
        step = self._steps[bisect_right(self._starts, at) - 1]
        return int(min(step.dest_start + at - step.src_start, step.dest_end))


def _words(text: str) -> Iterator[tuple[str, int]]:
    at = 0
    for word in text.split():
        at = text.index(word, at)
        yield word, at
        at += len(word)


def _asked(examples: Iterable[Example]) -> list[Example]:
    return [one.asked for one in examples if one.asked]


def _fitted(examples: Sequence[Example]) -> dict[str, float]:
    """The weights that make the right text most probable: first of the features without a model, then of the others."""
    alone = [each for one in examples if (each := _without_model(one)).candidates]
    found = _fit(alone).weights(fixed=GIVEN)
    return _fit(examples).weights(fixed={name: weight for name, weight in found.items() if name not in OF_MODEL})


def _with_context(asked: Sequence[Example], without: Mapping[str, float]) -> dict[str, float]:
    return _fit(asked).weights(near=without, fixed={name: without[name] for name in UNREAD})


def _without_model(one: Example) -> Example:
    kept = [at for at, each in enumerate(one.candidates) if each.source == "picture"]
    none = dict.fromkeys(OF_MODEL, 0.0)
    candidates = (one.candidates[at] for at in kept)
    return replace(
        one,
        candidates=tuple(replace(each, features={**each.features, **none}) for each in candidates),
        gains=tuple(one.gains[at] for at in kept),
    )


def _fit(examples: Sequence[Example]) -> Fit:
    fit = Fit(tuple(examples[0].candidates[0].features), MONOTONE)
    for one in examples:
        most = max(one.gains)
        fit.add([each.features for each in one.candidates], [gain == most > 0 for gain in one.gains])
    return fit


def _told(examples: Sequence[Example]) -> list[str]:
    """The repairs by the weights for each folder, on pages that they were not fitted on."""
    pages = sorted({one.page for one in examples})
    fold = {page: number % FOLDS for number, page in enumerate(pages)}
    figures: dict[str, Counter[str]] = {}
    by_page: Counter[str] = Counter()
    for number in range(FOLDS):
        others = [one for one in examples if fold[one.page] != number]
        without = _fitted(others)
        with_context = _with_context(asked, without) if (asked := _asked(others)) else without
        for one in examples:
            if fold[one.page] != number:
                continue
            found, gain = _mended(one.asked, with_context) if one.asked else _mended(one, without)
            counts = figures.setdefault(one.page.partition("/")[0], Counter())
            counts.update(
                words=1,
                changed=found.chosen,
                better=gain > 0,
                worse=gain < 0,
                characters=gain,
                possible=max(0, *one.gains),
            )
            by_page[one.page] += gain
    lines = []
    for folder, counts in figures.items():
        spoilt = [gain for page, gain in by_page.items() if page.startswith(f"{folder}/") and gain < 0]
        lines.append(
            f"{folder}: {counts['words']:,} words in doubt; "
            f"{counts['changed']:,} changed, {counts['better']:,} better, {counts['worse']:,} worse; "
            f"{counts['characters']:,} of {counts['possible']:,} characters; "
            f"{len(spoilt)} pages worse, by {-min(spoilt, default=0)} at most"
        )
    return lines


def _mended(one: Example, by: Mapping[str, float]) -> tuple[choice.Choice, int]:
    """The choice, and how many wrong characters it removes."""
    found = choice.choose(one.text, one.candidates, by)
    return found, one.gains[one.candidates.index(found.best)] if found.best and found.chosen else 0
