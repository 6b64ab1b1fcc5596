"""Files that are not whole by their structure: read where every row and page is there, else said to have broken off."""

from __future__ import annotations

import io
import random
import re
import struct

import pikepdf
import pytest
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.formats.input.incomplete import ALL_READ, SOME_MISSING, open_whole
from tests.unit.formats.test_completeness import WHOLE, judge
from tests.unit.formats.test_pdf_page_tree import tree

SIZE = (160, 120)
ERROR_PAGE = b"<html><body>502 Bad Gateway</body></html>\n" * 60
COUNTS, OFFSETS, COMPRESSION = 279, 273, 259


def noise(mode="L", seed=1):
    """A picture that no compression makes small."""
    return Image.frombytes("L", SIZE, random.Random(seed).randbytes(SIZE[0] * SIZE[1])).convert(mode)


def saved(kind, mode="L", **options):
    """Its file."""
    out = io.BytesIO()
    noise(mode).save(out, kind, **options)
    return out.getvalue()


JPEG, PROGRESSIVE = saved("JPEG", "RGB"), saved("JPEG", "RGB", progressive=True)
RESTARTING = saved("JPEG", "RGB", restart_marker_rows=2)
PNG, GIF, BMP, WEBP = saved("PNG"), saved("GIF", "P"), saved("BMP"), saved("WEBP", "RGB")
JPEGS = {"baseline": JPEG, "progressive": PROGRESSIVE, "restarting": RESTARTING}
COMPRESSIONS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma", "jpeg", "group4", "group3")


def tiff(tags, strips, counts):
    """A TIFF whose directory lies before its strips, with byte counts of one's own."""
    fields = dict(tags) | {COUNTS: counts, OFFSETS: [0] * len(strips)}
    entries, arrays = [], b""
    start = 8 + 2 + 12 * len(fields) + 4
    data = start + sum(4 * len(numbers) for numbers in fields.values() if len(numbers) > 1)
    fields[OFFSETS] = [data + sum(map(len, strips[:index])) for index in range(len(strips))]
    for tag, numbers in sorted(fields.items()):
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        value = packed if len(numbers) == 1 else struct.pack("<I", start + len(arrays))
        arrays += packed if len(numbers) > 1 else b""
        entries.append(struct.pack("<HHI4s", tag, 4, len(numbers), value))
    head = struct.pack("<2sHIH", b"II", 42, 8, len(fields))
    return head + b"".join(entries) + bytes(4) + arrays + b"".join(strips)


def strips_of(compression):
    """The tags and the strips of a page."""
    if compression == "jpeg":  # Pillow would put the tables elsewhere
        return {256: [SIZE[0]], 257: [SIZE[1]], 258: [8], 259: [7], 262: [1], 277: [1], 278: [SIZE[1]]}, [saved("JPEG")]
    bilevel = compression.startswith("group")
    content = saved("TIFF", "1" if bilevel else "L", compression=compression)
    with Image.open(io.BytesIO(content)) as image:
        tags = {
            tag: value if isinstance(value, tuple) else (value,)
            for tag, value in image.tag_v2.items()
            if tag in {256, 257, 258, 259, 262, 277, 278, 284, 292, 317}
        }
        places = zip(image.tag_v2[OFFSETS], image.tag_v2[COUNTS], strict=True)
        return tags, [content[offset : offset + count] for offset, count in places]


def overcounted(compression, lost=0):
    """A TIFF whose last strip is said to be longer than it is; ``lost``: and without its last bytes."""
    tags, strips = strips_of(compression)
    counts = [len(strip) for strip in strips]
    counts[-1] += 37
    return tiff(tags, [*strips[:-1], strips[-1][: len(strips[-1]) - lost]], counts)


def end_of_first_scan(jpeg):
    """Where the second scan of a progressive JPEG begins."""
    first = jpeg.index(b"\xff\xda")
    return min(at for at in (jpeg.find(b"\xff\xda", first + 2), jpeg.find(b"\xff\xc4", first + 2)) if at > 0)


def pdf(pages=2, update=b""):
    """A PDF; ``update``: the beginning of one that adds to it."""
    out = io.BytesIO()
    noise().save(out, "PDF", save_all=True, append_images=[noise(seed=seed) for seed in range(2, pages + 1)])
    return out.getvalue().rstrip(b"\n") + b"\n" + update


PDF = pdf()
EOF = PDF.rindex(b"%%EOF")
WRONG_LENGTH = WEBP[:4] + struct.pack("<I", len(WEBP) + 100) + WEBP[8:]

ALL_THERE = {
    **{f"{name} JPEG without end": jpeg[:-2] for name, jpeg in JPEGS.items()},
    **{f"{name} JPEG with half an end": jpeg[:-1] for name, jpeg in JPEGS.items()},
    **{f"{name} JPEG, zeros": jpeg[:-2] + bytes(5000) for name, jpeg in JPEGS.items()},
    **{f"{name} JPEG, fill bytes": jpeg[:-2] + b"\xff" * 500 for name, jpeg in JPEGS.items()},
    **{f"{name} JPEG, error page and zeros": jpeg[:-2] + ERROR_PAGE + bytes(99) for name, jpeg in JPEGS.items()},
    "PNG without IEND": PNG[:-12],
    "PNG without IEND, error page": PNG[:-12] + ERROR_PAGE,
    "PNG without IEND, zeros": PNG[:-12] + bytes(3000),
    "PNG without its last checksum": PNG[:-16],
    "GIF without trailer": GIF[:-1],
    "GIF without the end of its picture": GIF[:-2],
    "WebP of a wrong length": WRONG_LENGTH,
    "PDF and an error page": PDF + ERROR_PAGE,
    "PDF and a long error page": PDF + ERROR_PAGE * 60,
    "PDF and zeros": PDF + bytes(20_000),
    "PDF without %%EOF": PDF[:EOF],
    "PDF without startxref": PDF[: PDF.rindex(b"startxref")],
    **{f"TIFF, {name}, counted too long": overcounted(name) for name in COMPRESSIONS},
}
CUT = {
    **{f"{name} JPEG": jpeg[: len(jpeg) * 2 // 3] for name, jpeg in JPEGS.items()},
    **{f"{name} JPEG, its last bytes": jpeg[:-40] for name, jpeg in JPEGS.items()},
    **{f"{name} JPEG, zeros": jpeg[: len(jpeg) * 2 // 3] + bytes(len(jpeg)) for name, jpeg in JPEGS.items()},
    **{f"{name} JPEG, error page": jpeg[: len(jpeg) * 2 // 3] + ERROR_PAGE * 9 for name, jpeg in JPEGS.items()},
    "progressive JPEG between two scans": PROGRESSIVE[: end_of_first_scan(PROGRESSIVE)],
    "PNG": PNG[: len(PNG) // 2],
    "PNG, zeros": PNG[: len(PNG) // 2] + bytes(len(PNG)),
    "GIF": GIF[:-40],
    "BMP": BMP[:-1],
    "WebP": WEBP[:-100],
    "PDF": PDF[: len(PDF) // 2],
    "PDF, its last object": PDF[: PDF.rindex(b"endobj") - 20],
    "PDF, an update": pdf(update=b"7 0 obj\n<< /Type /Page"),
    "TIFF, its last page": WHOLE["pages.tif"][: len(WHOLE["pages.tif"]) * 2 // 3],
    **{f"TIFF, {name}": overcounted(name, lost=200) for name in COMPRESSIONS},
}


def read(path, content, *, strict=True, **ocr):
    """What is told of the end, and of each page its size or why it cannot be read."""
    path.write_bytes(content)
    found = []
    with open_whole(path, Ocr(dpi=72, **ocr), strict=strict, alive=lambda: None) as (pages, told):
        for number in range(1, pages.count + 1):
            try:
                found.append(pages.page(number).image.size)
            except UnreadablePage as error:
                found.append(str(error))
    return told, found


@pytest.mark.parametrize("name", ALL_THERE)
def test_a_file_with_all_its_rows_and_pages_is_read(tmp_path, capfd, name):
    """Its structure waits for more, the decoder has everything; the reader is told, and standard error stays clean."""
    assert judge(ALL_THERE[name]).readable
    told, found = read(tmp_path / "scan", ALL_THERE[name])
    assert told == (ALL_READ,)
    assert found == [SIZE] * (2 if name.startswith("PDF") else 1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", CUT)
def test_a_file_that_lacks_rows_or_pages_broke_off(tmp_path, name):
    """Neither grey rows nor the pages that came pass for the document, and the reason says how much has arrived."""
    with pytest.raises(UnreadableScan, match=r"^the upload broke off: the \w+ file .* bytes arrived\). Send it again"):
        read(tmp_path / "scan", CUT[name])


def test_by_hand_what_came_of_a_document_is_read(tmp_path):
    """Whoever asks for a file gets the pages that are there, with a warning."""
    told, found = read(tmp_path / "scan.tif", CUT["TIFF, its last page"], strict=False)
    assert told == (SOME_MISSING,)
    assert found[0] == (61, 47)


def test_a_page_that_is_nowhere_is_missing(tmp_path):
    """A page tree may name a page whose object never came."""
    content = tree(b"3 0 R 9 0 R", told=2)
    with pytest.raises(UnreadableScan, match="broke off"):
        read(tmp_path / "scan", content[: content.rindex(b"%%EOF")])


def test_a_part_that_never_came_is_not_read(tmp_path):
    """Zeros where a strip should be would pass for a black page."""
    tags, strips = strips_of("packbits")
    content = tiff(tags, [*strips[:-1], bytes(len(strips[-1]))], [len(strip) for strip in strips])
    assert not judge(content).readable
    with pytest.raises(UnreadableScan, match="has a gap"):
        read(tmp_path / "scan", content)


def test_a_password_is_asked_for_whatever_the_end_is(tmp_path):
    """Sending the file again would not help."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as document:
        document.save(out, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    content = out.getvalue().rstrip()[: -len(b"%%EOF")]
    with pytest.raises(UnreadableScan, match=r"put it in ocr\.pdf_passwords"):
        read(tmp_path / "scan", content)
    assert read(tmp_path / "scan", content, pdf_passwords=("secret",)) == ((ALL_READ,), [SIZE] * 2)


def framed(jpeg, marker=None, height=None, dnl=None, precision=None):
    """A JPEG with another frame, and perhaps its height behind the picture."""
    at = jpeg.index(b"\xff\xc0")
    data = bytearray(jpeg)
    data[at + 1] = marker or data[at + 1]
    data[at + 4] = precision or data[at + 4]
    if height is not None:
        data[at + 5 : at + 7] = struct.pack(">H", height)
    return bytes(data[:-2]) + (struct.pack(">4sH", b"\xff\xdc\0\4", dnl) if dnl else b"") + b"\xff\xd9"


@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_a_height_behind_the_picture_is_found(tmp_path, end):
    """Scanners that do not know the paper's length write it last (DNL)."""
    content = framed(JPEG, height=0, dnl=SIZE[1])[:-2] + end
    assert read(tmp_path / "scan", content) == (() if end else (ALL_READ,), [SIZE])


def webp_in_tiff():
    """A TIFF that is compressed as WebP, which Pillow's libtiff does not decode."""
    strip = saved("WEBP", "RGB", lossless=True)
    tags = {256: [SIZE[0]], 257: [SIZE[1]], 258: [8, 8, 8], 259: [50001], 262: [2], 277: [3], 278: [SIZE[1]]}
    return tiff(tags, [strip], [len(strip)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (webp_in_tiff(), r"compressed in a way that is not read here \(WebP\); save it with LZW"),
        (framed(JPEG, height=0), "does not say how high it is; save it as PNG"),
        (framed(JPEG, marker=0xC3), "a kind that is not read here"),
        (framed(JPEG, precision=12), "a kind that is not read here"),
    ],
    ids=["TIFF of WebP", "no height", "lossless", "12 bits"],
)
def test_what_is_not_read_here_is_not_called_damaged(tmp_path, content, reason):
    """Sending it again would not help: so the reason says what would, also where the file's end is missing."""
    for given in (content, content[:-1]):
        _, (found,) = read(tmp_path / "scan", given)
        assert re.search(reason, found)
