"""The review of a long document: one page in memory at a time."""

import time
from dataclasses import replace

import pytest

from ocrwatchd.core.reason import Reason
from ocrwatchd.engine.process.isolation import memory_mb
from ocrwatchd.formats.output import review
from tests.fakes.reviewed import LETTER, doubted, drawn, read, reviewed

pytestmark = pytest.mark.slow

PAGES = 300
WARM_PAGES = 20
MOST_GROWTH_MB = 16
DOUBTFUL = ("apple", "branch", "across", "boards", "garden")


def test_memory_is_flat_over_300_pages(tmp_path):
    """Every page has its pictures and its text in the file, and none of them stays in memory."""
    sample = reviewed(tmp_path)
    scan = tmp_path / "long.tif"
    picture = drawn(LETTER).resize((1240, 1600)).point(lambda value: 255 * (value > 128)).convert("1")
    picture.save(scan, save_all=True, append_images=[picture] * (PAGES - 1), compression="group4")
    document = replace(sample.document, scan=scan, pages=PAGES)
    anonymous = []

    def pages():
        for number in range(1, PAGES + 1):
            anonymous.append(memory_mb()[1])
            page = read(number, LETTER, (("behnd", "behind", Reason.SIMILAR_WORD),))
            yield doubted(page, *((word, 0.5) for word in DOUBTFUL))

    delivered = tmp_path / "long.review.html"
    start = time.process_time()
    with delivered.open("wb") as file:
        review.write(document, pages(), file)
    seconds = time.process_time() - start
    grown = max(anonymous[WARM_PAGES:]) - anonymous[WARM_PAGES]
    size_mb = delivered.stat().st_size / 1e6
    # The figure in tests/bench/README.md.
    figures = f"{seconds:.0f} s of a core, {size_mb:.1f} MB, {grown:+.1f} MiB of memory after page {WARM_PAGES}"
    print(f"{PAGES} pages: {figures}")  # noqa: T201
    assert grown < MOST_GROWTH_MB
    assert delivered.read_bytes().count(b"<img ") == PAGES * (1 + 1 + len(DOUBTFUL))
