# ruff: noqa: T201 - it reports to a person
"""Measure the gate as shipped, with the lexicon and a memory for each unit.

First on published model outputs: change of the micro character error rate, and units made worse. Then on lines that
were read well: how many of the changes that would harm them get in, line by line and with a language's lines together.

Run: ``OCRWATCHD_TEST_DATA=FOLDER python -m tests.bench.gate [--worse]``; FOLDER holds ``gate-dev.jsonl``.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.gate.admit import Evidence, admit
from ocrwatchd.gate.consistency import Memory
from ocrwatchd.gate.scoring import errors
from tests.paths import DATA

if TYPE_CHECKING:
    from ocrwatchd.core.model import Edit


CLEAN = DATA / "clean-proposals.jsonl"


@dataclass
class Tally:
    """Sums over one model's units, in characters."""

    units: int = 0
    before: int = 0
    after: int = 0
    ungated: int = 0
    worse: int = 0
    ungated_worse: int = 0
    edits: int = 0
    refused: int = 0


def measure(path: Path) -> dict[str, Tally]:
    """Run every unit through the gate."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    evidence = Evidence(lexicon=lexicon(("eng",)))
    for line in path.read_text(encoding="utf-8").splitlines():
        unit = json.loads(line)
        admitted = Memory().weigh(admit(unit["ocr"], unit["proposed"], evidence=evidence), unit["ocr"])
        before, after, ungated = (
            errors(text, unit["truth"]) for text in (unit["ocr"], admitted.text, unit["proposed"])
        )
        tally = tallies[unit["model"]]
        tally.units += 1
        tally.before += before
        tally.after += after
        tally.ungated += ungated
        tally.worse += after > before
        tally.ungated_worse += ungated > before
        tally.edits += len(admitted.edits)
        tally.refused += len(admitted.refused)
        if after > before and "--worse" in sys.argv:
            for edit in admitted.edits:
                print(f"    {edit.before!r} → {edit.after!r}  ({edit.why})")
            print(f"{unit['model']} {unit['document']}/{unit['chunk']}: {before} → {after}")
    return tallies


def clean_lines() -> dict[str, list[tuple[str, str]]]:
    """By language: lines that were read well, each with a proposal that would harm it."""
    lines: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in CLEAN.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        lines[case["language"]].append((case["source"], case["proposed"]))
    return lines


def harm(language: str, source: str, proposed: str) -> tuple[Edit, ...]:
    """What gets in."""
    return admit(source, proposed, evidence=Evidence(lexicon=lexicon((language,)))).edits


def _print_harm() -> None:
    print(f"\n{'harm on clean text':22}{'lines':>6}{'edits let in':>14}{'as one text':>13}")
    for language, lines in clean_lines().items():
        alone = [edit for source, proposed in lines for edit in harm(language, source, proposed)]
        together = harm(language, *("\n".join(texts) for texts in zip(*lines, strict=True)))
        print(f"{language:22}{len(lines):6}{len(alone):14}{len(together):13}")
        for edit in (*alone, *together):
            print(f"    {edit.before!r} → {edit.after!r}  ({edit.why})")


def main() -> None:
    """Print a line a model, then a line a language."""
    folder = os.environ.get("OCRWATCHD_TEST_DATA")
    if not folder:
        sys.exit("set OCRWATCHD_TEST_DATA to the folder that holds gate-dev.jsonl")
    print(
        f"{'model':22}{'units':>6}{'CER change':>12}{'worse':>7}"
        f"{'without gate':>14}{'worse':>7}{'edits':>7}{'refused':>9}"
    )
    for model, tally in measure(Path(folder) / "gate-dev.jsonl").items():
        change, ungated = (100 * (errors / tally.before - 1) for errors in (tally.after, tally.ungated))
        print(
            f"{model:22}{tally.units:6}{change:+11.1f}%{tally.worse:7}{ungated:+13.1f}%{tally.ungated_worse:7}"
            f"{tally.edits:7}{tally.refused:9}"
        )
    _print_harm()


if __name__ == "__main__":
    main()
