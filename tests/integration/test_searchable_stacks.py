"""Searchable PDFs of stacks of paper: a part of a PDF, and several files as one."""

from __future__ import annotations

import io
import subprocess

import pikepdf
import pytest
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, OutlineItem, Stream, String
from PIL import Image

from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Leaf
from ocrwatchd.formats.output import pdf
from ocrwatchd.formats.output.pdf import page_range, sources
from tests import hostile
from tests.fakes.worded import document, worded
from tests.integration.test_searchable import drawn, saved, seen, text_of, written
from tests.programs import needs

SIZE = (500, 700)
WORD = "secret"


def pages_of(count):
    """Pages with a word each."""
    return [worded(f"word{number}", number=number, size=(1000, 1400)) for number in range(1, count + 1)]


def leaves(*places):
    """Where pages lie."""
    return {"leaves": tuple(Leaf(*place) for place in places)}


def unpacked(path, password=""):
    """All bytes of a PDF, nothing compressed."""
    (qpdf,) = needs("qpdf")
    command = [qpdf, "--qdf", "--object-streams=disable", f"--password={password}", path, "-"]
    data = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    for text in (b"letter", b"Letter"):
        data += text * data.count(text.decode().encode("utf-16-be"))
    return data


def grey(shade):
    """A picture whose bytes are found again."""
    return bytes((shade,)) * (60 * 80)


def annotation(made, kind, **entries):
    """An annotation in a corner of a page."""
    return made.make_indirect(Dictionary(Type=Name.Annot, Subtype=kind, Rect=Array([0, 0, 9, 9]), **entries))


def stack_of_letters(path, count=4, **settings):
    """A PDF of letters that share their resources and are led to from everywhere; "letterN" is only on page N."""
    made = pikepdf.new()
    shared = made.make_indirect(Dictionary(XObject=Dictionary(), Font=Dictionary(), ProcSet=Array([Name.PDF])))
    for number in range(1, count + 1):
        made.add_blank_page(page_size=SIZE)
        image = Stream(made, grey(number * 20 + 1), Type=Name.XObject, Subtype=Name.Image, Width=60, Height=80,
                       ColorSpace=Name.DeviceGray, BitsPerComponent=8)  # fmt: skip
        inner = Stream(made, b"%% letter%d form\n/Im%d Do" % (number, number), Type=Name.XObject, Subtype=Name.Form,
                       BBox=Array([0, 0, *SIZE]), Resources=shared)  # fmt: skip
        shared.XObject[f"/Im{number}"] = image
        shared.XObject[f"/Fm{number}"] = inner
        page = made.pages[-1].obj
        page.Contents = Stream(made, b"%% letter%d\nq 400 0 0 600 50 50 cm /Fm%d Do Q" % (number, number))
        page.Resources = shared
        page.PieceInfo = Dictionary(Private=String(f"letter{number} private"))
        page.Thumb = Stream(made, b"letter%d thumb" % number)
        page.StructParents = number
    places = [Array([page.obj, Name.Fit]) for page in made.pages]
    for number, page in enumerate(made.pages, 1):
        other = number % count
        ways = places[other], places[number - 1], String(f"letter{number}")
        page.obj.Annots = Array([
            *(annotation(made, Name.Link, Dest=way) for way in ways),
            annotation(made, Name.Text, Contents=String(f"letter{number} comment"), P=page.obj),
        ])  # fmt: skip
    field = made.make_indirect(Dictionary(FT=Name.Tx, T=String("amount"), V=String("letter4 value"), Kids=Array([])))
    for number, page in enumerate(made.pages, 1):
        look = Stream(made, b"%% letter%d field" % number, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
        field.Kids.append(annotation(made, Name.Widget, Parent=field, AP=Dictionary(N=look), P=page.obj))
        page.obj.Annots.append(field.Kids[-1])
    made.Root.AcroForm = Dictionary(Fields=Array([field]))
    named = [each for number, place in enumerate(places, 1) for each in (String(f"letter{number}"), place)]
    made.Root.Names = Dictionary(Dests=Dictionary(Names=Array(named)))
    said = [Dictionary(S=Name.P, Pg=page.obj, ActualText=String(f"letter{number} structure"), K=0)
            for number, page in enumerate(made.pages, 1)]  # fmt: skip
    made.Root.StructTreeRoot = Dictionary(Type=Name.StructTreeRoot, K=Array(map(made.make_indirect, said)))
    labels = [each for number in range(count) for each in (number, Dictionary(P=String(f"letter{number + 1}-")))]
    made.Root.PageLabels = Dictionary(Nums=Array(labels))
    made.Root.Threads = Array([Dictionary(I=Dictionary(Title=String("letter4 thread")))])
    made.Root.Metadata = Stream(made, b"<x>letter4 metadata</x>", Type=Name.Metadata, Subtype=Name.XML)
    made.trailer["/Elsewhere"] = made.make_indirect(Dictionary(Text=String("letter4 trailer")))
    made.docinfo["/Title"] = "a stack"
    made.docinfo["/Private"] = "letter4 information"
    made.attachments["a"] = AttachedFileSpec(made, b"letter4 attachment", filename="letter4.txt")
    with made.open_outline() as outline:
        top = OutlineItem("Letter1", destination=places[0])
        top.children.append(OutlineItem("Letter2", destination=places[1]))
        by_name = OutlineItem("Letter3", destination=String("letter3"))
        outline.root.extend([top, by_name, OutlineItem("Letter4", destination=places[3])])
    made.save(path, **settings)
    return path


PACKINGS = {
    "plain": {},
    "streams": {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
    "locked": {"encryption": pikepdf.Encryption(owner="boss", user=WORD)},
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_part_carries_no_other_letter(tmp_path, packing):
    """Nothing of other pages lies in it, in whatever it is that leads there, and its own page is whole."""
    scan = stack_of_letters(tmp_path / "s.pdf", **PACKINGS[packing])
    work = Work(ocr=Ocr(pdf_passwords=(WORD,)))
    target = written(tmp_path, scan, pages_of(2), work=work, parts=2, **leaves((scan, 2), (scan, 3)))
    data = unpacked(target, WORD)
    for number in (1, 4):
        assert b"letter%d" % number not in data.lower()
        assert grey(number * 20 + 1) not in data
    for number in (2, 3):
        assert b"letter%d comment" % number in data
        assert b"%% letter%d field" % number in data
        assert data.count(grey(number * 20 + 1)) == 1
    with pikepdf.open(target, password=WORD if packing == "locked" else "") as found:
        assert found.is_encrypted == (packing == "locked")
        assert str(found.docinfo.Title) == "a stack"
        with found.open_outline() as outline:
            assert [item.title for item in outline.root] == ["Letter2", "Letter3"]
            assert [item.destination[0].objgen for item in outline.root] == [page.obj.objgen for page in found.pages]
        links = [[each.Dest[0].objgen for each in page.obj.Annots if each.Subtype == Name.Link] for page in found.pages]
        first, second = (page.obj.objgen for page in found.pages)
        assert links == [[second, first, first], [second, second]]
        assert not {"/Names", "/AcroForm", "/StructTreeRoot", "/PageLabels", "/Threads"} & found.Root.keys()


def test_a_part_looks_as_its_pages_did(tmp_path):
    """And has its own words."""
    scan = stack_of_letters(tmp_path / "s.pdf")
    target = written(tmp_path, scan, pages_of(2), parts=2, **leaves((scan, 2), (scan, 4)))
    before = seen(scan)
    assert [image.tobytes() for image in seen(target)] == [before[1].tobytes(), before[3].tobytes()]
    assert [text.split() for text in text_of(target)] == [["word1"], ["word2"]]


def test_all_pages_of_a_pdf_are_the_pdf(tmp_path):
    """Its bookmarks, labels and attachments stay where nothing is cut off."""
    scan = stack_of_letters(tmp_path / "s.pdf")
    whole = written(tmp_path, scan, pages_of(4), **leaves(*((scan, number) for number in range(1, 5))))
    with pikepdf.open(whole) as found:
        assert {"/Outlines", "/PageLabels", "/Names", "/AcroForm"} <= found.Root.keys()


def test_without_its_blank_pages_a_pdf_keeps_what_is_attached(tmp_path):
    """Nobody else's pages are in it."""
    scan = stack_of_letters(tmp_path / "s.pdf")
    target = written(tmp_path, scan, pages_of(3), **leaves((scan, 1), (scan, 3), (scan, 4)))
    with pikepdf.open(target) as found:
        assert len(found.pages) == 3
        assert list(found.attachments) == ["a"]
        assert "/Metadata" in found.Root
        assert "/Dests" not in found.Root.Names
    assert b"letter2" not in unpacked(target).lower()


def test_what_was_filled_in_is_seen_in_a_part(tmp_path):
    """Also where the form leaves it to readers how a value looks."""
    made = pikepdf.new()
    for _ in range(2):
        made.add_blank_page(page_size=SIZE)
    font = made.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    field = annotation(made, Name.Widget, FT=Name.Tx, T=String("name"), V=String("Whitfield"), F=4,
                       DA=String("/H 20 Tf 0 g"))  # fmt: skip
    field.Rect = Array([50, 50, 300, 90])
    made.pages[1].obj.Annots = Array([field])
    resources = Dictionary(Font=Dictionary(H=font))
    made.Root.AcroForm = Dictionary(
        Fields=Array([field]), NeedAppearances=True, DR=resources, DA=String("/H 20 Tf 0 g")
    )
    made.save(scan := tmp_path / "s.pdf")
    target = written(tmp_path, scan, [worded("")], parts=2, **leaves((scan, 2)))
    assert "Whitfield" in text_of(target)[0]


@pytest.mark.parametrize("entry", ["First", "Next"])
def test_bookmarks_in_a_circle_end(tmp_path, entry):
    """Each stands once."""
    scan = stack_of_letters(tmp_path / "s.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as opened:
        last = opened.Root.Outlines.Last
        last[f"/{entry}"] = opened.Root.Outlines.First
        opened.save(scan)
    target = written(tmp_path, scan, pages_of(2), parts=2, **leaves((scan, 3), (scan, 4)))
    with pikepdf.open(target) as found, found.open_outline() as outline:
        assert [item.title for item in outline.root] == ["Letter3", "Letter4"]


def test_a_page_with_too_many_annotations_is_not_cut(tmp_path, monkeypatch):
    """The person is told."""
    monkeypatch.setattr(page_range, "MOST_ANNOTATIONS", 2)
    scan = stack_of_letters(tmp_path / "s.pdf")
    with pytest.raises(FormatUnusable, match="more than 2 annotations"):
        written(tmp_path, scan, pages_of(1), parts=2, **leaves((scan, 3)))


def test_what_cannot_be_told_apart_is_not_cut(tmp_path, monkeypatch):
    """Pages with content beyond measure and shared pictures could carry others' pictures."""
    scan = stack_of_letters(tmp_path / "s.pdf")
    monkeypatch.setattr(page_range, "joined", lambda _streams: None)
    with pytest.raises(FormatUnusable, match="cannot be cut"):
        written(tmp_path, scan, pages_of(1), parts=2, **leaves((scan, 2)))


def test_pages_are_only_taken_from_a_pdf_that_is_as_it_was_read(tmp_path, monkeypatch):
    """Another page tree would give another letter's pages."""
    scan = stack_of_letters(tmp_path / "s.pdf")
    read = sources.open_pages(scan, Ocr())
    read.count = 3
    monkeypatch.setattr(sources, "open_pages", lambda *_: read)
    with pytest.raises(FormatUnusable, match="3 pages were read, and 4 are in it"):
        written(tmp_path, scan, pages_of(1), parts=2, **leaves((scan, 2)))


def mixed(tmp_path):
    """A JPEG, a TIFF of two pages, and a PDF."""
    photo = saved(tmp_path / "a.jpg", drawn("RGB", SIZE), quality=60)
    page = drawn("1", SIZE)
    fax = saved(tmp_path / "b.tif", page, save_all=True, append_images=[page], compression="group4")
    return photo, fax, stack_of_letters(tmp_path / "c.pdf")


def test_files_of_all_kinds_become_one_pdf_in_their_order(tmp_path):
    """With the words of each page on it, the JPEG as it was, and of the PDF only the pages asked for."""
    photo, fax, letters = mixed(tmp_path)
    order = leaves((letters, 3), (photo, 1), (fax, 2), (letters, 1), (fax, 1))
    target = written(tmp_path, photo, pages_of(5), **order)
    assert [text.split() for text in text_of(target)] == [[f"word{number}"] for number in range(1, 6)]
    found, before = seen(target), seen(letters)
    assert [found[0].tobytes(), found[3].tobytes()] == [before[2].tobytes(), before[0].tobytes()]
    data = unpacked(target)
    assert b"letter2" not in data.lower()
    assert b"letter4" not in data.lower()
    with pikepdf.open(target) as opened:
        assert opened.pages[1].obj.Resources.XObject.Scan.read_raw_bytes() in photo.read_bytes()
        assert opened.pages[2].obj.Resources.XObject.Scan.Filter == Name.CCITTFaxDecode


def test_a_file_that_could_not_be_read_is_a_page_that_says_so(tmp_path):
    """A locked PDF among others, and one that is damaged."""
    photo, _, _ = mixed(tmp_path)
    locked, broken = tmp_path / "l.pdf", tmp_path / "d.pdf"
    locked.write_bytes(hostile.encrypted(b"unknown"))
    broken.write_bytes(b"%PDF-1.7 nothing")
    one, *others = pages_of(3)
    bad = [worded("", number=each.page.number, error=Message("locked")) for each in others]
    target = written(tmp_path, photo, [one, *bad], **leaves((photo, 1), (locked, 1), (broken, 1)))
    assert [text.strip() for text in text_of(target)][1:] == [
        "[page 2 could not be shown]", "[page 3 could not be shown]"
    ]  # fmt: skip


def test_what_one_file_protects_stays_protected(tmp_path):
    """The whole has its password; and what it forbids stays forbidden."""
    photo, _, _ = mixed(tmp_path)
    quiet = pikepdf.Encryption(owner="boss", user=WORD, allow=pikepdf.Permissions(extract=False))
    locked = stack_of_letters(tmp_path / "l.pdf", encryption=quiet)
    work = Work(ocr=Ocr(pdf_passwords=(WORD,)))
    target = written(tmp_path, photo, pages_of(2), work=work, **leaves((photo, 1), (locked, 1)))
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(target)
    with pikepdf.open(target, password=WORD) as opened:
        assert not opened.allow.extract
        assert opened.allow.print_highres
        assert not opened.owner_password_matched


def test_files_with_different_passwords_are_not_joined(tmp_path):
    """Who knows one would read what the other one protects."""
    files = [
        stack_of_letters(tmp_path / f"{word}.pdf", encryption=pikepdf.Encryption(owner="boss", user=word))
        for word in ("one", "two")
    ]
    work = Work(ocr=Ocr(pdf_passwords=("one", "two")))
    with pytest.raises(FormatUnusable, match="different passwords"):
        written(tmp_path, files[0], pages_of(2), work=work, **leaves((files[0], 1), (files[1], 1)))


def test_layers_that_were_hidden_stay_hidden(tmp_path):
    """In a PDF of several files too."""
    photo = saved(tmp_path / "a.jpg", drawn("RGB", SIZE))
    made = pikepdf.new()
    made.add_blank_page(page_size=SIZE)
    layer = made.make_indirect(Dictionary(Type=Name.OCG, Name=String("hidden")))
    made.pages[0].obj.Resources = Dictionary(Properties=Dictionary(L=layer))
    made.pages[0].obj.Contents = Stream(made, b"/OC /L BDC 0 g 100 100 200 200 re f EMC")
    made.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(BaseState=Name.OFF))
    made.save(scan := tmp_path / "l.pdf")
    target = written(tmp_path, photo, pages_of(2), **leaves((photo, 1), (scan, 1)))
    assert seen(target)[1].getextrema() == ((255, 255),) * 3


@pytest.mark.slow
def test_hundreds_of_files_need_few_descriptors(tmp_path):
    """PDFs and pictures by turns."""
    import resource  # only here

    letters = stack_of_letters(tmp_path / "s.pdf")
    files = []
    for number in range(120):
        name = tmp_path / f"{number}.{'pdf' if number % 2 else 'png'}"
        name.hardlink_to(letters) if number % 2 else Image.new("L", (50, 70), number).save(name)
        files.append(name)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        out = io.BytesIO()
        told = document(files[0], len(files), **leaves(*((file, 1) for file in files)))
        pdf.write(told, iter(pages_of(len(files))), out)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    with pikepdf.open(out) as opened:
        assert len(opened.pages) == len(files)
