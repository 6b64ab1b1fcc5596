"""Fit the weights by which the gate judges an edit without a picture.

A logistic regression over the quantities of each proposed edit. The data: a language model's published answers with
their true texts; proposals for clean text, and misread words with a wrong word each, none of which the gate may admit.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.gate.admit import Sheet
from ocrwatchd.gate.judge import NEGATIVE, POSITIVE, TERMS
from ocrwatchd.gate.scoring import errors
from ocrwatchd.gate.verdicts import Evidence, Policy
from ocrwatchd.training.fit import FOLDS, Fit

NAMES = [each for quantities in TERMS.values() for each in quantities]
HARM, REPAIR = 18, 6
"""Cost of a wrong word, and of a missed repair, in sets without a true text: wrong characters."""
OURS = Path(__file__).parents[2] / "tests" / "data"


@dataclass(frozen=True)
class Case:
    """One way of a proposed edit.

    Args:
        kind: the set; for ``gate-dev`` the model.
        document: the unit of cross-validation.
        edit: number of the edit; the ways of one edit share it.
        told: the measured quantities.
        gain: additional wrong characters with the edit.
    """

    kind: str
    document: str
    edit: int
    told: Mapping[str, float]
    gain: int


def cases(folder: Path) -> Iterator[Case]:
    """All ways of all edits that no rule forbids."""
    for number, unit in enumerate(_read(folder / "gate-dev.jsonl")):
        yield from _cases(unit["model"], unit["document"], number, unit, _by_truth(unit))
    for kind in ("clean-proposals", "restyled", "other-meanings"):
        for number, line in enumerate(_read(OURS / f"{kind}.jsonl")):
            yield from _cases(kind, f"{kind} {number}", number, line, lambda *_: HARM)
            if "repair" in line:
                mended = {**line, "proposed": line["repair"]}
                yield from _cases("repairs", f"{kind} {number}", number, mended, lambda *_: -REPAIR)


def _by_truth(unit: Mapping[str, str]) -> Callable[[int, str, str], int]:
    source, truth = unit["ocr"], unit["truth"]
    wrong = errors(source, truth)
    return lambda at, before, after: errors(source[:at] + after + source[at + len(before) :], truth) - wrong


def _cases(
    kind: str, document: str, number: int, line: Mapping[str, str], gain: Callable[[int, str, str], int]
) -> Iterator[Case]:
    source = line.get("ocr") or line["source"]
    evidence = Evidence(lexicon=lexicon((line.get("language", "eng"),)))
    sheet = Sheet(source, line["proposed"], Policy(), evidence)
    if sheet.admitted().whole:
        return
    for at, (proposal, ways) in enumerate(sheet.measured()):
        for way in ways:
            if way.told:
                gained = gain(proposal.offset, proposal.before, way.after)
                yield Case(kind, document, number << 16 | at, way.told, gained)


def _fitted(taught: Sequence[Case]) -> dict[str, float]:
    """Weights of ``NAMES``; each way of an edit is judged alone."""
    fit = Fit(NAMES, dict.fromkeys(POSITIVE, 1) | dict.fromkeys(NEGATIVE, -1))
    best: dict[tuple[str, int], int] = defaultdict(int)
    for case in taught:
        best[case.kind, case.edit] = min(best[case.kind, case.edit], case.gain)
    for case in taught:
        right = case.gain < 0 and case.gain == best[case.kind, case.edit]
        fit.add([_row(case)], [right], max(1, abs(case.gain)))
    return fit.weights()


def judged(found: Iterable[Case], weights: Mapping[str, float]) -> dict[tuple[str, int], tuple[Case, float]]:
    """The best way of each edit and its sum."""
    best: dict[tuple[str, int], tuple[Case, float]] = {}
    for case in found:
        total = sum(weights[name] * value for name, value in _row(case).items())
        if total > best.get((case.kind, case.edit), (case, -math.inf))[1]:
            best[case.kind, case.edit] = (case, total)
    return best


def cross_validated(found: Sequence[Case]) -> dict[tuple[str, int], tuple[Case, float]]:
    """Each edit's best way, by weights that were fitted without its document."""
    documents = sorted({case.document for case in found})
    order = np.random.default_rng(0).permutation(len(documents)).tolist()
    fold = dict(zip(documents, order, strict=True))
    best: dict[tuple[str, int], tuple[Case, float]] = {}
    for part in range(FOLDS):
        weights = _fitted([case for case in found if fold[case.document] % FOLDS != part])
        best |= judged((case for case in found if fold[case.document] % FOLDS == part), weights)
    return best


def told(best: Mapping[tuple[str, int], tuple[Case, float]]) -> list[str]:
    """The edits that the weights admit, one line for each set."""
    rows = []
    for kind in dict.fromkeys(kind for kind, _ in best):
        of_kind = {edit: (case, total) for (name, edit), (case, total) in best.items() if name == kind}
        inside = {edit: case.gain for edit, (case, total) in of_kind.items() if total > 0}
        texts: Counter[int] = Counter()
        for edit, gain in inside.items():
            texts[edit >> 16] += gain
        worse = sum(change > 0 for change in texts.values())
        rows.append(
            f"{kind}: {len(inside)} of {len(of_kind)} edits let in, {sum(inside.values()):+} wrong characters, "
            f"{worse} texts worse"
        )
    return rows


def fitted(folder: Path) -> tuple[dict[str, float], list[str]]:
    """The weights, and the edits that they admit, one line for each set."""
    found = list(cases(folder))
    return _fitted(found), told(cross_validated(found))


def _row(case: Case) -> dict[str, float]:
    return {name: case.told.get(name, float(name == "base")) for name in NAMES}


def _read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
