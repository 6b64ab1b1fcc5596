"""PDF/A-2b: each clause of ISO 19005-2 that a file of ours could break, looked for in the finished file."""

from __future__ import annotations

import io
import re
import struct
import xml.etree.ElementTree as ET

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, OutlineItem, Stream, String
from PIL import Image, ImageCms

from ocrwatchd.core.config.profile import Ocr, Output, Work
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Leaf
from ocrwatchd.formats.output import pdf
from ocrwatchd.formats.output.pdf.pdf_a import srgb
from tests import hostile
from tests.fakes.worded import document, worded
from tests.integration.test_searchable import AS_IT_IS, drawn, make_pdf, saved, seen, written
from tests.integration.test_searchable_stacks import stack_of_letters

ARCHIVE = Work(output=Output(pdf="a-2b"), ocr=Ocr(languages=("deu",)))
SIZE = (500, 700)
TEXT = "Überschrift \U0001f600 שלום\n\nthe second line"
SPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
FORBIDDEN_KEYS = {"/AA", "/JS", "/XFA", "/Alternates", "/OPI", "/PS", "/Ref", "/Encrypt", "/EmbeddedFiles", "/F", "/TR",
                  "/NeedsRendering", "/Requirements", "/Perms"}  # fmt: skip


def archived(tmp_path, scan, pages, **changes):
    """The file and what was said about it."""
    told = document(scan, len(pages), **{"work": ARCHIVE} | changes)
    target = tmp_path / "document.pdf"
    with target.open("w+b") as file:
        said = pdf.write(told, iter(pages), file)
    return target, said


def conforms(path):
    """Look for each clause, by its number in ISO 19005-2."""
    data = path.read_bytes()
    # 6.1.2: header and its comment; 6.1.3: trailer
    assert re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4}", data)
    assert data.rstrip().endswith(b"%%EOF")
    with pikepdf.open(path) as opened:
        assert len(opened.trailer.ID) == 2
        assert not opened.is_encrypted
        things = [thing for thing in opened.objects if isinstance(thing, Dictionary | Stream)]
        for thing in things:
            brings_its_own_data(thing)
        for page in opened.pages:
            page_is_sound(page)
        intent_is_srgb(opened)
        # 6.2.4: colours
        for image in (thing for thing in things if thing.get("/Subtype") == Name.Image):
            space_is_known(image.get("/ColorSpace"), mask="/ImageMask" in image)
            assert not image.get("/Interpolate", False)
        # 6.2.11: fonts
        shown = any(str(each.operator) == "Tj" for page in opened.pages for each in pikepdf.parse_content_stream(page))
        for font in (thing for thing in things if thing.get("/Type") == Name.Font):
            font_is_whole(font, shown=shown)
        # 6.5: actions; 6.8: attachments; 6.9: layers
        assert {str(thing.S) for thing in things if "/S" in thing and "/D" in thing} <= {"/GoTo"}
        assert "/OCProperties" not in opened.Root
        assert not len(opened.attachments)
        metadata_agree(opened)


def brings_its_own_data(thing):
    """6.1.7: no data from elsewhere, no packing that is not allowed, nothing that acts."""
    assert not FORBIDDEN_KEYS & set(thing.keys()) - ({"/F"} if "/Rect" in thing else set())
    if isinstance(thing, Stream):
        packing = thing.get("/Filter", Array([]))
        for name in packing if isinstance(packing, Array) else [packing]:
            assert name in {Name.FlateDecode, Name.DCTDecode, Name.CCITTFaxDecode, Name.JBIG2Decode}


def page_is_sound(page):
    """6.1.13, 6.2.2 and 6.3: its size, its content, its annotations."""
    left, bottom, right, top = map(float, page.mediabox)
    assert 3 <= right - left <= 14_400
    assert 3 <= top - bottom <= 14_400
    assert isinstance(page.obj.get("/Resources"), Dictionary)
    looks_right(page.obj)
    for annotation in page.obj.get("/Annots", Array([])):
        flags = int(annotation.get("/F", 0))
        assert flags & 4
        assert not flags & (1 | 2 | 32 | 256)
        assert annotation.Subtype in {Name.Link, Name.Popup} or "/AP" in annotation


def intent_is_srgb(opened):
    """6.2.3: one output intent."""
    (intent,) = opened.Root.OutputIntents
    assert intent.S == Name.GTS_PDFA1
    profile = intent.DestOutputProfile.read_bytes()
    assert intent.DestOutputProfile.N == 3
    assert (profile[12:16], profile[16:20], profile[36:40], profile[8]) == (b"mntr", b"RGB ", b"acsp", 4)
    assert ImageCms.getProfileName(ImageCms.ImageCmsProfile(io.BytesIO(profile))).startswith("sRGB")


def metadata_agree(opened):
    """6.6: XMP, unpacked, claims the level and says the same as the document information."""
    stream = opened.Root.Metadata
    assert "/Filter" not in stream
    assert (stream.Type, stream.Subtype) == (Name.Metadata, Name.XML)
    packet = stream.read_raw_bytes()
    assert packet.startswith(b"<?xpacket begin=")
    assert packet.rstrip().endswith(b'<?xpacket end="w"?>')
    root = ET.fromstring(packet)  # noqa: S314 - made by us a moment ago

    def said(path):
        found = root.find(f".//{path}", SPACES)
        return None if found is None else found.text or found.find(".//rdf:li", SPACES).text

    assert (said("pdfaid:part"), said("pdfaid:conformance")) == ("2", "B")
    names = {"/Title": "dc:title", "/Author": "dc:creator", "/Subject": "dc:description", "/Keywords": "pdf:Keywords",
             "/Producer": "pdf:Producer", "/Creator": "xmp:CreatorTool"}  # fmt: skip
    for key, name in names.items():
        assert said(name) == (str(opened.docinfo[key]) if key in opened.docinfo else None)
    for key, name in {"/CreationDate": "xmp:CreateDate", "/ModDate": "xmp:ModifyDate"}.items():
        told = opened.docinfo.get(key)
        assert (said(name) is None) == (told is None)
        if told is not None:
            assert said(name) == pikepdf.models.metadata.decode_pdf_date(str(told)).isoformat()


def looks_right(page):
    """6.2.2: content has only known instructions, and its resources."""
    for instruction in pikepdf.parse_content_stream(page):
        assert str(instruction.operator) in {"q", "Q", "cm", "Do", "BT", "ET", "g", "re", "f", "Tf", "Td", "Tj", "Tr"}
        if str(instruction.operator) == "Do":
            assert str(instruction.operands[0]) in page.Resources.XObject


def space_is_known(space, *, mask):
    """Whether colours mean something on every device: grey and RGB do, by the output intent."""
    if mask and space is None:
        return
    if isinstance(space, Array) and space[0] == Name.Indexed:
        space = space[1]
    if isinstance(space, Array):
        assert space[0] == Name.ICCBased
        profile = space[1].read_bytes()
        assert {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}[int(space[1].N)] == profile[16:20]
    else:
        assert space in {Name.DeviceGray, Name.DeviceRGB}


def font_is_whole(font, *, shown):
    """6.2.11.4 to 6.2.11.6: the program is there, with the widths that the PDF says, and each code has its letter."""
    if font.Subtype == Name.Type1:
        assert not shown  # an old layer's: nothing is written with it
        return
    if font.Subtype == Name.Type0:
        assert font.Encoding == Name("/Identity-H")
        assert b"beginbf" in font.ToUnicode.read_bytes()
        (below,) = font.DescendantFonts
        assert font.BaseFont == below.BaseFont == below.FontDescriptor.FontName
        return
    assert font.Subtype == Name.CIDFontType2
    program, glyphs = font.FontDescriptor.FontFile2.read_bytes(), font.CIDToGIDMap.read_bytes()
    assert set(font.CIDSystemInfo.keys()) == {"/Registry", "/Ordering", "/Supplement"}
    assert len(glyphs) == 2 << 16
    (glyph,) = {glyphs[at : at + 2] for at in range(0, len(glyphs), 2)}
    tables = {program[at : at + 4]: struct.unpack(">2I", program[at + 8 : at + 16])
              for at in range(12, 12 + 16 * int.from_bytes(program[4:6]), 16)}  # fmt: skip
    units = int.from_bytes(program[(head := tables[b"head"][0]) + 18 : head + 20])
    widths = tables[b"hmtx"][0]
    count = int.from_bytes(program[(hhea := tables[b"hhea"][0]) + 34 : hhea + 36])
    number = min(int.from_bytes(glyph), count - 1)
    width = int.from_bytes(program[widths + 4 * number : widths + 4 * number + 2])
    assert int.from_bytes(glyph) > 0
    assert 1000 * width / units == font.DW
    assert "/W" not in font


CASES = [
    ("s.jpg", "RGB", {"quality": 60}),
    ("s.jpg", "L", {"quality": 60}),
    ("s.jpg", "CMYK", {"quality": 60}),
    ("s.tif", "1", {"compression": "group4"}),
    ("s.tif", "CMYK", {}),
    ("s.png", "1", {}),
    ("s.png", "L", {}),
    ("s.png", "RGB", {}),
    ("s.png", "RGBA", {}),
    ("s.png", "P", {}),
]


@pytest.mark.parametrize(("name", "mode", "settings"), CASES)
def test_a_picture_becomes_a_pdf_a(tmp_path, name, mode, settings):
    """Of every kind, with words of all scripts under it, and it looks as it does in a plain PDF."""
    scan = saved(tmp_path / name, drawn("RGB", SIZE).convert(mode), **settings)
    pages = [worded(TEXT, size=SIZE)]
    target, said = archived(tmp_path, scan, pages)
    assert said == ""
    conforms(target)
    with pikepdf.open(target) as opened:
        assert str(opened.docinfo.Title) == name
        assert str(opened.Root.Lang) == "de"
    (archive,) = seen(target)
    (plain,) = seen(written(tmp_path, scan, pages))
    assert archive.size == plain.size
    if mode != "CMYK":  # its colours mean something now
        assert archive.tobytes() == plain.tobytes()


def test_a_picture_of_print_keeps_colours_that_say_what_they_mean(tmp_path):
    """With a profile of its own a JPEG passes through as ever."""
    profile = bytearray(srgb())
    profile[16:20] = b"CMYK"
    scan = saved(tmp_path / "s.jpg", drawn("CMYK", SIZE), icc_profile=bytes(profile))
    target, _ = archived(tmp_path, scan, [worded(TEXT, size=SIZE)])
    with pikepdf.open(target) as opened:
        image = opened.pages[0].obj.Resources.XObject.Scan
        assert (image.Filter, image.ColorSpace[0]) == (Name.DCTDecode, Name.ICCBased)
    conforms(target)


def test_the_profile_is_the_same_each_time():
    """Littlecms would put the time into it."""
    before = srgb()
    srgb.cache_clear()
    assert srgb() == before
    assert before[24:36] == bytes((7, 232, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))


def test_a_file_that_could_not_be_read_needs_no_font(tmp_path):
    """The page that says so is a picture."""
    photo = saved(tmp_path / "a.jpg", drawn("RGB", SIZE))
    (tmp_path / "l.pdf").write_bytes(hostile.encrypted(b"unknown"))
    pages = [worded(TEXT, size=SIZE), worded("", number=2, error=Message("locked"))]
    target, said = archived(tmp_path, photo, pages, leaves=(Leaf(photo, 1), Leaf(tmp_path / "l.pdf", 1)))
    assert said == ""
    conforms(target)
    assert np.asarray(seen(target)[1]).min() < 128


def scanned_pdf(path, **changes):
    """A PDF with scans on its pages and a scanner's invisible words in a font that it lacks."""
    made = pikepdf.open(make_pdf(path))
    font = made.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for page in made.pages:
        image = Stream(made, bytes(100 * 140), Type=Name.XObject, Subtype=Name.Image, Width=100, Height=140,
                       ColorSpace=Name.DeviceGray, BitsPerComponent=8, Interpolate=True)  # fmt: skip
        page.obj.Resources = Dictionary(Font=Dictionary(H=font), XObject=Dictionary(Im=image))
        mode = changes.get("mode", 3)
        content = f"q 400 0 0 600 20 30 cm /Im Do Q BT /H 9 Tf {mode} Tr 50 50 Td (misread) Tj ET"
        page.obj.Contents = Stream(made, f"{content} {changes.get('more', '')}".encode())
    made.docinfo["/Author"] = "A & <B>"
    made.docinfo["/CreationDate"] = "D:20260102030405+01'00'"
    made.docinfo["/ModDate"] = "yesterday"
    if changes.get("change"):
        changes["change"](made)
    made.save(path.with_name("scan.pdf"), **AS_IT_IS)
    return path.with_name("scan.pdf")


PAGES = [worded("one", size=SIZE), worded("two", number=2, size=SIZE)]


def test_a_pdf_of_scans_becomes_a_pdf_a(tmp_path):
    """What it says of itself is said in both ways."""
    target, said = archived(tmp_path, scanned_pdf(tmp_path / "s.pdf"), PAGES)
    assert said == ""
    conforms(target)
    with pikepdf.open(target) as opened:
        assert "/ModDate" not in opened.docinfo
        assert "/CreationDate" in opened.docinfo
        assert len(opened.open_metadata()["dc:creator"]) == 1


def attach(made):
    """A file is attached."""
    made.attachments["a"] = AttachedFileSpec(made, b"x", filename="a.txt")


def comment(made):
    """A square around something, without a look."""
    made.pages[0].obj.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Square, Rect=Array([0, 0, 90, 90]))])


def layers(made):
    """It has layers."""
    made.Root.OCProperties = Dictionary(OCGs=Array([]), D=Dictionary())


def blend(made):
    """Colours are mixed in a way that nobody knows."""
    made.pages[0].obj.Resources.ExtGState = Dictionary(G=Dictionary(BM=Name.Strange))


def lzw(made):
    """A picture is packed by LZW."""
    made.pages[0].obj.Resources.XObject.Im.write(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", filter=Name.LZWDecode)


def jpeg_2000(made):
    """A picture is JPEG 2000."""
    made.pages[0].obj.Resources.XObject.Im.write(b"\0", filter=Name.JPXDecode)


def cmyk_picture(made):
    """A picture has colours of print."""
    made.pages[0].obj.Resources.XObject.Im.ColorSpace = Array([Name.Indexed, Name.DeviceCMYK, 0, String("abcd")])


def hide(made):
    """A link hides a field."""
    action = Dictionary(S=Name.Hide, T=String("x"))
    made.pages[0].obj.Annots = Array([made.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action))])  # fmt: skip


AGAINST = {
    "a font that is not embedded (Helvetica)": {"mode": 0},
    "colours of print": {"more": "0 0 0 1 k 0 0 10 10 re f"},
    "a profile": {"change": cmyk_picture},
    "unknown instructions": {"more": "1 2 strange"},
    "attached files": {"change": attach},
    "comments or fields that do not say how they look": {"change": comment},
    "layers": {"change": layers},
    "an unknown way to mix colours": {"change": blend},
    "packing LZW": {"change": lzw},
    "packing JPX": {"change": jpeg_2000},
    "buttons": {"change": hide},
    "nested too deep": {"more": "q " * 29 + "Q " * 29},
}


@pytest.mark.parametrize("reason", AGAINST)
def test_a_pdf_that_cannot_be_one_stays_plain_and_says_why(tmp_path, reason):
    """The person has a searchable PDF in any case, and it claims nothing."""
    scan = scanned_pdf(tmp_path / "s.pdf", **AGAINST[reason])
    target, said = archived(tmp_path, scan, PAGES)
    assert said.startswith("NAME.pdf is no PDF/A: the scan has ")
    assert reason.split(" (")[0] in said
    with pikepdf.open(target) as opened:
        assert "/Metadata" not in opened.Root
        assert len(opened.pages) == 2


def test_a_locked_pdf_stays_locked_and_is_no_pdf_a(tmp_path):
    """Alone, and among other files."""
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(hostile.encrypted(b"secret"))
    work = ARCHIVE.model_copy(update={"ocr": Ocr(pdf_passwords=("secret",))})
    photo = saved(tmp_path / "a.jpg", drawn("RGB", SIZE))
    with pikepdf.open(scan, password="secret") as opened:  # noqa: S106 - of the test
        count = len(opened.pages)
    pages = [worded("x", number=number, size=SIZE) for number in range(1, count + 2)]
    own = [Leaf(scan, number) for number in range(1, count + 1)]
    for leaves, some in ((own, pages[:-1]), ([*own, Leaf(photo, 1)], pages)):
        target, said = archived(tmp_path, scan, some, work=work, leaves=tuple(leaves))
        assert "a password" in said
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(target)


def test_hidden_comments_go_and_others_are_printed(tmp_path):
    """PDF/A wants all that is there to be seen."""

    def notes(made):
        look = Stream(made, b"1 0 0 rg 0 0 90 90 re f", Subtype=Name.Form, BBox=Array([0, 0, 90, 90]))
        made.pages[0].obj.Annots = Array([
            made.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Square, Rect=Array([0, 0, 90, 90]), F=flags,
                                          AP=Dictionary(N=look), C=Array([1, 0, 0])))
            for flags in (0, 2, 4)
        ])  # fmt: skip

    target, said = archived(tmp_path, scanned_pdf(tmp_path / "s.pdf", change=notes), PAGES)
    assert said == ""
    with pikepdf.open(target) as opened:
        assert [int(each.F) for each in opened.pages[0].obj.Annots] == [4, 4]


def test_files_of_all_kinds_become_a_pdf_a(tmp_path):
    """Pictures and a PDF with bookmarks and links, in one."""
    photo = saved(tmp_path / "a.jpg", drawn("RGB", SIZE))
    fax = saved(tmp_path / "b.tif", drawn("1", SIZE), compression="group4")
    letters = scanned_pdf(tmp_path / "s.pdf")
    leaves = (Leaf(photo, 1), Leaf(letters, 2), Leaf(fax, 1))
    pages = [worded("x", number=number, size=SIZE) for number in range(1, 4)]
    target, said = archived(tmp_path, photo, pages, leaves=leaves)
    assert said == ""
    conforms(target)


def test_a_part_of_a_pdf_becomes_a_pdf_a(tmp_path):
    """With what remains of its bookmarks and links."""

    def marks(made):
        with made.open_outline() as outline:
            outline.root.append(OutlineItem("two", destination=Array([made.pages[1].obj, Name.Fit])))

    scan = scanned_pdf(tmp_path / "s.pdf", change=marks)
    target, said = archived(tmp_path, scan, [worded("x", size=SIZE)], parts=2, leaves=(Leaf(scan, 2),))
    assert said == ""
    conforms(target)
    assert stack_of_letters(tmp_path / "l.pdf")


def test_words_can_be_put_into_a_pdf_a_later(tmp_path):
    """It is one still."""
    target, _ = archived(tmp_path, saved(tmp_path / "s.png", drawn("L", SIZE)), [worded("one", size=SIZE)])
    again = tmp_path / "again.pdf"
    with target.open("rb") as delivered, again.open("w+b") as file:
        assert pdf.reworded(delivered, document(target, work=ARCHIVE), [worded("other", size=SIZE)], file)
    conforms(again)


def test_pictures_without_size_are_no_pages_of_a_pdf_a(tmp_path):
    """A page must have three points at least."""
    Image.new("L", (10, 10), 0).save(tmp_path / "s.png", dpi=(600, 600))
    _, said = archived(tmp_path, tmp_path / "s.png", [worded("", size=(10, 10))])
    assert "impossible size" in said
