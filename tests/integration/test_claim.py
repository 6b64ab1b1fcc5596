"""What lies under a name in the inbox is exchanged in the very moment of the claim."""

import contextlib
import errno
import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ocrwatchd.arrival import claim
from ocrwatchd.arrival.inbox import Inbox
from ocrwatchd.arrival.late_writes import FOLDER, LateWrites
from ocrwatchd.core.fs import files
from ocrwatchd.formats.input.completeness import Examined, Finding
from tests.integration.test_arrival import PNG

FOREIGN = b"somebody else's"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An inbox with one examined scan, and a way to do something between the last check and the rename."""
    for name in ("inbox", "job", "outside"):
        (tmp_path / name).mkdir()
    scan = tmp_path / "inbox" / "a.png"
    scan.write_bytes(PNG)
    (tmp_path / "outside" / "secret").write_bytes(FOREIGN)
    inbox = Inbox(tmp_path / "inbox", ())
    move, moments = files.move, []

    def moved(source, target, **more):
        """Exchange, then move as always."""
        while moments:
            moments.pop()()
        move(source, target, **more)

    monkeypatch.setattr(files, "move", moved)

    def claimed_while(action, seen=None):
        """Claim with that action in the midst of it; what lies in the job's folder."""
        found = seen or inbox.look(inbox.scan(scan))
        moments.append(action)
        verdict = inbox.claim(inbox.scan(scan), found, tmp_path / "job")
        assert moments == []
        return verdict, sorted(path.name for path in (tmp_path / "job").rglob("*") if not path.is_dir())

    return SimpleNamespace(base=tmp_path, scan=scan, inbox=inbox, claimed_while=claimed_while)


def exchange(desk, make):
    """Something else under the scan's name, in one step."""
    other = desk.base / "outside" / "other"
    make(other)
    return lambda: other.replace(desk.scan)


def a_socket(path):
    """A socket that nobody listens to."""
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(path))


@pytest.mark.parametrize(
    ("make", "is_still"),
    [
        (lambda path: path.write_bytes(FOREIGN), lambda path: path.read_bytes() == FOREIGN),
        (lambda path: path.symlink_to("secret"), lambda path: path.is_symlink()),
        (lambda path: path.symlink_to("/nowhere"), lambda path: path.is_symlink()),
        (os.mkfifo, lambda path: path.is_fifo()),
        (a_socket, lambda path: path.is_socket()),
    ],
    ids=["file", "link", "dangling", "fifo", "socket"],
)
@pytest.mark.parametrize("linked", [False, True])
def test_what_was_put_in_its_place_is_not_taken(desk, make, is_still, linked):
    """Whether the scan is renamed or copied: what lies there in the last moment stays, whole, under its name."""
    if linked:
        (desk.base / "outside" / "second-name").hardlink_to(desk.scan)
    verdict, taken = desk.claimed_while(exchange(desk, make))
    assert (verdict, taken) == (False, [])
    assert is_still(desk.scan)
    assert (desk.base / "outside" / "secret").read_bytes() == FOREIGN


def test_a_file_that_changes_in_the_last_moment_stays(desk):
    """The same file with more in it was not the one that was examined."""
    assert desk.claimed_while(lambda: desk.scan.write_bytes(PNG + PNG)) == (False, [])
    assert desk.scan.read_bytes() == PNG + PNG


def test_a_file_opened_for_writing_in_the_last_moment_stays(desk):
    """Who has it open could go on writing while it is read."""
    held = []
    assert desk.claimed_while(lambda: held.append(desk.scan.open("ab"))) == (False, [])
    held[0].close()
    assert desk.claimed_while(lambda: None) == (True, ["a.png"])


def test_a_file_that_gets_a_second_name_in_the_last_moment_is_copied_next_time(desk):
    """Who holds the other name could go on changing the scan, in the work folder and in the archive."""
    second = desk.base / "outside" / "second-name"
    assert desk.claimed_while(lambda: second.hardlink_to(desk.scan)) == (False, [])
    assert desk.scan.samefile(second)
    assert desk.claimed_while(lambda: None) == (True, ["a.png"])
    claimed = desk.base / "job" / "scan" / "a.png"
    assert claimed.read_bytes() == PNG
    assert not claimed.samefile(second)


def test_a_name_that_is_taken_again_meanwhile_gets_a_number(desk, monkeypatch):
    """What was taken by mistake goes back beside what came since; nothing is replaced."""

    def twice():
        exchange(desk, lambda path: path.write_bytes(FOREIGN))()
        look_again = os.lstat

        def lstat(path, **more):
            """Let another file come while the one that was moved is looked at."""
            monkeypatch.setattr(os, "lstat", look_again)
            desk.scan.write_bytes(b"a third one")
            return look_again(path, **more)

        monkeypatch.setattr(os, "lstat", lstat)

    assert desk.claimed_while(twice) == (False, [])
    lying = {path.name: path.read_bytes() for path in (desk.base / "inbox").iterdir()}
    assert lying == {"a.png": b"a third one", "a-2.png": FOREIGN}


def test_a_link_in_the_place_of_a_file_that_may_not_be_read_stays(desk):
    """What cannot be opened is looked at after the rename, too."""
    status = desk.scan.stat()
    seen = claim.Seen(claim.stamp(status), status.st_dev, Examined(Finding.DENIED), None)
    verdict, taken = desk.claimed_while(exchange(desk, lambda path: path.symlink_to("secret")), seen)
    assert (verdict, taken) == (False, [])
    assert desk.scan.is_symlink()


def test_a_folder_whose_listing_breaks_off_does_not_hide_the_others(tmp_path, monkeypatch):
    """A disk mounted in the inbox that fails costs its own scans a wait, not those of everybody."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scan.png").write_bytes(PNG)
    real = os.scandir

    @contextlib.contextmanager
    def breaking(path):
        def listing():
            if Path(path).name == "b":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            yield from entries

        with real(path) as entries:
            yield listing()

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", breaking)
        assert [path.parent.name for path, _ in Inbox(tmp_path, ()).sweep()] == ["a"]


def test_a_file_that_somebody_still_holds_open_for_writing_is_copied(desk):
    """What he writes afterwards goes elsewhere: the claimed file is another one, with the bytes that were examined."""
    with desk.scan.open("r+b") as writer:
        seen = desk.inbox.look(desk.inbox.scan(desk.scan))
        assert seen.written is True
        assert desk.inbox.claim(desk.inbox.scan(desk.scan), seen, desk.base / "job")
        writer.write(FOREIGN)
        writer.flush()
        assert (desk.base / "job" / "scan" / "a.png").read_bytes() == PNG
    assert not desk.scan.exists()


@pytest.mark.parametrize("part", [False, True])
def test_what_may_still_grow_is_moved_and_nothing_of_it_is_lost(desk, part):
    """A part with its writer, and a whole file of which nobody can know whether it has one."""
    with desk.scan.open("wb") as writer:
        writer.write(PNG[:-20] if part else PNG)
        writer.flush()
        seen = replace(desk.inbox.look(desk.inbox.scan(desk.scan)), written=True if part else None)
        assert desk.inbox.claim(desk.inbox.scan(desk.scan), seen, desk.base / "job")
        writer.write(FOREIGN)
    assert (desk.base / "job" / "scan" / "a.png").read_bytes().endswith(FOREIGN)


@pytest.mark.parametrize("late", [b"", FOREIGN])
def test_what_is_written_into_a_held_open_file_after_its_claim_becomes_another_scan(desk, late):
    """Once the file is closed: a changed one lies in the inbox again, an unchanged one goes."""
    late_writes = LateWrites(desk.base, desk.base / "inbox", 0o3770)
    with desk.scan.open("ab") as writer:
        seen = desk.inbox.look(desk.inbox.scan(desk.scan))
        assert desk.inbox.claim(desk.inbox.scan(desk.scan), seen, desk.base / "job")
        late_writes.tick(time.monotonic())
        assert not desk.scan.exists()
        assert late_writes.next_due() is not None
        writer.write(late)
    late_writes._due = 0.0
    late_writes.tick(time.monotonic())
    assert [path.read_bytes() for path in (desk.base / "inbox").iterdir()] == ([PNG + late] if late else [])
    assert not (desk.base / FOLDER).exists()
    assert late_writes.next_due() is None
    assert (desk.base / "job" / "scan" / "a.png").read_bytes() == PNG


def test_a_late_version_is_not_led_out_of_the_inbox(desk):
    """Its sub-folder may have become a link meanwhile: the file is kept until the link has gone."""
    sub = desk.base / "inbox" / "sub"
    sub.mkdir()
    desk.scan.rename(sub / "a.png")
    late_writes = LateWrites(desk.base, desk.base / "inbox", 0o3770)
    with (sub / "a.png").open("ab") as writer:
        scan = desk.inbox.scan(sub / "a.png")
        assert desk.inbox.claim(scan, desk.inbox.look(scan), desk.base / "job")
        writer.write(FOREIGN)
    sub.rmdir()
    sub.symlink_to(desk.base / "outside")
    late_writes.tick(time.monotonic())
    assert [path.name for path in (desk.base / "outside").iterdir()] == ["secret"]
    sub.unlink()
    late_writes._due = 0.0
    late_writes.tick(time.monotonic())
    assert (sub / "a.png").read_bytes() == PNG + FOREIGN
