"""HEIC and AVIF, which phones save: into pages, and whole or not."""

import sys
from dataclasses import replace

import pytest
from PIL import Image, features

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import DamagedPage, UnreadablePage, UnreadableScan
from ocrwatchd.formats.input import open_pages, reading_size
from ocrwatchd.formats.input.completeness import Examined, Finding
from ocrwatchd.formats.input.incomplete import ALL_READ, open_whole
from tests.paths import DATA
from tests.unit.formats.test_completeness import judge
from tests.unit.formats.test_images import shades

HALF, TWO, TURNED = ((DATA / f"{name}.heic").read_bytes() for name in ("half", "two", "turned"))
LANDSCAPE, PORTRAIT = (160, 96), (96, 160)
VIDEO = b"\0\1\0\0mpvd"
"""The beginning of what phones append for a moving picture."""


def read(path, content, **ocr):
    """The pages' pictures."""
    path.write_bytes(content)
    with open_pages(path, Ocr(**ocr)) as pages:
        assert pages.own_text(1) is None
        return [pages.page(number).image for number in range(1, pages.count + 1)]


def is_black_above(image):
    """Whether a picture's upper half is black, and its lower half white."""
    above, below = (image.convert("L").getpixel((5, height)) for height in (5, 150))
    return above < 5 and below > 250


@pytest.mark.parametrize("name", ["scan.heic", "scan.jpg", "scan"])
def test_a_heic_picture_is_read_whatever_its_name(tmp_path, name):
    """Phones and mail programs name them .jpg too."""
    assert judge(HALF, (tmp_path / name).suffix) == Examined(Finding.WHOLE, "HEIC")
    (image,) = read(tmp_path / name, HALF)
    assert (image.size, image.mode) == (LANDSCAPE, "RGB")
    left, right = shades(image)
    assert left < 5
    assert right > 250


def test_each_picture_of_a_burst_is_a_page(tmp_path):
    """In the file's order, each of its own size."""
    first, second = read(tmp_path / "scan", TWO)
    assert (first.size, second.size) == (LANDSCAPE, PORTRAIT)
    assert is_black_above(second)
    path = tmp_path / "scan"
    with open_pages(path, Ocr(max_pages=1)) as pages, pytest.raises(UnreadablePage, match="only the first 1 pages"):
        pages.page(2)


def test_a_turned_picture_comes_upright(tmp_path):
    """Once, not a second time by its EXIF orientation."""
    (image,) = read(tmp_path / "scan", TURNED)
    assert image.size == PORTRAIT
    assert is_black_above(image)


def test_a_large_picture_is_read_smaller(tmp_path):
    """Within max_pixels, whatever the camera's size."""
    (image,) = read(tmp_path / "scan", HALF, max_pixels=15_000)
    assert 14_000 < image.width * image.height <= 15_000


def test_a_vast_picture_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    """Its size stands before its data."""
    monkeypatch.setattr(reading_size, "LARGER", 1)
    with pytest.raises(UnreadablePage, match=r"160 x 96 pixels.*ocr.max_pixels = 15000"):
        read(tmp_path / "scan", HALF, max_pixels=15_000)


def test_half_a_picture_is_no_page(tmp_path):
    """It broke off in the daemon; by hand the page says what is wrong."""
    for lost in (1, 40, len(HALF) // 2):
        content = HALF[:-lost]
        assert judge(content).finding is Finding.PARTIAL
        (tmp_path / "scan").write_bytes(content)
        with (
            pytest.raises(UnreadableScan, match="broke off: the HEIC file ends before its last part"),
            open_whole(tmp_path / "scan", Ocr(), strict=True, alive=lambda: None),
        ):
            pass
        with pytest.raises((UnreadableScan, DamagedPage), match="let the phone or camera save JPEG"):
            read(tmp_path / "scan", content)


def test_the_picture_before_a_cut_video_is_read(tmp_path):
    """What phones append for a moving picture is no page."""
    assert judge(HALF + VIDEO) == replace(judge(HALF + VIDEO), finding=Finding.PARTIAL, readable=True)
    (tmp_path / "scan").write_bytes(HALF + VIDEO)
    with open_whole(tmp_path / "scan", Ocr(), strict=True, alive=lambda: None) as (pages, told):
        assert pages.page(1).image.size == LANDSCAPE
    assert told == (ALL_READ,)


@pytest.mark.parametrize("behind", [bytes(999), b"<html>502 Bad Gateway</html>" * 20])
def test_something_behind_a_picture_does_no_harm(tmp_path, behind):
    """As servers append it."""
    assert judge(HALF + behind).finding is Finding.WHOLE
    assert read(tmp_path / "scan", HALF + behind)[0].size == LANDSCAPE


def test_without_its_library_the_reason_names_the_type(tmp_path, monkeypatch):
    """There is no wheel for every machine."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(UnreadableScan, match=r"this is a HEIC picture.*let the phone or camera save JPEG"):
        read(tmp_path / "scan.jpg", HALF)


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
def test_avif_is_read(tmp_path):
    """By Pillow itself."""
    Image.new("RGB", LANDSCAPE, "white").save(tmp_path / "scan.avif")
    content = (tmp_path / "scan.avif").read_bytes()
    assert judge(content, ".png") == Examined(Finding.WHOLE, "AVIF")
    assert judge(content[:-1]).finding is Finding.PARTIAL
    assert read(tmp_path / "scan", content)[0].size == LANDSCAPE


def test_a_video_is_no_picture(tmp_path):
    """It has the same boxes, and other brands."""
    video = b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + HALF[28:]
    assert judge(video, ".mp4").finding is Finding.UNREAD
    with pytest.raises(UnreadableScan, match="HEIC, AVIF"):
        read(tmp_path / "scan", video)
