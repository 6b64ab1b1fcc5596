"""Count the marks before and after words: ``python -m ocrwatchd.training.marks TEXT.xz``.

TEXT holds one paragraph a line. ``gate/marks.json`` receives the natural logarithms of the probabilities.
``gate/small.txt`` receives the words that begin with "i" or "j" and seldom with a capital.
"""

from __future__ import annotations

import argparse
import json
import lzma
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path

from ocrwatchd.gate import reading
from ocrwatchd.gate.reading import OTHER, follower
from ocrwatchd.gate.words import parts, plain_marks

LEAST = 20
"""Rarer marks behind a kind of word share the rest of the probability."""
LEAST_SMALL, MOST_CAPITALS = 3, 0.08
"""A word in small letters occurs at least this often without a capital, and at most in this share with a capital."""


def main() -> int:
    """Count, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m ocrwatchd.training.marks", description=__doc__.splitlines()[0])
    parser.add_argument("text", type=Path)
    behind: defaultdict[str, Counter[str]] = defaultdict(Counter)
    before: Counter[str] = Counter()
    strokes: Counter[str] = Counter()
    with lzma.open(parser.parse_args().text, "rt", encoding="utf-8") as lines:
        for line in lines:
            words = plain_marks(line).split()
            for word, after in zip(words, [*words[1:], ""], strict=True):
                front, core, back = parts(word)
                if core:
                    before[front] += 1
                    strokes[core] += core[0] in "IiJj" and core.isalpha()
                    behind[follower(core, after)][back] += 1
    table = {"before": _logarithms(before)} | {kind: _logarithms(counts) for kind, counts in sorted(behind.items())}
    path = Path(reading.__file__).with_name("marks.json")
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    small = [word for word in sorted(strokes) if word.islower() and _is_small(word, strokes)]
    path.with_name("small.txt").write_text("".join(f"{word}\n" for word in small), encoding="utf-8")
    sys.stdout.write(f"{path} and small.txt written\n")
    return 0


def _is_small(word: str, counts: Counter[str]) -> bool:
    times, capitals = counts[word], counts[word.capitalize()]
    # Roman numbers are no words.
    return times >= LEAST_SMALL and capitals <= MOST_CAPITALS * (times + capitals) and set(word) != {"i"}


def _logarithms(counts: Counter[str]) -> dict[str, float]:
    total = counts.total()
    often = {marks: count for marks, count in counts.most_common() if count >= LEAST}
    rest = max(1, total - sum(often.values()))
    # The rest is spread over about as many kinds of marks as are listed.
    return {marks: round(math.log(count / total), 2) for marks, count in often.items()} | {
        OTHER: round(math.log(rest / total / len(often)), 2)
    }


if __name__ == "__main__":
    sys.exit(main())
