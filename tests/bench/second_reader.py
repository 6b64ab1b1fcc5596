"""How alike a second reading is to the first: ``python -m tests.bench.second_reader FOLDER``.

No licence of Aspose.OCR is at hand, so RapidOCR stands in for the other engine. Its lines, without words and without
what its recogniser saw, are read again in their boxes, which are upright rectangles. FOLDER holds scans. The first
reading is kept as by ``tests.bench.pages``.

With ``--align`` no page is read again: the texts are aligned with what the recogniser saw the first time. Then it tells
too how many texts are taken that stand on another line, or in which one letter in ten is exchanged.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.lattice import Lattice
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Page, PageText
from ocrwatchd.correct.picture import judged, seen_words
from ocrwatchd.formats.input import open_pages
from ocrwatchd.ocr.layout import arrange
from ocrwatchd.ocr.preprocess import Cleaner
from ocrwatchd.ocr.rapidocr import RapidEngine
from ocrwatchd.ocr.second_reader import SecondReader
from ocrwatchd.ocr.spaces import spaced
from ocrwatchd.training.page_lines import PICTURES, Reader

if TYPE_CHECKING:
    from ocrwatchd.core.lexicon import Lexicon

LONG = 10
"""Characters of a line whose text is put in another's place."""


def bare(page: PageText) -> PageText:
    """A page as an engine tells it that knows lines and boxes only."""
    return replace(page, lines=tuple(replace(line, words=(), lattice=None) for line in page.lines))


def aligned(page: PageText) -> PageText:
    """The page, its steps found anew."""
    lines = (
        replace(line, lattice=Lattice.aligned(line.lattice.columns, line.text)) for line in page.lines if line.lattice
    )
    return replace(page, lines=tuple(lines))


def compared(first: PageText, second: PageText) -> Counter[str]:
    """How many lines were read again, and how many of their letters have the same step, but for one."""
    found = Counter[str]()
    known = [line for line in first.lines if line.lattice]
    again = {line.offset: line.lattice for line in second.lines}
    for line in known:
        found["lines"] += 1
        if again[line.offset] is None:
            continue
        one, other = (np.array(each.steps) for each in (line.lattice, again[line.offset]))
        found["lines read again"] += 1
        found["letters"] += len(one)
        # A box that is a little larger moves and stretches the steps.
        along = np.polyval(np.polyfit(one, other, 1), one) if len(one) > 1 else other
        found["letters at the same step"] += int((abs(along - other) <= 1).sum())
    return found


def corrected(first: PageText, second: PageText, words: Lexicon) -> Counter[str]:
    """Which words are corrected by either reading."""
    one, other = (
        {(edit.offset, edit.before, edit.after) for edit in judged(list(seen_words(page)), words, {}).edits}
        for page in (first, second)
    )
    return Counter(
        {"edits by both": len(one & other), "by the first": len(one - other), "by the second": len(other - one)}
    )


def wrong(page: PageText, chance: random.Random) -> Counter[str]:
    """How many wrong texts are taken for a line's."""
    found = Counter[str]()
    lines = [line for line in page.lines if line.lattice and len(line.text) >= LONG]
    for line, other in pairwise(lines):
        columns = line.lattice.columns
        worse = "".join(chance.choice("etaoinsr") if chance.random() < 1 / 10 else each for each in line.text)
        for name, text in (("another line's texts", other.text[: len(line.text)]), ("texts with errors", worse)):
            found[name] += 1
            found[f"{name} taken"] += Lattice.aligned(columns, text) is not None
    return found


def main() -> int:
    """Print the sums."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.second_reader", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--language", default="eng")
    parser.add_argument("--pages", type=int, default=30, help="so many are read; default: %(default)s")
    parser.add_argument("--align", action="store_true", help="only find the steps anew")
    parser.add_argument("--beside", action="store_true", help="time a whole reading by RapidOCR too")
    asked = parser.parse_args()
    ocr, chance = Ocr(languages=(asked.language,)), random.Random(1)
    reader, words = Reader(ocr.languages), lexicon(ocr.languages)
    again, cleaner = (None, None) if asked.align else (SecondReader(ocr), Cleaner(1))
    whole = RapidEngine(ocr) if asked.beside else None
    found, seconds, pages = Counter[str](), Counter[str](), 0
    for path in [path for path in sorted(asked.folder.iterdir()) if path.suffix in PICTURES][: asked.pages]:
        seen = reader.read(path)
        arranged = arrange(spaced(seen.lines, ocr.languages))
        first = PageText(1, arranged.text, seen.width, seen.height, 0.0, lines=arranged.lines)
        if again and cleaner:
            with open_pages(path, ocr) as opened:
                picture = cleaner.clean(opened.page(1)).page.image
            if whole:
                started = time.process_time()
                whole.recognise(Page(1, picture, 0.0), ocr)
                seconds["whole reading"] += time.process_time() - started
            started = time.process_time()
            second = again.with_lattices(bare(first), picture)
        else:
            started = time.process_time()
            second = aligned(first)
        seconds["second reading"] += time.process_time() - started
        pages += 1
        found += compared(first, second)
        found.update(corrected(first, second, words))
        if asked.align:
            found.update(wrong(first, chance))
    told = [f"{name:28}{count:8,}" for name, count in found.items()]
    told += [f"{name:28}{spent / pages:8.2f} s of one processor a page" for name, spent in seconds.items()]
    sys.stdout.write("\n".join([*told, f"{pages} pages", ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
