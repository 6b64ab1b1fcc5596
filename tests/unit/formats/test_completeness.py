"""Is a file whole? Made with Pillow, cut, bent and invented."""

from __future__ import annotations

import io
import os
import random
import struct
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocrwatchd.formats.input.completeness import Examined, Finding, examine

FORMATS = {
    "png": {"format": "PNG"},
    "jpg": {"format": "JPEG", "quality": 90},
    "progressive.jpg": {"format": "JPEG", "progressive": True},
    "raw.tif": {"format": "TIFF"},
    "g4.tif": {"format": "TIFF", "compression": "group4"},
    "lzw.tif": {"format": "TIFF", "compression": "tiff_lzw"},
    "big.tif": {"format": "TIFF", "big_tiff": True},
    "pages.tif": {"format": "TIFF", "save_all": True},
    "pdf": {"format": "PDF"},
    "pages.pdf": {"format": "PDF", "save_all": True},
    "bmp": {"format": "BMP"},
    "gif": {"format": "GIF"},
    "animated.gif": {"format": "GIF", "save_all": True},
    "webp": {"format": "WEBP"},
    "lossless.webp": {"format": "WEBP", "lossless": True},
    "avif": {"format": "AVIF"},
}


def picture(name: str, seed: int = 1) -> Image.Image:
    """Noise, which no compression makes small."""
    noise = Image.frombytes("L", (61, 47), random.Random(seed).randbytes(61 * 47))
    return noise.convert("1" if name == "g4.tif" else "RGB")


def make(name: str) -> bytes:
    """A whole file of one of the formats."""
    options = dict(FORMATS[name])
    if options.get("save_all"):
        options["append_images"] = [picture(name, seed) for seed in (2, 3)]
    out = io.BytesIO()
    picture(name).save(out, **options)
    # What Pillow appends for alignment, or as a last line end, is no part of the document.
    return out.getvalue().rstrip({"pages.tif": b"\0", "pdf": b"\n", "pages.pdf": b"\n"}.get(name, b""))


WHOLE = {name: make(name) for name in FORMATS}


def judge(content: bytes, suffix: str = ".png") -> Examined:
    """The verdict on these bytes, as a file of that suffix."""
    file = os.memfd_create("scan")
    try:
        os.write(file, content)
        return examine(file, suffix)
    finally:
        os.close(file)


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_file_is_whole_whatever_its_name(name):
    """The bytes tell the type; a suffix of another type does not matter."""
    for suffix in ("." + name.rpartition(".")[2], ".jpg", ".PDF", ""):
        assert judge(WHOLE[name], suffix).finding is Finding.WHOLE


@pytest.mark.parametrize("name", FORMATS)
def test_no_prefix_is_whole(name):
    """A file cut anywhere is never taken for whole, and is always taken for one of which more may come."""
    content = WHOLE[name]
    suffix = "." + name.rpartition(".")[2]
    cuts = {*range(200), *range(0, len(content), 61), *range(max(0, len(content) - 400), len(content))}
    for cut in sorted(c for c in cuts if c < len(content)):
        assert judge(content[:cut], suffix).finding is Finding.PARTIAL, f"cut at {cut} of {len(content)}"


# In the other formats zeros are honest content, and the length is the only witness.
@pytest.mark.parametrize(
    "name", sorted({*FORMATS} - {"raw.tif", "big.tif", "pages.tif", "bmp", "webp", "lossless.webp", "avif"})
)
def test_a_file_of_full_size_with_nothing_in_its_end_is_partial(name):
    """A client that sets the size first leaves NUL bytes where its data is still to come."""
    content = WHOLE[name]
    suffix = "." + name.rpartition(".")[2]
    half = content[: len(content) // 2].ljust(len(content), b"\0")
    assert judge(half, suffix).finding is Finding.PARTIAL
    assert judge(bytes(len(content)), suffix).finding is Finding.PARTIAL


@given(
    name=st.sampled_from(sorted(FORMATS)),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6),
    cut=st.floats(0, 1),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutations_are_judged_in_bounded_time(name, edits, cut):
    """Whatever the bytes, there is a verdict, soon, and it says why where the file is not whole."""
    content = bytearray(WHOLE[name])
    for where, patch in edits:
        at = int(where * len(content))
        content[at : at + len(patch)] = patch
    began = time.process_time()
    verdict = judge(bytes(content[: int(cut * len(content))]), ".tif")
    assert time.process_time() - began < 5
    assert bool(verdict.reason) == (verdict.finding is not Finding.WHOLE)


@given(content=st.binary(max_size=300), magic=st.sampled_from([b"", *[c[:12] for c in WHOLE.values()]]))
@example(content=b"", magic=b"")
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_judged(content, magic):
    """Random bytes behind each type's magic raise nothing."""
    assert isinstance(judge(magic + content, ".jpg"), Examined)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".docx", ""])
@pytest.mark.parametrize("content", [b"", bytes(1), bytes(100_000)])
def test_nothing_and_zeros_are_not_yet_written(content, suffix):
    """Zero bytes, or only NUL bytes, count as an upload that has not begun."""
    verdict = judge(content, suffix)
    assert verdict.finding is Finding.PARTIAL
    assert str(verdict.reason).startswith("the upload broke off: ")


def test_a_known_name_with_other_bytes_is_wrong():
    """Text named .png is said to be no picture, with what to do."""
    verdict = judge(b"Dear Sir or Madam, " * 30, ".png")
    assert verdict.finding is Finding.WRONG
    assert "named like a PNG" in str(verdict.reason)
    assert "Save it as" in str(verdict.reason)


@pytest.mark.parametrize("content", [b"PK\x03\x04 a document", b"BMW is a make of cars, not a bitmap at all"])
def test_an_unknown_type_is_not_read(content):
    """A type that we don't read is named, with what to send instead."""
    verdict = judge(content, ".docx")
    assert verdict.finding is Finding.UNREAD
    assert '".docx"' in str(verdict.reason)


@pytest.mark.parametrize("box", [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\0\0\0\x18ftypMiHE\0\0\0\0MiPrheic"])
@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_the_beginning_of_a_heic_is_partial(box, suffix):
    """A HEIC cut within its first box may still become whole, also where no known brand has arrived."""
    findings = {cut: judge(box[:cut], suffix).finding for cut in range(len(box) + 1)}
    assert findings == dict.fromkeys(findings, Finding.PARTIAL)


@pytest.mark.parametrize(
    ("content", "suffix", "finding"),
    [
        (b"BM hello", ".txt", Finding.UNREAD),
        (b"B", ".txt", Finding.UNREAD),
        (b"RI", ".txt", Finding.UNREAD),
        (b"BM1234", ".png", Finding.WRONG),
        (b"BM1234", ".bmp", Finding.PARTIAL),
        (b"RIFF12", ".webp", Finding.PARTIAL),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41", ".heic", Finding.WRONG),
        (b"\0\0\0\x18ftyphe", ".txt", Finding.UNREAD),
        (b"\x89PNG", ".txt", Finding.PARTIAL),
    ],
)
def test_a_vague_beginning_counts_for_a_file_named_so(content, suffix, finding):
    """A text may begin like a BMP, WebP or HEIC: their beginnings count only where the name says so."""
    assert judge(content, suffix).finding is finding


def test_the_start_of_a_pdf_inside_a_picture_makes_no_pdf():
    """A whole GIF whose comment names the start of a PDF is a whole GIF."""
    out = io.BytesIO()
    picture("gif").save(out, format="GIF", comment=b"%PDF-1.7")
    assert b"%PDF-" in out.getvalue()[:1024]
    verdict = judge(out.getvalue(), ".gif")
    assert (verdict.finding, verdict.type) == (Finding.WHOLE, "GIF")


def test_an_unprintable_suffix_stays_out_of_the_reason():
    """A suffix with control characters or undecodable bytes is not repeated."""
    assert str(judge(b"junk", ".a\nb\udcff").reason).isprintable()


def test_a_thumbnail_s_end_does_not_end_a_jpeg():
    """A whole JPEG inside an APP1 segment is passed over."""
    inner = WHOLE["jpg"]
    app = b"\xff\xe1" + struct.pack(">H", len(inner) + 2) + inner
    content = inner[:2] + app + inner[2:]
    assert judge(content).finding is Finding.WHOLE
    assert judge(content[: len(app) + 100]).finding is Finding.PARTIAL


def test_bytes_after_the_end_do_no_harm():
    """What some cameras and mail programs append does not make a picture partial."""
    for name in ("png", "jpg", "gif", "bmp", "webp", "lzw.tif"):
        assert judge(WHOLE[name] + b"\r\n<html>junk</html>").finding is Finding.WHOLE


def test_a_pdf_being_updated_is_partial():
    """An incremental update whose end is missing is not whole, though the first version's end is there."""
    pdf = WHOLE["pdf"]
    update = b"7 0 obj\n<< /Type /Page >>\nendobj\nxref\n0 1\ntrailer\n<< >>\n"
    assert judge(pdf + b"\n" + update).finding is Finding.PARTIAL
    assert judge(pdf + b"\n" + update + b"startxref\n10\n%%EOF\n").finding is Finding.WHOLE
    assert judge(pdf + b"\n\0\0\0\0<!-- a mail program's footer -->").finding is Finding.WHOLE


def test_a_linearized_pdf_is_as_long_as_it_says():
    """The early end of a linearized file does not count: its stated length does."""
    head = b"%PDF-1.4\n1 0 obj\n<< /Linearized 1 /L 5000 /H [ 1 2 ] >>\nendobj\n"
    early = head + b"xref\ntrailer\n<< >>\nstartxref\n9\n%%EOF\n"
    assert judge(early).finding is Finding.PARTIAL
    assert judge(early.ljust(5000) + b"\nstartxref\n9\n%%EOF\n\n").finding is Finding.WHOLE


def tiff(directories: list[tuple[int, int]], size: int = 400) -> bytes:
    """A classic TIFF whose directories (offset, next) each hold one strip of one byte at offset 8."""
    content = bytearray(b"II*\0" + struct.pack("<I", directories[0][0])).ljust(size, b"\1")
    for offset, following in directories:
        entries = struct.pack("<HHII", 273, 4, 1, 8) + struct.pack("<HHII", 279, 4, 1, 1)
        body = struct.pack("<H", 2) + entries + struct.pack("<I", following)
        content[offset : offset + len(body)] = body
    return bytes(content)


def test_a_chain_of_directories_may_bite_its_tail():
    """A loop of TIFF directories ends the walk."""
    assert judge(tiff([(16, 60), (60, 16)])).finding is Finding.WHOLE


@pytest.mark.parametrize("following", [399, 4000, 2**32 - 1])
def test_a_page_being_appended_is_partial(following):
    """A link to a directory that is not there yet means that a page is still to come."""
    assert judge(tiff([(16, following)])).finding is Finding.PARTIAL


def test_a_strip_beyond_the_end_is_partial():
    """Strips have to lie inside the file even where every directory does."""
    content = tiff([(16, 0)])
    assert judge(content).finding is Finding.WHOLE
    assert judge(content.replace(struct.pack("<HHII", 279, 4, 1, 1), struct.pack("<HHII", 279, 4, 1, 900))).finding is (
        Finding.PARTIAL
    )


def hostile(name: str) -> bytes:
    """A few megabytes with far more parts than any scan has."""
    if name == "directories":  # each overlapping the next by all but a few bytes
        content = bytearray(b"II*\0\x08\0\0\0")
        for at in range(8, 900_000, 6):
            content += struct.pack("<HI", 0x0101, at + 6)
        return bytes(content)
    if name == "endless chunks":
        return WHOLE["png"][:33] + b"\0\0\0\0tEXt\0\0\0\0" * 2_000_000
    if name == "endless markers":
        return b"\xff\xd8" + b"\xff\xe0\0\2" * 3_000_000
    if name == "restarts":
        return WHOLE["jpg"][:-2] + b"\xff\xd0\xff\xff\xff\0" * 3_000_000
    return WHOLE["gif"][:-1] + b"!\xfe" + b"\1x" * 4_000_000


@pytest.mark.parametrize("name", ["directories", "endless chunks", "endless markers", "restarts", "endless blocks"])
def test_endless_structures_are_given_up_soon(name):
    """Millions of tiny parts cost seconds at most and are never taken for a whole scan."""
    content = hostile(name)
    began = time.process_time()
    assert judge(content).finding in {Finding.PARTIAL, Finding.WRONG}
    assert time.process_time() - began < 8


@pytest.mark.slow
def test_an_honest_tiff_of_many_pages_is_whole():
    """Two thousand pages do not reach the limit."""
    out = io.BytesIO()
    page = Image.new("1", (64, 64))
    page.save(out, "TIFF", save_all=True, append_images=[page] * 1999)
    assert judge(out.getvalue()).finding is Finding.WHOLE
