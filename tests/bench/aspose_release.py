"""What Aspose's ways to free memory cost and bring: ``python -m tests.bench.aspose_release [--pages N]``.

Each way reads the same pages in a process of its own; printed are seconds a page (wall, and of all CPUs), resident
memory after the sixth and after the last page, and the peak.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Page
from ocrwatchd.ocr.aspose import AsposeEngine
from tests.paths import DATA

SCANS = ("phototest.tif", "eurotext.tif", "8087_054.3B.tif")
WARM_PAGES = 6
WAYS = {
    "nothing": lambda engine: None,
    "release_image": lambda engine: engine.free_page(),
    "release_image + free_resources": lambda engine: engine.free_document(),
    "release_image + free_resources + release_memory": lambda engine: engine.close(),
}


def resident_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(way: str, pages: int) -> None:
    """Read the pages, freeing after each in one way, and print the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        ocr = Ocr(allow_downloads=False)
        engine = AsposeEngine(ocr, Path(scratch))
        images = [Image.open(DATA / name).convert("L") for name in SCANS]
        warm = 0.0
        started, worked = time.monotonic(), time.process_time()
        for number in range(1, pages + 1):
            engine.recognise(Page(number, images[number % len(images)], 0.0), ocr)
            WAYS[way](engine)
            if number == WARM_PAGES:
                warm = resident_mb()
        wall_s = (time.monotonic() - started) / pages
        cpu_s = (time.process_time() - worked) / pages
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        grown = f"{warm:4.0f} -> {resident_mb():4.0f} MB"
        sys.stdout.write(f"{way:50} {wall_s:5.2f} s/page ({cpu_s:5.2f})  {grown}  peak {peak:4.0f} MB\n")
        sys.stdout.flush()


def main() -> None:
    """Measure each way in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=24)
    pages = parser.parse_args().pages
    fresh = multiprocessing.get_context("spawn")
    for way in WAYS:
        child = fresh.Process(target=measure, args=(way, pages))
        child.start()
        child.join()


if __name__ == "__main__":
    main()
