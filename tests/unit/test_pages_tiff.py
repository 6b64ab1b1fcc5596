"""TIFFs of several pages."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocrwatchd.config import Ocr
from ocrwatchd.engine.pages import MAX_PAGES, open_pages
from ocrwatchd.engine.tiff import directories
from ocrwatchd.errors import UnreadablePage, UnreadableScan

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
        offset = directories(file.fileno(), 10).offsets[bad - 1]
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
        offsets = directories(file.fileno(), 10).offsets
    data = bytearray(path.read_bytes())
    last = offsets[-1]
    entries = struct.unpack_from("<H", data, last)[0]
    struct.pack_into("<I", data, last + 2 + 12 * entries, offsets[0])
    path.write_bytes(data)
    with open_pages(path, Ocr()) as pages:
        assert pages.count == 3
        assert "list of pages is damaged" in pages.warnings[0]


def test_endless_directories_are_cut(tmp_path):
    """A file full of directories has no more pages than the limit."""
    data = bytearray(b"II*\0" + struct.pack("<I", 8))
    for index in range(3_000):
        data += struct.pack("<H", 1) + bytes(12) + struct.pack("<I", 8 + 18 * (index + 1))
    (tmp_path / "scan.tif").write_bytes(data)
    with (tmp_path / "scan.tif").open("rb") as file:
        found = directories(file.fileno(), 1_000)
    assert len(found.offsets) == 1_000
    assert found.damaged
    assert MAX_PAGES > 10_000


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


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    position=st.integers(0, 1 << 16),
    junk=st.binary(min_size=1, max_size=8),
    compression=st.sampled_from(["raw", "tiff_lzw"]),
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
