"""The text that a PDF's page has of its own: what is to be seen of it, and what ink it leaves unexplained."""

import subprocess
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Correction, FinishedPage
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.common import OWN_TEXT
from ocrwatchd.formats.output import pdf
from tests.fakes.own_pages import LINES, SIZE, Made, lines_at
from tests.fakes.worded import document
from tests.paths import DATA
from tests.programs import needs

TEXT = "\n".join(LINES)
OTHER = ("Another text, that stands below the first one",)
CASES = DATA / "field-cases"


def own(path, pdf_text="auto", **settings):
    """What the first page says itself."""
    with open_pages(path, Ocr(pdf_text=pdf_text, **settings)) as pages:
        return pages.own_text(1)


def flat(own):
    """Its text in one line."""
    return " ".join(own.page.text.split())


def test_what_a_program_has_written_is_taken(tmp_path):
    """Its lines, and the boxes of its words on the page as it would be drawn; nothing is left to be read."""
    found = own(Made().draw(lines_at(50, 500)).save(tmp_path / "s.pdf"))
    page = found.page
    assert (page.text, found.rest) == (TEXT, None)
    assert (page.engine, page.width, page.height, page.dpi) == (OWN_TEXT, 1667, 2500, 300)
    left, top, _, bottom = page.lines[0].words[0].box
    assert left == pytest.approx(50 * 300 / 72, abs=8)
    assert top < 100 * 300 / 72 < bottom + 4
    assert all(page.text.startswith(word.text, word.offset) for line in page.lines for word in line.words)
    assert {line.source for line in page.lines} == {OWN_TEXT}


def test_ocr_reads_every_page(tmp_path):
    """However good its text is."""
    assert own(Made().draw(lines_at(50, 500)).save(tmp_path / "s.pdf"), "ocr") is None


HIDDEN = {
    "invisible": lambda made: made.draw("3 Tr " + lines_at(50, 200, OTHER)),
    "a clip": lambda made: made.draw("q 7 Tr " + lines_at(50, 200, OTHER) + " Q"),
    "white on white": lambda made: made.draw("1 g " + lines_at(50, 200, OTHER)),
    "behind white": lambda made: made.draw(lines_at(50, 200, OTHER) + "1 g 40 190 340 40 re f"),
    "clipped away": lambda made: made.draw("q 0 0 10 10 re W n " + lines_at(50, 200, OTHER) + " Q"),
    "outside the page": lambda made: made.draw(lines_at(50, 700, OTHER)),
    "layer": lambda made: made.layer(lines_at(50, 200, OTHER), on=False),
    "layer over the text": lambda made: made.layer(lines_at(50, 500, OTHER), on=False),
    "form": lambda made: made.form("3 Tr " + lines_at(50, 200, OTHER)),
    "form in a layer": lambda made: made.form(lines_at(50, 200, OTHER)).undrawn().layer("/X0 Do", on=False),
    "hidden note": lambda made: made.annotation("/FreeText", (50, 180, 350, 220), F=2, Contents=OTHER[0],
                                                look="BT /F 12 Tf 5 5 Td (Another) Tj ET"),
    "hidden field": lambda made: made.field("/Tx", (50, 180, 350, 220), "BT /F 12 Tf 5 5 Td (Another) Tj ET", F=2),
}  # fmt: skip


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_viewers_do_not_show_does_not_count(tmp_path, kind):
    """However it is hidden, beside text that is to be seen; no ink is left by it."""
    made = Made().draw(lines_at(50, 500))
    HIDDEN[kind](made)
    found = own(made.save(tmp_path / "s.pdf"))
    assert (found.page.text, found.rest) == (TEXT, None)


def test_what_is_hidden_under_large_letters_does_not_count(tmp_path):
    """A page of invisible lines, and letters across all of them: more lines than are looked at one by one."""
    made = Made().draw("3 Tr " + lines_at(20, 590, OTHER * 58, "/F 8", 10) + " 0 Tr 0.8 g ")
    made.draw("BT /F 150 Tf 0.6 0.8 -0.8 0.6 120 40 Tm (Copy) Tj ET 0 g " + lines_at(50, 500))
    assert sorted(flat(own(made.save(tmp_path / "s.pdf"))).split()) == sorted(["Copy", *TEXT.split()])


def test_text_whose_shadow_is_hidden_counts(tmp_path):
    """PDFium tells text that is drawn twice only once, as what is hidden; where a picture is, it is not read again."""
    made = Made().draw("q /G gs " + lines_at(51, 201, OTHER) + " Q " + lines_at(50, 200, OTHER) + lines_at(50, 500))
    made.page.Resources.ExtGState.G = Dictionary(ca=0)
    found = own(made.save(tmp_path / "s.pdf"))
    assert (flat(found), found.rest) == (" ".join((*LINES, *OTHER)), None)
    alone = Made().picture("A scan", (20, 20, 200, 100)).save(tmp_path / "a.pdf")
    found = own(made.picture("A scan", (20, 20, 200, 100)).save(tmp_path / "s.pdf"))
    with open_pages(alone, Ocr()) as pages:
        assert ink(found.rest.image) == pytest.approx(ink(pages.page(1).image), rel=0.02)


def test_what_is_transparent_does_not_count(tmp_path):
    """Alpha 0."""
    made = Made().draw(lines_at(50, 500)).draw("q /G gs " + lines_at(50, 200, OTHER) + " Q")
    made.page.Resources.ExtGState.G = Dictionary(ca=0)
    assert own(made.save(tmp_path / "s.pdf")).page.text == TEXT


def test_what_lies_outside_the_crop_box_does_not_count(tmp_path):
    """It is on the page and not to be seen."""
    made = Made().draw(lines_at(50, 500)).draw(lines_at(50, 100, OTHER))
    made.page.CropBox = Array([0, 300, *SIZE])
    assert own(made.save(tmp_path / "s.pdf")).page.text == TEXT


SEEN = {
    "layer": lambda made: made.layer(lines_at(50, 200, OTHER), on=True),
    "form": lambda made: made.form(lines_at(50, 200, OTHER)),
    "form in a form": lambda made: made.form(lines_at(50, 200, OTHER)).undrawn().form("/X0 Do"),
    "drawn twice": lambda made: made.form(lines_at(50, 200, OTHER)).form("/X0 Do"),
    "struck twice": lambda made: made.draw(lines_at(50, 200, OTHER) + lines_at(50.3, 200, OTHER)),
    "struck often": lambda made: made.draw("".join(lines_at(50 + n / 30, 200, OTHER) for n in range(20))),
    "on a gray ground": lambda made: made.draw("0.8 g 40 190 340 40 re f 0 g " + lines_at(50, 200, OTHER)),
    "white on black": lambda made: made.draw("0 g 40 190 340 40 re f 1 g " + lines_at(50, 200, OTHER)),
    "outlined": lambda made: made.draw("1 Tr " + lines_at(50, 200, OTHER)),
    "green on red": lambda made: made.draw("1 0 0 rg 40 190 340 40 re f 0 0.51 0 rg " + lines_at(50, 200, OTHER)),
    "pale": lambda made: made.draw("0.91 g " + lines_at(50, 200, OTHER, "/F 6")),
    "spaced out": lambda made: made.type3().draw("BT /T 7 Tf 9 200 Td " + " ".join(f"({letter}) Tj 7 0 Td"
                                                                                  for letter in OTHER[0]) + " ET "),
    "type 3": lambda made: made.type3().draw("0 0 1 rg " + lines_at(50, 200, OTHER, "/T 12")),
    "small": lambda made: made.draw(lines_at(50, 200, OTHER, "/F 4")),
    "stamp": lambda made: made.annotation("/Stamp", (50, 180, 390, 220), f"BT /F 12 Tf 5 5 Td ({OTHER[0]}) Tj ET"),
    "note": lambda made: made.annotation("/FreeText", (50, 180, 390, 220), f"BT /F 12 Tf 5 5 Td ({OTHER[0]}) Tj ET"),
    "note without a look": lambda made: made.annotation("/FreeText", (50, 180, 390, 220), Contents=OTHER[0]),
    "field": lambda made: made.field("/Tx", (50, 180, 390, 220), f"BT /F 12 Tf 5 5 Td ({OTHER[0]}) Tj ET", V=OTHER[0]),
    "field without a look": lambda made: made.field("/Tx", (50, 180, 390, 220), V=OTHER[0], DA="/F 12 Tf 0 g"),
    "choice": lambda made: made.field("/Ch", (50, 180, 390, 220), V=OTHER[0], DA="/F 12 Tf 0 g", Ff=1 << 17,
                                      Opt=Array([pikepdf.String(OTHER[0]), pikepdf.String("no")])),
}  # fmt: skip


@pytest.mark.parametrize("pdf_text", ["auto", "keep"])
@pytest.mark.parametrize("kind", SEEN)
def test_what_viewers_show_counts_once_in_its_place(tmp_path, kind, pdf_text):
    """Whatever draws it: below the text that stands above it."""
    made = Made().draw(lines_at(50, 500))
    SEEN[kind](made)
    assert flat(own(made.save(tmp_path / "s.pdf"), pdf_text)) == " ".join((*LINES, *OTHER))


@pytest.mark.parametrize("state", ["On", "Off"])
@pytest.mark.parametrize(("kind", "flags", "signs"), [("box", 0, "\u2610\u2611"), ("radio", 1 << 15, "\u25cb\u25c9")])
def test_a_ticked_box_is_told_from_an_empty_one(tmp_path, state, kind, flags, signs):
    """Before the label beside it; the tick itself is no letter, and the box no ink that is left."""
    made = Made().draw(lines_at(90, 500, ("new",)))
    frame = "0 0 12 12 re S "
    states = {"On": frame + "BT /ZaDb 12 Tf 1 2 Td (4) Tj ET", "Off": frame}
    made.field("/Btn", (50, 498, 62, 510), states=states, AS=Name(f"/{state}"), V=Name(f"/{state}"), Ff=flags)
    found = own(made.save(tmp_path / "s.pdf"))
    assert (found.page.text, found.rest) == (f"{signs[state == 'On']} new", None), kind


def test_each_box_stands_beside_its_label(tmp_path):
    """Three in a row, and labels before their boxes; not a column of boxes and one of labels."""
    made = Made()
    for row, x in ((500, 50), (500, 150), (500, 250), (470, 50), (440, 50)):
        made.field("/Btn", (x, row - 2, x + 12, row + 10), states={"On": "", "Off": ""}, AS=Name.Off, V=Name.Off)
        made.draw(lines_at(x + 30, row, (f"label {row + x}",)))
    made.draw(lines_at(50, 300, ("paid",)))
    made.field("/Btn", (100, 298, 112, 310), states={"On": "", "Off": ""}, AS=Name.On, V=Name.On)
    text = own(made.save(tmp_path / "s.pdf")).page.text
    labels = [part for line in text.splitlines() for part in line.split("\t") if part]
    assert sorted(labels) == ["paid \u2611", *(f"\u2610 label {n}" for n in (490, 520, 550, 650, 750))]


def test_a_word_that_is_divided_stays_divided(tmp_path):
    """PDFium joins the two lines; the line's end is put back, and each half has a box of its own."""
    found = own(CASES / "digital_hyphens.pdf").page
    lines = found.text.splitlines()
    assert lines[0] == "The committee met in the town hall at seven. The chair wel-"
    assert [line.split()[0] for line in lines[1:]] == ["comed", "pany", "known", "surer", "tember."]
    boxes = [line.box for line in found.lines]
    assert all(above.bottom < below.top + 20 for above, below in pairwise(boxes))


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("layout", ["auto", "rows"])
def test_a_table_has_its_rows(page, layout):
    """Also where the program has written it column by column."""
    with open_pages(CASES / "digital_table.pdf", Ocr(layout=layout)) as pages:
        lines = pages.own_text(page).page.text.splitlines()
    assert lines[2] == "Pear tree on quince\t2\t44.50\t89.00"
    assert lines[5] == "" or layout == "rows"


def test_a_filled_form_has_its_values_beside_the_labels():
    """As every viewer shows them."""
    text = own(CASES / "filled_form.pdf").page.text
    assert [line.split("\t") for line in text.splitlines()[-4:]] == [
        ["Name:", "Margaret Whitfield"],
        ["Street:", "27 Harbour Road"],
        ["Registration:", "KX58 LMP"],
        ["Reason for the application:", "Carer visiting daily"],
    ]


def test_a_layer_that_is_switched_off_is_not_in_the_text():
    """It is not to be seen, though it lies among the lines that are."""
    found = own(CASES / "ocg_hidden.pdf")
    assert (found.page.text.splitlines()[-1], found.rest) == ("Helen Whitaker", None)
    assert "SECRET" not in found.page.text


def test_a_script_that_no_engine_knows_keeps_its_text():
    """However few its letters are."""
    found = own(CASES / "hebrew_short.pdf")
    assert (found.page.text.splitlines()[1], found.rest) == ("חבילה מספר 1744", None)


@pytest.mark.parametrize("drawn", ["[(a) 1200 (b) 1200 (c) 1200 (d)] TJ", "21.6 0 Td (dcba) Tj"])
def test_a_leftward_word_has_its_letters_in_order(tmp_path, drawn):
    """Arabic: whichever of its letters is drawn first, PDFium may tell them from left to right."""
    made = Made().type3().draw(f"BT /T 12 Tf 150 400 Td {drawn} ET")
    made.page.Resources.Font.T.ToUnicode = made.pdf.make_stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange <00><ff> "
        b"endcodespacerange 4 beginbfchar <61><0628> <62><0627> <63><0633> <64><0645> endbfchar endcmap end end"
    )
    assert own(made.save(tmp_path / "s.pdf")).page.text == "\u0628\u0627\u0633\u0645"


@pytest.mark.parametrize("case", ["badlayer", "strips_textunder"])
def test_an_old_layer_is_not_taken(case):
    """Whether it is invisible, white, transparent or behind the picture; the whole page is left to be read."""
    with open_pages(CASES / f"{case}.pdf", Ocr()) as pages:
        for number in range(1, pages.count + 1):
            found = pages.own_text(number)
            assert (found.lines, found.page.unseen_text) == ((), True)
            assert ink(found.rest.image) == pytest.approx(ink(pages.page(number).image), rel=0.01)


def test_an_old_layer_is_kept_where_it_is_asked_for():
    """With ocr.pdf_text = "keep"."""
    found = own(CASES / "strips_textunder.pdf", "keep")
    assert found.page.text.startswith("N0rthbrldge Gardcn Ccntre")
    assert (found.rest, found.page.warnings) == (None, ())


def ink(picture):
    """How many pixels are dark."""
    return int((np.asarray(picture.convert("L")) < 128).sum())


@pytest.mark.parametrize("strips", [1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_ink_beside_the_text_is_left_to_be_read(tmp_path, strips, rotate):
    """A picture of text under two stamps: the picture is left as it is, and the stamps are not in it."""
    box = (20, 20, 360, 400)
    made = Made(rotate).picture("A scan that was\npasted on the page", box, strips)
    alone = ink(own(made.draw("3 Tr " + lines_at(9, 9, ("x",))).save(tmp_path / "a.pdf")).rest.image)
    made.draw("0 Tr " + lines_at(30, 380, ("Filed: 4471",)) + lines_at(30, 560))
    found = own(made.save(tmp_path / "s.pdf"))
    assert sorted(found.page.text.split()) == sorted([*TEXT.split(), "Filed:", "4471"])
    assert ink(found.rest.image) == pytest.approx(alone, rel=0.02)
    kept = own(tmp_path / "s.pdf", "keep")
    assert (kept.rest, len(kept.page.warnings)) == (None, 1)


@pytest.mark.parametrize(
    "drawn",
    ["0.5 w 50 300 300 100 re S 50 350 m 350 350 l S 200 300 m 200 400 l S", "0.9 g 50 300 300 100 re f",
     "[1 2] 0 d 50 350 m 350 350 l S", "0.2 0.4 0.8 rg 0 0 400 30 re f", "",
     "".join(f"0.{shade} g 40 {y} 340 1.5 re f " for shade, y in ((2, 300), (9, 301.5), (4, 303))),
     "".join(f"40 {y} 5 5 re f " for y in range(460, 510, 16)),
     "".join(f"40 {y} m 45 {y + 3} l 40 {y + 6} l f " for y in range(460, 510, 20)),
     "20 60 m 20 70 20 70 30 70 c 370 70 l 380 70 380 70 380 60 c 380 9 l 20 9 l s",
     "".join(f"50 {y} 40 14 re 90 {y} 200 14 re S " for y in range(200, 400, 14))],
)  # fmt: skip
def test_rules_and_plain_areas_are_no_ink_to_be_read(tmp_path, drawn):
    """Tables, coloured bars, dotted lines, bullets, arrows, frames with round corners: such a page costs one look."""
    assert own(Made().draw(drawn + "\n").draw("0 g [] 0 d " + lines_at(50, 500)).save(tmp_path / "s.pdf")).rest is None


def test_text_that_was_not_looked_at_is_not_called_hidden(tmp_path):
    """It lies behind thousands of drawings: it would go from the searchable PDF."""
    made = Made().draw("9 9 1 1 re f " * 20_001).draw(lines_at(50, 500))
    found = own(made.save(tmp_path / "s.pdf"))
    assert (found.lines, found.page.unseen_text) == ((), False)
    assert found.rest


@pytest.mark.parametrize("size", [0.6, 1, 5])
@pytest.mark.parametrize("turned", ["1 0 0 1 60 200 cm", "0 1 -1 0 200 60 cm"])
def test_letters_that_are_drawn_are_left_to_be_read(tmp_path, size, turned):
    """Outlines of a short word, in small print and in large, across the page or upright."""
    strokes = "0 0 2 10 re 6 0 2 10 re 0 10 m 2 10 l 8 0 l 6 0 l h 11 0 2 10 re 16 0 2 10 re 18 0 5 2 re f"
    made = Made().draw(f"q {turned} {size} 0 0 {size} 0 0 cm {strokes} Q ").draw(lines_at(50, 500))
    found = own(made.save(tmp_path / "s.pdf"))
    assert (found.page.text, found.rest is None) == (TEXT, False)


@pytest.mark.parametrize("size", [6, 9, 14])
def test_a_tick_box_that_is_drawn_is_left_to_be_read(tmp_path, size):
    """Beside its label, empty or ticked: what is in it is found in the picture."""
    drawn = f"0.7 w 36 500 {size} {size} re S 36 500 m {36 + size} {500 + size} l S "
    assert own(Made().draw(drawn).draw(lines_at(60, 500)).save(tmp_path / "s.pdf")).rest


def test_one_small_letter_of_a_picture_is_left_to_be_read(tmp_path):
    """As a digit that somebody has written into a box."""
    assert own(Made().picture("7", (20, 20, 60, 60)).draw(lines_at(50, 500)).save(tmp_path / "s.pdf")).rest


def shifted(text, by=3):
    """Each letter as the third after it."""
    return "".join(chr((ord(c) - 97 + by) % 26 + 97) if c.islower() else c for c in text)


def test_letters_of_which_hardly_a_word_is_made_are_doubted(tmp_path):
    """A font with a wrong table: what it says is not taken, and its ink is left; other fonts are believed."""
    made = Made().draw(lines_at(50, 500)).draw(lines_at(50, 300, map(shifted, LINES), "/G 12"))
    made.page.Resources.Font.G = Dictionary(made.page.Resources.Font.F)
    made.page.Resources.Font.G.BaseFont = Name("/Times-Roman")
    found = own(made.save(tmp_path / "s.pdf"))
    assert found.page.text == TEXT
    assert [line.text for line in found.doubted] == list(map(shifted, LINES))
    assert ink(found.rest.image) > 1000
    assert own(tmp_path / "s.pdf", languages=("rus",)).doubted == (), "which has no such letters"


@pytest.mark.parametrize("lines", [("Page 1",), ("KX58 LMP 4471-B", "44.50 89.00 208.00")])
def test_a_few_words_are_not_doubted(tmp_path, lines):
    """Names and numbers are in no dictionary."""
    assert own(Made().draw(lines_at(50, 500, lines)).save(tmp_path / "s.pdf")).page.text == "\n".join(lines)


def test_a_font_that_does_not_tell_its_letters_is_left_to_be_read(tmp_path):
    """Control characters stand for no letters."""
    found = own(Made().draw(lines_at(50, 500, (r"\001\002\003" * 20,))).save(tmp_path / "s.pdf"))
    assert found is None or not found.lines


def test_words_of_a_turned_page_are_where_they_are_seen(tmp_path):
    """As the page's picture would be; and in the order of the lines, though these stand on their side."""
    page = own(Made(90).draw(lines_at(50, 500)).save(tmp_path / "s.pdf")).page
    assert (page.width, page.height, page.text) == (2500, 1667, TEXT)
    box = page.lines[0].words[0].box
    assert box.bottom - box.top > box.right - box.left


@pytest.mark.parametrize("attached", [("letter.pdf", 1), ("factur-x.xml", 0)])
def test_attached_files_are_told(tmp_path, attached):
    """They are not read; the data of an electronic invoice are no scan."""
    name, warnings = attached
    made = Made().draw(lines_at(50, 500))
    made.pdf.attachments[name] = b"%PDF-"
    with open_pages(made.save(tmp_path / "s.pdf"), Ocr()) as pages:
        assert len(pages.warnings) == warnings


def test_a_form_that_only_one_program_shows_is_told(tmp_path):
    """XFA: others show a page that asks for that program."""
    made = Made().draw(lines_at(50, 500))
    data = made.pdf.make_stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")
    made.pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=data)
    made.pdf.Root.NeedsRendering = True
    with open_pages(made.save(tmp_path / "s.pdf"), Ocr()) as pages:
        assert [" XFA" in each or "(XFA)" in each for each in pages.warnings] == [True]


def plain(found):
    """A PDF's object with all that it leads to, but for the way back to the page's parent."""
    if isinstance(found, pikepdf.Stream):
        return plain(found.stream_dict), found.read_raw_bytes()
    if isinstance(found, pikepdf.Dictionary):
        return {name: plain(value) for name, value in found.items() if name != "/Parent"}
    return [plain(each) for each in found] if isinstance(found, pikepdf.Array) else repr(found)


def test_a_page_with_its_own_text_gets_no_second_one(tmp_path):
    """In the searchable PDF it is as it was."""
    path = Made().draw(lines_at(50, 500)).save(tmp_path / "s.pdf")
    page = own(path).page
    with (tmp_path / "out.pdf").open("w+b") as file:
        pdf.write(document(path), iter([FinishedPage(page, Correction(page.text))]), file)
    with pikepdf.open(path) as before, pikepdf.open(tmp_path / "out.pdf") as after:
        # Whatever numbers the objects have: the document information of the new one is an object more.
        assert plain(after.pages[0].obj) == plain(before.pages[0].obj)


@pytest.mark.parametrize("page", [0, 1, 2, 3])
def test_an_old_layer_goes_however_it_is_hidden(tmp_path, page):
    """Under the picture, invisible, white, or transparent: the new words alone are in the searchable PDF."""
    scan = tmp_path / "s.pdf"
    with pikepdf.open(CASES / "badlayer.pdf") as old:
        del old.pages[page + 1 :]
        del old.pages[:page]
        old.save(scan)
    read = replace(own(scan).page, text="new words", engine="rapidocr")
    with (tmp_path / "out.pdf").open("w+b") as file:
        pdf.write(document(scan), iter([FinishedPage(read, Correction(read.text))]), file)
    assert said(tmp_path / "out.pdf") == ["new", "words"]


def test_a_box_that_is_ticked_is_found_in_the_searchable_pdf(tmp_path):
    """Its sign is put over it, for the PDF itself does not say it; the page's own words are not."""
    made = Made().draw(lines_at(70, 500, ("new",)))
    made.field("/Btn", (50, 498, 62, 510), states={"On": "0 0 12 12 re S", "Off": ""}, AS=Name.On, V=Name.On)
    path = made.save(tmp_path / "s.pdf")
    page = own(path).page
    with (tmp_path / "out.pdf").open("w+b") as file:
        pdf.write(document(path), iter([FinishedPage(page, Correction(page.text))]), file)
    assert said(tmp_path / "out.pdf") == ["new", "\u2611"]


def said(path):
    """The words that a PDF's first page says, sorted."""
    (program,) = needs("pdftotext")
    run = subprocess.run([program, "-raw", path, "-"], capture_output=True, timeout=60, check=True)
    return sorted(run.stdout.decode().split())
