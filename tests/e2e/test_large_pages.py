"""A real page at 1,200 dpi, through the real engine on the memory of a small machine: as at 300 dpi."""

import json
import re
import subprocess

import pytest
from PIL import Image

from tests.e2e.running import Running
from tests.paths import DATA
from tests.programs import needs

TIMES = 4
"""1,200 dpi beside the page's own 300."""
SMALL_MB = 512
"""The budget of a machine with 2 GB."""
NEAR_PX = 9.0
"""Most distance of a line's sides at 300 dpi: three hundredths of an inch."""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """What came of the page at 300 dpi and at 1,200 dpi as a JPEG and as a fax."""
    base = tmp_path_factory.mktemp("large")
    formats = ["txt", "json", "pdf", "hocr", "review"]
    daemon = Running(
        base,
        module="ocrwatchd",
        ocr={"memory_mb": SMALL_MB},
        llm={"model": "off"},
        output={"formats": formats},
        arrival={"settle_seconds": 0.2},
    )
    inbox = daemon.inbox
    with Image.open(DATA / "8087_054.3B.tif") as page:
        page.save(inbox / "plain.tif", compression="group4", dpi=(300, 300))
        large = page.convert("L").resize((page.width * TIMES, page.height * TIMES), Image.Resampling.BICUBIC)
    dpi = (300 * TIMES, 300 * TIMES)
    large.save(inbox / "grey.jpg", quality=80, dpi=dpi)
    large.point(lambda shade: 255 * (shade > 127), "1").save(inbox / "fax.tif", compression="group4", dpi=dpi)
    with daemon:
        daemon.await_files("outbox", [f"{name}.json" for name in ("plain", "grey", "fax")], 900)
    return daemon.root / "outbox"


def receipt(outbox, name):
    """The only page of a receipt."""
    (page,) = json.loads((outbox / f"{name}.json").read_text())["pages"]
    return page


pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
LARGE = pytest.mark.parametrize("name", ["grey", "fax"])


@LARGE
def test_its_text_is_that_at_300_dpi(delivered, name):
    """But for a few letters, and the receipt says at what size it was read."""
    texts = [(delivered / f"{each}.txt").read_text().split() for each in ("plain", name)]
    differing = set(texts[0]) ^ set(texts[1])
    assert len(differing) <= 0.05 * len(texts[0])
    assert "of its 10240 x 13200 pixels to stay within ocr.memory_mb" in " ".join(receipt(delivered, name)["warnings"])


@LARGE
def test_its_places_are_those_in_the_file(delivered, name):
    """Size, resolution and lines in the receipt, and the boxes of hOCR."""
    plain, large = receipt(delivered, "plain"), receipt(delivered, name)
    assert (large["width"], large["height"], round(large["dpi"])) == (10240, 13200, 1200)
    places = {line["text"]: line["box"] for line in plain["lines"]}
    found = [(places[line["text"]], line["box"]) for line in large["lines"] if line["text"] in places]
    assert len(found) >= 0.8 * len(places)
    for small, box in found:
        assert [side / TIMES for side in box] == pytest.approx(small, abs=NEAR_PX)
    text = (delivered / f"{name}.hocr").read_text()
    assert "bbox 0 0 10240 13200" in text
    assert "scan_res 1200 1200" in text


@LARGE
def test_its_pdf_is_the_original_with_the_text_in_place(delivered, name):
    """Dot for dot, on a page as large, with words where those at 300 dpi are."""
    images, places = needs("pdfimages", "pdftotext")
    listed = subprocess.run([images, "-list", delivered / f"{name}.pdf"], capture_output=True, text=True, check=True)
    assert re.search(r"\b10240\s+13200\b", listed.stdout)
    words = {}
    for each in ("plain", name):
        told = subprocess.run(
            [places, "-bbox", delivered / f"{each}.pdf", "-"], capture_output=True, text=True, check=True
        ).stdout
        found = re.findall(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.+?)</word>', told)
        words[each] = {word: tuple(map(float, box)) for *box, word in found if sum(w == word for *_, w in found) == 1}
    both = words["plain"].keys() & words[name].keys()
    assert len(both) >= 0.8 * len(words["plain"])
    near = [words[name][word] == pytest.approx(words["plain"][word], abs=4) for word in both]  # points
    assert sum(near) >= 0.95 * len(near)


@LARGE
def test_its_review_shows_the_page(delivered, name):
    """With pieces of the page where words are asked about."""
    assert "data:image/webp;base64," in (delivered / f"{name}.review.html").read_text()
