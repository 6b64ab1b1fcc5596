"""NAME.hocr."""

import io
import re
from dataclasses import replace

import pytest
from lxml import etree

from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import hocr
from ocrwatchd.formats.output.hocr import CAPABILITIES
from tests.fakes.worded import document, worded

X = "{http://www.w3.org/1999/xhtml}"
INSIDE = {
    "ocr_page": ("body",),
    "ocr_par": ("ocr_page",),
    "ocr_line": ("ocr_par",),
    "ocrx_word": ("ocr_line", "ocr_par"),
}
BOX = re.compile(r"bbox (\d+) (\d+) (\d+) (\d+)")


def written(pages, name="scan.png", **changes):
    """The file's root, as a strict XML parser reads it, checked against what hOCR 1.2 asks for."""
    file = io.BytesIO()
    hocr.write(document("s.png", len(pages), source=name, **changes), iter(pages), file)
    root = etree.fromstring(file.getvalue(), etree.XMLParser(resolve_entities=False, no_network=True))
    check(root)
    return root


def check(root):
    """Every element of hOCR is a known one, lies where it may, has a box within its parent's, and no other script."""
    metas = {meta.get("name"): meta.get("content") for meta in root.iter(f"{X}meta")}
    assert metas["ocr-system"]
    assert metas["ocr-capabilities"] == CAPABILITIES
    assert int(metas["ocr-number-of-pages"]) == len(root.findall(f".//{X}div[@class='ocr_page']"))
    assert {element.tag.removeprefix(X) for element in root.iter()} <= {
        "html", "head", "title", "meta", "body", "div", "p", "span", "br",
    }  # fmt: skip
    for element in root.iter():
        assert set(element.attrib) <= {"class", "id", "title", "dir", "name", "content", "http-equiv"}
        if kind := element.get("class"):
            around = element.getparent()
            assert (around.get("class") or around.tag.removeprefix(X)) in INSIDE[kind]
            if kind != "ocr_par":
                left, top, right, bottom = box_of(element)
                assert left < right
                assert top < bottom
            if kind in {"ocr_line", "ocrx_word"}:
                boxed = {"ocr_page"} | ({"ocr_line"} if kind == "ocrx_word" else set())
                outer = box_of(next(each for each in element.iterancestors() if each.get("class") in boxed))
                assert outer[0] <= left < right <= outer[2]
                assert outer[1] <= top < bottom <= outer[3]


def box_of(element):
    """Its bbox."""
    return tuple(map(int, BOX.search(element.get("title")).groups()))


def words_of(root):
    """Text, box and confidence of each word."""
    return [
        (word.text, box_of(word), int(re.search(r"x_wconf (\d+)", word.get("title"))[1]))
        for word in root.iter(f"{X}span")
        if word.get("class") == "ocrx_word"
    ]


def text_of(root):
    """All words of the body."""
    return "".join(root.find(f"{X}body").itertext()).split()


def test_corrected_words_have_box_and_confidence():
    """In lines, in paragraphs, on pages."""
    root = written([worded("teh one\n\nnext", (Edit(0, "teh", "the", Reason.SIMILAR_WORD),)), worded("two", number=2)])
    assert words_of(root)[:2] == [("the", (60, 60, 96, 90), 90), ("one", (108, 60, 144, 90), 90)]
    assert text_of(root) == ["the", "one", "next", "two"]
    pages = root.findall(f".//{X}div")
    assert [len(page.findall(f".//{X}p")) for page in pages] == [2, 1]
    assert pages[1].get("title") == 'image "scan.png"; bbox 0 0 1000 1400; ppageno 1; scan_res 150 150'


def test_boxes_are_of_the_picture_as_it_was_opened():
    """A page that was turned a quarter clockwise before it was read has its boxes turned back."""
    root = written([worded("one", rotation=90)])
    # Left, top, right, bottom of the turned page become top, right, bottom, left: 1000 wide, so 1000 high before.
    assert words_of(root) == [("one", (60, 1000 - 96, 90, 1000 - 60), 90)]
    assert "bbox 0 0 1400 1000" in root.find(f".//{X}div").get("title")


def test_boxes_of_a_straightened_page_hold_the_slanted_words():
    """Wider and higher than the straight ones, within the smaller picture."""
    (_, (left, top, right, bottom), _) = words_of(written([worded("x\n\n\n\n\n\n   straightened", skew=5.0)]))[1]
    assert right - left >= 12 * 12
    assert bottom - top > 30


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>.png", "a\"b'; bbox 0 0 9 9.png", "\u202egnp.exe", "&amp;\x07"]
)
def test_hostile_text_and_names_are_text(name):
    """No markup comes of them, no property, and XML stays well-formed."""
    text = "<script>alert(1)</script> ]]> &lt; \u202eabc \x1b[31m \ud800 \ufffe"
    root = written([worded(text)], name=name)
    assert root.find(f".//{X}script") is None
    assert text_of(root)[0] == "<script>alert(1)</script>"
    assert root.find(f".//{X}div").get("title").count("; bbox ") == 1


def test_what_no_engine_has_placed_has_no_box():
    """It is in the text all the same: of evaluation mode, which is said; of a page that could not be read."""
    torn = worded("[page 2 could not be read]", number=2, boxes=False)
    torn = replace(torn, page=replace(torn.page, width=0, height=0, error=Message("torn")))
    root = written([worded("cut text", boxes=False), torn], evaluation=True)
    assert words_of(root) == []
    said = " ".join(text_of(root))
    assert said.startswith("[Aspose.OCR evaluation mode:")
    assert said.endswith("cut text [page 2 could not be read]")


def test_a_page_without_words_is_a_page():
    """With its size."""
    assert box_of(written([worded("")]).find(f".//{X}div")) == (0, 0, 1000, 1400)


def test_pages_of_a_part_are_counted_in_the_scan():
    """``ppageno`` is the physical page."""
    root = written([worded("one"), worded("two", number=2)], pages_from=(3, 7))
    titles = [page.get("title") for page in root.iter(f"{X}div")]
    assert [re.search(r"ppageno (\d+)", title)[1] for title in titles] == ["2", "6"]
