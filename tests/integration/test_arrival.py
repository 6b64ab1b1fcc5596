"""Files put into a real folder, watched by real inotify (or polling), claimed by real renames."""

from __future__ import annotations

import errno
import io
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from ocrwatchd.arrival import settle
from ocrwatchd.arrival import watcher as watching
from ocrwatchd.arrival.arrivals import Arrivals, Ready
from ocrwatchd.arrival.inbox import Inbox, being_written
from ocrwatchd.arrival.settle import How
from ocrwatchd.arrival.watcher import Watcher
from ocrwatchd.core import log
from ocrwatchd.core.attempt import LATEST
from ocrwatchd.core.config.schema import Arrival
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs.mounts import file_system, is_remote

PATIENCE_S = 20.0


def picture(name: str = "PNG", pages: int = 1) -> bytes:
    """A small whole file of that type."""
    page = Image.frombytes("L", (80, 60), random.Random(4).randbytes(4800))
    out = io.BytesIO()
    more = {"save_all": True, "append_images": [page] * (pages - 1)} if pages > 1 else {}
    page.save(out, name, **more)
    return out.getvalue()


PNG = picture()


class Desk:
    """What the daemon does with an Arrivals: turn, take what is ready, claim it, sleep until woken."""

    def __init__(self, folder: Path, *, once: bool = False, **settings: object) -> None:
        self.inbox, self.work = folder / "inbox", folder / ".work"
        self.inbox.mkdir(exist_ok=True)
        self.work.mkdir(exist_ok=True)
        defaults = {"settle_seconds": 0.2, "after_close_seconds": 0.3, "incomplete_deadline_s": 1.0}
        self.woken = threading.Event()
        arrival = Arrival.model_validate({**defaults, **settings})
        self.arrivals = Arrivals(self.inbox, arrival, self.woken.set, once=once)
        self.claimed: dict[str, bytes] = {}
        self.failed: dict[str, str] = {}
        self.count = 0
        self.room = 10

    def turn(self) -> None:
        """One round of the loop, with a sleep until something is due."""
        due = self.arrivals.next_due()
        self.woken.wait(0.05 if due is None else min(0.05, max(0.0, due - time.monotonic())))
        self.woken.clear()
        self.arrivals.tick(time.monotonic())
        for ready in self.arrivals.ready(self.room):
            self.count += 1
            job = self.work / f"job{self.count}"
            job.mkdir()
            if not self.arrivals.claim(ready, job):
                job.rmdir()
                continue
            relative = str(ready.scan.relative)
            if ready.reason:
                self.failed[relative] = str(ready.reason)
            else:
                self.claimed[relative] = (job / "scan" / relative).read_bytes()

    def until(self, condition) -> None:
        """Go on until the condition holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"claimed {list(self.claimed)}, failed {self.failed}, in {self.left()}"
            self.turn()

    def offers(self, number: int) -> list[Ready]:
        """That many offers, none of them claimed."""
        room, self.room = self.room, 0
        found: list[Ready] = []

        def enough() -> bool:
            found.extend(self.arrivals.ready(number))
            return len(found) == number

        self.until(enough)
        self.room = room
        return found

    def left(self) -> list[str]:
        """What still lies in the inbox."""
        return sorted(str(path.relative_to(self.inbox)) for path in self.inbox.rglob("*"))


@pytest.fixture
def desk(tmp_path):
    """A desk with inotify at work; no thread and no descriptor may be left at the end."""
    before, descriptors = set(threading.enumerate()), len(list(Path("/proc/self/fd").iterdir()))
    made = Desk(tmp_path)
    made.arrivals.start()
    made.turn()
    yield made
    made.arrivals.stop()
    assert set(threading.enumerate()) <= before
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


@pytest.mark.slow
def test_a_picture_written_slowly_is_claimed_after_its_close(desk):
    """Longer silence than the settle time, in the midst of writing, does not make it ready; its close does."""
    with (desk.inbox / "a.png").open("wb") as file:
        for part in (PNG[:1000], PNG[1000:2000], PNG[2000:]):
            file.write(part)
            file.flush()
            quiet = time.monotonic() + 0.5
            desk.until(lambda quiet=quiet: time.monotonic() > quiet)
            assert not desk.claimed
    desk.until(lambda: desk.claimed)
    assert desk.claimed == {"a.png": PNG}
    assert desk.left() == []


def test_a_file_moved_in_is_claimed_at_once(desk, tmp_path):
    """A rename into the inbox needs no settle time, though it is long here."""
    desk.arrivals.stop()
    slow = Desk(tmp_path, settle_seconds=3000, after_close_seconds=3000)
    slow.arrivals.start()
    try:
        (tmp_path / "out.pdf").write_bytes(picture("PDF"))
        (tmp_path / "out.pdf").rename(slow.inbox / "in.pdf")
        slow.until(lambda: "in.pdf" in slow.claimed)
    finally:
        slow.arrivals.stop()


def test_a_claim_does_not_hold_up_what_comes_after_it(tmp_path, monkeypatch):
    """What is moved out of the inbox is told at once, and so is the next scan, however long pairs are looked for."""
    monkeypatch.setattr(InotifyMoveEventGrouper, "delay", PATIENCE_S + 5)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "old.png").touch()
    heard: list[tuple[str, How]] = []
    moved_in = threading.Event()

    def hear(path, how):
        heard.append((path.name, how))
        if how is How.MOVED:
            moved_in.set()

    watcher = Watcher(tmp_path / "inbox", "inotify", 0.1, hear)
    watcher.start()
    try:
        (tmp_path / "inbox" / "old.png").rename(tmp_path / "claimed.png")
        (tmp_path / "claimed.png").rename(tmp_path / "inbox" / "new.png")
        assert moved_in.wait(PATIENCE_S)
    finally:
        watcher.stop()
    assert heard == [("old.png", How.GONE), ("new.png", How.MOVED)]


def test_a_file_renamed_within_the_inbox_is_gone_and_there(tmp_path):
    """A rename from name to name, into a folder as well, is told as the end of one and the arrival of the other."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.png").touch()
    heard: list[tuple[str, How]] = []
    moved = threading.Semaphore(0)

    def hear(path, how):
        heard.append((str(path.relative_to(tmp_path)), how))
        if how is How.MOVED:
            moved.release()

    watcher = Watcher(tmp_path, "inotify", 0.1, hear)
    watcher.start()
    try:
        (tmp_path / "a.png").rename(tmp_path / "b.png")
        (tmp_path / "b.png").rename(tmp_path / "sub" / "c.png")
        assert moved.acquire(timeout=PATIENCE_S)
        assert moved.acquire(timeout=PATIENCE_S)
    finally:
        watcher.stop()
    assert heard == [("a.png", How.GONE), ("b.png", How.MOVED), ("b.png", How.GONE), ("sub/c.png", How.MOVED)]


def test_a_scanner_that_adds_pages_is_waited_for(desk):
    """A TIFF that is whole and closed after each page is claimed once, with all pages."""
    for pages in (1, 2, 3):
        (desk.inbox / "scan.tif").write_bytes(picture("TIFF", pages))
        pause = time.monotonic() + 0.1
        desk.until(lambda pause=pause: time.monotonic() > pause)
    desk.until(lambda: desk.claimed)
    assert desk.claimed == {"scan.tif": picture("TIFF", 3)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("zeros.tif", bytes(500), "the upload broke off"),
        ("empty.pdf", b"", "the upload broke off: the file is empty"),
        ("letter.jpg", b"Dear Sir or Madam", "not a picture or PDF"),
    ],
)
def test_what_never_becomes_whole_is_set_aside(desk, name, content, reason):
    """After its patience each such file is offered with a reason."""
    (desk.inbox / name).write_bytes(content)
    desk.until(lambda: desk.failed)
    assert desk.failed[name].startswith(reason)
    assert desk.left() == []


def test_a_part_that_is_completed_later_is_claimed(desk):
    """A broken upload that is resumed within the deadline is delivered, not set aside."""
    (desk.inbox / "a.png").write_bytes(PNG[:2000])
    desk.until(lambda: desk.arrivals.waiting)
    with (desk.inbox / "a.png").open("ab") as file:
        file.write(PNG[2000:])
    desk.until(lambda: desk.claimed or desk.failed)
    assert desk.claimed == {"a.png": PNG}


def test_a_part_is_told_by_name_and_deadline(tmp_path):
    """Whoever asks why nothing happens sees which upload broke off, and how long it is waited for."""
    desk = Desk(tmp_path, incomplete_deadline_s=300.0)
    desk.arrivals.start()
    try:
        (desk.inbox / "letters").mkdir()
        (desk.inbox / "letters" / "cut.png").write_bytes(PNG[:2000])
        desk.until(lambda: desk.arrivals.incomplete)
        ((name, until),) = desk.arrivals.incomplete
        assert name == "letters/cut.png"
        assert 300 - PATIENCE_S < until - time.time() <= 301
        (desk.inbox / "letters" / "cut.png").unlink()
        desk.until(lambda: not desk.arrivals.incomplete)
    finally:
        desk.arrivals.stop()


def test_a_part_that_is_waited_for_without_end_has_a_time_that_can_be_shown(tmp_path):
    """A deadline beyond all calendars would make the status pass for damaged."""
    desk = Desk(tmp_path, incomplete_deadline_s=1e300)
    desk.arrivals.start()
    try:
        (desk.inbox / "cut.png").write_bytes(PNG[:2000])
        desk.until(lambda: desk.arrivals.incomplete)
        assert desk.arrivals.incomplete == (("cut.png", LATEST),)
    finally:
        desk.arrivals.stop()


@pytest.mark.slow
def test_a_part_that_stays_open_is_not_set_aside(desk):
    """An upload that is silent for longer than every deadline is waited for."""
    with (desk.inbox / "a.png").open("wb") as file:
        file.write(PNG[:2000])
        file.flush()
        end = time.monotonic() + 1.8
        desk.until(lambda: time.monotonic() > end)
        assert not desk.failed
        file.write(PNG[2000:])
    desk.until(lambda: desk.claimed)
    assert not desk.failed


def test_links_fifos_sockets_and_temporary_names_are_left_alone(desk, tmp_path):
    """Only regular files under plain names are touched; nothing else is even opened."""
    (tmp_path / "secret.png").write_bytes(PNG)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner.png").write_bytes(PNG)
    (desk.inbox / "link.png").symlink_to(tmp_path / "secret.png")
    (desk.inbox / "folder").symlink_to(tmp_path / "folder")
    os.mkfifo(desk.inbox / "fifo.png")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(desk.inbox / "socket.png"))
    server.close()
    for name in (".hidden.png", "~$a.png", "a.png.part", "A.PNG.TMP", "Thumbs.db"):
        (desk.inbox / name).write_bytes(PNG)
    (desk.inbox / "@eaDir").mkdir()
    (desk.inbox / "@eaDir" / "thumb.png").write_bytes(PNG)
    before = desk.left()
    (desk.inbox / "real.png").write_bytes(PNG)
    desk.until(lambda: desk.claimed)
    desk.arrivals.sweep_now()
    desk.turn()
    desk.until(lambda: desk.arrivals.waiting == 0)
    assert desk.claimed == {"real.png": PNG}
    assert desk.left() == before
    assert (tmp_path / "secret.png").exists()


def test_a_temporary_name_is_followed_to_the_final_one(desk):
    """A transfer that renames at its end is claimed under the final name, at once."""
    (desk.inbox / ".a.png.xyz").write_bytes(PNG)
    desk.turn()
    (desk.inbox / ".a.png.xyz").rename(desk.inbox / "a.png")
    desk.until(lambda: desk.claimed)
    assert desk.claimed == {"a.png": PNG}


def test_folders_are_profiles_and_stay(desk, tmp_path):
    """Files in a folder made a moment ago, or moved in with it, are found; the empty folders stay."""
    (desk.inbox / "letters" / "2024").mkdir(parents=True)
    (desk.inbox / "letters" / "2024" / "a.png").write_bytes(PNG)
    (tmp_path / "batch").mkdir()
    (tmp_path / "batch" / "b.png").write_bytes(PNG)
    (tmp_path / "batch").rename(desk.inbox / "batch")
    desk.until(lambda: len(desk.claimed) == 2)
    assert set(desk.claimed) == {"letters/2024/a.png", "batch/b.png"}
    assert desk.left() == ["batch", "letters", "letters/2024"]


def test_a_file_with_a_second_link_is_copied(desk, tmp_path):
    """Whoever holds the other name can change that file, never the claimed one."""
    (tmp_path / "mine.png").write_bytes(PNG)
    (desk.inbox / "a.png").hardlink_to(tmp_path / "mine.png")
    desk.until(lambda: desk.claimed)
    assert desk.left() == []
    (claimed,) = desk.work.glob("*/scan/a.png")
    assert claimed.stat().st_nlink == 1
    assert not claimed.samefile(tmp_path / "mine.png")
    assert (tmp_path / "mine.png").stat().st_nlink == 1


@pytest.mark.slow
def test_a_name_is_used_again_while_the_first_file_is_in_work(desk):
    """Each file that comes under the same name is claimed once."""
    for turn in range(5):
        content = PNG + bytes([turn])
        (desk.inbox / "scan.png").write_bytes(content)
        desk.until(lambda content=content: desk.claimed.get("scan.png") == content)
    assert len(list(desk.work.glob("*/scan/scan.png"))) == 5


def test_without_room_files_stay_in_the_inbox(desk):
    """Back-pressure: nothing is taken, nothing is forgotten, and the daemon need not spin."""
    desk.room = 0
    for number in range(20):
        (desk.inbox / f"{number}.png").write_bytes(PNG)
    desk.until(lambda: desk.arrivals.waiting == 20)
    desk.turn()
    assert desk.arrivals.next_due() > time.monotonic() + 1
    desk.room = 3
    desk.turn()
    assert len(desk.claimed) == 3
    desk.until(lambda: len(desk.claimed) == 20)


def test_hostile_names_arrive_under_their_own_bytes(desk):
    """Newlines, dashes, quotes, undecodable bytes and 255-byte names are names like any other."""
    names = ["-rf.png", "a\nb.png", "q\"'`$(x).png", os.fsdecode(b"\xff\xfe.png"), "n" * 251 + ".png", "\u202egnp.png"]
    for name in names:
        (desk.inbox / name).write_bytes(PNG)
    desk.until(lambda: len(desk.claimed) == len(names))
    assert set(desk.claimed) == set(names)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["polling", "inotify"])
def test_files_that_were_there_before_are_found(tmp_path, method):
    """The sweep at the start finds what no event tells of; polling sees what comes later."""
    desk = Desk(tmp_path, method=method, settle_seconds=0.4)
    (desk.inbox / "old.png").write_bytes(PNG)
    desk.arrivals.start()
    try:
        desk.until(lambda: desk.claimed)
        (desk.inbox / "new.pdf").write_bytes(picture("PDF"))
        (desk.inbox / "empty.png").write_bytes(b"")
        (desk.inbox / "loop").symlink_to("/")
        desk.until(lambda: len(desk.claimed) == 2 and desk.failed)
    finally:
        desk.arrivals.stop()
    assert set(desk.claimed) == {"old.png", "new.pdf"}
    assert desk.left() == ["loop"]


def test_once_works_the_inbox_off(tmp_path):
    """With ``once`` everything is accounted for after the settle time, and then nothing is left to wait for."""
    desk = Desk(tmp_path, once=True, incomplete_deadline_s=3000)
    contents = {"a.png": PNG, "cut.png": PNG[:99], "empty.tif": b"", "b.docx": b"PK\3\4...", "junk.pdf": b"x" * 999}
    for name, content in contents.items():
        (desk.inbox / name).write_bytes(content)
    assert not desk.arrivals.settled
    desk.arrivals.start()
    try:
        desk.until(lambda: desk.arrivals.settled)
    finally:
        desk.arrivals.stop()
    assert set(desk.claimed) == {"a.png", "cut.png"}
    assert set(desk.failed) == set(contents) - {"a.png", "cut.png"}
    assert desk.left() == []


@pytest.mark.parametrize("once", [True, False])
def test_more_files_than_can_be_known_are_worked_off_all_the_same(tmp_path, monkeypatch, once):
    """A sweep finds the others as soon as there is room, long before it would be due; and `--once` ends after them."""
    monkeypatch.setattr(settle, "MOST_KNOWN", 4)
    (tmp_path / "inbox").mkdir()
    for number in range(30):
        (tmp_path / "inbox" / f"{number}.png").write_bytes(PNG)
    desk = Desk(tmp_path, once=once, sweep_seconds=3600.0)
    desk.arrivals.start()
    try:
        desk.until(lambda: desk.arrivals.settled if once else len(desk.claimed) == 30)
    finally:
        desk.arrivals.stop()
    assert len(desk.claimed) == 30
    assert desk.arrivals.waiting == 0


def test_a_swap_between_look_and_claim_is_refused(desk, tmp_path):
    """What was examined is what is claimed: another file, a link or a grown one under the name stays."""
    for name in ("file.png", "link.png", "grown.png"):
        (desk.inbox / name).write_bytes(PNG)
    offers = desk.offers(3)
    (tmp_path / "other.png").write_bytes(b"other")
    (tmp_path / "other.png").replace(desk.inbox / "file.png")
    (desk.inbox / "link.png").unlink()
    (desk.inbox / "link.png").symlink_to("/etc/passwd")
    (desk.inbox / "grown.png").write_bytes(PNG + PNG)
    (desk.work / "job").mkdir()
    assert [desk.arrivals.claim(ready, desk.work / "job") for ready in offers] == [False] * 3
    assert list((desk.work / "job").iterdir()) == []
    assert desk.left() == ["file.png", "grown.png", "link.png"]


def test_a_folder_exchanged_for_a_link_is_not_followed(desk, tmp_path):
    """Nobody can make the daemon take a file from outside the inbox."""
    (desk.inbox / "sub").mkdir()
    (desk.inbox / "sub" / "a.png").write_bytes(PNG)
    (ready,) = desk.offers(1)
    (desk.inbox / "sub").rename(tmp_path / "outside")
    (desk.inbox / "sub").symlink_to(tmp_path / "outside")
    (desk.work / "job").mkdir()
    assert not desk.arrivals.claim(ready, desk.work / "job")
    assert (tmp_path / "outside" / "a.png").exists()


def test_a_claim_that_fails_is_told_and_tried_again(desk):
    """Where the job's folder cannot be used the file stays, the health says why, and it is offered again."""
    (desk.inbox / "a.png").write_bytes(PNG)
    (ready,) = desk.offers(1)
    (desk.work / "file").write_bytes(b"")
    assert not desk.arrivals.claim(ready, desk.work / "file")
    assert "a.png cannot be moved" in str(desk.arrivals.health())
    assert desk.left() == ["a.png"]
    assert desk.arrivals.waiting == 1
    (desk.work / "job").mkdir()
    assert desk.arrivals.claim(ready, desk.work / "job")
    assert str(desk.arrivals.health()) == ""


def test_no_permission_is_named_as_the_reason(desk, monkeypatch):
    """A file that may not be read is set aside with what to do about it."""
    if not os.geteuid():
        # Root may read everything: the system's refusal is played.
        def refuse(path, _folder):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr("ocrwatchd.arrival.inbox.safe_open.open_regular", refuse)
    (desk.inbox / "a.png").write_bytes(PNG)
    (desk.inbox / "a.png").chmod(0)
    desk.until(lambda: desk.failed)
    assert "no permission to read" in desk.failed["a.png"]
    assert "force user" in desk.failed["a.png"]


@pytest.mark.parametrize("method", ["inotify", "polling"])
def test_an_inbox_that_is_replaced_is_noticed_and_mended(tmp_path, method):
    """A renamed inbox makes the watch blind: the health check says so, and mending watches the new one."""
    desk = Desk(tmp_path, method=method, sweep_seconds=3600)
    desk.arrivals.start()
    try:
        desk.turn()
        assert str(desk.arrivals.health()) == ""
        desk.inbox.rename(tmp_path / "old")
        for _ in range(2):  # there is no watch at all after the first, and yet it is said why
            assert "make the folder again, or mount its disk" in str(desk.arrivals.health())
            desk.arrivals.mend()
        desk.inbox.mkdir()
        assert "make the folder again" not in str(desk.arrivals.health()) != ""
        desk.arrivals.mend()
        assert str(desk.arrivals.health()) == ""
        (desk.inbox / "a.png").write_bytes(PNG)
        desk.until(lambda: desk.claimed)
    finally:
        desk.arrivals.stop()


def test_a_missing_inbox_is_refused_with_a_remedy(tmp_path):
    """Starting without a folder says which one is missing."""
    arrivals = Arrivals(tmp_path / "none", Arrival(), lambda: None)
    with pytest.raises(FolderUnusable, match="none cannot be watched"):
        arrivals.start()
    arrivals.stop()


def test_where_inotify_refuses_polling_takes_over(tmp_path, monkeypatch):
    """At the limit of inotify instances "auto" polls; "inotify" by name is refused; no thread is left."""
    before = set(threading.enumerate())

    def refuse(**options):
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr(watching, "_Observer", refuse)
    refused = Watcher(tmp_path, "inotify", 0.1, lambda path, how: None)
    with pytest.raises(FolderUnusable, match="max_user_instances"):
        refused.start()
    assert "max_user_instances" in str(refused.health())
    heard = threading.Event()
    watcher = Watcher(tmp_path, "auto", 0.1, lambda path, how: heard.set())
    watcher.start()
    try:
        assert watcher.polls
        (tmp_path / "a").touch()
        assert heard.wait(PATIENCE_S)
        assert str(watcher.health()) == ""
    finally:
        watcher.stop()
    assert set(threading.enumerate()) <= before


def test_what_cannot_be_polled_is_told_without_names(tmp_path, monkeypatch):
    """A sub-folder's name may be a patient's: neither the refusal nor the health tells it, nor a remedy for inotify."""

    class Refuses(watching.PollingObserverVFS):
        def start(self):
            raise OSError(errno.EIO, "Input/output error", str(tmp_path / "Miller"))

    (tmp_path / "Miller").mkdir()
    monkeypatch.setattr(log, "_hashed", True)
    monkeypatch.setattr(watching, "PollingObserverVFS", Refuses)
    watcher = Watcher(tmp_path, "polling", 0.1, lambda path, how: None)
    with pytest.raises(FolderUnusable, match="check that disk") as refusal:
        watcher.start()
    assert str(watcher.health()) == str(refusal.value)
    assert "Miller" not in str(watcher.health())
    assert "inotify" not in str(watcher.health())


def test_a_folder_that_is_not_watched_yet_is_none_without_a_watch(tmp_path, monkeypatch):
    """However often the watch is looked at meanwhile: polling would take over until a restart."""
    monkeypatch.setattr(watching, "unwatched", lambda folder: {folder / "new"})
    watcher = Watcher(tmp_path, "inotify", 0.1, lambda path, how: None)
    watcher.start()
    try:
        assert [str(watcher.health()), str(watcher.health())] == ["", ""]
        monkeypatch.setattr(watching, "MOMENT_S", 0.0)
        assert "one folder" in str(watcher.health())
    finally:
        watcher.stop()


def test_a_callback_that_raises_does_not_kill_the_watch(tmp_path):
    """A fault in what hears the sightings costs one sighting, never the thread."""
    heard: list[str] = []
    second = threading.Event()

    def hear(path, how):
        heard.append(path.name)
        if path.name == "b":
            second.set()
        raise RuntimeError("broken")

    watcher = Watcher(tmp_path, "inotify", 0.1, hear)
    watcher.start()
    try:
        (tmp_path / "a").touch()
        (tmp_path / "b").touch()
        assert second.wait(PATIENCE_S)
        assert str(watcher.health()) == ""
    finally:
        watcher.stop()
    assert str(watcher.health()) != ""


def test_an_overflow_calls_for_a_sweep(tmp_path):
    """The only sign that watchdog gives of lost events is heard."""
    heard: list[How] = []
    watcher = Watcher(tmp_path, "inotify", 0.1, lambda path, how: heard.append(how))
    watcher.start()
    try:
        watching.logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; events lost")
        assert heard == [How.LOST]
    finally:
        watcher.stop()


def test_a_writer_is_known_by_the_lease(tmp_path):
    """The kernel tells whether anybody has the file open for writing."""
    path = tmp_path / "a"
    path.touch()
    file = os.open(path, os.O_RDONLY)
    try:
        if being_written(file) is None:
            pytest.skip("this file system or user has no leases")
        assert being_written(file) is False
        with path.open("ab"):
            assert being_written(file) is True
        assert being_written(file) is False
    finally:
        os.close(file)


@pytest.mark.slow
def test_opening_during_the_lease_ends_nobody(tmp_path):
    """Who opens the file again and again for writing never gets the daemon killed by a signal."""
    path = tmp_path / "a"
    path.touch()
    file = os.open(path, os.O_RDONLY)
    opener = subprocess.Popen(["sh", "-c", 'while [ -e "$1" ]; do : >>"$1"; done', "sh", path])
    try:
        answers = {being_written(file) for _ in range(20_000)}
    finally:
        path.unlink()
        os.close(file)
        opener.kill()
        opener.wait()
    assert answers <= {True, False, None}


@pytest.mark.slow
def test_a_busy_daemon_does_not_hold_the_lease(tmp_path):
    """A server that resumes an upload, and opens the file without waiting, is not refused while other threads run."""
    path = tmp_path / "a"
    path.touch()
    opens = (
        "import os, sys, time\nrefused = 0\nfor _ in range(3000):\n    try:\n"
        "        os.close(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK))\n"
        "    except BlockingIOError:\n        refused += 1\n    time.sleep(0.0003)\nprint(refused)"
    )
    over = threading.Event()

    def work():
        while not over.is_set():
            sum(range(1000))

    busy = threading.Thread(target=work)
    file = os.open(path, os.O_RDONLY)
    server = subprocess.Popen([sys.executable, "-c", opens, path], stdout=subprocess.PIPE, text=True)
    busy.start()
    try:
        asked = 0
        while server.poll() is None:
            asked += being_written(file) is not None
            over.wait(0.001)
        refused = int(server.communicate()[0])
    finally:
        over.set()
        busy.join()
        os.close(file)
    if not asked:
        pytest.skip("this file system or user has no leases")
    assert refused < 3000 / 100


def test_claiming_between_mounts_copies(tmp_path):
    """A work folder on another mount gets a whole copy, and the original goes."""
    work = tmp_path / "work"
    work.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", work], check=False, capture_output=True).returncode:
        pytest.skip("mounting a tmpfs needs root")
    try:
        (tmp_path / "inbox").mkdir()
        inbox = Inbox(tmp_path / "inbox", ())
        (tmp_path / "inbox" / "a.png").write_bytes(PNG)
        scan = inbox.scan(tmp_path / "inbox" / "a.png")
        seen = inbox.look(scan)
        (work / "job").mkdir()
        assert inbox.claim(scan, seen, work / "job")
        assert (work / "job" / "scan" / "a.png").read_bytes() == PNG
        assert list((tmp_path / "inbox").iterdir()) == []
    finally:
        subprocess.run(["umount", work], check=True)


def test_network_file_systems_are_told_by_the_mount_table(tmp_path):
    """The longest mount point counts, the last of several over one another, with its escapes undone."""
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n"
        "2 1 0:5 / /srv/my\\040scans rw shared:1 - cifs //nas/scans rw\n"
        "3 1 0:6 / /srv/nfs rw - ext4 /dev/b rw\n"
        "4 1 0:7 / /srv/nfs rw - nfs4 nas:/x rw\n"
        "5 1 0:8 / /srv/fuse rw - fuse.sshfs x rw\n"
        "6 1 0:9 / /srv/pool rw - fuse.mergerfs x rw\n"
    )
    remote = {name: is_remote(Path(name), table) for name in ("/srv", "/srv/my scans/in", "/srv/nfs", "/srv/fuse")}
    assert remote == {"/srv": False, "/srv/my scans/in": True, "/srv/nfs": True, "/srv/fuse": True}
    assert file_system(Path("/srv/nfsx"), table) == "ext4"
    assert not is_remote(Path("/srv/pool"), table)
    assert not is_remote(Path("/srv"), tmp_path / "none")


@pytest.mark.slow
def test_a_thousand_files_arrive_once_each(desk):
    """Many files at once, copied while the daemon takes some, are each claimed exactly once."""
    source = desk.work / "source.png"
    source.write_bytes(PNG)

    def copy():
        for number in range(1000):
            shutil.copyfile(source, desk.inbox / f"{number}.png")

    writer = threading.Thread(target=copy)
    writer.start()
    try:
        desk.until(lambda: len(desk.claimed) == 1000)
    finally:
        writer.join()
    assert desk.left() == []
    assert not desk.failed
    assert len(list(desk.work.glob("*/scan/*.png"))) == 1000
