# ruff: noqa: T201 - it reports to a person
"""Fit the weights by which the gate judges an edit, and write them to ``gate/weights.toml``.

A logistic regression over what is measured of each proposed edit. A language model's published answers teach, told by
the truth; so do proposals for clean text, and misread words with another word each, none of which may get in. The
figures in the file are cross-validated: each document was judged by weights that the others taught.

Run: ``OCRWATCHD_TEST_DATA=FOLDER python -m ocrwatchd.training.weights``; FOLDER holds ``gate-dev.jsonl``. Two minutes.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.gate.admit import Sheet
from ocrwatchd.gate.judge import NEGATIVE, POSITIVE, TERMS, WEIGHTS
from ocrwatchd.gate.scoring import errors
from ocrwatchd.gate.verdicts import Evidence, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

NAMES = [each for quantities in TERMS.values() for each in quantities]
FOLDS = 5
RIDGE = 1.0
STEPS = 3000
RISK = 0.0
"""Nats that an edit must have beyond even odds: a wrong edit costs more than a missed one."""
HARM, REPAIR = 18, 6
"""What a wrong word, and a missed repair, in the sets without a truth count as, in wrong characters."""
OURS = Path(__file__).parents[2] / "tests" / "data"


@dataclass(frozen=True)
class Case:
    """One way of a proposed edit.

    Args:
        kind: which set it is from; of ``gate-dev`` the model.
        document: what is left out together in cross-validation.
        edit: its number; ways of one edit share one.
        told: what was measured.
        gain: characters that are wrong more with it than without.
    """

    kind: str
    document: str
    edit: int
    told: Mapping[str, float]
    gain: int


def cases(folder: Path) -> Iterator[Case]:
    """All ways of all edits that nothing forbids."""
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


def fitted(taught: Sequence[Case]) -> Vector:
    """Weights of ``NAMES``: the likeliest ones, held near 0 by a ridge and to the right side of it by their meaning."""
    rows = np.array([_row(case) for case in taught])
    best: dict[tuple[str, int], int] = defaultdict(int)
    for case in taught:
        best[case.kind, case.edit] = min(best[case.kind, case.edit], case.gain)
    good = np.array([case.gain < 0 and case.gain == best[case.kind, case.edit] for case in taught], float)
    counts = np.array([max(1, abs(case.gain)) for case in taught], float)
    scale = np.maximum(rows.std(0), 1e-9)
    scale[NAMES.index("base")] = 1.0
    rows = rows / scale
    lowest = np.array([0.0 if name in POSITIVE else -np.inf for name in NAMES])
    highest = np.array([0.0 if name in NEGATIVE else np.inf for name in NAMES])
    # Accelerated projected gradient (Beck and Teboulle 2009): the bounds stay, and every step is short enough.
    step = 1 / (np.linalg.norm((rows.T * counts) @ rows, 2) / 4 + RIDGE)
    weights = ahead = np.zeros(len(NAMES))
    pace = 1.0
    for _ in range(STEPS):
        slope = rows.T @ (counts * (good - 1 / (1 + np.exp(-rows @ ahead)))) - RIDGE * ahead
        following = np.clip(ahead + step * slope, lowest, highest)
        faster = (1 + math.sqrt(1 + 4 * pace * pace)) / 2
        ahead = following + (pace - 1) / faster * (following - weights)
        weights, pace = following, faster
    return np.asarray(weights / scale, np.float64)


def judged(found: Iterable[Case], weights: Vector) -> dict[tuple[str, int], tuple[Case, float]]:
    """The best way of each edit and its sum."""
    best: dict[tuple[str, int], tuple[Case, float]] = {}
    for case in found:
        total = float(_row(case) @ weights) - RISK
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
        weights = fitted([case for case in found if fold[case.document] % FOLDS != part])
        best |= judged((case for case in found if fold[case.document] % FOLDS == part), weights)
    return best


def told(best: Mapping[tuple[str, int], tuple[Case, float]]) -> str:
    """What would get in, a line a set."""
    rows = []
    for kind in dict.fromkeys(kind for kind, _ in best):
        of_kind = {edit: (case, total) for (name, edit), (case, total) in best.items() if name == kind}
        inside = {edit: case.gain for edit, (case, total) in of_kind.items() if total > 0}
        texts: Counter[int] = Counter()
        for edit, gain in inside.items():
            texts[edit >> 16] += gain
        worse = sum(change > 0 for change in texts.values())
        rows.append(
            f"# {kind}: {len(inside)} of {len(of_kind)} edits let in, {sum(inside.values()):+} wrong characters, "
            f"{worse} texts worse"
        )
    return "\n".join(rows)


def main() -> None:
    """Fit, tell and write."""
    folder = os.environ.get("OCRWATCHD_TEST_DATA")
    if not folder:
        sys.exit("set OCRWATCHD_TEST_DATA to the folder that holds gate-dev.jsonl")
    found = list(cases(Path(folder)))
    report = told(cross_validated(found))
    print(report)
    lines = [f"{name} = {weight:.3f}" for name, weight in zip(NAMES, fitted(found), strict=True)]
    WEIGHTS.write_text(
        "# Weights of the gate's judge, in nats for each unit of what is measured: see judge.py and quantities.py.\n"
        f"# Written by ocrwatchd.training.weights; cross-validated by document in {FOLDS} parts:\n{report}\n"
        f"risk = {RISK}\n\n[weights]\n" + "\n".join(lines) + "\n",
        "utf-8",
    )


def _row(case: Case) -> Vector:
    return np.array([case.told.get(name, float(name == "base")) for name in NAMES])


def _read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    main()
