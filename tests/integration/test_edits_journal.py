"""Edits written in one recorded step: two at once, killed in between, and with a record that somebody has planted."""

import contextlib
import errno
import hashlib
import json
import os
import threading

import pytest

from ocrwatchd.cli.edits import journal, revise, set_folder
from ocrwatchd.cli.edits.receipt_edits import Delivered, TextChanged
from ocrwatchd.core import crashpoints
from ocrwatchd.core.errors import FolderUnusable, UnreadableScan
from ocrwatchd.core.model import Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import ordered, writer
from tests.fakes.worded import document, worded
from tests.integration.test_edits_sets import holding
from tests.integration.test_searchable import make_pdf
from tests.lying import lying
from tests.programs import needs_root
from tests.receipts import mistakes, sums

STEPS = [("edits-written", 1), ("edits-recorded", 1), *(("edits-file-moved", number) for number in range(1, 6))]
MEMBER = 54321


class Killed(BaseException):
    """Nothing is tidied up after it, as after kill -9."""


@pytest.fixture
def delivered(tmp_path):
    """A set of a document in which "tho" and "teh" were corrected; the boxes are no whole pixels, as an engine's."""
    folder = tmp_path / "set"
    folder.mkdir()
    told = document(make_pdf(tmp_path / "scan.pdf"), 2, sha256="ab" * 32, formats=ordered(("txt", "md", "hocr", "pdf")))
    pages = [
        worded(f"{word} page", (Edit(0, word, "the", Reason.SIMILAR_WORD),), number, size=(1000, 1399), shift=0.46)
        for number, word in ((1, "teh"), (2, "tho"))
    ]
    for name in told.formats:
        found = writer(name)
        told.files.update(sums(folder, "s"))
        with (folder / f"s{found.suffix}").open("w+b") as file:
            found.write(told, iter(pages), file)
    return folder / "s.json"


def change(receipt, *numbers, reverted=True, force=False):
    """Take edits back, or put them in again."""
    revise.revise(receipt, numbers, receipt.parent, reverted=reverted, force=force)


def words(receipt):
    """The set's words for "the", of which all files have to agree, NAME.json too, and each with its own SHA-256."""
    table = json.loads(receipt.read_bytes())
    assert mistakes(table) == []
    assert table["files"] == sums(receipt.parent, "s")
    assert set(lying(receipt.parent)) == {"s.txt", "s.md", "s.hocr", "s.pdf", "s.json"}
    found = {frozenset(page["text"].split()[0] for page in table["pages"])}
    return set(*found.union(map(frozenset, holding(receipt.parent).values())))


@pytest.fixture
def killed_at(monkeypatch):
    """Has what is called end at a step, once."""

    def kill(step, number=1):
        seen = []

        def reached(name):
            seen.append(name)
            if seen.count(step) == number and name == step:
                raise Killed

        monkeypatch.setattr(crashpoints, "reached", reached)

    return kill


def test_a_file_that_is_drawn_otherwise_was_not_changed_by_hand(delivered, capsys):
    """The receipt's boxes are rounded, so hOCR that is drawn from it differs: its SHA-256 tells whose it is."""
    before = (delivered.parent / "s.hocr").read_bytes()
    change(delivered, 1)
    change(delivered, 1, reverted=False)
    assert (delivered.parent / "s.hocr").read_bytes() != before
    assert "was not changed" not in capsys.readouterr().out
    assert words(delivered) == {"the"}


def test_a_receipt_without_checksums_does_not_tell_what_was_changed(delivered, capsys):
    """That is said; with --force the set is written, and its receipt tells from then on."""
    table = json.loads(delivered.read_bytes())
    del table["files"]
    delivered.write_text(json.dumps(table))
    with pytest.raises(TextChanged, match=r"s\.txt may have been changed by hand \(s\.json has no checksum"):
        change(delivered, 1)
    change(delivered, 1, force=True)
    change(delivered, 2)
    assert "was not changed" not in capsys.readouterr().out
    assert words(delivered) == {"teh", "tho"}


def test_of_two_at_once_neither_is_lost(delivered, monkeypatch):
    """Were both to read before one has written, the later would put back what the earlier took out."""
    both, opened = threading.Barrier(2), Delivered.opened

    def meeting(*arguments):
        read = opened(*arguments)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.3)
        return read

    monkeypatch.setattr(Delivered, "opened", meeting)
    calls = [threading.Thread(target=change, args=(delivered, number)) for number in (1, 2)]
    for each in calls:
        each.start()
    for each in calls:
        each.join()
    assert words(delivered) == {"teh", "tho"}


def test_a_lock_that_is_kept_is_told(delivered, monkeypatch):
    """Nobody waits for ever, and nothing is written."""
    monkeypatch.setattr(set_folder, "LOCK_WAIT_S", 0.1)
    before = {path: path.read_bytes() for path in delivered.parent.iterdir()}
    with (
        set_folder.folder_of(delivered, delivered.parent) as folder,
        set_folder.locked(delivered, folder),
        pytest.raises(FolderUnusable, match=r"another `ocrwatchd edits` has locked .*; wait until it has ended"),
    ):
        change(delivered, 1)
    assert {path: path.read_bytes() for path in delivered.parent.iterdir()} == before


@pytest.mark.parametrize(("step", "number"), STEPS)
def test_what_was_killed_is_completed_by_the_next_call(delivered, killed_at, capsys, step, number):
    """Once it is recorded, whatever the call; before, all is as it was. Nothing is left lying."""
    killed_at(step, number)
    with pytest.raises(Killed):
        change(delivered, 1)
    recorded = step != "edits-written"
    capsys.readouterr()
    change(delivered, 2)
    assert words(delivered) == ({"teh", "tho"} if recorded else {"the", "tho"})
    assert ("was interrupted; this command has completed it" in capsys.readouterr().err) is recorded


def test_showing_the_edits_completes_it_too(delivered, killed_at, capsys):
    """What is shown is what lies there."""
    killed_at("edits-file-moved", 2)
    with pytest.raises(Killed):
        change(delivered, 1)
    revise.show(delivered, delivered.parent, refused=False, as_json=True)
    assert json.loads(capsys.readouterr().out)["totals"]["reverted"] == 1
    assert words(delivered) == {"teh", "the"}


@pytest.mark.parametrize("step", [None, *STEPS[:4]])
def test_a_step_that_fails_is_taken_back_in_one_step_too(delivered, killed_at, monkeypatch, step):
    """NAME.json may not be replaced: all is as before; killed meanwhile, the next call completes one or the other."""
    rename, refused = os.replace, []

    def refuse(source, target, **folders):
        if target == "s.json":
            if step:
                killed_at(*step)
            refused.append(target)
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), source, None, target)
        rename(source, target, **folders)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(Killed if step else FolderUnusable):
        change(delivered, 1)
    assert refused
    monkeypatch.setattr(os, "replace", rename)
    revise.show(delivered, delivered.parent, refused=False, as_json=False)
    change(delivered, 2)
    assert words(delivered) == ({"teh", "tho"} if step == STEPS[0] else {"the", "tho"})


def test_what_is_changed_by_hand_meanwhile_stays(delivered, killed_at, capsys):
    """Between the kill and the next call a person has written a file of the set; another one has gone."""
    killed_at("edits-recorded")
    with pytest.raises(Killed):
        change(delivered, 1)
    (delivered.parent / "s.md").write_text("mine")
    (delivered.parent / "s.hocr").unlink()
    change(delivered, 2)
    said = capsys.readouterr().out
    assert "s.md was not changed: it was changed by hand" in said
    assert "s.hocr was not changed: it is no longer there" in said
    assert (delivered.parent / "s.md").read_text() == "mine"
    assert set(lying(delivered.parent)) == {"s.txt", "s.md", "s.pdf", "s.json"}


def plant(receipt, moves):
    """A record, and for each move the file that it is to bring."""
    hidden = f".ocrwatchd-{hashlib.sha256(receipt.stem.encode()).hexdigest()[: journal.KEY_LETTERS]}"
    for suffix in (".txt", ".b.txt", "", ".md"):
        file = receipt.parent / f"{hidden}{suffix}.tmp"
        file.unlink(missing_ok=True)
        file.write_bytes(b"planted")
    record = receipt.parent / f"{hidden}.step"
    record.write_bytes(moves if isinstance(moves, bytes) else json.dumps(moves).encode())
    return record


def sha256(content):
    """Of some bytes."""
    return hashlib.sha256(content).hexdigest()


PLANTED = sha256(b"planted")
NOTHING = {"before": None, "after": PLANTED}


@pytest.mark.parametrize(
    "moves",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\xff",
        {"/../../outside": NOTHING},
        {".txt/../../outside": NOTHING},
        {"": NOTHING},
        {".txt\n": NOTHING},
        {".txt": {"before": None, "after": "../outside"}},
        {".txt": PLANTED},
        {".txt": NOTHING},
        {".txt": {"before": None, "after": None}},
        {".md": {"before": sha256(b"else"), "after": PLANTED}},
        {".new": {"before": None, "after": sha256(b"else")}},
    ],
)
def test_a_planted_record_changes_nothing(delivered, moves):
    """One that is none, names no file of the set, or does not fit what lies there. It goes, with all that is hidden."""
    outside = lying(delivered.parent.parent)
    before = {path: path.read_bytes() for path in delivered.parent.iterdir()}
    plant(delivered, moves)
    change(delivered, 1, reverted=False)
    assert {path: path.read_bytes() for path in delivered.parent.iterdir()} == before
    assert lying(delivered.parent.parent) == outside


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_a_record_that_is_no_file_is_not_followed(delivered, tmp_path, kind):
    """Nobody waits for a FIFO; where a link leads to stays."""
    record = plant(delivered, b"")
    moves = {".txt": {"before": sums(delivered.parent, "s")[".txt"], "after": None}}
    (tmp_path / "elsewhere").write_text(json.dumps(moves))
    record.unlink()
    os.mkfifo(record) if kind == "fifo" else record.symlink_to(tmp_path / "elsewhere")
    change(delivered, 1, reverted=False)
    assert words(delivered) == {"the"}
    assert (tmp_path / "elsewhere").exists()


def test_a_link_among_the_files_of_a_planted_record_is_not_moved(delivered, tmp_path):
    """Nor is its target read into the set."""
    (tmp_path / "secret").write_bytes(b"planted")
    hidden = plant(delivered, {".txt": {"before": sums(delivered.parent, "s")[".txt"], "after": PLANTED}})
    file = hidden.with_name(f"{hidden.stem}.txt.tmp")
    file.unlink()
    file.symlink_to(tmp_path / "secret")
    change(delivered, 1, reverted=False)
    assert words(delivered) == {"the"}


@pytest.mark.parametrize("shared", [True, False])
def test_where_nobody_replaces_the_files_of_others_no_record_does(delivered, shared):
    """As in /tmp. Where a member may write the folder, he can complete what another member's call has recorded."""
    needs_root()
    record = plant(delivered, {".md": {"before": sums(delivered.parent, "s")[".md"], "after": PLANTED}})
    os.chown(record, MEMBER, MEMBER)
    delivered.parent.chmod(0o1777 if shared else 0o2770)
    change(delivered, 1, reverted=False)
    assert ((delivered.parent / "s.md").read_bytes() == b"planted") is not shared


def test_a_name_has_room_for_what_is_hidden(delivered):
    """A NAME of 250 bytes is as good as any."""
    for path in list(delivered.parent.iterdir()):
        path.rename(path.with_name(f"{'n' * 250}{path.suffix}"))
    receipt = delivered.with_name(f"{'n' * 250}.json")
    change(receipt, 1)
    assert json.loads(receipt.read_bytes())["totals"]["reverted"] == 1


def test_whoever_may_only_read_sees_the_edits_all_the_same(delivered, killed_at, monkeypatch, capsys):
    """And hears who can complete what was interrupted."""
    killed_at("edits-recorded")
    with pytest.raises(Killed):
        change(delivered, 1)

    def refuse(*_names, **_folders):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "replace", refuse)
    revise.show(delivered, delivered.parent, refused=False, as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out)["totals"]["reverted"] == 0
    assert "cannot be completed now (Permission denied): whoever may write in" in said.err


def test_records_planted_all_the_time_reach_nothing_outside(delivered, tmp_path):
    """Somebody exchanges record and files meanwhile, for links too: outside nothing is read, written or removed."""
    (tmp_path / "secret").write_bytes(b"secret")
    outside = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = threading.Event()
    text = delivered.with_name("s.txt")

    def attack():
        while not done.is_set():
            with contextlib.suppress(OSError):
                moves = {".txt": {"before": sha256(text.read_bytes()), "after": sha256(b"secret")}}
                record = plant(delivered, moves | {"/../../secret": {"before": sha256(b"secret"), "after": None}})
                record.with_name(f"{record.stem}.txt.tmp").unlink()
                record.with_name(f"{record.stem}.txt.tmp").symlink_to("../secret")
                plant(delivered, moves | {".txt": moves[".txt"] | {"after": PLANTED}})

    attacker = threading.Thread(target=attack)
    attacker.start()
    try:
        for number in range(20):
            with contextlib.suppress(FolderUnusable, TextChanged, UnreadableScan):
                change(delivered, 1, reverted=number % 2 == 0, force=True)
    finally:
        done.set()
        attacker.join()
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == outside
    change(delivered, 1, 2, reverted=False, force=True)
    assert words(delivered) == {"the"}
