"""Learn the confusions of RapidOCR and Tesseract: ``python -m ocrwatchd.training.learn --pages 120``.

Writes ``gate/confusions.json``, and all pairs of words to ``--pairs`` for training and a look.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import textwrap
from pathlib import Path

import numpy as np

from ocrwatchd.correct.confusions import misread_words
from ocrwatchd.gate.align import words
from ocrwatchd.gate.channel import CONFUSIONS
from ocrwatchd.training.confusions import counted
from ocrwatchd.training.corpus import paragraphs, plain
from ocrwatchd.training.letters import Letters
from ocrwatchd.training.readers import Rapid, tesseract
from ocrwatchd.training.scans import fonts, set_page, spoiled

SEED = 20
LINES = 24
WIDEST = 72
UNREADABLE = 0.4
"""Pages with a larger share of wrong words are left out: they show no single confusions."""


def page_text(rng: random.Random, prose: list[str], letters: Letters) -> list[str]:
    """Some lines of prose or of business papers."""
    lines: list[str] = []
    while len(lines) < LINES:
        paragraph = plain(rng.choice(prose))
        text = letters.paper(paragraph[:200]) if rng.random() < 0.4 else paragraph  # fewer papers
        for line in text.split("\n"):
            lines += textwrap.wrap(line, rng.randint(40, WIDEST)) or []
    return lines[:LINES]


def main() -> None:
    """Draw, damage, read, align, count and write pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=120)
    parser.add_argument("--pairs", type=Path, required=True, help="JSON lines: engine, read, true for each page")
    options = parser.parse_args()
    rng, noise = random.Random(SEED), np.random.default_rng(SEED)
    prose, letters, faces, rapid = paragraphs(validation=False), Letters(SEED), fonts(), Rapid()
    seen: dict[str, list[tuple[str, str]]] = {"rapidocr": [], "tesseract": []}
    with options.pairs.open("w", encoding="utf-8") as file:
        for number in range(options.pages):
            lines = page_text(rng, prose, letters)
            dpi = rng.choice((100, 120, 150, 200))
            page = set_page(lines, rng.choice(faces), dpi, rng.uniform(8, 12))
            page = spoiled(page, noise, rng.randint(1, 3))
            for engine, read in (("rapidocr", rapid.read(page, dpi)), ("tesseract", tesseract(page, dpi))):
                pairs = misread(read, "\n".join(lines))
                file.write(json.dumps({"engine": engine, "read": read, "true": "\n".join(lines)}) + "\n")
                seen[engine] += pairs
                sys.stderr.write(f"{number} {engine} {len(pairs)}\n")
            if number % 10 == 9 or number == options.pages - 1:  # so that an early end loses little
                file.flush()
                table = {engine: counted(pairs) for engine, pairs in seen.items()}
                CONFUSIONS.write_text(json.dumps(table, ensure_ascii=False, indent=0, sort_keys=True) + "\n", "utf-8")


def misread(read: str, true: str) -> list[tuple[str, str]]:
    """The pairs of single words (read, true) that differ; none for an unreadable page."""
    groups = misread_words(read, true)
    if sum(len(before.split()) for before, _ in groups) > UNREADABLE * len(words(true)):
        return []
    return [(before, after) for before, after in groups if before and after]


if __name__ == "__main__":
    main()
