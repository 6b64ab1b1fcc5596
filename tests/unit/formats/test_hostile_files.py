"""Files made to do harm, into pages: every one is refused by name or read within bounds."""

import random
import resource

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.completeness import Finding
from tests import hostile
from tests.unit.formats.test_completeness import judge

SMALL = Ocr(max_pixels=1_000_000, dpi=72)
MOST_PAGES_READ = 4
MOST_GROWTH_KIB = 100 << 10


def read(path, ocr=SMALL):
    """The pages that can be read and the reasons of the others; anything else that happens is a fault."""
    pictures, reasons = [], []
    try:
        pages = open_pages(path, ocr)
    except UnreadableScan as error:
        return [], [str(error)]
    with pages:
        assert pages.count >= 1
        for number in range(1, min(pages.count, MOST_PAGES_READ) + 1):
            try:
                pictures.append(pages.page(number).image)
            except UnreadablePage as error:
                reasons.append(str(error))
    assert all(picture.mode in {"L", "RGB"} for picture in pictures)
    assert all(picture.width * picture.height <= ocr.max_pixels for picture in pictures)
    assert all(reasons)
    return pictures, reasons


@pytest.mark.parametrize("name", sorted(hostile.whole()))
def test_every_unusual_kind_is_read(tmp_path, name):
    """CMYK, 16 bits, transparency, one bit, animations, JPEG 2000 inside a PDF: print stays dark on white."""
    (tmp_path / "scan").write_bytes(hostile.whole()[name])
    pictures, reasons = read(tmp_path / "scan", Ocr(dpi=200))
    assert reasons == []
    low, high = pictures[0].convert("L").getextrema()
    assert low < 60
    assert high > 200
    assert pictures[0].convert("L").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)) > 190


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_damage_in_any_format_is_unreadable_by_name(tmp_path, seed):
    """Whatever a damaged file holds, there are pages within bounds or plain words, and no other end."""
    _name, content = hostile.mutate(random.Random(seed))
    (tmp_path / "scan").write_bytes(content)
    read(tmp_path / "scan")


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.sampled_from(sorted(hostile.whole())), head=st.integers(0, 64), rest=st.binary(max_size=400))
@example(name="grey.png", head=0, rest=b"%PDF-")
@example(name="lzw.tif", head=8, rest=b"")
def test_junk_behind_any_beginning_is_unreadable_by_name(tmp_path, name, head, rest):
    """Random bytes behind the first bytes of each format are refused, or read, and nothing else."""
    (tmp_path / "scan").write_bytes(hostile.whole()[name][:head] + rest)
    read(tmp_path / "scan")


@pytest.mark.parametrize("suffix", [".jp2", ".jpg"])
def test_a_jpeg_2000_outside_a_pdf_is_refused_with_what_to_do(tmp_path, suffix):
    """Neither when it arrives nor when it is opened is it taken for a JPEG."""
    content = hostile.picture("JPEG2000")
    verdict = judge(content, suffix)
    assert verdict.finding in {Finding.UNREAD, Finding.WRONG}
    told = "PNG, JPEG, TIFF, PDF, HEIC, AVIF, BMP, GIF or WebP"
    reason = str(verdict.reason)
    assert f"Save it as {told} and send that" in reason or f"Send {told} instead" in reason
    (tmp_path / "scan").write_bytes(content)
    _pictures, (reason,) = read(tmp_path / "scan")
    assert "convert the file to PNG, JPEG" in reason


@pytest.mark.parametrize(
    ("size", "words"), [((35_000, 35_000), "more than 8 times"), ((35_000, 15_000), "35000 x 15000 pixels")]
)
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_picture_of_35_000_pixels_is_refused_unread(tmp_path, size, words, kind):
    """A file of a few bytes that claims it costs next to no memory."""
    content = hostile.png_that_claims(*size) if kind == "png" else hostile.tiff_chain(1, pixels=size)
    (tmp_path / "scan").write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _pictures, (reason,) = read(tmp_path / "scan", Ocr())
    assert words in reason
    assert "ocr.max_pixels" in reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KIB


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_picture_that_claims_what_is_read_smaller_costs_next_to_nothing(tmp_path, kind):
    """Memory is taken as rows arrive, and none do."""
    size = (30_000, 15_900)
    content = hostile.png_that_claims(*size) if kind == "png" else hostile.tiff_chain(1, pixels=size)
    (tmp_path / "scan").write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _pictures, (reason,) = read(tmp_path / "scan", Ocr())
    assert "damaged or broke off" in reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KIB


def test_a_picture_of_35_000_pixels_that_is_narrow_is_read(tmp_path):
    """Length alone is no reason to refuse."""
    Image.new("L", (35_000, 20), 255).save(tmp_path / "scan.png")
    (picture,), reasons = read(tmp_path / "scan.png")
    assert (picture.size, reasons) == ((35_000, 20), [])


def test_a_pdf_of_ten_thousand_pages_opens_at_any_of_them(tmp_path):
    """Neither its length nor the place of a page makes a difference."""
    (tmp_path / "scan.pdf").write_bytes(hostile.pdf_of_pages(10_000))
    with open_pages(tmp_path / "scan.pdf", SMALL.model_copy(update={"max_pages": 10_000})) as pages:
        assert pages.count == 10_000
        assert [pages.page(number).number for number in (10_000, 1, 5_000)] == [10_000, 1, 5_000]


def test_a_pdf_with_a_wrong_table_is_read(tmp_path):
    """PDFium finds the objects by itself where the cross-reference table leads astray."""
    content = hostile.whole()["pages.pdf"].replace(b"xref\n0", b"yref\n9", 1)
    (tmp_path / "scan.pdf").write_bytes(content)
    pictures, reasons = read(tmp_path / "scan.pdf")
    assert (len(pictures), reasons) == (2, [])


@pytest.mark.parametrize("password", ["secret", "Käse", ""])
def test_passwords_are_tried_one_after_the_other(tmp_path, password):
    """Any of several opens the file, one with an umlaut too; an empty one needs none."""
    (tmp_path / "scan.pdf").write_bytes(hostile.encrypted(password.encode("latin-1")))
    ocr = Ocr(dpi=72, pdf_passwords=("wrong", "secret", "Käse") if password else ())
    pictures, reasons = read(tmp_path / "scan.pdf", ocr)
    assert (len(pictures), reasons) == (1, [])


def test_no_text_hidden_in_a_picture_unpacks_without_bounds(tmp_path):
    """A comment that unpacks to hundreds of megabytes is not unpacked, or not for long."""
    content = hostile.png_that_claims(8, 5, (b"zTXt", b"Comment\0\0" + hostile.packed(200 << 20)))
    (tmp_path / "scan.png").write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read(tmp_path / "scan.png")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KIB
