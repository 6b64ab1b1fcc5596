"""PDFs whose page tree tells another number of pages than it holds."""

import io
import tempfile
from pathlib import Path

import pikepdf
import pytest

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage
from ocrwatchd.formats.input import open_pages, pdf_page_tree
from ocrwatchd.formats.input.common import MAX_PAGES
from tests.hostile import encrypted, pdf, pdf_of_pages

LEAF = b"<</Type/Page/MediaBox[0 0 20 20]>>"


def scan(folder, data):
    """A file with this content."""
    path = folder / "scan.pdf"
    path.write_bytes(data)
    return path


def tree(kids, *more, told=1):
    """A PDF whose page tree has these kids: 3 is a page, others follow from 4."""
    root = b"<</Type/Pages/Count %d/Kids[%b]>>" % (told, kids)
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", root, LEAF, *more])


def read_all(pages):
    """Every page's width, or what is wrong with it."""
    for number in range(1, pages.count + 1):
        try:
            yield pages.page(number).image.width
        except UnreadablePage as error:
            yield str(error)


@pytest.mark.parametrize("told", [1, 3, 4])
def test_pages_beyond_the_number_that_a_pdf_tells_are_read(tmp_path, told):
    """None is lost, and the document says that something was strange."""
    with open_pages(scan(tmp_path, pdf_of_pages(5, told=told)), Ocr(dpi=72)) as pages:
        assert list(read_all(pages)) == [20] * 5
        assert pages.own_text(5) is None
        assert pages.warnings == (f"the PDF states {told} pages and has 5: all were read",)


def test_a_locked_pdf_stays_locked_while_its_pages_are_found(tmp_path):
    """The temporary copy opens with the same password, and the pages are drawn."""
    with pikepdf.open(io.BytesIO(pdf_of_pages(4))) as made:
        made.save(tmp_path / "locked.pdf", encryption=pikepdf.Encryption(owner="secret", user="secret"))
    data = (tmp_path / "locked.pdf").read_bytes()
    assert data.count(b"/Count 4") == 1
    with open_pages(
        scan(tmp_path, data.replace(b"/Count 4", b"/Count 2")), Ocr(dpi=72, pdf_passwords=("secret",))
    ) as pages:
        assert list(read_all(pages)) == [20] * 4
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(f"/proc/self/fd/{pages._mended.fileno()}")


def test_pages_that_a_pdf_tells_of_and_does_not_have_are_one_that_cannot_be_read(tmp_path):
    """Whatever the number is: the document is incomplete, and says so once."""
    with open_pages(scan(tmp_path, pdf_of_pages(3, told=1_000_000)), Ocr(dpi=72)) as pages:
        *read, rest = read_all(pages)
    assert read == [20] * 3
    assert "pages of the PDF that cannot be found: 999,997" in rest


def test_pages_that_cannot_be_found_are_told(tmp_path):
    """A tree in which a page stands twice is not written anew: its copies might be of any size."""
    with open_pages(scan(tmp_path, tree(b"3 0 R 3 0 R 3 0 R")), Ocr(dpi=72)) as pages:
        first, rest = read_all(pages)
    assert (first, "cannot be found: 2" in rest) == (20, True)


@pytest.mark.parametrize("gap", [b"null", b"9 0 R"])
def test_a_page_behind_a_gap_that_the_number_leaves_out_is_read(tmp_path, gap):
    """PDFium counts the gap and then misses the last page; that there is a gap is told."""
    kids = b"3 0 R %b 4 0 R" % gap
    data = tree(kids, LEAF.replace(b"20 20", b"30 30"), told=2)
    with open_pages(scan(tmp_path, data), Ocr(dpi=72)) as pages:
        *read, rest = read_all(pages)
    assert (read, "cannot be found: 1" in rest) == ([20, 30], True)


def test_an_honest_tree_is_read_as_it_is(tmp_path):
    """Places without a page are pages that cannot be read, pages that stand there twice are read twice."""
    with open_pages(scan(tmp_path, tree(b"3 0 R 9 0 R 3 0 R", told=3)), Ocr(dpi=72)) as pages:
        first, second, third = read_all(pages)
        assert (first, third, pages.warnings) == (20, 20, ())
    assert "page 2 of the PDF is damaged" in second


@pytest.mark.parametrize(
    ("kids", "more", "places"),
    [
        (b"2 0 R 3 0 R 4 0 R", (b"<</Type/Pages/Kids[2 0 R 4 0 R 5 0 R]>>", LEAF), 2),
        (b"4 0 R " * 1000 + b"3 0 R", (b"<</Type/Pages/Kids[]>>",), 1),
        (b"9 0 R null 7 (x) 3 0 R", (), 5),
        (b"<</Kids[3 0 R]>> 4 0 R", (b"<</Type/Pages/Kids 3 0 R>>",), 2),
        (b"4 0 R", [b"<</Kids[%d 0 R]>>" % number for number in range(5, 3000)], 1),
        (b"3 0 R " * 2 * MAX_PAGES, (), MAX_PAGES + 1),
        (b"2 0 R " * 2 * pdf_page_tree.MOST_LOOKED_AT, (), MAX_PAGES + 1),
    ],
    ids=["circles", "one node often", "no pages", "direct", "deep", "wide", "wide without pages"],
)
def test_hostile_trees_have_bounds(tmp_path, kids, more, places):
    """Each node is looked at once, and no more entries than any scan has."""
    found = pdf_page_tree.tree_of(str(scan(tmp_path, tree(kids, *more))), "")
    assert found is not None
    assert found.places == places


@pytest.mark.parametrize("data", [b"%PDF-1.4\njunk", encrypted(b"secret"), pdf([b"<</Type/Catalog>>"])])
def test_a_tree_that_cannot_be_looked_at_is_no_tree(tmp_path, data):
    """Whether the pages can be read is for others to say."""
    assert pdf_page_tree.tree_of(str(scan(tmp_path, data)), "") is None


def test_a_tree_that_qpdf_cannot_look_at_is_told(tmp_path, monkeypatch):
    """Nobody can say then that no page is missing."""
    monkeypatch.setattr(pdf_page_tree, "tree_of", lambda *_: None)
    with open_pages(scan(tmp_path, pdf_of_pages(2)), Ocr(dpi=72)) as pages:
        assert pages.warnings == ("the number of pages could not be checked: pages may be missing",)


def test_a_mended_copy_lies_beside_the_scan(tmp_path, monkeypatch):
    """Where there are disks: the folder for temporary files may be in memory, or full."""
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    with open_pages(scan(tmp_path, pdf_of_pages(5, told=2)), Ocr()) as pages:
        assert pages.count == 5
    assert [each.name for each in tmp_path.iterdir()] == ["scan.pdf"]


def test_a_mended_copy_leaves_nothing_open(tmp_path):
    """Its file goes with the pages."""
    path = scan(tmp_path, pdf_of_pages(5, told=2))
    open_pages(path, Ocr()).__exit__(None, None, None)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with open_pages(path, Ocr()) as pages:
        assert pages.count == 5
    assert len(list(Path("/proc/self/fd").iterdir())) == before
