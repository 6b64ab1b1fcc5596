"""TIFFs of several pages."""

import io
import os
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.common import MAX_DOCUMENT_PIXELS, MAX_PAGES
from ocrwatchd.formats.input.decoder_warnings import redecode
from ocrwatchd.formats.input.tiff import directories
from tests.paths import DATA

WIDTHS = (40, 50, 60)


def write(path, *, compression="raw", big=False, widths=WIDTHS):
    """A TIFF with one page a width."""
    frames = [Image.fromarray(np.full((20, width), width % 256, dtype=np.uint8)) for width in widths]
    if compression.startswith("group"):
        frames = [frame.point(lambda value: value > 45, "1") for frame in frames]
    frames[0].save(path, save_all=True, append_images=frames[1:], compression=compression, dpi=(300, 300), big_tiff=big)
    return path


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg", "group3", "group4"])
def test_frames_come_one_by_one_in_any_order(tmp_path, compression):
    """Each page stands for itself, whatever was read before."""
    with open_pages(write(tmp_path / "scan.tif", compression=compression), Ocr()) as pages:
        assert pages.count == 3
        for number in (3, 1, 2, 2):
            page = pages.page(number)
            assert (page.number, page.image.width) == (number, WIDTHS[number - 1])
            assert round(page.dpi) == 300


def test_big_tiff_is_read(tmp_path):
    """BigTIFF has other offsets and the same pages."""
    with open_pages(write(tmp_path / "scan.tif", big=True), Ocr()) as pages:
        assert [pages.page(number).image.width for number in (1, 2, 3)] == list(WIDTHS)


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_one_bad_page_does_not_stop_the_others(tmp_path, bad):
    """A page whose directory is nonsense is unreadable, and the others are read."""
    path = write(tmp_path / "scan.tif", compression="tiff_lzw")
    with path.open("rb") as file:
        offset = directories(file.fileno(), 10).pages[bad - 1].directory.at
    data = bytearray(path.read_bytes())
    data[offset + 2 : offset + 2 + 12 * 3] = bytes(12 * 3)  # width, height and bits are gone
    path.write_bytes(data)
    with open_pages(path, Ocr()) as pages:
        assert pages.count == 3
        for number in (1, 2, 3):
            if number == bad:
                with pytest.raises(UnreadablePage, match=f"page {number} "):
                    pages.page(number)
            else:
                assert pages.page(number).image.width == WIDTHS[number - 1]


def test_one_huge_page_does_not_stop_the_others(tmp_path):
    """max_pixels counts page by page."""
    path = write(tmp_path / "scan.tif", widths=(4000, 50))
    with open_pages(path, Ocr(max_pixels=10_000)) as pages:
        with pytest.raises(UnreadablePage, match="pixels"):
            pages.page(1)
        assert pages.page(2).image.width == 50


def test_directories_that_run_in_a_circle_end(tmp_path):
    """A chain that comes back to itself is cut, and the document says so."""
    path = write(tmp_path / "scan.tif")
    with path.open("rb") as file:
        offsets = [page.directory.at for page in directories(file.fileno(), 10).pages]
    data = bytearray(path.read_bytes())
    last = offsets[-1]
    entries = struct.unpack_from("<H", data, last)[0]
    struct.pack_into("<I", data, last + 2 + 12 * entries, offsets[0])
    path.write_bytes(data)
    with open_pages(path, Ocr()) as pages:
        assert pages.count == 3
        assert "list of pages is damaged" in pages.warnings[0]


def chain(path, frames, pixels=(1, 1), strips=None):
    """A TIFF of nothing but directories; frame n's data begins at ``strips(n)``."""
    data = bytearray(b"II*\0" + struct.pack("<I", 8))
    for index in range(frames):
        tags = {256: pixels[0], 257: pixels[1], 258: 1, 259: 4, 262: 0, 273: strips(index) if strips else 8, 279: 4}
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
        following = 8 + (index + 1) * (len(entries) + 6) if index + 1 < frames else 0
        data += struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    path.write_bytes(data)
    return path


def test_endless_directories_are_cut(tmp_path):
    """A file full of directories has no more pages than the limit, and is not called damaged for it."""
    path = chain(tmp_path / "scan.tif", 3_000, strips=lambda index: index + 1)
    with path.open("rb") as file:
        found = directories(file.fileno(), 1_000)
        whole = directories(file.fileno(), 3_000)
    assert len(found.pages) == 1_000
    assert (found.cut, found.warnings) == (True, ())
    assert (len(whole.pages), whole.cut, whole.warnings) == (3_000, False, ())
    assert MAX_PAGES > 10_000


def test_a_tag_that_comes_again_and_again_is_read_once(tmp_path, monkeypatch):
    """Entries by the hundred over one long list of strips: what they lead to is read for the first of them only."""
    entries = struct.pack("<HHII", 273, 4, 1024, 8) * 512
    (tmp_path / "scan.tif").write_bytes(b"II*\0" + struct.pack("<IH", 8, 512) + entries + bytes(4))
    reads = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda *arguments: reads.append(arguments) or real(*arguments))
    with (tmp_path / "scan.tif").open("rb") as file:
        directories(file.fileno(), 10)
    assert len(reads) < 10


@pytest.mark.parametrize("looked_for", [3, MAX_PAGES])
def test_what_is_beyond_the_limit_of_pages_is_a_page_that_cannot_be_read(tmp_path, monkeypatch, looked_for):
    """A document that was cut is never called complete."""
    monkeypatch.setattr("ocrwatchd.formats.input.tiff_pages.MAX_PAGES", looked_for)
    with open_pages(write(tmp_path / "scan.tif", widths=(40, 41, 42, 43, 44, 45)), Ocr(max_pages=3)) as pages:
        assert pages.count == 4
        assert pages.page(3).image.width == 42
        with pytest.raises(UnreadablePage, match="only the first 3 pages"):
            pages.page(4)
        assert pages.warnings == ()


def test_previews_without_end_hide_no_page_without_a_word(tmp_path, monkeypatch):
    """Where the list of pages was cut before the limit of pages, a page says so too."""
    monkeypatch.setattr("ocrwatchd.formats.input.tiff_pages.MAX_PAGES", 3)
    path = write(tmp_path / "scan.tif", widths=(60, 40, 50, 70))
    mark(path, 2, 254, 1)
    with open_pages(path, Ocr()) as pages:
        assert pages.count == 3
        with pytest.raises(UnreadablePage, match="only the first 2 pages"):
            pages.page(3)


def test_directories_over_one_picture_are_one_page(tmp_path):
    """A small file cannot claim the same page a thousand times."""
    with open_pages(chain(tmp_path / "scan.tif", 1_000), Ocr()) as pages:
        assert pages.count == 1
        assert "999 repetitions of earlier pages" in pages.warnings[0]


def test_the_pixels_of_a_document_are_bounded(tmp_path):
    """Beyond the limit pages are refused at once, whatever was read before; those before it are tried."""
    side = 10_000
    within = MAX_DOCUMENT_PIXELS // side**2
    path = chain(tmp_path / "scan.tif", within + 5, pixels=(side, side), strips=lambda index: index + 1)
    with open_pages(path, Ocr()) as pages:
        assert pages.count == within + 5
        with pytest.raises(UnreadablePage, match=f"page {within + 1} lies beyond"):
            pages.page(within + 1)
        with pytest.raises(UnreadablePage, match="damaged"):
            pages.page(within)


def mark(path, number, tag, value):
    """Put a tag with one number into one page's directory, in place of its resolution's unit (296)."""
    with path.open("rb") as file:
        offset = directories(file.fileno(), 10).pages[number - 1].directory.at
    data = bytearray(path.read_bytes())
    for entry in range(offset + 2, offset + 2 + 12 * struct.unpack_from("<H", data, offset)[0], 12):
        if struct.unpack_from("<H", data, entry)[0] == 296:
            struct.pack_into("<HHII", data, entry, tag, 4, 1, value)
            path.write_bytes(data)
            return
    raise AssertionError("no such entry")


@pytest.mark.parametrize(("tag", "value"), [(254, 1), (254, 4), (254, 5), (255, 2)])
def test_previews_and_masks_are_no_pages(tmp_path, tag, value):
    """What is there besides the pages is left out, and said."""
    path = write(tmp_path / "scan.tif", widths=(60, 40, 50))
    mark(path, 2, tag, value)
    with open_pages(path, Ocr()) as pages:
        assert [pages.page(number).image.width for number in range(1, pages.count + 1)] == [60, 50]
        assert "1 previews or masks" in pages.warnings[0]


def test_a_preview_is_read_where_it_is_all_there_is(tmp_path):
    """Nothing is lost: neither where everything is marked, nor where the "preview" is larger than the pages."""
    path = write(tmp_path / "scan.tif", widths=(60, 40))
    mark(path, 1, 254, 1)
    with open_pages(path, Ocr()) as pages:
        assert pages.count == 2
    mark(path, 2, 254, 1)
    with open_pages(path, Ocr()) as pages:
        assert pages.count == 2
        assert pages.warnings == ()


def test_an_ordinary_mark_is_no_preview(tmp_path):
    """Bit 1 says "one page of several", and fax machines set it."""
    path = write(tmp_path / "scan.tif")
    for number in (1, 2, 3):
        mark(path, number, 254, 2)
    with open_pages(path, Ocr()) as pages:
        assert (pages.count, pages.warnings) == (3, ())


FAXES = ["group3", "group4"]


def text_page(path, compression):
    """A real page of text, in one strip."""
    with Image.open(DATA / "phototest.tif") as scan:
        scan.convert("1" if compression in FAXES else "L").save(path, compression=compression, dpi=(300, 300))
    return path


@pytest.mark.parametrize("compression", [*FAXES, "jpeg"])
@pytest.mark.parametrize("number", [1, 2])
def test_damage_inside_a_page_is_told(tmp_path, capfd, compression, number):
    """Where the decoder goes on after lost data, the page says so, and standard error stays clean."""
    path = text_page(tmp_path / "scan.tif", compression)
    with Image.open(path) as scan:
        scan.save(path, compression=compression, save_all=True, append_images=[scan.copy()])
    with open_pages(path, Ocr()) as pages:
        assert not any("damaged" in warning for n in (1, 2) for warning in pages.page(n).warnings)
    with Image.open(path) as scan:
        scan.seek(number - 1)
        strip = len(scan.tag_v2[273]) // 2
        offset, length = scan.tag_v2[273][strip], scan.tag_v2[279][strip]
    data = bytearray(path.read_bytes())
    data[offset + length // 3 : offset + length // 3 + 150] = np.random.default_rng(1).bytes(150)
    path.write_bytes(data)
    with open_pages(path, Ocr()) as pages:
        told = {n: any("data are damaged" in warning for warning in pages.page(n).warnings) for n in (1, 2)}
    assert told == {number: True, 3 - number: False}
    assert capfd.readouterr().err == ""


def test_a_tiff_without_pages_is_unreadable(tmp_path):
    """A header alone is no scan."""
    (tmp_path / "scan.tif").write_bytes(b"II*\0\x08\0\0\0")
    with pytest.raises(UnreadableScan, match="no page"):
        open_pages(tmp_path / "scan.tif", Ocr())


def test_files_are_closed(tmp_path):
    """No descriptor stays open after pages were read."""
    path = write(tmp_path / "scan.tif", compression="tiff_lzw")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with open_pages(path, Ocr(max_pixels=10_000)) as pages:
        for number in (1, 2, 3):
            pages.page(number)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("nonsense", [{278: -1}, {273: ("x",)}, {262: None}, {279: (4, 4)}, {258: (1 << 40,)}])
def test_tags_without_sense_refuse_nothing(nonsense):
    """The second hearing only ever adds a warning."""
    tags = {256: 8, 257: 1, 259: 4, 262: 0, 273: (0,), 279: (4,)} | nonsense
    file = io.BytesIO(bytes(8))
    assert redecode(SimpleNamespace(format="TIFF", tag_v2=tags), file) is None
    assert file.tell() == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    position=st.integers(0, 1 << 16),
    junk=st.binary(min_size=1, max_size=8),
    compression=st.sampled_from(["raw", "tiff_lzw", "group4", "jpeg"]),
)
def test_damage_never_raises_anything_else(tmp_path, position, junk, compression):
    """Whatever a damaged TIFF holds, it is unreadable by name or gives pages in the two modes."""
    data = bytearray(write(tmp_path / "scan.tif", compression=compression).read_bytes())
    position %= len(data)
    data[position : position + len(junk)] = junk
    (tmp_path / "mutant.tif").write_bytes(data)
    try:
        pages = open_pages(tmp_path / "mutant.tif", Ocr(max_pixels=1_000_000))
    except UnreadableScan:
        return
    with pages:
        for number in range(1, min(pages.count, 5) + 1):
            try:
                assert pages.page(number).image.mode in {"L", "RGB"}
            except UnreadablePage:
                continue
