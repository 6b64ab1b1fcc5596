"""Pages that a program has written: ``python -m tests.bench.own_text [--quick]``.

An A4 page of 50 lines: its own text, with the two small drawings that tell what is to be seen, beside one drawing at
300 dpi, with which recognition would only begin.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.formats.input import open_pages
from tests.bench import figures
from tests.bench.figures import Row, compared
from tests.fakes.own_pages import LINES, Made, lines_at

A4 = (595, 842)
ROWS = 50
REPETITIONS, QUICK_REPETITIONS = 30, 5


def measure(quick: bool) -> list[Row]:
    """What a page costs that is all its own text."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [f"{LINES[row % len(LINES)]} {LINES[0]}"[:80] for row in range(ROWS)]
        path = Made(size=A4).draw(lines_at(30, 820, rows, "/F 10", 16)).save(Path(folder, "s.pdf"))
        with open_pages(path, Ocr()) as pages:
            assert pages.own_text(1).rest is None  # the dictionary is loaded once
            repetitions = QUICK_REPETITIONS if quick else REPETITIONS
            own, drawn = figures.interleaved(repetitions, lambda: pages.own_text(1), lambda: pages.page(1))
    ours, theirs = (statistics.median(times) * 1000 for times in (own, drawn))
    note = figures.spread([each * 1000 for each in own], "ms")
    return [compared(f"own text of an A4 page, {ROWS} lines", ours, "ms", theirs, "one drawing at 300 dpi", note=note)]


if __name__ == "__main__":
    figures.main(measure)
