"""How long a page takes with each engine: ``python -m tests.bench.page_time FOLDER [--pages 60]``.

FOLDER holds folders of pages; so many are drawn from all of them, the same ones each time. RapidOCR through our adapter
stands beside bare RapidOCR, with the same models and settings on ONNX Runtime, six lines at once; Aspose.OCR beside
Aspose.OCR whose lines RapidOCR's recogniser then reads too, as the correction needs it. Each way reads the same page in
turn, in a process of its own; the first page of each is not counted.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from tests.bench.figures import compared, table
from tests.bench.ocr import SCANS, aspose, bare_rapidocr, rapidocr, seen_aspose
from tests.bench.workers import working
from tests.paths import DATA


def drawn(folder: Path, count: int) -> list[Path]:
    """So many pages of all folders, the same ones each time; all, if there are fewer."""
    from ocrwatchd.training.page_lines import PICTURES  # not in the workers, which import this module again

    pages = sorted(path for path in folder.glob("*/*") if path.suffix in PICTURES)
    return random.Random(7).sample(pages, min(count, len(pages)))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=60)
    asked = parser.parse_args()
    pages = drawn(asked.folder, asked.pages)
    names = ("RapidOCR", "bare RapidOCR", "Aspose.OCR and a second reading", "Aspose.OCR alone")
    with working(rapidocr, bare_rapidocr, seen_aspose, aspose) as workers:
        for worker in workers:
            worker.do(DATA / SCANS[0])
        spent = [0.0] * len(workers)
        for page in pages:
            for side, worker in enumerate(workers):
                spent[side] += worker.do(page)[0] / len(pages)
    rows = [compared(f"{names[at]}, a page", spent[at], "s", spent[at + 1], names[at + 1]) for at in (0, 2)]
    print(table(rows))  # noqa: T201 - a script talks to a person


if __name__ == "__main__":
    main()
