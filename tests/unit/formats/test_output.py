"""The files of a set."""

import io
import json
import sys
from pathlib import Path

import pytest

from ocrwatchd.core.config import loader
from ocrwatchd.core.config.format_plugins import installed
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import (
    Box,
    Correction,
    Document,
    Doubt,
    Edit,
    FinishedPage,
    Line,
    PageText,
    Term,
    Totals,
)
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import ordered, raw, receipt, txt, writer
from tests import plug_in


def page(number, raw_text, text=None, **figures):
    """A finished page."""
    lines = (Line(raw_text, 0, Box(1.04, 2, 3, 4), 0.98765),)
    edits = () if text is None else (Edit(0, "teh", "the", Reason.SIMILAR_WORD),)
    return FinishedPage(
        PageText(number, raw_text, 100, 50, 300.0, engine="rapidocr", lines=lines, **figures),
        Correction(text or raw_text, edits, corrected=bool(edits), model="m"),
    )


def document(**changes):
    """A document of two pages."""
    figures = {
        "job": "j", "source": "scan.tif", "sha256": "ab", "pages": 2, "unreadable": 0, "corrected": True, "reason": "",
        "evaluation": False, "versions": {"ocrwatchd": "1"}, "warnings": (), "seconds": 1.0, "scan": Path("scan.tif"),
        "work": Work(),
    }  # fmt: skip
    return Document(**figures | changes)


def written(write, pages, **changes):
    """What a writer makes of a document."""
    file = io.BytesIO()
    write(document(**changes), iter(pages), file)
    return file.getvalue().decode("utf-8")


PAGES = (page(1, "teh one", "the one"), page(2, "two"))


def test_txt_is_the_corrected_text_with_form_feeds_between_pages():
    """Pages end with a newline; a form feed begins the next one."""
    assert written(txt.write, PAGES) == "the one\n\ftwo\n"


def test_raw_is_the_same_with_the_raw_text():
    """NAME.raw.txt is what the engine read."""
    assert written(raw.write, PAGES) == "teh one\n\ftwo\n"


def test_a_text_in_evaluation_mode_says_so_first():
    """The mark is the first line of both text files."""
    for write in (txt.write, raw.write):
        assert written(write, PAGES, evaluation=True).split("\n")[0].startswith("[Aspose.OCR evaluation mode:")


@pytest.mark.parametrize(("text", "expected"), [("", "\n"), ("a\n\n", "a\n"), ("a\fb", "a\nb\n"), ("\ud800", "?\n")])
def test_txt_keeps_its_page_structure_whatever_the_text(text, expected):
    """Every page ends with one newline and holds no form feed; what UTF-8 cannot say is replaced."""
    assert written(txt.write, [page(1, text)]) == expected


def test_the_receipt_holds_everything():
    """The figures, and of each page both texts, the edits, the lines and how it was read."""
    unread = FinishedPage(PageText(2, "[page 2 could not be read]", 0, 0, 0.0, error=Message("torn")), Correction("x"))
    told = json.loads(written(receipt.write, [PAGES[0], unread], unreadable=1, warnings=("w",)))
    assert told["schema"] == receipt.SCHEMA
    assert (told["name"], told["sha256"], told["complete"], told["corrected"]) == ("scan.tif", "ab", False, True)
    assert told["warnings"] == ["w"]
    first, second = told["pages"]
    assert (first["raw"], first["text"]) == ("teh one", "the one")
    place = {"page": 1, "line": 1, "offset": 0, "before": "teh", "after": "the", "why": "similar-word"}
    assert first["edits"] == [{"number": 1, **place, "reverted": False}]
    assert first["lines"] == [{"offset": 0, "text": "teh one", "box": [1.0, 2, 3, 4], "confidence": 0.9877}]
    assert second["error"] == "torn"


def test_the_receipt_tells_what_was_weighed():
    """Of edits and of refused proposals: source, terms and their sum in tenths of a nat, where they are known."""
    terms = (Term("picture", -0.42), Term("words", 3.0), Term("words", 3.149))
    edits = (Edit(0, "teh", "the", Reason.SIMILAR_WORD, "picture", terms), Edit(4, "ome", "one", Reason.SIMILAR_WORD))
    refused = (Edit(0, "teh", "tea", Reason.SIMILAR_WORD, "model", (Term("picture", -20.0),)),)
    finished = FinishedPage(PageText(1, "teh ome", 1, 1, 0.0), Correction("the one", edits, refused))
    (told,) = json.loads(written(receipt.write, [finished]))["pages"]
    first, second = told["edits"]
    assert (first["source"], first["terms"], first["sum"]) == ("picture", {"picture": -0.4, "words": 6.1}, 5.7)
    assert not {"source", "terms", "sum"} & second.keys()
    assert (told["refused"][0]["source"], told["refused"][0]["sum"]) == ("model", -20.0)


def test_the_receipt_tells_which_words_may_be_wrong():
    """With their place in the raw text and the probability, and over all pages how many errors are expected."""
    finished = FinishedPage(PageText(1, "teh ome", 1, 1, 0.0), Correction("teh ome", doubts=(Doubt(4, 3, 0.61234),)))
    told = json.loads(written(receipt.write, [finished], totals=Totals(expected_errors=0.61234)))
    assert told["pages"][0]["doubts"] == [{"offset": 4, "length": 3, "wrong": 0.612}]
    assert told["totals"]["expected_errors"] == 0.6


def test_the_receipt_warns_of_totals_that_do_not_add_up():
    """As delivered: a total that was mended is none of them; the page's own warnings come first."""
    text = "Nails\t4.50\nBoards\t96.00\nTotal\t108.50"
    page = PageText(1, text, 1, 1, 0.0, warnings=("dark",))
    told = json.loads(written(receipt.write, [FinishedPage(page, Correction(text))]))["pages"][0]
    assert told["warnings"] == [
        "dark", "line 3: the total is 108.50, but the amounts above add up to 100.50; compare them with the scan"
    ]  # fmt: skip
    mended = Correction(text.replace("108", "100"), (Edit(text.index("108"), "108", "100", Reason.SIMILAR_WORD),))
    told = json.loads(written(receipt.write, [FinishedPage(page, mended)]))["pages"][0]
    assert told["warnings"] == ["dark"]


@pytest.mark.parametrize("pages", [(), PAGES[:1], PAGES])
def test_the_receipt_is_json_however_many_pages(pages):
    """A page a line, and valid for none, one and two."""
    told = written(receipt.write, pages)
    assert len(json.loads(told)["pages"]) == len(pages)
    assert sum(line.startswith('{"number"') for line in told.splitlines()) == len(pages)


def test_the_receipt_survives_any_text():
    """Quotes, control characters, separators and lone surrogates are data."""
    text = 'a"b\\\u2028\x07</script>\ud800'
    told = json.loads(written(receipt.write, [page(1, text)]))
    assert told["pages"][0]["raw"] == text.replace("\ud800", "?")


@pytest.mark.parametrize("write", [txt.write, raw.write, receipt.write])
def test_writers_hold_one_page_at_a_time(write):
    """A page is on its way out before the next one is asked for."""

    class Watched(io.BytesIO):
        pages_asked_for = 0

    file = Watched()
    sizes = []

    def pages():
        for number in range(1, 4):
            sizes.append(file.tell())
            yield page(number, f"text {number}")

    write(document(pages=3), pages(), file)
    assert sizes == sorted(set(sizes))


def test_the_receipt_is_always_written_and_last():
    """Whatever is asked for, each format once."""
    assert ordered(("json", "txt", "pdf", "txt")) == ("txt", "pdf", "json")
    assert ordered(("raw",)) == ("raw", "json")
    assert (writer("raw").suffix, writer("json").suffix) == (".raw.txt", ".json")


def test_our_own_formats_are_entry_points_like_any_other():
    """Each has the suffix that the supervisor leaves free for it."""
    assert {name: point.value for name, point in installed().items() if point.dist.name == "ocrwatchd"} == {
        "hocr": "ocrwatchd.formats.output.hocr",
        "json": "ocrwatchd.formats.output.receipt",
        "md": "ocrwatchd.formats.output.md",
        "pdf": "ocrwatchd.formats.output.pdf",
        "raw": "ocrwatchd.formats.output.raw",
        "review": "ocrwatchd.formats.output.review",
        "txt": "ocrwatchd.formats.output.txt",
    }
    assert {name: writer(name).suffix for name in installed()} == OUTPUT_SUFFIXES


@pytest.fixture
def brought(monkeypatch, tmp_path):
    """Installs another package with formats, for one test; the function takes its module's text."""
    monkeypatch.syspath_prepend(tmp_path)
    installed.cache_clear()

    def install(text, names=("docx",), package="others"):
        plug_in.install(tmp_path, text, names, package)
        installed.cache_clear()
        sys.modules.pop(package, None)

    yield install
    installed.cache_clear()
    for package in ("others", "aaa"):
        sys.modules.pop(package, None)


def test_other_packages_bring_formats(brought):
    """Named in ``output.formats`` by the entry point's name, delivered with their own suffix."""
    brought(plug_in.WORDS)
    assert loader.parse({"output": {"formats": ["txt", "docx"]}}).output.formats == ("txt", "docx")
    assert written(writer("docx").write, PAGES) == "the onetwo"
    assert writer("docx").suffix == ".words.docx"


def test_no_package_takes_the_place_of_our_own_formats(brought):
    """Whatever the order in which they are found."""
    brought(plug_in.WORDS, ("txt", "docx"), "aaa")
    assert writer("txt").write is txt.write
    assert writer("docx").suffix == ".words.docx"


def test_a_format_that_nobody_brings_is_refused_with_what_there_is():
    """In the configuration; and where a package has gone since."""
    with pytest.raises(loader.Mistakes, match=r"'docx': no installed package brings .* there are 'hocr', 'json'"):
        loader.parse({"output": {"formats": ["docx"]}})
    with pytest.raises(FormatUnusable, match="install it, or take it out"):
        writer("docx")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 / 0", r"which others brings, cannot be loaded \(ZeroDivisionError\); reinstall it"),
        ("SUFFIX = '.x'", "is no writer"),
        ("SUFFIX = '../../x'\ndef write(*a): pass", "is no writer"),
        ("SUFFIX = ''\ndef write(*a): pass", "is no writer"),
        ("def write(*a): pass", "is no writer"),
        (
            "SUFFIX = '.json'\ndef write(*a): pass",
            r"which others brings, calls its file NAME\.json, .* take the format",
        ),
        (
            "SUFFIX = '.Raw.TXT'\ndef write(*a): pass",
            r"calls its file NAME\.Raw\.TXT, as ocrwatchd calls one of its own",
        ),
    ],
)
def test_what_is_no_writer_is_told(brought, text, words):
    """With the package that brings it, and what is wanted."""
    brought(text)
    with pytest.raises(FormatUnusable, match=words):
        writer("docx")
