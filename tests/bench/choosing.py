"""What a doubtful word costs a model that chooses: ``python -m tests.bench.choosing [--model FILE] [--quick]``.

A page is read once without logits, and once with words in doubt, each with three other candidates, in turns. The
difference, divided by the words, is what one of them costs: processor time of one thread, so that a busy machine does
not matter. Without ``--model`` the model has random weights in the
shape of Qwen2.5 0.5B (``shapes``).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.llm.choose import SEQUENCES, Chooser
from ocrwatchd.llm.native import BATCH_TOKENS, Native
from ocrwatchd.llm.protocol import MOST_CANDIDATES, Question
from ocrwatchd.llm.scan_tokens import tokenise_ink
from tests.bench import figures
from tests.bench.shapes import SHAPES, written
from tests.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TEXT = DATA / "8087_054.3B.txt"
DOUBTS = 12
GOAL = 0.15
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def questions(text: str) -> list[Question]:
    """Words of the page at even distances, each with candidates that have one letter exchanged."""
    rng = random.Random(1)
    words = [word for word in text.split() if len(word) > 3 and word.isalpha()]
    found, at = [], 0
    for word in words[:: len(words) // DOUBTS][:DOUBTS]:
        at = text.index(word, at)
        places = rng.sample(range(len(word)), MOST_CANDIDATES - 1)
        others = (word[:place] + rng.choice(LETTERS.replace(word[place], "")) + word[place + 1 :] for place in places)
        found.append(Question(at, (word, *others), 0.5))
    return found


def rows(native: Native, text: str, repetitions: int) -> list[figures.Row]:
    """The page read alone, beside the page read with its words in doubt."""
    asked, chooser = questions(text), Chooser(native)
    tokens = tokenise_ink(native, text[: asked[-1].end])

    def read() -> None:
        native.forget_all()
        for start in range(0, len(tokens), BATCH_TOKENS):
            native.logits(tokens[start : start + BATCH_TOKENS], start, ())

    def choose() -> None:
        chooser.compare(text, asked, _first, math.inf)

    choose()  # its first page measures the machine's pace
    alone, with_doubts = zip(*((_spent(read), _spent(choose)) for _ in range(repetitions)), strict=True)
    reading = statistics.median(alone)
    costs = [(each - reading) / len(asked) for each in with_doubts]
    note = f"{len(tokens)} tokens, {len(asked)} words; {figures.spread(costs)}; reading: {figures.spread(alone)}"
    cost = statistics.median(costs)
    return [figures.compared("a doubtful word", cost, "s", reading, "reading the page", at_most=GOAL, note=note)]


def _spent(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _first(question: Question, _nats: Sequence[float]) -> str:
    return question.candidates[0]


def main() -> int:
    """Measure, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.choosing", description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, metavar="FILE", help="a GGUF file")
    parser.add_argument("--quick", action="store_true", help="once instead of five times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = asked.model or written(Path(folder, "0.5B.gguf"), SHAPES["0.5B"])
        native = Native(file, Llm(threads=1), SEQUENCES)
        found = rows(native, TEXT.read_text("utf-8"), 1 if asked.quick else 5)
        native.close()
    sys.stdout.write(figures.table(found) + "\n")
    if asked.json:
        asked.json.write_text(json.dumps([asdict(row) for row in found], indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
