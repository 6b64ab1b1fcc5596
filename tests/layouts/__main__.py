"""How many pages of many layouts come out in exact order: ``python -m tests.layouts --count 100 --boxes``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.layouts.degrade import DPI, saved
from tests.layouts.kinds import KINDS
from tests.layouts.reading import from_boxes, outcomes
from tests.layouts.recognition import Recogniser

if TYPE_CHECKING:
    from tests.layouts.reading import Outcome


def say(line: str) -> None:
    """Tell a person at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Tell the figures and the pages that are not in order; 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.layouts", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="pages in all, of all kinds in turn")
    parser.add_argument("--first", type=int, default=0, help="number of the first page of each kind")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only pages of this kind; may be repeated")
    parser.add_argument("--boxes", action="store_true", help="take the letters from the PDF, recognise nothing")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write failed pages there: picture, truth, text")
    parser.add_argument("--all", action="store_true", help="with --keep: write the other pages, too")
    parser.add_argument("--threads", type=int, default=1, help="of the engine")
    asked = parser.parse_args()
    kinds = asked.kind or list(KINDS)
    pages = [(kinds[n % len(kinds)], asked.first + n // len(kinds)) for n in range(asked.count)]
    right, seen = Counter[str](), Counter[str]()
    start = time.monotonic()
    for outcome in outcomes(pages, from_boxes if asked.boxes else Recogniser(asked.threads)):
        seen[outcome.kind] += 1
        right[outcome.kind] += not outcome.faults
        if outcome.faults:
            say(f"{outcome.name}: {outcome.faults[0]} ({len(outcome.faults)} in all)")
        if asked.keep and (outcome.faults or asked.all):
            keep(outcome, asked.keep, recognised=not asked.boxes)
    say("")
    for kind in kinds:
        say(f"{kind:18}{right[kind]:5} of {seen[kind]:5} in exact order")
    took = time.monotonic() - start
    say(f"{'all':18}{right.total():5} of {seen.total():5} in exact order, in {took:.0f} s")
    return int(right.total() < seen.total())


def keep(outcome: Outcome, folder: Path, *, recognised: bool) -> None:
    """Write a page's picture, the picture that was recognised, the right text, our text and what is wrong with it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / outcome.name.replace(" ", "-")
    printed = outcome.page.render(scale=DPI / 72, grayscale=True).to_pil()
    printed.save(path.with_suffix(".png"), dpi=(DPI, DPI))
    if recognised:
        saved(printed, outcome.seed, path.with_suffix(".tif"))
    path.with_suffix(".truth.txt").write_text(outcome.truth.text, encoding="utf-8")
    path.with_suffix(".ours.txt").write_text(outcome.text, encoding="utf-8")
    path.with_suffix(".faults.txt").write_text("\n".join(outcome.faults), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
