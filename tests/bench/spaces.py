"""Fit the weights of ocrwatchd/ocr/spaces.py: ``python -m tests.bench.spaces LANGUAGE=FOLDER...``.

Every second page fits, the others judge. A gap is told by the truth where the letters on both its sides are read right
and are neighbours in the truth too. Lost spaces are rare: spaces that were read fit too, as if they were lost. Weights
are those of a logistic regression.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate.scoring import fold
from ocrwatchd.ocr.layout import arrange
from ocrwatchd.ocr.spaces import BIAS, MARGIN, WEIGHTS, Evidence, Gap, gaps
from ocrwatchd.training.page_lines import PICTURES, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ocrwatchd.ocr.layout import RawLine

DECAY = 1.0
"""Of the weights, without which a feature that never fails would grow without end."""


@dataclass(frozen=True, slots=True)
class Told:
    """A gap of a page, and whether the truth has a space there."""

    set: str
    fits: bool
    evidence: Evidence
    space: bool
    read: bool
    shown: str


def told(folder: Path, language: str) -> Iterator[Told]:
    """The gaps of all pages of a set."""
    reader = Reader((language,))
    pictures = [path for path in sorted(folder.iterdir()) if path.suffix in PICTURES]
    for number, path in enumerate(pictures):
        lines = reader.read(path).lines
        spaces = _spaces(lines, path.with_suffix(".txt").read_text("utf-8"))
        for line in lines:
            letters = "".join(word.text for word in line.words)
            for gap, read in _gaps(line, language):
                known = spaces.get((id(line), gap.number))
                if known is not None:
                    shown = f"{letters[: gap.number][-12:]}|{letters[gap.number :][:12]}"
                    yield Told(folder.name, number % 2 == 0, gap.evidence, known, read, shown)


def _gaps(line: RawLine, language: str) -> Iterator[tuple[Gap, bool]]:
    """The gaps inside words, and those between two words that were read, as if the two were one."""
    yield from ((gap, False) for gap in gaps(line, (language,)))
    for number, (before, after) in enumerate(pairwise(line.words)):
        whole = replace(before, text=before.text + after.text)
        joined = replace(line, words=(*line.words[:number], whole, *line.words[number + 2 :]))
        found = (gap for gap in gaps(joined, (language,)) if (gap.word, gap.at) == (number, len(before.text)))
        yield from ((gap, True) for gap in found)


def _spaces(lines: Sequence[RawLine], truth: str) -> dict[tuple[int, int], bool]:
    """By line and number of letters before the gap, whether the truth has white space there."""
    arranged = arrange(lines)
    ours, true = fold(arranged.text), fold(truth)
    before = [number for number, letter in enumerate(true) if not letter.isspace()]
    there = dict[int, int]()
    for tag, start, end, other, _ in Levenshtein.opcodes("".join(ours.split()), "".join(true.split())):
        if tag == "equal":
            there |= {start + step: other + step for step in range(end - start)}
    by_place = {(line.text, line.box): line for line in lines}
    found = {}
    for line in arranged.lines:
        raw = by_place.get((line.text, line.box))
        if raw is None:  # divided at a gutter or into cells
            continue
        first = len("".join(fold(arranged.text[: line.offset]).split()))
        for number in range(1, len("".join(line.text.split()))):
            one, two = there.get(first + number - 1), there.get(first + number)
            if one is not None and two == one + 1:
                found[id(raw), number] = before[two] > before[one] + 1
    return found


def fitted(gathered: list[Told]) -> NDArray[np.float64]:
    """The weights, the bias last, by Newton's method."""
    x = np.array([[*each.evidence, 1.0] for each in gathered])
    y = np.array([each.space for each in gathered], float)
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        hessian = (x.T * (p * (1 - p))) @ x + DECAY * np.eye(len(weights))
        weights += np.linalg.solve(hessian, x.T @ (y - p) - DECAY * weights)
    return weights


def main() -> int:
    """Print the weights, and what they do on the pages that did not fit them."""
    sets = [argument.partition("=") for argument in sys.argv[1:]]
    gathered = [each for language, _, folder in sets for each in told(Path(folder), language)]
    weights = fitted([each for each in gathered if each.fits])
    sys.stdout.write(f"{dict(zip((*Evidence._fields, 'bias'), weights.round(2).tolist(), strict=True))}\n")
    for name, used in (("in the code", np.array([*WEIGHTS, BIAS])), ("fitted", weights)):
        sys.stdout.write(f"\n{name:20}{'lost':>8}{'put back':>10}{'wrongly put':>12}\n")
        for of in dict.fromkeys(each.set for each in gathered):
            judged = [each for each in gathered if each.set == of and not each.fits and not each.read]
            put = [each.space for each in judged if used @ [*each.evidence, 1.0] > MARGIN]
            lost = sum(each.space for each in judged)
            sys.stdout.write(f"{of:20}{lost:8}{sum(put):10}{len(put) - sum(put):12}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
