"""PDFs of a megabyte whose objects unpack to gigabytes."""

import io
import subprocess
import sys

import pikepdf
import pytest

from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.pdf_page_tree import tree_of
from ocrwatchd.formats.output import pdf
from tests import hostile
from tests.fakes.worded import document, worded

SIZE = 200 << 20
MOST_GROWTH_KIB = 150 << 10

OPENED = """
import resource, sys
from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.formats.input.pdf_page_tree import tree_of
from ocrwatchd.formats.output import pdf
from tests.fakes.worded import document, worded

path = sys.argv[1]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
tree_of(path, "")
try:
    with open(path + ".out", "w+b") as file:
        pdf.write(document(path, 1), iter([worded("words")]), file)
except FormatUnusable:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param({"size": SIZE}, id="objects"),
        pytest.param({"size": SIZE, "filters": (b"/FlateDecode",) * 2}, id="packed twice", marks=pytest.mark.slow),
        pytest.param({"size": 0, "parameters": b"/DecodeParms<</Predictor 12/Columns %d>>" % SIZE}, id="wide rows"),
        pytest.param({"size": 0, "table": SIZE}, id="table", marks=pytest.mark.slow),
    ],
)
def test_qpdf_unpacks_within_bounds(tmp_path, bomb):
    """Counting pages and writing NAME.pdf takes bounded memory, whatever unpacks without end."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(hostile.object_stream_bomb((1, 2), **bomb))
    told = subprocess.run([sys.executable, "-c", OPENED, path], capture_output=True, text=True, timeout=60, check=True)
    assert int(told.stdout) < MOST_GROWTH_KIB


def test_no_searchable_pdf_lacks_what_was_not_unpacked(tmp_path):
    """The resources of a page would be left out of it without a word; the reason stands in the receipt instead."""
    path = tmp_path / "scan.pdf"
    for size in (0, 65 << 20):
        path.write_bytes(hostile.object_stream_bomb((5,), size))
        file = io.BytesIO()
        if size:
            with pytest.raises(FormatUnusable, match="a part of it unpacks to more than 64 MiB"):
                pdf.write(document(path, 1), iter([worded("words")]), file)
        else:
            pdf.write(document(path, 1), iter([worded("words")]), file)


def test_a_bomb_is_read_all_the_same(tmp_path):
    """The page is drawn, and a warning says that nobody knows how many there are."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(hostile.object_stream_bomb((1, 2), 65 << 20))
    assert tree_of(str(path), "") is None
    with open_pages(path, Ocr(dpi=72)) as pages:
        assert (pages.count, pages.page(1).image.size) == (1, (72, 72))
        assert "could not be checked" in pages.warnings[0]


def test_a_large_picture_is_no_bomb(tmp_path):
    """A locked PDF whose picture has more bytes than the limit, and is packed in an old way, is written as it is."""
    picture = hostile.packed(81 << 20).hex().encode() + b">"
    data = hostile.pdf_of_picture(picture, b"X", 9 << 10, 9 << 10)
    data = data.replace(b"/Filter/X", b"/Filter[/ASCIIHexDecode/FlateDecode]")
    path, target, locks = tmp_path / "scan.pdf", tmp_path / "document.pdf", ("secret",)
    with pikepdf.open(io.BytesIO(data)) as made:
        made.save(path, encryption=pikepdf.Encryption(owner=locks[0], user=locks[0]))
    with target.open("w+b") as file:
        work = Work(ocr=Ocr(pdf_passwords=locks))
        pdf.write(document(path, 1, work=work), iter([worded("words")]), file)
    with pikepdf.open(target, password=locks[0]) as written:
        assert written.pages[0].Resources.XObject.I.read_raw_bytes() == picture
