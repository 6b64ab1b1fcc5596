"""What drafting brings: ``python -m tests.bench.decoding [--shape 3B] [--quick] [--json FILE]``.

Texts whose words are misread to 2, 5 and 10 % are corrected with and without a draft, in turns, by the same model.

- The model of ``--shape`` has random weights, written here (``shapes``), and so would never copy its source: after
  every pass, which is a real one, its choice is replaced by the next token of the recorded answer, the text as it was
  before it was misread. Both ways speak the same tokens then; compared are passes and seconds.
- The built-in model is asked as it is in use (``builtin.format``): it reads the source, some words a pass, spells
  repairs only, and weighs all spellings of a word in one pass. Its plain alternative is the same, a token a pass.

No draft can do better than its limit: a pass of 128 tokens that are all right. How much faster than plainly a token
comes then is measured in the same run; the last column is how much of that was reached.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.config.profile import DEFAULT_PROMPT, Llm
from ocrwatchd.llm.builtin.model import BuiltinModel
from ocrwatchd.llm.decode import LlamaModel
from ocrwatchd.llm.models import BUILTIN
from ocrwatchd.training.noise import Noise
from tests.bench import figures
from tests.bench.plainly import Answered, ways_of_builtin
from tests.bench.shapes import SHAPES, written
from tests.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


TEXT = DATA / "8087_054.3B.txt"
SHARES = (0.02, 0.05, 0.10)
GOALS = {0.02: 0.6, 0.05: 0.5, 0.10: 0.4}
WORDS_A_TEXT = 120
LETTERS = 0.1
"""Misreadings for each letter of the words that are misread; most of those words have one."""

LONGEST_PASS = 128
CONTEXT_TOKENS = 384
"""So many tokens stand before the passes by which the limit is measured, about as many as before an answer."""

FAR = 1e12

SMALL = "0.5B"
LARGE_BYTES = 8 * 2**30
ONCE = {"number": 4, "repetitions": 1}


@dataclass(frozen=True, slots=True)
class Row:
    """What a table's line says; seconds are medians of the repetitions' sums."""

    model: str
    misread_words: float
    character_errors: float
    tokens: int
    passes_a_token: float
    plain_s: float
    drafted_s: float
    limit: float

    @property
    def ratio(self) -> float:
        """How many times faster with a draft."""
        return self.plain_s / self.drafted_s

    @property
    def reached(self) -> float:
        """The share of the limit that was reached."""
        return self.ratio / self.limit

    def figure(self) -> figures.Row:
        """The same beside other scripts' figures."""
        model = f"random weights, Qwen2.5's {self.model} shape" if self.model in SHAPES else f"{self.model} model"
        return figures.compared(
            f"{model}, {self.misread_words:.0%} of the words misread: faster than plainly",
            self.ratio,
            "times",
            self.limit,
            f"a token's share of a {LONGEST_PASS}-token pass",
            at_least=GOALS[self.misread_words],
            note=f"{self.passes_a_token:.3f} passes a token; {self.drafted_s:.2f} s for {self.tokens} tokens, plainly "
            f"{self.plain_s:.2f} s; {self.character_errors:.1%} character errors",
        )


class Recorded:
    """Replays answers through real passes: the model's choices are replaced by the answer's tokens.

    Args:
        model: with random weights.
    """

    def __init__(self, model: LlamaModel) -> None:
        self.model, self._native = model, model._native
        self._advance, self._choices = self._native.advance, self._native.choices
        self._answer: list[int] = []
        self._begins = self.passes = 0
        self._native.advance = self._replayed
        self._native.choices = self._replayed_all

    def ask(self, source: str, answer: str, drafts: bool) -> Answered:
        """Correct a text; the question is not counted."""
        native, model = self._native, self.model
        end = next(token for token in range(256, native.vocabulary) if native.ends(token))
        self._answer = [*native.tokenise(answer, control=False), end]
        head, tail = model._frame(DEFAULT_PROMPT)
        self._begins = len(head) + len(native.tokenise(source, control=False)) + len(tail)
        model._drafts, self.passes = drafts, 0
        model._held.clear()
        native.forget_all()
        model._ask([*head, *native.tokenise(source, control=False), *tail], FAR, grammar=None)
        self.passes = 0
        started = time.perf_counter()
        proposal = model.propose(DEFAULT_PROMPT, source, FAR)
        # One pass, of one token, asks the question again: all but its last token is still held.
        seconds = time.perf_counter() - started
        if proposal.text != answer:
            sys.exit("the answer is not the recorded one")
        return Answered(proposal.tokens, self.passes, 1.0, seconds)

    def _said(self, place: int) -> int:
        at = place - self._begins
        return self._answer[at] if 0 <= at < len(self._answer) else self._answer[-1]

    def _replayed(self, tokens: Sequence[int], position: int) -> int:
        self._advance(tokens, position)
        self.passes += 1
        return self._said(position + len(tokens))

    def _replayed_all(self, tokens: Sequence[int], position: int) -> Iterator[int]:
        own = self._choices(tokens, position)
        self.passes += 1
        # The real choice is looked up all the same.
        return (self._said(position + number) for number, _ in enumerate(own, 1))


def texts(share: float, most: int) -> list[tuple[str, str]]:
    """Texts misread, and as they are; ``share`` of the words are misread."""
    words = TEXT.read_text("utf-8").replace("-\n", "").split()
    rng = random.Random(1)
    noise = Noise(rng)
    style = noise.even(LETTERS)
    style.split = style.join = style.mark = 0.0
    pairs = []
    for first in range(0, len(words), WORDS_A_TEXT):
        part = words[first : first + WORDS_A_TEXT]
        chosen = rng.sample(range(len(part)), round(share * len(part)))
        misread = {number: _misread(part[number], noise, style) for number in chosen}
        pairs.append((" ".join(misread.get(number, word) for number, word in enumerate(part)), " ".join(part)))
    return pairs[:most]


def _misread(word: str, noise: Noise, style: object) -> str:
    for _ in range(50):
        read = noise.misread(word, style)[0].words[0]
        if read != word:
            return read
    return f"{word[:-1]}~"


def limit(model: LlamaModel | BuiltinModel, context: int, verified: float) -> float:
    """How many times faster tokens come from passes of 128 than one by one.

    Passes of one size follow each other, as they do in plain decoding: llama.cpp plans its work anew where the size
    changes, which costs a small model as much as a token does.

    Args:
        model: whose passes are timed.
        context: tokens in front of them.
        verified: the share of the tokens whose successor is looked up, which costs more than reading them.
    """
    native = model._native
    native.forget_all()
    filler = [ord("a") + number % 26 for number in range(LONGEST_PASS)]
    for start in range(0, context, LONGEST_PASS):
        native.logits(filler, start, [])

    def seconds_a_token(size: int) -> float:
        native.forget(context)
        looked_up = round(verified * LONGEST_PASS)
        taken = 0.0
        for first in range(0, LONGEST_PASS, size):
            tokens, position = filler[first : first + size], context + first
            count = min(max(looked_up - first, 0), size)
            started = time.perf_counter()
            if count == size:
                list(native.choices(tokens, position))  # as a draft is verified: the likeliest token after each
            else:
                native.logits(tokens, position, range(count))
            taken += time.perf_counter() - started
        return taken / LONGEST_PASS

    one, *many = (seconds_a_token(size) for size in (1, LONGEST_PASS, LONGEST_PASS))
    native.forget_all()
    if hasattr(model, "_held"):
        model._held.clear()
    return one / min(many)


def measured(
    name: str,
    model: LlamaModel | BuiltinModel,
    ask: Callable[[str, str, bool], Answered],
    *,
    number: int,
    repetitions: int,
) -> Iterator[Row]:
    """A row for each share of misread words."""
    for share in SHARES:
        # What is learned from the first passes is learned from another text than those that count.
        *pairs, other = texts(share, number + 1)
        ask(*other, True)
        seconds: dict[bool, list[float]] = {False: [], True: []}
        tokens = passes = 0
        limits = []
        for _ in range(repetitions):
            sums = {False: 0.0, True: 0.0}
            tokens = passes = 0
            for source, answer in pairs:
                plain = ask(source, answer, False)
                drafted = ask(source, answer, True)
                sums[False] += plain.seconds
                sums[True] += drafted.seconds
                tokens += plain.passes  # a token each
                passes += drafted.passes
                limits.append(limit(model, CONTEXT_TOKENS, plain.verified))
            for drafts, total in sums.items():
                seconds[drafts].append(total)
        letters = sum(len(answer) for _, answer in pairs)
        wrong = sum(Levenshtein.distance(*pair) for pair in pairs)
        yield Row(
            name,
            share,
            wrong / letters,
            tokens,
            passes / tokens,
            statistics.median(seconds[False]),
            statistics.median(seconds[True]),
            statistics.median(limits),
        )


def rows(shapes: Sequence[str], threads: int, *, quick: bool) -> Iterator[Row]:
    """All rows, as they come."""
    size = {"number": 1 if quick else 4, "repetitions": 1 if quick else 3}
    builtin = BuiltinModel(BUILTIN, Llm(threads=threads))
    yield from measured("built-in", builtin, ways_of_builtin(builtin), **size)
    builtin.close()
    for name in shapes:
        with tempfile.TemporaryDirectory() as folder:
            path = written(Path(folder) / f"{name}.gguf", SHAPES[name])
            model = LlamaModel(path, Llm(context_size=2048, gpu_layers=0, threads=threads))
            # A large model takes six times as long for a text.
            yield from measured(name, model, Recorded(model).ask, **(size if name == SMALL else ONCE))
            model.close()


def within_reach(quick: bool) -> list[str]:
    """The shapes that this machine has time and memory for."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    return [SMALL] if quick or free < LARGE_BYTES else [*SHAPES]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.decoding", description=__doc__)
    parser.add_argument(
        "--shape",
        action="append",
        choices=SHAPES,
        help="without it 0.5B, and 3B where 8 GB are free and --quick is not asked for",
    )
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="one text, once")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args()
    print(  # noqa: T201 a program for people
        f"{'model':10}{'misread':>9}{'CER':>7}{'tokens':>8}{'passes/token':>14}{'plain s':>9}{'drafted s':>11}"
        f"{'ratio':>7}{'limit':>7}{'reached':>9}{'goal':>6}"
    )
    found = []
    for row in rows(asked.shape or within_reach(asked.quick), asked.threads, quick=asked.quick):
        found.append(asdict(row.figure()))
        print(  # noqa: T201
            f"{row.model:10}{row.misread_words:9.0%}{row.character_errors:7.1%}{row.tokens:8}{row.passes_a_token:14.3f}"
            f"{row.plain_s:9.2f}{row.drafted_s:11.2f}{row.ratio:7.2f}{row.limit:7.2f}{row.reached:9.0%}"
            f"{GOALS[row.misread_words]:6.0%}",
            flush=True,
        )
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
