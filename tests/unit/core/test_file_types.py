"""The tables of types: a new type of scan or of output is one line and its code."""

import ast
import re

import pytest

from ocrwatchd.core import file_types, log
from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadableScan
from ocrwatchd.core.file_types import INPUT_TYPES, OUTPUT_SUFFIXES, InputType, input_type_named, input_type_of
from ocrwatchd.formats.input import image_structure, images, open_pages
from tests.paths import CHECKOUT
from tests.unit.formats.test_completeness import judge

PACKAGE = CHECKOUT / "ocrwatchd"
OWN_FILES = {".pdf", ".png"}
"""Suffixes that files of ours have too."""


def literals(path):
    """The strings in a module's code."""
    return {node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)}


@pytest.fixture
def xyz(monkeypatch):
    """A new type of scan: its line, and the two parts of its code."""
    line = InputType("XYZ", (".xyz",), (b"XYZ!",), "image_structure:xyz", "images:XyzPages")
    monkeypatch.setattr(file_types, "INPUT_TYPES", (*INPUT_TYPES, line))
    monkeypatch.setattr(image_structure, "xyz", lambda window: "" if window.size > 8 else "ends", raising=False)
    monkeypatch.setattr(images, "XyzPages", lambda descriptor, ocr: (descriptor, ocr), raising=False)


@pytest.mark.usefixtures("xyz")
def test_a_new_type_of_scan_is_one_line(tmp_path):
    """Arrival, reader, log and messages know the type by the table alone."""
    scan = tmp_path / "scan.xyz"
    scan.write_bytes(b"XYZ!" + bytes(9))
    whole, cut, begun = (judge(content, ".xyz") for content in (scan.read_bytes(), b"XYZ!!", b"XY"))
    assert (whole.finding.value, whole.type, whole.one_page) == ("whole", "XYZ", True)
    assert cut.finding is begun.finding
    assert "the XYZ file ends" in str(cut.reason)
    ocr = Ocr()
    descriptor, given = open_pages(scan, ocr)
    assert (descriptor > 2, given) == (True, ocr)
    assert log._digest("Anna.xyz").endswith(".xyz")
    assert "WebP or XYZ instead" in str(judge(b"a text of some length, which is no picture", ".docx").reason)
    scan.write_bytes(b"a text")
    with pytest.raises(UnreadableScan, match="GIF, WebP or XYZ"):
        open_pages(scan, ocr)


def test_types_are_told_by_their_first_bytes():
    """Of a HEIF file all brands count; a PDF may have bytes before it that begin no other type."""
    heads = {
        b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf": "AVIF",
        b"\0\0\0\x14ftypmif1\0\0\0\0avix": "HEIC",
        b"\0\0\0\x14ftypmp42\0\0\0\0isomheic": "",
        b"\0\0\0\x18ftypmp42\0\0\0\0isomheic": "HEIC",
        b"junk" * 200 + b"%PDF-1.7": "PDF",
        b"junk" * 300 + b"%PDF-1.7": "",
        b"RIFF\1\2\3\4WEBPVP8 ": "WebP",
        b"RIFF\1\2\3\4WAVEfmt ": "",
        b"BM" + bytes(12) + b"\x28\0\0\0": "BMP",
        b"BM" + bytes(12) + b"\x29\0\0\0": "",
        b"GIF89a a comment %PDF-1.7": "GIF",
        b"RIFF\1\2\3\4WEBPVP8 %PDF-1.7": "WebP",
        b"BM" + bytes(12) + b"\x28\0\0\0%PDF-1.7": "BMP",
        b"\0\0\0\x14ftypmif1\0\0\0\0avix%PDF-1.7": "HEIC",
    }
    found = {head: input_type_of(head[: file_types.HEAD_BYTES]) for head in heads}
    assert {head: each.name if each else "" for head, each in found.items()} == heads


def test_suffixes_stand_in_the_table_alone():
    """No other module names the suffixes of scans, nor those of the files of a set but in its own format's module."""
    scans = {suffix for each in INPUT_TYPES for suffix in each.suffixes} - OWN_FILES
    outputs = {suffix for suffix in OUTPUT_SUFFIXES.values() if suffix.count(".") > 1} | {".hocr"}
    modules = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "training" not in path.parents]
    found = {path.name for path in modules if literals(path) & (scans | outputs)}
    assert found == {"file_types.py"}
    assert all(input_type_named(suffix.upper()) for suffix in scans)


@pytest.mark.parametrize("page", ["README.md", "ocrwatchd/docs/formats.md"])
def test_the_documentation_names_all_types(page):
    """In the sentence that says what is read."""
    (told,) = re.findall(r"ocrwatchd reads ([\w, ]+?)\.", (CHECKOUT / page).read_text("utf-8"))
    assert re.split(", | and ", told) == [each.name for each in INPUT_TYPES]
