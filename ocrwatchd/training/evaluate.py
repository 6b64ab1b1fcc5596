"""Measure a model: ``python -m ocrwatchd.training.evaluate model.gguf``.

Prints every figure that decides whether the model ships, all with the gate on; ``--bars`` compares bars for certainty.
Seeds are fixed.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.gate.admit import Evidence, admit
from ocrwatchd.gate.scoring import changed_words, digit_errors, errors
from ocrwatchd.llm.builtin.format import Repair, Trust, repaired
from ocrwatchd.llm.builtin.model import BuiltinModel
from ocrwatchd.llm.chunks import split
from ocrwatchd.training.corpus import data_folder, paragraphs, plain
from ocrwatchd.training.learn import page_text
from ocrwatchd.training.letters import Letters
from ocrwatchd.training.noise import Noise
from ocrwatchd.training.readers import Rapid
from ocrwatchd.training.scans import fonts, set_page, spoiled

SEED = 99
TUTORIAL = ("Th1s 1s 4 s4mpl3 t3xt w1th s0me OCR err0rs.", "This is a sample text with some OCR errors.")
PARAGRAPHS = 120
LETTERS = 60
PAGES = 20
PAGE_DPI = 120
PAGE_POINTS = (6.0, 9.0)
RUINED = 0.3
"""Pages with a higher error rate are left out: whole lines are missing."""

ERROR_RATE = 0.08
LOOSE = 0.25
"""The least certainty of a repair when bars are compared."""

BARS = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""0 is the dictionary's trust."""
PAGE_CHARACTERS = 2000
_ENGLISH = Evidence(lexicon=lexicon(("eng",)))


@dataclass(frozen=True, slots=True)
class Case:
    """A recognised text and its true text."""

    read: str
    true: str


class Mender:
    """The model in a GGUF file, asked as the product asks it: chunk by chunk, with the gate behind it."""

    def __init__(self, path: Path, threads: int) -> None:
        self._model = BuiltinModel(path, Llm(threads=threads))

    def mended(self, text: str, bars: Sequence[float]) -> list[str]:
        """The text after the gate, for each bar; bar 0 is the dictionary's trust."""
        pieces: list[list[str]] = [[] for _ in bars]
        for chunk in split(text):
            found = self._model.repairs(chunk.text, None if len(bars) == 1 and not bars[0] else _loose)
            trust = self._model.trust.within(chunk.text)
            for number, bar in enumerate(bars):
                taken = [repair for repair in found if _is_taken(repair, bar, trust)]
                pieces[number].append(admit(chunk.text, repaired(chunk.text, taken), evidence=_ENGLISH).text)
        return ["".join(each) for each in pieces]


def _is_taken(repair: Repair, bar: float, trust: Trust) -> bool:
    return repair.certainty >= bar if bar else trust(repair.before, repair.after, repair.certainty)


def _loose(_before: str, _after: str, certainty: float) -> bool:
    return certainty >= LOOSE


def compared(name: str, cases: Sequence[Case], mender: Mender, bars: Sequence[float]) -> None:
    """Print the change of the micro character error rate, and how many cases became worse."""
    before = [errors(case.read, case.true) for case in cases]
    length = sum(len(case.true) for case in cases)
    mended = [mender.mended(case.read, bars) for case in cases]
    for number, bar in enumerate(bars):
        after = [errors(texts[number], case.true) for texts, case in zip(mended, cases, strict=True)]
        worse = sum(new > old for new, old in zip(after, before, strict=True))
        print(
            f"{name:34} bar {bar:.2f}  CER {sum(before) / length:7.4f} → {sum(after) / length:7.4f}"
            f"  {100 * (sum(after) / max(1, sum(before)) - 1):+6.1f} %  worse {worse}/{len(cases)}"
        )


def untouched(name: str, texts: Sequence[str], mender: Mender, bars: Sequence[float]) -> None:
    """Print how many words of good texts stay unchanged, and how many texts get other digits."""
    mended = [mender.mended(text, bars) for text in texts]
    count = sum(len(text.split()) for text in texts)
    for number, bar in enumerate(bars):
        changed = digits = 0
        for text, each in zip(texts, mended, strict=True):
            changed += changed_words(text, each[number])
            digits += digit_errors(each[number], text) > 0
        share = 100 * (1 - changed / count)
        print(f"{name:34} bar {bar:.2f}  untouched {share:.3f} % of {count}  texts with other digits {digits}")


def overproof(name: str) -> list[Case]:
    """Newspaper texts of ``overproof-dev`` or ``gate-dev``, each document once."""
    lines = (data_folder() / f"{name}.jsonl").read_text("utf-8").splitlines()
    units = [json.loads(line) for line in lines]
    cases = {(unit["document"], unit.get("chunk")): Case(unit["ocr"], unit["truth"]) for unit in units}
    return list(cases.values())


def prose(rng: random.Random) -> list[str]:
    """Paragraphs of the validation set."""
    long = [plain(text) for text in paragraphs(validation=True) if 200 <= len(text) <= 1200]
    return rng.sample(long, PARAGRAPHS)


def misread(texts: Sequence[str], rng: random.Random) -> list[Case]:
    """Misread about ``ERROR_RATE`` of the characters of each text."""
    noise = Noise(rng)
    cases = []
    for text in texts:
        units = noise.misread(text, noise.even(ERROR_RATE))
        cases.append(Case(" ".join(word for unit in units for word in unit.words), text))
    return cases


def scanned(rng: random.Random) -> list[Case]:
    """Pages drawn at ``PAGE_DPI``, damaged, and read by RapidOCR."""
    kept, letters, noise, faces = paragraphs(validation=True), Letters(SEED), np.random.default_rng(SEED), fonts()
    rapid = Rapid(2)
    cases: list[Case] = []
    while len(cases) < PAGES:
        lines = page_text(rng, kept, letters)
        page = spoiled(set_page(lines, rng.choice(faces), PAGE_DPI, rng.uniform(*PAGE_POINTS)), noise, 2)
        case = Case(rapid.read(page, PAGE_DPI), "\n".join(lines))
        if errors(case.read, case.true) < RUINED * len(case.true):
            cases.append(case)
    return cases


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--bars", action="store_true", help="compare bars for certainty")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="without rendered pages")
    options = parser.parse_args()
    mender = Mender(options.model, options.threads)
    bars = BARS if options.bars else (0.0,)
    texts = prose(random.Random(SEED))
    (said,) = mender.mended(TUTORIAL[0], (0.0,))
    print(f"{'tutorial':34} {said!r} {'ok' if said == TUTORIAL[1] else 'MISSED'}")
    compared("gate-dev (for tuning)", overproof("gate-dev"), mender, bars)
    compared("overproof-dev (never trained on)", overproof("overproof-dev"), mender, bars)
    compared("validation, 8 % synthetic errors", misread(texts, random.Random(SEED)), mender, bars)
    untouched("clean prose, kept aside", texts, mender, bars)
    letters = Letters(SEED)
    untouched("clean business papers", [letters.paper(texts[number][:100]) for number in range(LETTERS)], mender, bars)
    if not options.quick:
        compared(f"RapidOCR, pages at {PAGE_DPI} dpi", scanned(random.Random(SEED)), mender, bars)
    page = misread(["\n".join(texts)[:PAGE_CHARACTERS]], random.Random(SEED))[0].read
    began = time.monotonic()
    mender.mended(page, (0.0,))
    print(f"{'a page of 2,000 characters':34} {time.monotonic() - began:.2f} s on {options.threads} threads")


if __name__ == "__main__":
    main()
