"""Edits taken back in every file of a set that holds the text."""

import errno
import hashlib
import json
import os
import re
import shutil
import sys
from dataclasses import replace

import pikepdf
import pytest

from ocrwatchd.cli.edits import other_formats, revise
from ocrwatchd.cli.edits.set_folder import held
from ocrwatchd.core.config.format_plugins import installed
from ocrwatchd.core.model import Edit, TaskEnd
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import ordered, writer
from tests import plug_in
from tests.fakes.worded import document, worded
from tests.integration.test_searchable import boxes_of, drawn, make_pdf, saved, seen, text_of
from tests.receipts import sums

NOT_AGAIN = "it still has the edits of the delivery; change it by hand, or delete it"
FORMATS = ordered(("txt", "md", "hocr", "pdf"))
PAGES = [
    worded("teh first page", (Edit(0, "teh", "the", Reason.SIMILAR_WORD),)),
    worded("tho second 😀", (Edit(0, "tho", "the", Reason.SIMILAR_WORD),), number=2),
]


@pytest.fixture
def delivered(tmp_path):
    """A set in all formats, of a PDF; the scan itself is away."""
    return lay(tmp_path, make_pdf(tmp_path / "scan.pdf"))


def lay(folder, scan, **changes):
    """Write a set; its receipt."""
    told = document(scan, 2, formats=FORMATS, **changes)
    for name in FORMATS:
        found = writer(name)
        with (folder / f"s{found.suffix}").open("w+b") as file:
            found.write(replace(told, files=sums(folder, "s")), iter(PAGES), file)
    scan.unlink()
    return folder / "s.json"


def holding(folder):
    """Which of the words stands in each text-bearing file's first page."""
    texts = {name: (folder / f"s.{name}").read_text("utf-8") for name in ("txt", "md", "hocr")}
    found = {name: set(re.findall(r"\b(teh|the|tho)\b", text)) for name, text in texts.items()}
    return found | {"pdf": set(re.findall(r"\b(teh|the|tho)\b", "\f".join(text_of(folder / "s.pdf"))))}


def test_an_edit_taken_back_is_raw_again_in_every_file(delivered, tmp_path, capsys):
    """Text, Markdown, hOCR, and the words on the PDF's pages, which look as before; then all as it was."""
    looks = [page.tobytes() for page in seen(tmp_path / "s.pdf")]
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    places = boxes_of(tmp_path / "s.pdf")
    revise.revise(delivered, [2], delivered.parent, reverted=True, force=False)
    assert capsys.readouterr().out.splitlines() == [
        "1 edit reverted", *(str(tmp_path / f"s.{name}") for name in ("txt", "md", "hocr", "pdf"))
    ]  # fmt: skip
    assert set(map(frozenset, holding(tmp_path).values())) == {frozenset({"the", "tho"})}
    assert boxes_of(tmp_path / "s.pdf") == {**places, "tho": boxes_of(tmp_path / "s.pdf")["tho"]}
    assert [page.tobytes() for page in seen(tmp_path / "s.pdf")] == looks
    revise.revise(delivered, [2], delivered.parent, reverted=False, force=False)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert text_of(tmp_path / "s.pdf") == ["the first page\n", "the second 😀\n"]
    written = {name: data for name, data in after.items() if name != "s.pdf"}
    assert json.loads(after["s.json"])["files"] == sums(tmp_path, "s")
    for content in (before, after):  # a PDF that is written again is not the same to the byte
        written["s.json"] = written["s.json"].replace(hashlib.sha256(content["s.pdf"]).hexdigest().encode(), b"pdf")
        before["s.json"] = before["s.json"].replace(hashlib.sha256(content["s.pdf"]).hexdigest().encode(), b"pdf")
    assert written == {name: data for name, data in before.items() if name != "s.pdf"}
    capsys.readouterr()
    revise.revise(delivered, [2], delivered.parent, reverted=False, force=False)
    assert capsys.readouterr().out.splitlines()[1:] == ["nothing was written"]


def test_results_of_tasks_stay_and_are_named(tmp_path, capsys):
    """They were made from the text as it was, and asking a model again is nobody's wish here."""
    ends = tuple(TaskEnd(name, f".{name}.txt", "done") for name in ("summary", "gone"))
    receipt = lay(tmp_path, make_pdf(tmp_path / "scan.pdf"), tasks=ends)
    (tmp_path / "s.summary.txt").write_text("a summary")
    revise.revise(receipt, [1], receipt.parent, reverted=True, force=False)
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == (
        f"{tmp_path}/s.summary.txt was not changed: it was made from the delivered text; check it, "
        "and change it by hand"
    )
    assert not any("gone" in line for line in said)
    assert (tmp_path / "s.summary.txt").read_text() == "a summary"


def test_what_cannot_be_written_anew_is_said(delivered, tmp_path, capsys):
    """Changed by hand, gone, no longer ours, of a format that needs the scan: each with its reason."""
    (tmp_path / "s.md").write_text("mine")
    (tmp_path / "s.hocr").unlink()
    (tmp_path / "s.review.html").write_text("the")
    pikepdf.new().save(tmp_path / "s.pdf")
    with pikepdf.open(tmp_path / "s.pdf", allow_overwriting_input=True) as opened:
        opened.add_blank_page()
        opened.save()
    delivered.write_text(delivered.read_text().replace('"hocr"', '"hocr", "review"'))
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    said = capsys.readouterr().out
    for words in (
        "s.md was not changed: it was changed by hand (--force overwrites it)",
        "s.hocr was not changed: it is no longer there",
        f"s.review.html was not changed: {NOT_AGAIN}",
        "s.pdf was not changed: page 1 has no text layer of ours; was it changed by hand?",
    ):
        assert words in said
    assert (tmp_path / "s.md").read_text() == "mine"
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=True)
    assert "teh first page" in (tmp_path / "s.md").read_text()


@pytest.fixture
def with_docx(delivered, monkeypatch):
    """The set with a file of another package's format, which is installed."""
    (delivered.parent / "path").mkdir()
    plug_in.install(delivered.parent / "path")
    monkeypatch.syspath_prepend(delivered.parent / "path")
    installed.cache_clear()
    delivered.write_text(delivered.read_text().replace('"formats": ["txt"', '"formats": ["txt", "docx"'))
    (delivered.parent / "s.words.docx").write_text("the first page")
    yield delivered
    installed.cache_clear()
    sys.modules.pop("others", None)


def test_a_file_of_another_packages_format_is_named_and_left(with_docx, capsys):
    """By its own name; all other files of the set are written."""
    revise.revise(with_docx, [1], with_docx.parent, reverted=True, force=True)
    said = capsys.readouterr().out.splitlines()
    assert said[1:-1] == [str(with_docx.with_suffix(f".{name}")) for name in ("txt", "md", "hocr", "pdf")]
    assert said[-1] == (f"{with_docx.parent}/s.words.docx was not changed: {NOT_AGAIN}")
    assert (with_docx.parent / "s.words.docx").read_text() == "the first page"
    assert "teh" in set.intersection(*holding(with_docx.parent).values())
    (with_docx.parent / "s.words.docx").unlink()
    revise.revise(with_docx, [1], with_docx.parent, reverted=False, force=False)
    assert "s.words.docx was not changed: it is no longer there" in capsys.readouterr().out


def test_a_format_whose_package_has_gone_is_named_and_left(with_docx, capsys):
    """With what to do about it: without the package nobody knows the file's name."""
    (with_docx.parent / "path" / "others.py").unlink()
    revise.revise(with_docx, [1], with_docx.parent, reverted=True, force=False)
    said = capsys.readouterr().out
    assert 'the file of the format "docx" was not changed: no installed package brings that format now' in said
    assert "teh" in set.intersection(*holding(with_docx.parent).values())


def test_a_hostile_receipts_formats_do_not_act_on_the_terminal(delivered, capsys):
    """Nor do they lead out of the folder."""
    delivered.write_text(delivered.read_text().replace('"formats": ["txt"', r'"formats": ["txt", "../\u001b[2J"'))
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert 'the file of the format "../\N{REPLACEMENT CHARACTER}[2J" was not changed' in said


def test_a_file_that_may_not_be_read_is_left(delivered, tmp_path, capsys, monkeypatch):
    """The others are written; what may be done is said."""

    def refused(path, folder):
        if path.name == "s.md":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return held(path, folder)

    monkeypatch.setattr(other_formats, "held", refused)
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert "s.md was not changed: it may not be read; correct its owner or mode" in capsys.readouterr().out
    assert "teh" in holding(tmp_path)["hocr"]
    assert "teh" not in holding(tmp_path)["md"]


def test_a_disk_that_fails_is_found_before_the_first_file_is_written(delivered, tmp_path, monkeypatch):
    """All are read first."""

    def broken(path, folder):
        if path.name == "s.hocr":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return held(path, folder)

    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(other_formats, "held", broken)
    with pytest.raises(OSError, match=r"Input/output error.*s\.hocr"):
        revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_is_no_file_is_left(delivered, tmp_path, capsys):
    """No link is followed, no FIFO waited for."""
    for name in ("s.md", "s.pdf"):
        (tmp_path / name).unlink()
    os.mkfifo(tmp_path / "s.pdf")
    (tmp_path / "s.md").symlink_to("s.hocr")
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=True)
    said = capsys.readouterr().out
    for name in ("s.md", "s.pdf"):
        assert f"{name} was not changed: it is a link, or no regular file: move it away" in said
    assert (tmp_path / "s.md").is_symlink()


def test_what_people_have_put_on_the_pdf_stays(delivered, tmp_path):
    """A note on a page is not lost with the words under it."""
    with pikepdf.open(tmp_path / "s.pdf", allow_overwriting_input=True) as opened:
        note = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Contents=b"paid", Rect=[0, 0, 9, 9]
        )
        opened.pages[0].obj.Annots = pikepdf.Array([note])
        opened.save()
    revise.revise(delivered, None, delivered.parent, reverted=True, force=False)
    with pikepdf.open(tmp_path / "s.pdf") as opened:
        assert bytes(opened.pages[0].obj.Annots[0].Contents) == b"paid"
    assert text_of(tmp_path / "s.pdf")[0].split() == ["teh", "first", "page"]


def test_a_set_of_pictures_is_written_anew_without_them(tmp_path):
    """The scan lies in the archive, and is not needed."""
    scan = saved(tmp_path / "s.tif", drawn(), save_all=True, append_images=[drawn()])
    shutil.copy(scan, tmp_path / "copy.tif")
    delivered = lay(tmp_path, scan, evaluation=True)
    revise.revise(delivered, None, delivered.parent, reverted=True, force=False)
    first = text_of(tmp_path / "s.pdf")[0].split()
    assert first[0] == "[Aspose.OCR"
    assert first[-3:] == ["teh", "first", "page"]


def test_where_there_is_nothing_to_revert_no_file_is_written(delivered, tmp_path, capsys):
    """A PDF would else be written anew each time."""
    revise.revise(delivered, None, delivered.parent, reverted=True, force=False)
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    capsys.readouterr()
    revise.revise(delivered, None, delivered.parent, reverted=True, force=False)
    assert capsys.readouterr().out == "nothing to revert\nnothing was written\n"
    assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == before
