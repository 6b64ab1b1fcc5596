"""PDFs into pages."""

from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.formats.input import open_pages
from tests.hostile import encrypted


def write(path, *sizes_pt):
    """A PDF with empty pages of these sizes."""
    document = pdfium.PdfDocument.new()
    for width, height in sizes_pt:
        document.new_page(width, height).close()
    document.save(path)
    document.close()
    return path


def scanned(path, dpi):
    """A PDF of one A4 page that is one picture."""
    noise = np.random.default_rng(1).integers(0, 255, (round(11.7 * dpi), round(8.3 * dpi)), dtype=np.uint8)
    Image.fromarray(noise).save(path, format="PDF", resolution=dpi)
    return path


def test_pages_are_drawn_at_the_configured_resolution(tmp_path):
    """One inch gives dpi pixels, each page by itself, in any order."""
    path = write(tmp_path / "scan.pdf", (72, 144), (144, 72))
    with open_pages(path, Ocr(dpi=150)) as pages:
        assert pages.count == 2
        second, first = pages.page(2), pages.page(1)
    assert (first.image.size, second.image.size) == ((150, 300), (300, 150))
    assert first.image.mode == "RGB"
    assert first.image.getpixel((5, 5)) == (255, 255, 255)
    assert first.dpi == 150
    assert first.warnings == ()


def test_a_large_page_is_drawn_smaller(tmp_path):
    """A plan stays within max_pixels, and says so."""
    with open_pages(write(tmp_path / "plan.pdf", (3000, 2000)), Ocr(dpi=300, max_pixels=4_000_000)) as pages:
        page = pages.page(1)
    assert page.image.width * page.image.height <= 4_000_000
    assert page.image.width > 2000
    assert f"drawn at {page.dpi:.0f} instead of 300 dpi" in page.warnings[0]


def test_an_absurd_page_is_refused_and_the_others_are_read(tmp_path):
    """What could be drawn only illegibly small is an unreadable page."""
    path = write(tmp_path / "scan.pdf", (14400, 14400), (72, 72))
    with open_pages(path, Ocr(max_pixels=1_000_000)) as pages:
        with pytest.raises(UnreadablePage, match=r"too many for ocr\.max_pixels"):
            pages.page(1)
        assert pages.page(2).image.size == (300, 300)


@pytest.mark.parametrize(("dpi", "warned"), [(150, True), (300, False)])
def test_a_scan_inside_a_pdf_tells_its_own_resolution(tmp_path, dpi, warned):
    """Drawing at 300 dpi makes a scan of 150 no better."""
    with open_pages(scanned(tmp_path / "scan.pdf", dpi), Ocr()) as pages:
        page = pages.page(1)
    assert page.dpi == 300
    assert any("scanned at 150 dpi" in warning for warning in page.warnings) == warned


def crowded(path, things, page):
    """A PDF with one page of many lines, and other pages over the same page object."""
    content = b"0 0 m 9 9 l S\n" * things
    kids = b" ".join([b"3 0 R"] * page)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, page),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 3000 3000]/Contents 4 0 R>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(content), content),
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    path.write_bytes(
        body
        + b"xref\n0 5\n0000000000 65535 f \n%btrailer\n<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (table, len(body))
    )
    return path


def test_not_every_thing_on_a_page_is_looked_at(tmp_path, monkeypatch):
    """The search for a scanned picture ends on a page with any number of lines."""
    looked = []
    real = pdfium.PdfObject.__init__

    def counted(self, *args, **options):
        looked.append(1)
        real(self, *args, **options)

    monkeypatch.setattr(pdfium.PdfObject, "__init__", counted)
    with open_pages(crowded(tmp_path / "scan.pdf", 20_000, 1), Ocr(dpi=72)) as pages:
        assert pages.page(1).warnings == ()
    assert 1_000 < len(looked) <= 5_000


def test_the_pixels_of_a_document_are_bounded(tmp_path):
    """A small PDF that shows one large page any number of times is read up to a limit."""
    with open_pages(crowded(tmp_path / "scan.pdf", 1, 2_000), Ocr(dpi=260)) as pages:
        assert pages.count == 2_000
        with pytest.raises(UnreadablePage, match="lies beyond the first 100,000,000,000 pixels"):
            pages.page(2_000)


def test_passwords_are_tried(tmp_path):
    """The right one among pdf_passwords opens the file; without it the message names the key."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(encrypted(b"secret"))
    with open_pages(path, Ocr(pdf_passwords=("wrong", "secret"))) as pages:
        assert pages.page(1).image.size == (300, 300)
    with pytest.raises(UnreadableScan, match=r"protected by a password: put it in ocr.pdf_passwords"):
        open_pages(path, Ocr())
    with pytest.raises(UnreadableScan, match=r"none of those in ocr.pdf_passwords"):
        open_pages(path, Ocr(pdf_passwords=("wrong",)))


def test_a_broken_pdf_says_so(tmp_path):
    """Half a header and junk are no document."""
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4\njunk and nothing else\n")
    with pytest.raises(UnreadableScan, match="damaged or broke off"):
        open_pages(tmp_path / "scan.pdf", Ocr())


def test_undecodable_names_are_opened(tmp_path):
    """PDFium takes UTF-8 only; the file's name may hold any bytes."""
    path = write(tmp_path / "scan.pdf", (72, 72)).rename(tmp_path / b"scan-\xff.pdf".decode("utf-8", "surrogateescape"))
    with open_pages(path, Ocr()) as pages:
        assert pages.count == 1


def test_files_are_closed(tmp_path):
    """No descriptor stays open, neither after pages nor after a refusal."""
    path = write(tmp_path / "scan.pdf", (72, 72))
    (tmp_path / "junk.pdf").write_bytes(b"%PDF-1.4\njunk")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with open_pages(path, Ocr()) as pages:
        pages.page(1)
    with pytest.raises(UnreadableScan):
        open_pages(tmp_path / "junk.pdf", Ocr())
    assert len(list(Path("/proc/self/fd").iterdir())) == before
