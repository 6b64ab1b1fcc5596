"""Count how lines follow one another in true texts: ``python -m tests.bench.continuity FOLDER``.

Prints the table of :mod:`ocrwatchd.ocr.continuity`. FOLDER holds a page's true text in each NAME.txt.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from ocrwatchd.ocr.continuity import end_of, start_of

ENDS = ("hyphen", "stop", "colon", "comma", "word", "digit", "other")
STARTS = ("lower", "upper", "digit", "other")
EVERY = 3
"""Of pairs of two lines of one page every third is counted."""
SMOOTHED = 1
"""Added to each count."""


def main(folder: Path) -> None:
    """Print ln(share among lines that follow one another / share among any two) of each pair of an end and a start."""
    following, any_two = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for path in sorted(folder.glob("*.txt")):
        lines = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
        following.update((end_of(first), start_of(second)) for first, second in pairwise(lines))
        any_two.update((end_of(first), start_of(second)) for first in lines for second in lines[::EVERY])
    totals = [count.total() + SMOOTHED * len(ENDS) * len(STARTS) for count in (following, any_two)]
    for end in ENDS:
        shares = [
            [(count[end, start] + SMOOTHED) / total for count, total in zip((following, any_two), totals, strict=True)]
            for start in STARTS
        ]
        sys.stdout.write(f"{end:8}" + "".join(f"{math.log(first / second):8.2f}" for first, second in shares) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
