"""The text that a PDF's page has of its own."""

import io

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Correction, FinishedPage
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.common import OWN_TEXT
from ocrwatchd.formats.output import pdf
from tests.fakes.worded import document

LINES = ("Dear reader, this page was written by a program", "and so every letter on it is known to be right,",
         "down to the last full stop at the end of it.")  # fmt: skip


def made(path, lines=LINES, mode=0, picture=False, rotate=0):
    """A PDF of one page: lines 20 points apart, maybe over a picture, maybe invisible."""
    new = pikepdf.new()
    new.add_blank_page(page_size=(400, 600))
    page = new.pages[0].obj
    page.Rotate = rotate
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    page.Resources = Dictionary(Font=Dictionary(F=font))
    drawn = ""
    if picture:
        data = io.BytesIO()
        Image.new("L", (400, 600), 200).save(data, "JPEG")
        page.Resources.XObject = Dictionary(
            I=Stream(new, data.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=400, Height=600,
                     ColorSpace=Name.DeviceGray, BitsPerComponent=8, Filter=Name.DCTDecode)
        )  # fmt: skip
        drawn = "q 400 0 0 600 0 0 cm /I Do Q "
    shown = " ".join(f"({line}) Tj 0 -20 Td" for line in lines)
    page.Contents = Array([Stream(new, f"{drawn}BT /F 12 Tf {mode} Tr 50 500 Td {shown} ET".encode())])
    new.save(path)
    return path


def own(path, pdf_text="auto"):
    """What is taken of the page."""
    with open_pages(path, Ocr(pdf_text=pdf_text)) as pages:
        return pages.own_text(1)


def test_what_a_program_has_written_is_taken(tmp_path):
    """Its lines, and the boxes of its words on the page as it would be drawn."""
    page = own(made(tmp_path / "s.pdf"))
    assert page.text == "\n".join(LINES)
    assert (page.engine, page.width, page.height, page.dpi) == (OWN_TEXT, 1667, 2500, 300)
    left, top, _, bottom = page.lines[0].words[0].box
    assert left == pytest.approx(50 * 300 / 72, abs=8)
    assert top < 100 * 300 / 72 < bottom + 4
    assert all(page.text.startswith(word.text, word.offset) for line in page.lines for word in line.words)


@pytest.mark.parametrize("settings", [{"mode": 3}, {"picture": True}, {"mode": 3, "picture": True}])
def test_what_a_scanner_has_recognised_is_read_anew(tmp_path, settings):
    """Text over a picture of the whole page, or not to be seen; unless all text is to be kept."""
    path = made(tmp_path / "s.pdf", **settings)
    assert own(path) is None
    assert own(path, "keep").text == "\n".join(LINES)


@pytest.mark.parametrize("lines", [(), ("Page 1",), (r"\001\002\003" * 80,)])
def test_a_page_with_little_text_or_letters_that_mean_nothing_is_read(tmp_path, lines):
    """A stamp over outlines; a font that does not tell its letters."""
    assert own(made(tmp_path / "s.pdf", lines)) is None


def test_ocr_reads_every_page(tmp_path):
    """However good its text is."""
    assert own(made(tmp_path / "s.pdf"), "ocr") is None


def test_words_of_a_turned_page_are_where_they_are_seen(tmp_path):
    """As the page's picture would be."""
    page = own(made(tmp_path / "s.pdf", rotate=90))
    assert (page.width, page.height) == (2500, 1667)
    box = page.lines[0].words[0].box
    assert box.bottom - box.top > box.right - box.left


def plain(found):
    """A PDF's object with all that it leads to, but for the way back to the page's parent."""
    if isinstance(found, pikepdf.Stream):
        return plain(found.stream_dict), found.read_raw_bytes()
    if isinstance(found, pikepdf.Dictionary):
        return {name: plain(value) for name, value in found.items() if name != "/Parent"}
    return [plain(each) for each in found] if isinstance(found, pikepdf.Array) else repr(found)


def test_a_page_with_its_own_text_gets_no_second_one(tmp_path):
    """In the searchable PDF it is as it was."""
    path = made(tmp_path / "s.pdf")
    page = own(path)
    with (tmp_path / "out.pdf").open("w+b") as file:
        pdf.write(document(path), iter([FinishedPage(page, Correction(page.text))]), file)
    with pikepdf.open(path) as before, pikepdf.open(tmp_path / "out.pdf") as after:
        # Whatever numbers the objects have: the document information of the new one is an object more.
        assert plain(after.pages[0].obj) == plain(before.pages[0].obj)
