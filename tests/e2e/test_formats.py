"""What people open, by the real daemon and engine: of a TIFF of three pages, a scanned PDF, a written one."""

import json
import subprocess
import sys

import pytest
from lxml import etree
from PIL import Image

from tests.e2e.running import write_config
from tests.fakes.own_pages import LINES, Made, lines_at
from tests.integration.test_searchable import seen, text_of
from tests.programs import needs
from tests.unit.formats.test_hocr import check

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
FORMATS = ["txt", "raw", "pdf", "hocr", "md", "review"]
SUFFIXES = ("txt", "raw.txt", "pdf", "hocr", "md", "review.html", "json")
NAMES = ("three", "scanned <b>\u202e&", "written")


@pytest.fixture(scope="module")
def outbox(tmp_path_factory):
    """All three, delivered in all formats; page 2 of the TIFF lies on its side, and the PDF askew."""
    (qpdf,) = needs("qpdf")
    root = tmp_path_factory.mktemp("formats")
    inbox = root / "root" / "inbox"
    inbox.mkdir(parents=True)
    with Image.open("tests/data/phototest.tif") as image:
        page = image.convert("L")
    side = page.rotate(90, expand=True)
    page.save(inbox / "three.tif", save_all=True, append_images=[side, page], compression="tiff_lzw", dpi=(200, 200))
    askew = page.resize((1280, 960)).rotate(-4, expand=True, fillcolor=255)
    askew.save(inbox / f"{NAMES[1]}.pdf", "PDF", resolution=400)
    Made().draw(lines_at(50, 500)).save(inbox / "written.pdf")
    tables = {"folders": {"root": str(root / "root")}, "ocr": {"engine": "rapidocr"}, "output": {"formats": FORMATS},
              "llm": {"model": "builtin"}, "arrival": {"settle_seconds": 0.5}}  # fmt: skip
    write_config(root / "config.toml", tables)
    command = [sys.executable, "-m", "ocrwatchd", "run", "--once", "--config", str(root / "config.toml")]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(root), "STATE_DIRECTORY": str(root), "LANG": "C.UTF-8"}
    run = subprocess.run(command, capture_output=True, text=True, timeout=500, env=environment, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    outbox = root / "root" / "outbox"
    for name in NAMES:
        subprocess.run([qpdf, "--check", outbox / f"{name}.pdf"], capture_output=True, timeout=60, check=True)
    return outbox


@pytest.mark.parametrize("name", NAMES)
def test_the_set_is_whole_and_its_text_is_one(outbox, name):
    """All files are there, nothing was left out, and all tell NAME.txt's words."""
    assert {path.name for path in outbox.iterdir() if path.name.startswith(f"{name}.")} == {
        f"{name}.{suffix}" for suffix in SUFFIXES
    }
    receipt = json.loads((outbox / f"{name}.json").read_bytes())
    assert receipt["warnings"] == []
    assert receipt["complete"]
    text = (outbox / f"{name}.txt").read_text("utf-8")
    assert [page.split() for page in text_of(outbox / f"{name}.pdf")] == [page.split() for page in text.split("\f")]
    hocr = etree.fromstring((outbox / f"{name}.hocr").read_bytes())
    check(hocr)
    body = hocr.find("{http://www.w3.org/1999/xhtml}body")
    assert "".join(body.itertext()).split() == text.split()
    told = (outbox / f"{name}.md").read_text("utf-8")
    assert told.count("\n## Page ") == receipt["page_count"]


def test_pages_look_as_before(outbox):
    """The scanned PDF's and the written one's, drawn by poppler."""
    for name in NAMES[1:]:
        (original,) = (outbox.parent / "archive").glob(f"{name[:7]}*.pdf")
        assert [page.tobytes() for page in seen(outbox / f"{name}.pdf")] == [page.tobytes() for page in seen(original)]


def test_a_turned_page_and_an_askew_one_were_read(outbox):
    """Each with a sentence that stands on it, found where readers search."""
    pages = text_of(outbox / "three.pdf")
    assert len(pages) == 3
    assert all("quick brown dog" in " ".join(page.split()) for page in (*pages, *text_of(outbox / f"{NAMES[1]}.pdf")))
    rotations = [page["rotation"] for page in json.loads((outbox / "three.json").read_bytes())["pages"]]
    assert rotations == [0, 90, 0]


def test_a_written_pdf_is_taken_at_its_word(outbox):
    """No engine has read it, and nothing was corrected."""
    (page,) = json.loads((outbox / "written.json").read_bytes())["pages"]
    assert (page["engine"], page["text"].split("\n"), page["corrected"]) == ("pdf", list(LINES), False)
