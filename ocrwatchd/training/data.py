"""Write the training data: ``python -m ocrwatchd.training.data --out DIR --tokens 20``.

DIR receives ``pieces.json`` (the vocabulary's), ``part-NNN.npz`` (rows of tokens and targets) and ``validation.npz``.
Parts come in the order of the training: short samples with mild damage first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocrwatchd.llm.builtin.training_units import NOTHING
from ocrwatchd.llm.builtin.vocabulary import Vocabulary
from ocrwatchd.training.samples import Samples, vocabulary

SEED = 4
ROW_TOKENS = 512
PART_TOKENS = 600_000
VALIDATION_TOKENS = 200_000
RISING = 0.35
"""Samples reach their full length and damage after this share of the training."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One part to write, about ``tokens`` long; ``level`` is the progress of the training, 0 to 1."""

    path: Path
    seed: int
    level: float
    tokens: int
    pieces: tuple[str, ...]
    pairs: Path | None
    validation: bool = False


def write(plan: Plan) -> Path:
    """Write one part: rows of ``ROW_TOKENS``, one sample after the other; the last sample of a row is cut."""
    samples = Samples(Vocabulary(plan.pieces), plan.seed, plan.pairs, validation=plan.validation)
    rows = plan.tokens // ROW_TOKENS
    tokens = np.zeros((rows, ROW_TOKENS), np.uint16)
    targets = np.full((rows, ROW_TOKENS), NOTHING, np.int16)
    for row in range(rows):
        filled = 0
        while filled < ROW_TOKENS:
            each = samples.lesson(plan.level)
            taken = min(ROW_TOKENS - filled, len(each.tokens))
            tokens[row, filled : filled + taken] = each.tokens[:taken]
            targets[row, filled : filled + taken] = each.targets[:taken]
            filled += taken
    np.savez(plan.path, tokens=tokens, targets=targets)
    return plan.path


def main() -> None:
    """Write the vocabulary and all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=float, default=20.0, help="millions")
    parser.add_argument("--vocabulary", type=int, default=8192, help="number of tokens")
    parser.add_argument("--pieces", type=Path, help="pieces.json of an earlier training, instead of a new vocabulary")
    parser.add_argument("--pairs", type=Path, help="pages read by real engines, written by ocrwatchd.training.learn")
    parser.add_argument("--skip", type=int, default=0, help="parts at the beginning to leave out")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pieces = (
        tuple(json.loads(options.pieces.read_text("utf-8")))
        if options.pieces
        else vocabulary(options.vocabulary).pieces
    )
    (options.out / "pieces.json").write_text(json.dumps(pieces), "utf-8")
    count = max(1, round(options.tokens * 1e6 / PART_TOKENS))
    plans = [
        Plan(
            options.out / f"part-{number:04}.npz",
            SEED + 1 + number,
            min(1.0, number / max(1, count - 1) / RISING),
            PART_TOKENS,
            pieces,
            options.pairs,
        )
        for number in range(options.skip, count)
    ]
    checked = options.out / "validation.npz"
    plans.insert(0, Plan(checked, SEED, 1.0, VALIDATION_TOKENS, pieces, None, validation=True))
    with ProcessPoolExecutor(options.workers) as pool:
        for path in pool.map(write, plans):
            sys.stderr.write(f"{path}\n")


if __name__ == "__main__":
    main()
