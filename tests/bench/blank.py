"""Blank pages that are found, and pages with content that are dropped: ``python -m tests.bench.blank [--seed N ...]``.

Made pages are read by RapidOCR as the daemon reads them. With ``OCRWATCHD_TEST_DATA=FOLDER`` the real pages of
``FOLDER/pages`` are judged too, all of which have content: by their ink alone, without any text, each with the next one
as its other side. They are also the fronts through which made pages show (``--real-fronts``). ``--keep FOLDER`` writes
the pages that were judged wrongly there.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import cv2
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Page, PageText
from ocrwatchd.ocr.blank import is_blank
from ocrwatchd.ocr.preprocess import Cleaner
from ocrwatchd.ocr.rapidocr import RapidEngine
from tests.blank_pages import blank_pages, kept_pages
from tests.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ocrwatchd.core.model import Line
    from tests.blank_pages import Case

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}
FRONTS = 40
"""So many real pages show through made ones."""


class Judge:
    """Reads pages as the daemon does, and decides."""

    def __init__(self) -> None:
        self._ocr = Ocr(threads=1)
        self._engine, self._cleaner = RapidEngine(self._ocr), Cleaner(1)
        self.seconds: list[float] = []

    def read(self, picture: Image.Image, dpi: float) -> PageText:
        """What RapidOCR reads."""
        cleaned = self._cleaner.clean(Page(1, picture, dpi))
        read = self._engine.recognise(cleaned.page, self._ocr)
        return replace(read, rotation=cleaned.rotation, skew=cleaned.skew)

    def lines(self, piece: Image.Image) -> Sequence[Line]:
        """What RapidOCR reads on a small piece."""
        return self._engine.recognise(Page(1, piece, 0.0), self._ocr).lines

    def is_blank(self, case: Case) -> bool:
        """Decide on a made page."""
        read = self.read(case.picture, case.dpi)
        return self.decide(case.picture, read, case.other)

    def decide(self, picture: Image.Image, read: PageText, other: Image.Image | None) -> bool:
        """Decide, and measure the time."""
        start = time.process_time()
        found = is_blank(picture, read, lambda: other, self.lines)
        self.seconds.append(time.process_time() - start)
        return found


def real_pages() -> list[Path]:
    """All with content."""
    folder = os.environ.get("OCRWATCHD_TEST_DATA")
    real = sorted(Path(folder, "pages").glob("*/*")) if folder else sorted(DATA.glob("*"))
    return [path for path in real if path.suffix.lower() in SUFFIXES]


def opened(path: Path) -> Image.Image:
    """A page's picture with its resolution."""
    with Image.open(path) as image:
        picture = image.convert("L" if image.mode in {"1", "L"} else "RGB")
        picture.info = {"dpi": image.info.get("dpi", (0.0, 0.0))}
    return picture


def judged_real(judge: Judge) -> Iterator[tuple[Path, bool]]:
    """Each real page, and whether it was called blank by its ink alone."""
    paths = real_pages()
    for path, behind in zip(paths, paths[1:] + paths[:1], strict=True):
        picture = opened(path)
        bare = PageText(1, "", *picture.size, float(picture.info["dpi"][0]))
        yield path, judge.decide(picture, bare, opened(behind))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, nargs="*", default=[2], help="of the made pages (default: 2)")
    parser.add_argument("--real-fronts", action="store_true", help="real pages show through made ones")
    parser.add_argument("--keep", type=Path, help="folder for pages that were judged wrongly")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    judge = Judge()
    fronts = []
    if arguments.real_fronts:
        paths = real_pages()
        fronts = [opened(path) for path in paths[:: max(1, len(paths) // FRONTS)]]
    for seed in arguments.seed:
        for name, cases in (("blank", blank_pages(seed, fronts)), ("kept", kept_pages(seed, fronts))):
            wrong, count = [], 0
            for case in cases:
                count += 1
                if judge.is_blank(case) != case.blank:
                    wrong.append(case.name)
                    _kept(arguments.keep, f"{name}-{seed}-{case.name}", case)
            sys.stdout.write(f"seed {seed}, {name}: {count - len(wrong)} of {count} right; wrong: {', '.join(wrong)}\n")
            sys.stdout.flush()
    _times(judge, "made pages")
    dropped, count = [], 0
    for path, called in judged_real(judge):
        count += 1
        dropped += [path.name] if called else []
    sys.stdout.write(f"real pages called blank by their ink alone: {len(dropped)} of {count} {dropped}\n")
    _times(judge, "real pages")


def _kept(folder: Path | None, name: str, case: Case) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        case.picture.save(folder / f"{name}.png")
        case.other.save(folder / f"{name} other.png")


def _times(judge: Judge, what: str) -> None:
    seconds = sorted(judge.seconds)
    judge.seconds = []
    if seconds:
        sys.stdout.write(f"{what}: median {median(seconds):.3f} s, at most {seconds[-1]:.3f} s\n")


if __name__ == "__main__":
    main()
