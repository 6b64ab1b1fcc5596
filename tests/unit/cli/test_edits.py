"""The verb ``edits``: a delivered document's edits shown, taken back, put in again."""

import errno
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from ocrwatchd.cli.edits import revise
from ocrwatchd.cli.edits.journal import Journal
from ocrwatchd.cli.edits.receipt_edits import Delivered, TextChanged
from ocrwatchd.cli.edits.show import listing, sides
from ocrwatchd.cli.main import main
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.errors import ConfigError, FolderUnusable, UnreadableScan
from ocrwatchd.core.model import Box, Correction, Document, Edit, FinishedPage, Line, PageText, Totals, Word
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import receipt, txt
from ocrwatchd.formats.output.edit_positions import Places
from ocrwatchd.gate.admit import apply
from tests.receipts import sums

RAW = ("teh first line\nof tho page\n\nand its lzst", "another pagc")
EDITS = (
    (
        Edit(0, "teh", "the", Reason.SIMILAR_WORD),
        Edit(18, "tho", "the", Reason.SIMILAR_WORD),
        Edit(36, "lzst", "last", Reason.MISREAD_WORD),
    ),
    (Edit(8, "pagc", "page", Reason.SIMILAR_WORD),),
)
REFUSED = (Edit(4, "first", "second", Reason.TOO_DIFFERENT),)
TEXT = b"the first line\nof the page\n\nand its last\n\fanother page\n"


def finished(number, raw, admitted, refused=()):
    """A page of the document, its words boxed."""
    words = (Word("teh", 0, Box(10, 20, 30, 40), 0.5), Word("first", 4, Box(35, 18, 60, 41), 0.9))
    lines = (Line("teh first line", 0, None, None, words),) if number == 1 else ()
    page = PageText(number, raw, 100, 50, 300.0, engine="rapidocr", lines=lines)
    return FinishedPage(page, Correction(apply(raw, admitted), admitted, refused, corrected=True, model="m"))


@pytest.fixture
def delivered(tmp_path):
    """The path of a delivered document's NAME.json; NAME.txt lies beside it."""
    pages = [finished(1, RAW[0], EDITS[0], REFUSED), finished(2, RAW[1], EDITS[1])]
    totals = Totals(9, {Reason.SIMILAR_WORD: 3, Reason.MISREAD_WORD: 1}, {Reason.TOO_DIFFERENT: 1}, {"decided": 2})
    document = Document("j", "s.tif", "ab", 2, 0, True, "", False, {}, totals=totals, scan=Path("s.tif"), work=Work())
    for name, write in (("s.txt", txt.write), ("s.json", receipt.write)):
        with (tmp_path / name).open("wb") as file:
            write(replace(document, files=sums(tmp_path, "s")), iter(pages), file)
    assert (tmp_path / "s.txt").read_bytes() == TEXT
    return tmp_path / "s.json"


def text_of(path):
    """What NAME.txt holds."""
    return path.with_suffix(".txt").read_bytes()


def told(path):
    """What NAME.json holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def lay(path, table):
    """Write NAME.json by hand."""
    path.write_text(json.dumps(table), encoding="utf-8")


def test_edits_are_told_with_number_place_and_box(delivered):
    """Numbers run through the document, lines count from 1, the box is that of the words touched."""
    first, second = told(delivered)["pages"]
    assert [edit["number"] for page in (first, second) for edit in page["edits"]] == [1, 2, 3, 4]
    assert [(edit["page"], edit["line"]) for edit in (*first["edits"], *second["edits"])] == [
        (1, 1), (1, 2), (1, 4), (2, 1)
    ]  # fmt: skip
    assert first["edits"][0]["box"] == [10, 20, 30, 40]
    assert "box" not in first["edits"][1]
    assert "number" not in first["refused"][0]
    assert told(delivered)["totals"] == {
        "words": 9, "edits": 4, "reverted": 0, "refused": 1,
        "edits_by_reason": {"similar-word": 3, "misread-word": 1},
        "refused_by_reason": {"too-different": 1}, "parts": {"decided": 2}, "confidence": None,
        "expected_errors": 0.0,
    }  # fmt: skip


def test_a_box_is_the_bounds_of_all_words_touched():
    """An edit over two words has the bounds of both; one between two words has none."""
    places = Places(finished(1, RAW[0], ()).page)
    assert places.box(0, len("teh first")) == Box(10, 18, 60, 41)
    assert places.box(2, 1) == Box(10, 20, 30, 40)
    assert places.box(3, 0) is None
    assert places.box(10, 4) is None


@example([(0, 9), (3, 1)], 5, 1)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=12), st.integers(0, 70), st.integers(0, 12))
def test_boxes_are_found_whatever_the_order_of_words(words, offset, length):
    """The search gives what looking at every word would."""
    boxed = tuple(Word("x" * size, at, Box(at, 0, at + size, 1)) for at, size in words)
    page = PageText(1, "x" * 80, 1, 1, 0.0, lines=(Line("", 0, words=boxed),))
    touched = [word.box for word in boxed if word.offset < offset + length and word.offset + len(word.text) > offset]
    expected = Box(min(box.left for box in touched), 0, max(box.right for box in touched), 1) if touched else None
    assert Places(page).box(offset, length) == expected


def test_an_edit_taken_back_is_raw_again_and_noted(delivered):
    """NAME.txt is written without it, NAME.json marks it, everything else stays."""
    before = told(delivered)
    revise.revise(delivered, [2, 4], delivered.parent, reverted=True, force=False)
    assert text_of(delivered) == TEXT.replace(b"of the", b"of tho").replace(b"another page", b"another pagc")
    after = told(delivered)
    assert [edit["reverted"] for page in after["pages"] for edit in page["edits"]] == [False, True, False, True]
    assert after["pages"][1]["text"] == RAW[1]
    assert after["totals"]["reverted"] == 2
    for page, was in zip(after["pages"], before["pages"], strict=True):
        assert {**page, "text": "", "edits": []} == {**was, "text": "", "edits": []}


def test_taken_back_and_put_in_again_is_byte_for_byte_as_before(delivered):
    """Reverting loses nothing."""
    before = delivered.read_bytes()
    revise.revise(delivered, None, delivered.parent, reverted=True, force=False)
    assert text_of(delivered) == f"{RAW[0]}\n\f{RAW[1]}\n".encode()
    revise.revise(delivered, [4, 3, 2, 1], delivered.parent, reverted=False, force=False)
    assert (text_of(delivered), delivered.read_bytes()) == (TEXT, before)


def test_reverting_twice_changes_nothing(delivered, capsys):
    """What is so already is said, and no file is touched."""
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    stat = delivered.stat()
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert "nothing to revert\nnothing was written\n" in capsys.readouterr().out
    assert delivered.stat().st_ino == stat.st_ino


@pytest.mark.parametrize("numbers", [[0], [5], [1, 99]])
def test_a_number_that_is_none_of_the_edits_changes_nothing(delivered, numbers):
    """The message tells which numbers there are."""
    before = delivered.read_bytes()
    with pytest.raises(
        ConfigError, match=r"there is no edit (0|5|99); its edits are numbered 1 to 4; nothing was written"
    ):
        revise.revise(delivered, numbers, delivered.parent, reverted=True, force=False)
    assert (text_of(delivered), delivered.read_bytes()) == (TEXT, before)


def test_a_text_changed_by_hand_is_not_overwritten(delivered):
    """Unless that is asked for; then it is what the receipt says."""
    before = delivered.read_bytes()
    delivered.with_suffix(".txt").write_bytes(b"my own words\n")
    with pytest.raises(TextChanged, match=r"s\.txt was changed by hand; nothing was written \(--force"):
        revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert (text_of(delivered), delivered.read_bytes()) == (b"my own words\n", before)
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=True)
    assert text_of(delivered) == TEXT.replace(b"the first", b"teh first")


def test_a_missing_text_is_said(delivered):
    """It may have been taken elsewhere: it is not put back unasked."""
    delivered.with_suffix(".txt").unlink()
    with pytest.raises(TextChanged, match=r"s\.txt is missing; nothing was written"):
        revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert not delivered.with_suffix(".txt").exists()
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=True)
    assert text_of(delivered).startswith(b"teh first")


def odd(path, kind):
    """Something else than a file of ours lies under its name."""
    path.rename(path.with_name("mine"))
    if kind == "link":
        path.symlink_to("mine")
    else:
        os.mkfifo(path)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_text_that_is_no_file_is_neither_read_nor_replaced(delivered, kind, force):
    """A FIFO would have us wait for ever, a link leads out of the outbox."""
    before = delivered.read_bytes()
    odd(delivered.with_suffix(".txt"), kind)
    with pytest.raises(OSError, match=r"a link, or no regular file: move it away.*s\.txt"):
        revise.revise(delivered, [1], delivered.parent, reverted=True, force=force)
    assert (delivered.with_name("mine").read_bytes(), delivered.read_bytes()) == (TEXT, before)


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_receipt_that_is_no_file_is_refused(delivered, kind):
    """Whatever it leads to."""
    odd(delivered, kind)
    with pytest.raises(UnreadableScan, match="cannot be read: a link, or no regular file"):
        Delivered.opened(delivered)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("lying", [None, b"somebody's own"])
def test_a_text_that_was_never_ordered_is_not_written(delivered, capsys, force, lying):
    """Without txt in ``output.formats`` there is NAME.json alone: it is written, and that is said."""
    lay(delivered, told(delivered) | {"formats": ["raw", "json"]})
    text = delivered.with_suffix(".txt")
    text.unlink()
    if lying:
        text.write_bytes(lying)
    for reverted in (True, False):
        revise.revise(delivered, [1], delivered.parent, reverted=reverted, force=force)
        shown = capsys.readouterr().out
        assert shown.splitlines()[1:] == [f"{delivered} (only this file: output.formats does not include s.txt)"]
        assert told(delivered)["pages"][0]["text"].startswith("teh" if reverted else "the")
    assert (text.read_bytes() if text.exists() else None) == lying
    revise.revise(delivered, [1], delivered.parent, reverted=False, force=force)
    assert "nothing to apply\nnothing was written\n" in capsys.readouterr().out


def test_a_receipt_that_tells_no_formats_has_a_text(delivered):
    """A receipt that was changed by hand may lack the list."""
    table = told(delivered)
    del table["formats"]
    lay(delivered, table)
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert text_of(delivered).startswith(b"teh first")


def lying(folder):
    """Every file of a folder with its content."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_full_disk_leaves_all_files_as_they_were(delivered, monkeypatch):
    """Each is complete beside its place before the first takes its name, so that the text waits for the receipt."""
    before = lying(delivered.parent)

    write = Journal._write

    def full(journal, path, *arguments):
        if path.name.endswith(".json.tmp"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write(journal, path, *arguments)

    monkeypatch.setattr(Journal, "_write", full)
    with pytest.raises(FolderUnusable, match=r"\.json\.tmp cannot be written: No space left.*; fix that, and repeat"):
        revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert lying(delivered.parent) == before


@pytest.mark.parametrize("missing", [False, True])
def test_a_receipt_that_may_not_be_replaced_has_the_text_put_back(delivered, monkeypatch, missing):
    """As where it was made immutable: the text is as before, or missing as before, and no temporary file is left."""
    if missing:
        delivered.with_suffix(".txt").unlink()
    before = lying(delivered.parent)
    rename = os.replace

    def refuse(source, target, **folders):
        if target == delivered.name:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), source, None, target)
        rename(source, target, **folders)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(FolderUnusable, match=r"s\.json cannot be written"):
        revise.revise(delivered, [1], delivered.parent, reverted=True, force=missing)
    assert lying(delivered.parent) == before


@pytest.mark.parametrize("name", ["a.b", "scan.txt", "v1.0.raw", "end.", ".png", ".", "a b.json"])
def test_dots_in_a_name_are_of_the_name(delivered, name):
    """Only the last ``.json`` is the receipt's."""
    for suffix in (".json", ".txt"):
        delivered.with_suffix(suffix).rename(delivered.with_name(f"{name}{suffix}"))
    revise.revise(delivered.with_name(f"{name}.json"), [1], delivered.parent, reverted=True, force=False)
    assert lying(delivered.parent)[f"{name}.txt"].startswith(b"teh first")
    assert set(lying(delivered.parent)) == {f"{name}.json", f"{name}.txt"}


def test_permissions_are_kept(delivered):
    """Who could read the document still can, and nobody else."""
    delivered.chmod(0o604)
    delivered.with_suffix(".txt").chmod(0o640)
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    modes = [path.stat().st_mode & 0o777 for path in (delivered, delivered.with_suffix(".txt"))]
    assert modes == [0o604, 0o640]


def test_keys_of_later_versions_are_kept(delivered):
    """A revision carries along what it does not know, at its place."""
    table = {"schema": receipt.SCHEMA, "news": [1], **told(delivered)}
    table["pages"][0]["more"] = "x"
    lay(delivered, table)
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert list(told(delivered)) == list(table)
    assert told(delivered)["pages"][0]["more"] == "x"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda table: table | {"schema": 1}, r"another version of ocrwatchd \(schema 1; this one reads 3\)"),
        (lambda table: {}, "is not a document's receipt"),
        (lambda table: [], "is not a document's receipt"),
        (lambda table: table | {"pages": [{}]}, r"is damaged at pages\.0\.number"),
        (lambda table: table | {"pages": "x"}, "is damaged at pages"),
        (lambda table: table | {"formats": "txt"}, "is damaged at formats"),
        (lambda table: table["pages"][1]["edits"][0].update(why="") or table, r"damaged at pages\.1\.edits\.0\.why"),
        (lambda table: table["pages"][0].update(text="x") or table, "text and edits of page 1 disagree"),
        (lambda table: table["pages"][1]["edits"][0].update(offset=3) or table, "text and edits of page 2 disagree"),
        (lambda table: table["pages"][1]["edits"][0].update(number=1) or table, "two edits have one number"),
    ],
)
def test_what_is_no_receipt_is_refused(delivered, spoil, words):
    """Another version's, a damaged one, one that disagrees with itself: a message, and nothing is written."""
    lay(delivered, spoil(told(delivered)))
    with pytest.raises(UnreadableScan, match=words):
        revise.revise(delivered, [1], delivered.parent, reverted=True, force=True)
    assert text_of(delivered) == TEXT


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(delivered, content):
    """Whatever lies there gets a message."""
    delivered.write_bytes(content)
    with pytest.raises(UnreadableScan, match="is not valid JSON"):
        Delivered.opened(delivered)


def test_the_text_itself_is_not_what_is_named(delivered):
    """A wrong name gets told the right one."""
    with pytest.raises(UnreadableScan, match=r"name the document.s \.json file"):
        Delivered.opened(delivered.with_suffix(".txt"))
    with pytest.raises(UnreadableScan, match="No such file"):
        Delivered.opened(delivered.with_name("other.json"))


@pytest.mark.parametrize("name", ["s", "s.txt", "s.raw.txt", "s.review.html", "s.words.docx", "s.TXT"])
def test_another_file_of_the_set_is_told_the_receipt(delivered, name):
    """By its path, where it lies there."""
    with pytest.raises(UnreadableScan, match=re.escape(f"{name}: name the document's .json file, {delivered}")):
        Delivered.opened(delivered.with_name(name))


def test_the_nearest_receipt_is_told(delivered):
    """A task's file is none, and of two names with dots the longer one is meant."""
    other = delivered.with_name("s.b.json")
    other.write_bytes(delivered.read_bytes())
    result = delivered.with_name("s.b.summary.json")
    result.write_text("{}")
    with pytest.raises(
        UnreadableScan, match=re.escape(f"is not a document's receipt; name the document's .json file, {other}")
    ):
        Delivered.opened(result)


@pytest.mark.parametrize("name", ["other.json", "other.txt", "", ".json", ".."])
def test_where_receipts_lie_is_told(delivered, name):
    """Where none lies that could be meant: a wrong name, a folder."""
    with pytest.raises(UnreadableScan, match=r"name the document's \.json file, NAME\.json, which lies in the outbox"):
        Delivered.opened(delivered.parent / name)


def test_edits_stand_side_by_side_in_colour(delivered):
    """The line as recognised with the misread word in red, and as delivered with its repair in green."""
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system="standard")
    for each in listing(Delivered.opened(delivered), refused=True):
        console.print(each)
    shown = console.file.getvalue()
    assert "\x1b[1;31mtho\x1b[0m" in shown
    assert "\x1b[1;32mthe\x1b[0m" in shown
    assert str(Reason.TOO_DIFFERENT.wording) in shown
    assert "4 edits, 0 of them reverted; 1 proposals refused" in shown


def test_what_was_weighed_and_what_to_check_is_shown(delivered):
    """The reason in words under the edit; the words that are probably wrong, as they are delivered now."""
    table = told(delivered)
    page = table["pages"][0]
    page["edits"][0] |= {"source": "picture", "terms": {"picture": -0.4, "words": 6.1}, "sum": 5.7}
    page["doubts"] = [{"offset": 0, "length": 3, "wrong": 0.2}, {"offset": 4, "length": 5, "wrong": 0.9}]
    lay(delivered, table)
    shown = plain(delivered)
    said = "proposed by the picture; the picture allows it: \u22120.4; a frequent word: +6.1; sum: +5.7 nats"
    assert said in " ".join(shown.split())
    assert "Check 2 words: expected errors 1.1 \u2192 0" in shown
    rows = [line.replace("\u2502", " ").split() for line in shown.splitlines()]
    assert ["1:1", "first", "90%"] in rows
    assert ["1:1", "the", "20%"] in rows
    revise.revise(delivered, [1], delivered.parent, reverted=True, force=False)
    assert told(delivered)["pages"][0]["doubts"] == page["doubts"]
    assert ["1:1", "teh", "20%"] in [line.replace("\u2502", " ").split() for line in plain(delivered).splitlines()]


def plain(path):
    """What ``edits`` prints, in a wide terminal without colour."""
    console = Console(width=400, file=io.StringIO())
    for each in listing(Delivered.opened(path), refused=True):
        console.print(each)
    return console.file.getvalue()


def test_what_is_shown_does_not_act_on_the_terminal():
    """Escape sequences in a hostile page or answer are blanks; long lines are cut around the edit."""
    raw = "x" * 90 + " a\x1b[31mb " + "y" * 90
    before, after = sides(raw, {"offset": 91, "before": "a\x1b[31mb", "after": "\x1b]0;own\x07\u202e"})
    for side in (before, after):
        assert "\x1b" not in side.plain
        assert "\u202e" not in side.plain
        assert len(side.plain) < 90


def run(*arguments):
    """The command line, in this process."""
    return main(["edits", *map(str, arguments)])


def test_the_command_line_shows_reverts_and_applies(delivered, capsys):
    """With the documented exit codes."""
    assert run(delivered, "--json", "--refused") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (len(shown["edits"]), len(shown["refused"]), shown["totals"]["edits"]) == (4, 1, 4)
    assert run(delivered) == 0
    assert str(Reason.TOO_DIFFERENT.wording) not in capsys.readouterr().out
    assert run(delivered, "--revert", 1, 2) == 0
    assert capsys.readouterr().out == f"2 edits reverted\n{delivered.with_suffix('.txt')}\n"
    assert run(delivered, "--revert-all") == 0
    assert run(delivered, "--apply", 1) == 0
    assert text_of(delivered).startswith(b"the first line\nof tho")
    assert run(delivered, "--revert", 7) == 2
    delivered.with_suffix(".txt").write_text("by hand")
    assert run(delivered, "--apply", 2) == 1
    assert run(delivered, "--apply", 2, "--force") == 0
    delivered.write_text("{}")
    assert run(delivered) == 5
    assert "not a document's receipt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--force"], "--force requires --revert, --revert-all or --apply"),
        (["--revert", 1, "--json"], "--json and --refused cannot be combined with --revert"),
        (["--revert-all", "--refused"], "--json and --refused cannot be combined with --revert"),
        (["--apply", 1, "--json"], "--json and --refused cannot be combined with --revert"),
    ],
)
def test_arguments_that_do_not_go_together_change_nothing(delivered, capsys, arguments, words):
    """None of them is passed over in silence."""
    before = lying(delivered.parent)
    assert run(delivered, *arguments) == 2
    assert words in capsys.readouterr().err
    assert lying(delivered.parent) == before


@pytest.mark.parametrize("numbers", [["x"], ["1,2"], ["1", "s.json"]])
def test_what_is_no_number_is_told_how_numbers_are_given(delivered, capsys, numbers):
    """With the order of file and numbers: what follows --revert is taken as numbers."""
    with pytest.raises(SystemExit, match="2"):
        run(delivered, "--revert", *numbers)
    assert f"{numbers[-1]} is not the number of an edit; give the file first" in capsys.readouterr().err


def damaged(table):
    """A receipt with one value, anywhere, exchanged for each of what JSON can hold instead; or taken out."""
    values = (None, 10**40, "\ud800\x1b[31m", [[]], {"a": "\udcff"})

    def places(value, place):
        yield place
        inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
        for key, each in inner:
            yield from places(each, (*place, key))

    for place in list(places(table, ()))[1:]:
        for value in (*values, ...):
            copy = json.loads(json.dumps(table))
            *above, last = place
            inner = copy
            for key in above:
                inner = inner[key]
            if value is ...:
                del inner[last]
            else:
                inner[last] = value
            yield copy


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--refused"], ["--json"], ["--revert-all", "--force"]])
def test_damaged_receipt_is_named_and_ends_no_verb_with_a_traceback(delivered, capfd, arguments):
    """Whoever may write in the outbox may write a receipt: whatever it says, people read a sentence."""
    before = told(delivered) | {"formats": ["txt", "md", "hocr"]}
    beside = [delivered.with_suffix(suffix) for suffix in (".txt", ".md", ".hocr")]
    for number, table in enumerate(damaged(before)):
        lay(delivered, table)
        for path in beside:
            path.write_bytes(b"")
        assert main(["edits", str(delivered), *arguments]) in {0, 1, 2, 4, 5}, number
    said = capfd.readouterr()
    assert "Traceback" not in said.err
    assert "\x1b" not in said.out + said.err


def test_names_are_printed_without_what_acts_on_a_terminal(delivered, capfdbinary):
    """In what was done, and in errors: neither escapes nor bytes that are no text."""
    odd = delivered.with_name("s\udcff\x1b]0;owned\x07.json")
    delivered.rename(odd)
    delivered.with_suffix(".txt").rename(odd.with_suffix(".txt"))
    assert main(["edits", str(odd), "--revert", "1"]) == 0
    assert main(["edits", str(odd), "--revert", "77"]) == 2
    odd.write_text("{")
    assert main(["edits", str(odd)]) == 5
    said = capfdbinary.readouterr()
    assert b"\x1b" not in said.out + said.err
    assert said.out.count("s\ufffd\ufffd]0;owned\ufffd.txt".encode()) == 1
    assert said.err.count("s\ufffd\ufffd]0;owned\ufffd.json".encode()) == 2


def test_reasons_are_told_in_the_language_of_the_document(delivered):
    """As the notices in its files are; the receipt has codes."""
    lay(delivered, told(delivered) | {"notices": "de"})
    assert told(delivered)["pages"][0]["edits"][0]["why"] == "similar-word"
    shown = plain(delivered)
    assert "\N{LATIN SMALL LETTER A WITH DIAERESIS}hnliches Wort" in shown
    assert "similar word" not in shown
