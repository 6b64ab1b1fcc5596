"""How often a total is called wrong, rightly and wrongly: ``python -m tests.bench.sums FOLDER ...``.

Each folder holds true texts: NAME.txt, whose cells stand two spaces or more apart, or NAME.json with the lines and
their boxes ("text", "box" of each). In a true text every warning is a false alarm. Then one digit is changed in each
amount, an amount at a time: there a warning is right.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.formats.output.sums import wrong_sums

if TYPE_CHECKING:
    from collections.abc import Iterator

GAP = re.compile(r"\t+| {2,}")
AMOUNT = re.compile(r"\d[.,]\d\d\b")
ROW_PX = 10


def cells(path: Path) -> str:
    """The text of a page, a tab between two cells."""
    if path.suffix == ".txt":
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        return "\n".join("\t".join(GAP.split(line.strip())) for line in lines)
    rows: list[tuple[float, list[tuple[int, str]]]] = []
    for line in sorted(json.loads(path.read_text(encoding="utf-8")), key=lambda line: line["box"][1] + line["box"][3]):
        middle = (line["box"][1] + line["box"][3]) / 2
        if not rows or middle - rows[-1][0] >= ROW_PX:
            rows.append((middle, []))
        rows[-1][1].append((line["box"][0], line["text"]))
    return "\n".join("\t".join(text for _, text in sorted(row)) for _, row in rows)


def spoilt(text: str) -> Iterator[str]:
    """The text with one digit of an amount changed, an amount at a time."""
    rng = random.Random(text)
    for found in AMOUNT.finditer(text):
        other = rng.choice([digit for digit in "0123456789" if digit != text[found.start()]])
        yield text[: found.start()] + other + text[found.start() + 1 :]


def main(arguments: list[str]) -> int:
    """Print a line a folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    for folder in parser.parse_args(arguments).folders:
        texts = [cells(path) for path in sorted(folder.iterdir()) if path.suffix in {".txt", ".json"}]
        alarms = sum(len(list(wrong_sums(text))) for text in texts)
        copies = [copy for text in texts for copy in spoilt(text)]
        found = sum(any(True for _ in wrong_sums(copy)) for copy in copies)
        seen = f"{found} of {len(copies)} misread amounts seen"
        sys.stdout.write(f"{folder.name}: {alarms} false alarms in {len(texts)} pages; {seen}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
