"""NAME.pdf, looked at with poppler's and qpdf's programs."""

import io
import re
import subprocess
import zlib
from dataclasses import replace
from html import unescape

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageChops, ImageDraw, ImageFont

from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.common import OWN_TEXT
from ocrwatchd.formats.output import pdf, txt
from ocrwatchd.formats.output.pdf import old_text_layer
from tests import hostile
from tests.fakes.worded import document, worded
from tests.paths import DATA
from tests.programs import needs

TEXT = "teh first line here\nthe second line\n\nof one pagc"
EDITS = (Edit(0, "teh", "the", Reason.SIMILAR_WORD), Edit(44, "pagc", "page", Reason.SIMILAR_WORD))
SIZE = (1000, 1400)
AS_IT_IS = {"stream_decode_level": pikepdf.StreamDecodeLevel.none, "compress_streams": False}
"""How a PDF is saved with streams packed oddly."""


def written(tmp_path, scan, pages, **changes):
    """The PDF that comes of a scan, sound by qpdf's own check."""
    (qpdf,) = needs("qpdf")
    told = document(scan, len(pages), **changes)
    target = tmp_path / "document.pdf"
    with target.open("w+b") as file:
        pdf.write(told, iter(pages), file)
    passwords = told.work.ocr.pdf_passwords
    password = [f"--password={passwords[0]}"] if passwords else []
    checked = subprocess.run(
        [qpdf, *password, "--check", target], capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    return target


def text_of(target, *options):
    """What pdftotext reads, page by page, in the order in which it is written."""
    (program,) = needs("pdftotext")
    run = subprocess.run([program, "-raw", *options, target, "-"], capture_output=True, timeout=60, check=True)
    return run.stdout.decode().split("\f")[:-1]


@pytest.mark.parametrize("password", [b"", b"secret"])
def test_the_receipts_id_lies_in_the_document_information(tmp_path, password):
    """Of a PDF with a password too, which keeps it; whatever its own information is."""
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(
        hostile.encrypted(password) if password else hostile.pdf_of_pages(1).replace(b"/Root", b"/Info 5/Root")
    )
    work = Work(ocr=Ocr(pdf_passwords=("secret",)))
    with open_pages(scan, work.ocr) as pages:
        assert pages.receipt == ""
        count = pages.count
    told = [worded("", number=number) for number in range(1, count + 1)]
    with open_pages(written(tmp_path, scan, told, job="20261128-1", work=work), work.ocr) as pages:
        assert pages.receipt == "20261128-1"


@pytest.mark.parametrize(
    "information",
    [b"<</Producer(ocrwatchd 1)/Title(ocrwatchd)>>", b"<</ocrwatchd(%b)>>" % (b"x" * 5000), b"<</ocrwatchd 5>>"],
)
def test_no_ordinary_pdf_is_taken_for_a_delivered_one(tmp_path, information):
    """Only the entry of that name, with an id, counts."""
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(hostile.pdf_of_pages(1).replace(b"/Root", b"/Info %b/Root" % information))
    with open_pages(scan, Ocr()) as pages:
        assert pages.receipt == ""


def same_words(target, pages, *options, **changes):
    """Whether each page has NAME.txt's words, in its order."""
    file = io.BytesIO()
    txt.write(document("x.png", len(pages), **changes), iter(pages), file)
    expected = [page.split() for page in file.getvalue().decode().split("\f")]
    return [page.split() for page in text_of(target, *options)] == expected


def seen(path, resolution=72, *options):
    """The pages as poppler draws them."""
    (program,) = needs("pdftoppm")
    run = subprocess.run(
        [program, "-r", str(resolution), "-cropbox", *options, path], capture_output=True, timeout=60, check=True
    )
    data, pages = run.stdout, []
    while data:
        image = Image.open(io.BytesIO(data))
        image.load()
        pages.append(image)
        data = data[len(f"P6\n{image.width} {image.height}\n255\n") + 3 * image.width * image.height :]
    return pages


def boxes_of(target, resolution=150):
    """Each word's box as pdftotext finds it, pixels of the visible page."""
    (program,) = needs("pdftotext")
    run = subprocess.run(
        [program, "-bbox", "-cropbox", target, "-"], capture_output=True, text=True, timeout=60, check=True
    )
    found = re.findall(r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)<', run.stdout)
    return {unescape(word): [round(float(side) * resolution / 72) for side in sides] for *sides, word in found}


def image_of(target, page=0):
    """The picture of a page as it lies in the PDF, and its filter."""
    with pikepdf.open(target) as opened:
        stream = opened.pages[page].obj.Resources.XObject.Scan
        return pikepdf.PdfImage(stream).as_pil_image(), stream.Filter, stream.read_raw_bytes()


def drawn(mode="L", size=SIZE):
    """A picture with something of every shade on it."""
    ramp = np.add.outer(np.arange(size[1]) // 6, np.arange(size[0]) // 3).astype(np.uint8)
    image = Image.fromarray(np.stack([ramp, ramp // 2, 255 - ramp], axis=2)).convert(mode)
    ImageDraw.Draw(image).rectangle((60, 60, 400, 90), fill=0)
    return image


def saved(path, image, **settings):
    """A picture file."""
    image.save(path, dpi=(150, 150), **settings)
    return path


def same(one, other):
    """Whether two pictures are equal, dot for dot."""
    return one.size == other.size and ImageChops.difference(one, other.convert(one.mode)).getbbox() is None


def test_the_words_of_a_picture_are_found_where_they_stand(tmp_path):
    """The corrected ones, in NAME.txt's order, each on its own box."""
    page = worded(TEXT, EDITS)
    target = written(tmp_path, saved(tmp_path / "s.png", drawn()), [page])
    assert same_words(target, [page])
    found = boxes_of(target)
    assert found["page"][::2] == pytest.approx([60 + 7 * 12, 60 + 11 * 12], abs=3)
    # Poppler puts a little above and below every line.
    assert found["page"][1] == pytest.approx(60 + 3 * 60, abs=15)


@pytest.mark.parametrize(
    ("name", "mode", "settings", "filtered"),
    [
        ("s.jpg", "L", {"quality": 60}, "/DCTDecode"),
        ("s.jpg", "RGB", {"quality": 60, "progressive": True}, "/DCTDecode"),
        ("s.jpg", "CMYK", {"quality": 60}, "/DCTDecode"),
        ("s.png", "1", {}, "/FlateDecode"),
        ("s.png", "L", {}, "/FlateDecode"),
        ("s.png", "P", {}, "/FlateDecode"),
        ("s.png", "RGB", {}, "/FlateDecode"),
        ("s.tif", "1", {"compression": "group4"}, "/CCITTFaxDecode"),
        ("s.tif", "1", {"compression": "group3"}, "/FlateDecode"),
        ("s.tif", "1", {}, "/FlateDecode"),
        ("s.tif", "L", {"compression": "tiff_lzw"}, "/FlateDecode"),
        ("s.tif", "L", {"compression": "jpeg", "tiffinfo": {278: 700}}, "/DCTDecode"),
        ("s.tif", "RGB", {"compression": "jpeg"}, None),
        ("s.tif", "CMYK", {}, "/FlateDecode"),
        ("s.bmp", "RGB", {}, "/FlateDecode"),
        ("s.gif", "P", {}, "/FlateDecode"),
        ("s.webp", "RGB", {"lossless": True}, "/FlateDecode"),
    ],
)
def test_a_picture_is_in_the_pdf_dot_for_dot(tmp_path, name, mode, settings, filtered):
    """And it is drawn over the whole page."""
    size = (500, 700)
    scan = saved(tmp_path / name, drawn(mode, size), **settings)
    target = written(tmp_path, scan, [worded(TEXT, size=size)])
    image, found, _ = image_of(target)
    assert filtered in {None, str(found)}
    with Image.open(scan) as original:
        if mode != "CMYK":
            assert same(original.convert("RGB"), image.convert("RGB"))
        (page,) = seen(target, 150 if original.info.get("dpi") else size[0] / 8.27)
        assert all(abs(a - b) <= 1 for a, b in zip(page.size, original.size, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_png_data_pass_through_unless_they_unpack_into_more_than_the_picture(tmp_path, mode):
    """Decoders of PNG stop at the last row; a reader of PDF would unpack whatever lies behind."""
    scan = saved(tmp_path / "s.png", drawn(mode))
    plain = scan.read_bytes()
    _, _, data = image_of(written(tmp_path, scan, [worded(TEXT)]))
    assert zlib.decompress(data) == zlib.decompress(idat(plain))
    assert data == idat(plain)
    for more in (1, 200 << 20):
        scan.write_bytes(hostile.png_with_more_rows(plain, more))
        image, _, data = image_of(written(tmp_path, scan, [worded(TEXT)]))
        assert len(zlib.decompress(data)) <= 3 * SIZE[0] * SIZE[1] + SIZE[1]
        with Image.open(io.BytesIO(plain)) as original:
            assert same(original.convert("RGB"), image.convert("RGB"))


def idat(data):
    """The image data of a PNG."""
    return b"".join(body for name, body in hostile.png_chunks(data) if name == b"IDAT")


@pytest.mark.parametrize(
    ("name", "settings"), [("s.jpg", {}), ("s.tif", {"compression": "group4", "tiffinfo": {278: 1400}})]
)
def test_jpeg_and_ccitt_data_pass_through(tmp_path, name, settings):
    """The same bytes, not the same dots alone."""
    scan = saved(tmp_path / name, drawn("1" if name == "s.tif" else "RGB"), **settings)
    _, _, data = image_of(written(tmp_path, scan, [worded(TEXT)]))
    assert data in scan.read_bytes()
    assert len(data) > 1000


def lettered(*colours):
    """A page of scanned text in two colours: no two letters are alike."""
    image, chance = Image.new("L", SIZE, 0), np.random.default_rng(1)
    font = ImageFont.load_default(44)
    for row in range(60, 1300, 60):
        line = "".join(chance.choice(list("etaoin shrdlu cmfwyp"), 35))
        ImageDraw.Draw(image).text((60, row), line, fill=255, font=font)
    noisy = np.asarray(image) + chance.normal(0, 25, SIZE[::-1]) > 110
    return Image.fromarray(np.where(noisy, *colours[::-1]).astype(np.uint8))


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("s.png", lettered(255, 0).convert("1")),
        ("s.bmp", lettered(255, 0).convert("1")),
        ("s.tif", lettered(255, 0).convert("1")),
        ("s.png", lettered(255, 0)),
        ("s.png", lettered(0, 255)),
        ("s.png", lettered(230, 20)),
        ("s.bmp", lettered(230, 20)),
        ("s.gif", lettered(230, 20)),
        ("s.png", lettered(255, 0).convert("RGB").point(lambda shade: shade // 2 + 10)),
    ],
)
def test_a_picture_of_two_colours_is_packed_as_a_fax(tmp_path, name, image):
    """Whatever its file needs for a dot; dot for dot, and smaller than the file and than Flate makes it."""
    scan = saved(tmp_path / name, image)
    target = written(tmp_path, scan, [worded(TEXT)])
    bits, packing, data = image_of(target)
    assert str(packing) == "/CCITTFaxDecode"
    assert len(data) < scan.stat().st_size
    with pikepdf.open(target) as opened:
        space = opened.pages[0].obj.Resources.XObject.Scan.ColorSpace
        palette = np.array([[0], [255]])
        if isinstance(space, Array):
            palette = np.frombuffer(bytes(space[3]), dtype=np.uint8).reshape(2, -1)
    colours = palette[np.asarray(bits.convert("1")).astype(int)]
    assert (np.broadcast_to(colours, (*SIZE[::-1], 3)) == np.asarray(image.convert("RGB"))).all()


def lzw(data):
    """Packed by libtiff as PDF's LZW is."""
    file = io.BytesIO()
    Image.frombytes("1", SIZE, data).save(file, "TIFF", compression="tiff_lzw", tiffinfo={278: SIZE[1]})
    with Image.open(file) as opened:
        (start,), (length,) = opened.tag_v2[273], opened.tag_v2[279]
    return file.getvalue()[start : start + length]


def png_rows(data):
    """Packed as PNG does."""
    file = io.BytesIO()
    Image.frombytes("1", SIZE, data).save(file, "PNG")
    return idat(file.getvalue())


PREDICTED = Dictionary(Predictor=15, Columns=SIZE[0], Colors=1, BitsPerComponent=1)
PACKINGS = {
    "nothing": (bytes, {}),
    "Flate": (zlib.compress, {"Filter": Name.FlateDecode}),
    "Flate and PNG": (png_rows, {"Filter": Name.FlateDecode, "DecodeParms": PREDICTED}),
    "LZW": (lzw, {"Filter": Array([Name.LZWDecode])}),
    "a palette": (zlib.compress, {"Filter": Name.FlateDecode,
                                  "ColorSpace": Array([Name.Indexed, Name.DeviceRGB, 1, b"\x10\x20\x30\xf0\xe0\xd0"])}),
    "inverted": (zlib.compress, {"Filter": Name.FlateDecode, "Decode": Array([1, 0])}),
    "a stencil": (zlib.compress, {"Filter": Name.FlateDecode, "ImageMask": True}),
}  # fmt: skip


def pdf_of(tmp_path, data, **entries):
    """A PDF with such a picture on each of its pages."""
    scan = make_pdf(tmp_path / "s.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        told = {"ColorSpace": Name.DeviceGray} if "ImageMask" not in entries else {}
        image = Stream(opened, data, Type=Name.XObject, Subtype=Name.Image, Width=SIZE[0], Height=SIZE[1],
                       BitsPerComponent=1, **told | entries)  # fmt: skip
        for page in opened.pages:
            page.obj.Resources = Dictionary(XObject=Dictionary(Scan=image))
            page.obj.Contents = Stream(opened, b"0.5 0 0 rg q 400 0 0 600 50 50 cm /Scan Do Q")
        opened.save(scan, **AS_IT_IS)
    return scan


@pytest.mark.parametrize("packing", PACKINGS)
def test_bilevel_pictures_of_a_pdf_become_smaller(tmp_path, packing):
    """However they are packed; each page looks as it did."""
    pack, entries = PACKINGS[packing]
    bits = lettered(255, 0).convert("1").tobytes()
    scan = pdf_of(tmp_path, pack(bits), **entries)
    target = written(tmp_path, scan, [worded("one"), worded("two", number=2)])
    found, packed, data = image_of(target)
    assert str(packed) == "/CCITTFaxDecode"
    assert len(data) < len(pack(bits))
    if packing not in {"a palette", "inverted", "a stencil"}:
        assert found.convert("1").tobytes() == bits
    assert [image.tobytes() for image in seen(target, 144)] == [image.tobytes() for image in seen(scan, 144)]


@pytest.mark.parametrize(
    ("pack", "entries"),
    [
        (lambda bits: zlib.compress(bits[:-2000]), {"Filter": Name.FlateDecode}),
        (lambda bits: lzw(bits)[:-3000], {"Filter": Name.LZWDecode}),
        (lambda bits: png_rows(bits)[:-3000], {"Filter": Name.FlateDecode, "DecodeParms": PREDICTED}),
        (zlib.compress, {"Filter": Array([Name.FlateDecode, Name.FlateDecode])}),
        (zlib.compress, {"Filter": Name.FlateDecode, "Width": -5}),
        (zlib.compress, {"Filter": Name.FlateDecode, "Height": 10**9}),
        (lambda _: zlib.compress(drawn("1").tobytes()), {"Filter": Name.FlateDecode}),
    ],
)
def test_a_picture_of_a_pdf_that_is_damaged_or_gains_nothing_stays_as_it_is(tmp_path, pack, entries):
    """Byte for byte."""
    data = pack(lettered(255, 0).convert("1").tobytes())
    scan = pdf_of(tmp_path, data)
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        image = opened.pages[0].obj.Resources.XObject.Scan
        for key, value in entries.items():
            image[f"/{key}"] = value
        opened.save(scan, **AS_IT_IS)
    target = tmp_path / "document.pdf"
    with target.open("w+b") as file:
        pdf.write(document(scan, 2), iter([worded("one"), worded("two", number=2)]), file)
    with pikepdf.open(target) as opened:
        image = opened.pages[0].obj.Resources.XObject.Scan
        # qpdf packs LZW anew when it saves.
        assert image.read_raw_bytes() == data or (entries["Filter"], image.Filter) == (Name.LZWDecode, Name.FlateDecode)


def test_a_transparent_picture_is_seen_on_paper(tmp_path):
    """As it was read."""
    image = drawn("RGB").convert("RGBA")
    image.putalpha(Image.new("L", SIZE, 0))
    (page,) = seen(written(tmp_path, saved(tmp_path / "s.png", image), [worded(TEXT)]))
    assert page.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_that_makes_nothing_transparent_goes(tmp_path, mode):
    """Many programs write it; the dots are the same."""
    plain = drawn("L" if mode == "LA" else "RGB")
    target = written(tmp_path, saved(tmp_path / "s.png", plain.convert(mode)), [worded(TEXT)])
    assert same(plain, image_of(target)[0])
    with pikepdf.open(target) as opened:
        assert "/SMask" not in opened.pages[0].obj.Resources.XObject.Scan


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_says_how_it_lies_is_seen_upright(tmp_path, orientation):
    """All eight ways of EXIF."""
    upright = Image.new("L", (400, 600), 255)
    ImageDraw.Draw(upright).polygon([(40, 40), (360, 40), (40, 200)], fill=0)
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = upright if back is None else upright.transpose(Image.Transpose(back))
    exif = Image.Exif()
    exif[0x0112] = orientation
    scan = saved(tmp_path / "s.jpg", stored, exif=exif, quality=95)
    (page,) = seen(written(tmp_path, scan, [worded("a word", size=(400, 600))]), 150)
    assert np.abs(np.asarray(page.convert("L"), dtype=int) - np.asarray(upright, dtype=int)).mean() < 2


@pytest.mark.parametrize("skew", [0.0, 4.0, -7.0])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_words_of_a_page_that_was_turned_and_straightened_are_found(tmp_path, rotation, skew):
    """Whole, in order, near the place where they stand on the scan as it lies."""
    inset = "\n" * 4 + "\n".join(" " * 20 + line for line in TEXT.split("\n"))
    page = worded(inset, rotation=rotation, skew=skew)
    target = written(
        tmp_path, saved(tmp_path / "s.png", drawn(size=SIZE if rotation % 180 == 0 else SIZE[::-1])), [page]
    )
    assert same_words(target, [page])
    left, top, right, bottom = boxes_of(target)["first"]
    middle = {0: (0.378, 0.225), 90: (0.225, 0.622), 180: (0.622, 0.775), 270: (0.775, 0.378)}[rotation]
    width, height = SIZE if rotation % 180 == 0 else SIZE[::-1]
    assert ((left + right) / 2 / width, (top + bottom) / 2 / height) == pytest.approx(
        middle, abs=0.08 if skew else 0.01
    )


def make_pdf(path, rotate=0, content="0.2 g 100 100 200 50 re f", **settings):
    """A PDF of two pages that lie in an odd place of their paper."""
    made = pikepdf.new()
    for number in range(2):
        made.add_blank_page(page_size=(500, 700))
        page = made.pages[number].obj
        page.MediaBox = Array([-30, -40, 500, 700])
        page.CropBox = Array([10, 20, 490, 692])
        page.Rotate = rotate
        page.Contents = Stream(made, f"{content} 2 0 0 2 50 50 cm".encode())
    made.save(path, **settings)
    return path


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_pdfs_own_pages_are_kept_and_look_the_same(tmp_path, rotate):
    """Its content streams are the very ones; words lie on the visible part, as it is turned."""
    scan = make_pdf(tmp_path / "s.pdf", rotate)
    size = SIZE if rotate % 180 == 0 else SIZE[::-1]
    pages = [worded(TEXT, EDITS, size=size), worded("another", number=2, size=size)]
    target = written(tmp_path, scan, pages)
    assert same_words(target, pages)
    assert [image.tobytes() for image in seen(target)] == [image.tobytes() for image in seen(scan)]
    with pikepdf.open(scan) as before, pikepdf.open(target) as after:
        assert after.pages[0].obj.Contents[1].read_raw_bytes() == before.pages[0].obj.Contents.read_raw_bytes()
    left, _, right, _ = boxes_of(target)["another"]
    assert (left, right) == pytest.approx((60, 60 + 7 * 12), abs=3)


def test_pages_that_share_their_resources_get_a_layer_each(tmp_path):
    """The second page's words are not the first one's."""
    scan = make_pdf(tmp_path / "s.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        shared = opened.make_indirect(Dictionary(ProcSet=Array([Name.PDF])))
        for page in opened.pages:
            page.obj.Resources = shared
        opened.save(scan)
    pages = [worded("one"), worded("two", number=2)]
    assert same_words(written(tmp_path, scan, pages), pages)


def test_an_older_invisible_layer_goes_and_what_is_seen_stays(tmp_path):
    """In the page and in its forms, our own one too: words are found once."""
    pages = [worded("right words"), worded("more", number=2)]
    first = written(tmp_path, saved(tmp_path / "s.tif", drawn(), save_all=True, append_images=[drawn()]), pages)
    with pikepdf.open(first, allow_overwriting_input=True) as opened:
        page = opened.pages[0]
        page.obj.Resources.Font = Dictionary(H=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        page.contents_add(b"BT /H 9 Tf 3 Tr 50 50 Td (misread) Tj 0 Tr 0 90 Td (stamp) Tj ET")
        opened.save(tmp_path / "again.pdf")
    target = written(tmp_path, tmp_path / "again.pdf", pages)
    assert [page.split() for page in text_of(target)] == [["right", "words", "stamp"], ["more"]]
    assert same(seen(target)[0], seen(tmp_path / "again.pdf")[0])


@pytest.mark.parametrize("times", [0, 1, 2, 3])
def test_an_older_layer_goes_however_often_it_is_packed(tmp_path, times):
    """Some programs deflate what is deflated already."""
    content = b"BT /F1 9 Tf 3 Tr 50 50 Td (misread) Tj 0 Tr 0 90 Td (stamp) Tj ET"
    scan = make_pdf(tmp_path / "s.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        for _ in range(times):
            content = zlib.compress(content)
        packing = Array([Name.FlateDecode] * times)
        opened.pages[0].obj.Contents = Stream(opened, content, Filter=packing)
        opened.save(scan, **AS_IT_IS)
    target = written(tmp_path, scan, [worded("right"), worded("more", number=2)])
    with pikepdf.open(target) as opened:
        assert not any(b"misread" in stream.read_bytes() for stream in opened.pages[0].obj.Contents)
        assert any(b"stamp" in stream.read_bytes() for stream in opened.pages[0].obj.Contents)


@pytest.mark.parametrize(
    "text",
    [
        "naïve Straße “œuvre” ﬁ",
        "中文 文字 テスト",
        "Ωμέγα Привет",
        "😀a 𠀀𠀁 x",
        "<script>(a)\\ [b]",
        "a\u00adb \u0301x",
    ],
)
def test_all_of_unicode_can_be_copied(tmp_path, text):
    """What is beyond U+FFFF too."""
    page = worded(text)
    assert same_words(written(tmp_path, saved(tmp_path / "s.png", drawn()), [page]), [page])


@pytest.mark.parametrize("text", ["שלום עולם", "مرحبا بالعالم"])
def test_words_that_run_to_the_left_can_be_copied(tmp_path, text):
    """Each word in the order of its letters."""
    target = written(tmp_path, saved(tmp_path / "s.png", drawn()), [worded(text)])
    found = re.sub("[\u200e\u200f\u202a-\u202e]", "", text_of(target)[0])
    assert sorted(found.split()) == sorted(text.split())


def test_words_that_touch_stay_words(tmp_path):
    """Readers that copy tell words by gaps: a small one is left where an engine tells none."""
    page = worded("one two three four")
    wide = tuple(
        word.__class__(word.text, word.offset, word.box._replace(right=word.box.right + 12))
        for word in page.page.lines[0].words
    )
    line = page.page.lines[0].__class__("one two three four", 0, page.page.lines[0].box, None, wide)
    page = page.__class__(page.page.__class__(1, page.page.text, *SIZE, 150.0, lines=(line,)), page.correction)
    assert same_words(written(tmp_path, saved(tmp_path / "s.png", drawn()), [page]), [page])


def test_what_could_not_be_read_is_said_and_not_blank(tmp_path):
    """A page of a TIFF that is damaged: NAME.txt's line to be found, and words to be seen."""
    scan = saved(tmp_path / "s.tif", drawn(), save_all=True, append_images=[drawn()])
    torn = worded("[page 2 could not be read]", number=2, size=(0, 0), boxes=False, error=Message("torn"))
    pages = [worded(TEXT), torn]
    target = written(tmp_path, scan, pages)
    assert "".join(text_of(target)[1].split("[page 2 could not be shown]")).split() == torn.page.text.split()
    assert seen(target)[1].getextrema() != ((255, 255),) * 3


def test_a_text_cut_in_evaluation_mode_says_so_and_is_not_pieced_together(tmp_path):
    """The same words as in NAME.txt, without any place of their own."""
    page = worded("cut text", boxes=False, evaluation=True)
    target = written(tmp_path, saved(tmp_path / "s.png", drawn()), [page], evaluation=True)
    assert same_words(target, [page], evaluation=True)


def test_a_cut_text_says_so_behind_a_page_that_keeps_its_own(tmp_path):
    """The first page that gets words tells it; one whose text a program has written gets none."""
    pages = [worded("own"), worded("cut", number=2, evaluation=True), worded("cut too", number=3, evaluation=True)]
    pages[0] = replace(pages[0], page=replace(pages[0].page, engine=OWN_TEXT))
    scan = make_pdf(tmp_path / "s.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        opened.add_blank_page()
        opened.save(scan)
    own, cut, later = text_of(written(tmp_path, scan, pages, evaluation=True))[:3]
    assert "evaluation mode" not in own + later
    assert "evaluation mode" in cut


def test_a_password_stays_and_is_needed(tmp_path):
    """What was locked is locked again, with the same password."""
    scan = make_pdf(tmp_path / "s.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))
    work = Work(ocr=Ocr(pdf_passwords=("u", "wrong")))
    pages = [worded("one"), worded("two", number=2)]
    target = written(tmp_path, scan, pages, work=work)
    assert same_words(target, pages, "-upw", "u")
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(target)
    with pytest.raises(FormatUnusable, match=r"no password in ocr\.pdf_passwords"):
        written(tmp_path, scan, pages)


def test_a_pdf_that_only_forbids_can_be_opened_by_all(tmp_path):
    """An owner's password alone keeps nobody from reading."""
    scan = make_pdf(tmp_path / "s.pdf", encryption=pikepdf.Encryption(owner="o", user=""))
    pages = [worded("one"), worded("two", number=2)]
    assert same_words(written(tmp_path, scan, pages), pages)


def test_what_a_pdf_would_do_by_itself_is_taken_out(tmp_path):
    """Scripts, programs, forms that send; links and attachments stay."""
    scan = make_pdf(tmp_path / "s.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        act = Dictionary(S=Name.JavaScript, JS=b"app.alert(1)")
        opened.Root.OpenAction = act
        opened.Root.AA = Dictionary(WC=act)
        opened.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([b"x", act])))
        opened.attachments["kept.txt"] = b"kept"
        uri = Dictionary(S=Name.URI, URI=b"https://example.org")
        start = Dictionary(S=Name.Launch, F=b"x.exe")
        opened.pages[0].obj.AA = Dictionary(O=act)
        rect = Array([0, 0, 9, 9])
        notes = [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=rect, A=action) for action in (uri, start)]
        notes.append(opened.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=rect)))
        opened.pages[0].obj.Annots = opened.make_indirect(Array(notes))
        notes[-1].Parent = opened.make_indirect(
            Dictionary(FT=Name.Tx, T=b"field", AA=Dictionary(K=act), Kids=Array([notes[-1]]))
        )
        opened.Root.AcroForm = Dictionary(Fields=Array([notes[-1].Parent, Dictionary(FT=Name.Tx, A=act)]))
        opened.Root.Outlines = Dictionary(First=Dictionary(Title=b"mark", A=act, Next=Dictionary(A=start)))
        opened.save(scan)
    target = written(tmp_path, scan, [worded("one"), worded("two", number=2)])
    with pikepdf.open(target) as opened:
        plain = b"".join(
            opened.get_object(number, 0).unparse(resolved=True) for number in range(1, len(opened.objects))
        )
        assert list(opened.attachments) == ["kept.txt"]
    assert b"/JavaScript" not in plain
    assert b"/Launch" not in plain
    assert b"example.org" in plain


@pytest.mark.parametrize("kind", ["URI", "GoToR", "Named"])
def test_a_pdf_leads_nowhere_when_it_is_opened(tmp_path, kind):
    """An address, another file, or printing, without a click; a page of its own to begin with is fine."""
    scan = make_pdf(tmp_path / "s.pdf")
    pages = [worded("one"), worded("two", number=2)]
    for action, stays in ((Dictionary(S=Name(f"/{kind}"), URI=b"https://example.org"), False),
                          (Dictionary(S=Name.GoTo, D=Array([0, Name.Fit])), True)):  # fmt: skip
        with pikepdf.open(scan, allow_overwriting_input=True) as opened:
            opened.Root.OpenAction = action
            opened.save(scan)
        with pikepdf.open(written(tmp_path, scan, pages)) as opened:
            assert (Name.OpenAction in opened.Root) == stays


def test_words_are_put_on_no_other_pages_than_were_read(tmp_path):
    """Where two readers of PDF count its pages differently, there is no telling which is which."""
    with pytest.raises(FormatUnusable, match="1 pages were read, and 2 are in it"):
        written(tmp_path, make_pdf(tmp_path / "s.pdf"), [worded("one")])


@pytest.mark.parametrize("twice", [False, True])
def test_hostile_content_stays_and_costs_little(tmp_path, twice):
    """What unpacks to too much, forms that hold each other in circles, a mode that is none."""
    packed = zlib.compress(b"BT 3 Tr (x) Tj ET" + b" " * old_text_layer.MOST_BYTES)
    if twice:
        packed = zlib.compress(packed)
    scan = make_pdf(tmp_path / "s.pdf", content="BT /X Tr 3 Tr ET")
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        shared = opened.make_indirect(Dictionary())
        shared.XObject = Dictionary()
        for number in range(old_text_layer.MOST_FORMS):
            form = Stream(opened, b"q Q", Type=Name.XObject, Subtype=Name.Form, Resources=shared)
            shared.XObject[f"/F{number}"] = opened.make_indirect(form)
        opened.pages[0].obj.Resources = shared
        opened.pages[1].obj.Contents = Stream(opened, packed, Filter=Array([Name.FlateDecode] * (1 + twice)))
        opened.save(scan, **AS_IT_IS)
        seen: old_text_layer.Seen = set()
    with pikepdf.open(scan) as opened:
        old_text_layer.take_out(opened, opened.pages[0], seen)
        assert len(seen) == old_text_layer.MOST_FORMS
    with pikepdf.open(written(tmp_path, scan, [worded("one"), worded("two", number=2)])) as opened:
        assert len(opened.pages[1].obj.Contents[-1].read_bytes()) > old_text_layer.MOST_BYTES


def test_pdf_a_is_not_claimed(tmp_path):
    """The scan's claim was for another file."""
    scan = make_pdf(tmp_path / "s.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        with opened.open_metadata() as told:
            told["pdfaid:part"] = "2"
            told["pdfaid:conformance"] = "B"
        assert opened.open_metadata().pdfa_status == "2B"
        opened.save(scan)
    target = written(tmp_path, scan, [worded("one"), worded("two", number=2)])
    with pikepdf.open(target) as opened:
        assert not opened.open_metadata().pdfa_status


def test_a_page_without_words_is_a_page(tmp_path):
    """A blank one, and a PDF's page without content or size."""
    made = pikepdf.new()
    made.add_blank_page()
    del made.pages[0].obj.Contents
    made.save(tmp_path / "s.pdf")
    target = written(tmp_path, tmp_path / "s.pdf", [worded("")])
    assert text_of(target) == [""]


def test_a_picture_that_no_pdf_can_hold_is_packed_as_it_was_read(tmp_path):
    """HEIC, each of its pictures; and a JPEG whose height stands behind its data."""
    scans = {"two.heic": (DATA / "two.heic").read_bytes(), "s.jpg": jpeg_without_height()}
    for name, content in scans.items():
        scan = tmp_path / name
        scan.write_bytes(content)
        with open_pages(scan, Ocr()) as opened:
            pictures = [opened.page(number).image.convert("L") for number in range(1, opened.count + 1)]
        told = [worded("word", number=number + 1, size=picture.size) for number, picture in enumerate(pictures)]
        drawn = seen(written(tmp_path, scan, told))
        assert len(drawn) == len(pictures)
        for page, picture in zip(drawn, pictures, strict=True):
            found = np.asarray(page.convert("L").resize((8, 8))).astype(int)
            assert np.abs(found - np.asarray(picture.resize((8, 8)))).max() < 40, name


def jpeg_without_height():
    """A JPEG that tells its height only behind its first scan, by a DNL segment."""
    data = io.BytesIO()
    picture = Image.new("L", (160, 96), 255)
    picture.paste(0, (0, 0, 80, 96))
    picture.save(data, "JPEG", quality=95)
    content = bytearray(data.getvalue())
    frame = content.index(b"\xff\xc0")
    height = content[frame + 5 : frame + 7]
    content[frame + 5 : frame + 7] = b"\0\0"
    return bytes(content[:-2] + b"\xff\xdc\0\4" + height + b"\xff\xd9")
