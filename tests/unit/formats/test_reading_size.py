"""Pictures and pages that are too large: read smaller, or refused before they are decoded."""

from dataclasses import replace

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageChops, ImageDraw

from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.errors import UnreadablePage
from ocrwatchd.core.model import Box, Line, PageText, Word
from ocrwatchd.core.process import memory_budget_mb
from ocrwatchd.engine.process.file_pixels import in_pixels_of_the_file
from ocrwatchd.formats.input import open_pages, reading_size
from ocrwatchd.formats.output import pdf
from tests import hostile
from tests.fakes.worded import document, worded

SIZE = (600, 400)
MARK = (450, 50, 550, 100)
LIMIT = 60_000
SETTINGS = {
    "grey.png": ("L", {}),
    "bits.png": ("1", {}),
    "palette.png": ("P", {}),
    "clear.png": ("RGBA", {}),
    "deep.png": ("I;16", {}),
    "colour.jpg": ("RGB", {"quality": 95}),
    "progressive.jpg": ("L", {"quality": 95, "progressive": True}),
    "print.jpg": ("CMYK", {"quality": 95}),
    "fax.tif": ("1", {"compression": "group4"}),
    "lzw.tif": ("RGB", {"compression": "tiff_lzw"}),
    "page.webp": ("RGB", {"lossless": True}),
    "page.bmp": ("RGB", {}),
    "page.gif": ("P", {}),
}


def drawn(mode="L", size=SIZE, mark=MARK):
    """White paper with one black mark."""
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).rectangle((*mark[:2], mark[2] - 1, mark[3] - 1), fill=0)
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    return picture.convert(mode)


def only_page(path, **ocr):
    """Page 1."""
    with open_pages(path, Ocr(**ocr)) as pages:
        return pages.page(1)


def mark_in_file(page):
    """The mark's box, in the pixels of the file."""
    left, top, right, bottom = page.image.convert("L").point(lambda shade: 255 * (shade < 128)).getbbox()
    across, down = page.scale
    return left * across, top * down, right * across, bottom * down


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_picture_that_is_too_large_is_read_smaller(tmp_path, name):
    """In every format, in bounds, with a warning; places on it are those in the file."""
    mode, settings = SETTINGS[name]
    drawn(mode).save(tmp_path / name, dpi=(300, 300), **settings)
    page = only_page(tmp_path / name, max_pixels=LIMIT)
    assert LIMIT * 0.9 < page.image.width * page.image.height <= LIMIT
    assert mark_in_file(page) == pytest.approx(MARK, abs=3)
    wide, high = page.image.size
    assert f"read at {wide} x {high} of its 600 x 400 pixels to stay within ocr.max_pixels" in page.warnings
    whole = only_page(tmp_path / name)
    assert (whole.image.size, whole.scale) == (SIZE, (1.0, 1.0))
    assert not [warning for warning in whole.warnings if warning.startswith("read at")]
    assert page.dpi * page.scale[0] == pytest.approx(whole.dpi, rel=0.01)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG"])
def test_a_turned_picture_is_read_smaller_and_upright(tmp_path, kind):
    """Its orientation counts for the smaller copy and for its scale."""
    exif = Image.Exif()
    exif[0x0112] = 6  # the left side is the top
    extra = {"tiffinfo": {0x0112: 6}} if kind == "TIFF" else {"exif": exif}
    drawn().save(tmp_path / "scan", kind, **extra)
    whole, page = only_page(tmp_path / "scan"), only_page(tmp_path / "scan", max_pixels=LIMIT)
    assert page.image.width * page.image.height <= LIMIT
    assert mark_in_file(page) == pytest.approx(mark_in_file(whole), abs=4)


def test_a_fax_that_is_too_large_keeps_the_shape_of_its_letters(tmp_path):
    """Oblong pixels are made square on the smaller page too."""
    drawn().save(tmp_path / "fax.tif", dpi=(204, 98))
    page = only_page(tmp_path / "fax.tif", max_pixels=LIMIT)
    whole = only_page(tmp_path / "fax.tif")
    assert page.image.width * page.image.height <= LIMIT
    assert page.image.width / page.image.height == pytest.approx(whole.image.width / whole.image.height, rel=0.02)
    assert mark_in_file(page) == pytest.approx(mark_in_file(whole), abs=6)


def test_what_is_read_in_full_follows_from_memory(monkeypatch):
    """Seventeen bytes a pixel, never less than a page of 300 dpi, never more than max_pixels."""
    assert reading_size.most_pixels_read(Ocr(memory_mb=512)) == ((512 << 20) // 17, "ocr.memory_mb")
    assert reading_size.most_pixels_read(Ocr(memory_mb=16)) == (10_000_000, "ocr.memory_mb")
    assert reading_size.most_pixels_read(Ocr(memory_mb=8000)) == (120_000_000, "ocr.max_pixels")
    monkeypatch.setattr("ocrwatchd.core.process.memory_bytes", lambda: 2 << 30)
    assert memory_budget_mb(0) == 512
    assert reading_size.most_pixels_read(Ocr())[1] == "ocr.memory_mb"


def test_a_picture_that_takes_too_much_memory_to_decode_is_refused(tmp_path, monkeypatch):
    """Before anything is decoded, with the setting that allows it."""
    monkeypatch.setattr(reading_size, "LEAST_PIXELS", 10_000)
    Image.new("RGB", (2000, 1000)).save(tmp_path / "scan.png")
    content = (tmp_path / "scan.png").read_bytes()
    (tmp_path / "scan.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadablePage, match=r"2000 x 1000 pixels, which take 8 MiB.*raise ocr.memory_mb to 4"):
        only_page(tmp_path / "scan.png", memory_mb=2)
    (tmp_path / "scan.png").write_bytes(content)
    assert "within ocr.memory_mb" in only_page(tmp_path / "scan.png", memory_mb=4).warnings[0]


def test_a_jpeg_is_decoded_smaller_where_memory_is_short(tmp_path, monkeypatch):
    """A half, a quarter or an eighth; a progressive one holds all its data whatever its size."""
    monkeypatch.setattr(reading_size, "LEAST_PIXELS", 1_900_000)
    for name, progressive in (("plain.jpg", False), ("progressive.jpg", True)):
        drawn("RGB", (2000, 1000)).save(tmp_path / name, progressive=progressive)
    page = only_page(tmp_path / "plain.jpg", memory_mb=2)
    assert (page.image.size, page.scale) == ((1000, 500), (2.0, 2.0))
    assert mark_in_file(page) == pytest.approx(MARK, abs=3)
    with pytest.raises(UnreadablePage, match=r"raise ocr.memory_mb"):
        only_page(tmp_path / "progressive.jpg", memory_mb=2)


def test_a_page_of_pdfs_greatest_size_is_drawn(tmp_path):
    """Two hundred inches a side, on a machine of 2 GB."""
    (tmp_path / "scan.pdf").write_bytes(hostile.pdf_of_pages(1, side_pt=14_400))
    page = only_page(tmp_path / "scan.pdf", memory_mb=64)
    assert 8_900_000 < page.image.width * page.image.height <= 10_000_000
    assert "instead of 300 dpi to stay within ocr.memory_mb" in page.warnings[0]


@pytest.mark.parametrize(("rotation", "across", "down"), [(0, 2, 4), (180, 2, 4), (90, 4, 2), (270, 4, 2)])
def test_what_was_read_is_told_in_pixels_of_the_file(rotation, across, down):
    """Sizes and boxes, on a page that was turned as well; nothing else changes."""
    box = Box(10, 10, 30, 40)
    lines = (Line("one", 0, box, words=(Word("one", 0, box), Word("", 3))),)
    read = PageText(1, "one", 200, 100, 75.0, lines=lines, rotation=rotation)
    told = in_pixels_of_the_file(read, (2.0, 4.0))
    larger = Box(10 * across, 10 * down, 30 * across, 40 * down)
    assert told.lines == (Line("one", 0, larger, words=(Word("one", 0, larger), Word("", 3))),)
    assert (told.width, told.height, told.dpi) == (200 * across, 100 * down, 300.0)
    assert replace(told, lines=lines, width=200, height=100, dpi=75.0) == read
    assert in_pixels_of_the_file(read, (1.0, 1.0)) is read


@pytest.mark.parametrize("name", ["grey.png", "colour.jpg", "fax.tif", "lzw.tif", "page.webp", "page.bmp"])
def test_the_pdf_shows_a_picture_that_was_read_smaller_dot_for_dot(tmp_path, name):
    """Its text lies where the picture has it."""
    mode, settings = SETTINGS[name]
    picture = drawn(mode)
    picture.save(tmp_path / name, dpi=(300, 300), **settings)
    work = Work(ocr=Ocr(max_pixels=LIMIT))
    with (tmp_path / "document.pdf").open("w+b") as file:
        pdf.write(document(tmp_path / name, work=work), iter([worded("one", size=SIZE)]), file)
    with pikepdf.open(tmp_path / "document.pdf") as made:
        (page,) = made.pages
        across, down = map(float, page.mediabox[2:])
        assert across / down == pytest.approx(1.5, rel=0.001)
        shown = pikepdf.PdfImage(page.get_images()["/Scan"]).as_pil_image()
    assert shown.size == SIZE
    if name != "colour.jpg":
        assert ImageChops.difference(shown.convert("RGB"), picture.convert("RGB")).getbbox() is None
