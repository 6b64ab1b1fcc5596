"""Fit the weights of candidates for a word: ``python -m ocrwatchd.training.picture_weights LANGUAGE=FOLDER …``.

FOLDER holds scans, each with its true text in NAME.txt. They are read with RapidOCR, and what was read is kept. Each
word that the recogniser was in doubt about is put beside the truth: a candidate is right where the text has fewer wrong
characters with it, and the reading is right where no candidate is. The weights make what is right most probable, in a
softmax of the reading and its candidates; a weight that has but one sensible sign keeps it. What they mend is told by
pages that they were not fitted on. ``--write`` puts them into ``gate/picture_weights.json``.

With ``--model FILE`` the language model in that GGUF file is asked too, and the weights with its context are fitted on
the words that it was asked about; they are held near those without.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.optimize import minimize

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import PageText
from ocrwatchd.correct.choosing import Compared, compared
from ocrwatchd.correct.picture import candidates_of, seen_words
from ocrwatchd.gate import choice
from ocrwatchd.gate.features import MONOTONE
from ocrwatchd.llm.decode import LlamaModel
from ocrwatchd.ocr.layout import arrange
from ocrwatchd.ocr.spaces import spaced
from ocrwatchd.training.page_lines import PICTURES, Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from ocrwatchd.gate.choice import Candidate
    from ocrwatchd.llm.protocol import Model

AROUND = 20
"""Characters on either side of a word that are put beside the truth with it."""
BLOCK = 12
"""Runs of edits of so many characters are out of order or missing: the words in them have no truth beside them."""
FOLDS = 5
"""Weights are judged by each fifth of the pages, fitted on the others."""
RIDGE = 1.0
"""How strongly weights are held near 0, in standard deviations of their features."""
WEIGHTS = Path(choice.__file__).with_name("picture_weights.json")


@dataclass(frozen=True, slots=True)
class Example:
    """A word with its candidates.

    Args:
        page: folder and name of its page.
        gains: how many characters each candidate makes right, less than 0 where it makes some wrong.
        asked: the same word with the candidates that a language model compared, where it did.
    """

    page: str
    text: str
    candidates: tuple[Candidate, ...]
    gains: tuple[int, ...]
    asked: Example | None = None


def main() -> int:
    """Read, fit, tell."""
    name = "python -m ocrwatchd.training.picture_weights"
    parser = argparse.ArgumentParser(prog=name, description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+", help="LANGUAGE=FOLDER, or LANGUAGE/N=FOLDER for each Nth page")
    parser.add_argument("--model", type=Path, help="a GGUF file: fit the weights with a model's context")
    parser.add_argument("--write", action="store_true", help="put the weights into the package")
    asked = parser.parse_args()
    model = LlamaModel(asked.model, Llm()) if asked.model else None
    examples = [each for told in asked.folder for each in _examples(*_named(told), model)]
    told = _told(examples)
    content: dict[str, Any] = json.loads(WEIGHTS.read_text("utf-8"))
    if model:
        fitted = _fitted(_asked(examples), choice.weights())
        content |= {"measured with context": [model.name, *told.splitlines()], "weights with context": fitted}
    else:
        fitted = _fitted(examples)
        content |= {"measured": told.splitlines(), "weights": fitted}
    sys.stdout.write("".join(f"{name:22}{weight:8.3f}\n" for name, weight in fitted.items()) + told)
    if asked.write:
        WEIGHTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 0


def _named(told: str) -> tuple[str, int, Path]:
    language, _, folder = told.partition("=")
    language, _, every = language.partition("/")
    return language, int(every or 1), Path(folder)


def _examples(language: str, every: int, folder: Path, model: Model | None) -> Iterator[Example]:
    reader, words = Reader((language,)), lexicon((language,))
    scans = [path for path in sorted(folder.iterdir()) if path.suffix in PICTURES and path.with_suffix(".txt").exists()]
    for path in scans[::every]:
        truth = path.with_suffix(".txt")
        seen = reader.read(path)
        arranged = arrange(spaced(seen.lines, (language,)))
        page = PageText(1, arranged.text, seen.width, seen.height, 0.0, lines=arranged.lines)
        beside = _Beside(arranged.text, truth.read_text("utf-8"))
        doubtful = list(candidates_of(list(seen_words(page)), words, {}))
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
    """A page's text beside the truth, white space folded."""

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
        """How many characters each candidate makes right; None where the truth has no such place."""
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


def _fitted(examples: Sequence[Example], near: Mapping[str, float] | None = None) -> dict[str, float]:
    """The weights that make what is right most probable, held near others or 0."""
    names = tuple(examples[0].candidates[0].features)
    rows = np.array([[each.features[name] for name in names] for one in examples for each in one.candidates], float)
    scale = rows.std(axis=0) + 1e-9
    scale[names.index("bias")] = 1.0
    held = np.array([near.get(name, 0.0) if near else 0.0 for name in names]) * scale
    rows /= scale
    of = np.repeat(np.arange(len(examples)), [len(one.candidates) for one in examples])
    starts = np.r_[0, np.flatnonzero(np.diff(of)) + 1]
    gains = np.concatenate([one.gains for one in examples])
    most = np.maximum.reduceat(gains, starts)
    right, read = (gains > 0) & (gains == most[of]), most <= 0

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = rows @ weights
        highest = np.maximum(0.0, np.maximum.reduceat(odds, starts))
        share, own = np.exp(odds - highest[of]), np.exp(-highest)
        total = np.bincount(of, share, len(examples)) + own
        good = np.where(read, own, np.bincount(of, share * right, len(examples)))
        slope = share / total[of] - np.where(right & ~read[of], share / np.maximum(good[of], 1e-300), 0.0)
        cost = np.log(total).sum() - np.log(np.maximum(good, 1e-300)).sum() + RIDGE / 2 * ((weights - held) ** 2).sum()
        return float(cost), rows.T @ slope + RIDGE * (weights - held)

    sides = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
    bounds: Any = [sides[MONOTONE.get(name, 0)] for name in names]
    found = minimize(loss, held, jac=True, method="L-BFGS-B", bounds=bounds)
    return {name: round(float(weight), 3) for name, weight in zip(names, found.x / scale, strict=True)}


def _told(examples: Sequence[Example]) -> str:
    """What the weights mend, by folder, on pages that they were not fitted on."""
    pages = sorted({one.page for one in examples})
    fold = {page: number % FOLDS for number, page in enumerate(pages)}
    figures: dict[str, Counter[str]] = {}
    by_page: Counter[str] = Counter()
    for number in range(FOLDS):
        others = [one for one in examples if fold[one.page] != number]
        without = _fitted(others)
        with_context = _fitted(asked, without) if (asked := _asked(others)) else without
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
    return "\n".join(lines) + "\n"


def _mended(one: Example, by: Mapping[str, float]) -> tuple[choice.Choice, int]:
    """What is chosen, and how many characters it makes right."""
    found = choice.choose(one.text, one.candidates, by)
    return found, one.gains[one.candidates.index(found.best)] if found.best and found.chosen else 0


if __name__ == "__main__":
    sys.exit(main())
