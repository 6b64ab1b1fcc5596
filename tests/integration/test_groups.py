"""Several scans become one job: real folders, real inotify, the real claim, and what is left of it by a crash."""

from __future__ import annotations

import errno
import itertools
import os
import struct
import threading
import time
import zlib
from functools import partial

import pytest

from ocrwatchd.arrival.arrivals import Arrivals
from ocrwatchd.arrival.group_rules import Rules
from ocrwatchd.core import crashpoints
from ocrwatchd.core.config.loader import load
from ocrwatchd.core.fs import files
from ocrwatchd.daemon import group_return
from ocrwatchd.daemon.claiming import Claims
from ocrwatchd.daemon.completion import JobCompletion
from ocrwatchd.daemon.recovery import recover_jobs
from ocrwatchd.storage import group_members, outbox
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.work_folder import WorkFolder
from tests.e2e.running import write_config
from tests.fakes.queue import FakeQueue
from tests.integration.test_arrival import PATIENCE_S, picture
from tests.lying import lying

PNG = picture()
PAGES = ("p1.png", "p2.png", "p10.png")
FOLDER = {"join": "folder", "join_wait_s": 1.0}


class Killed(BaseException):
    """The end of a daemon."""


class Office:
    """A root and the parts of a daemon up to the queue; each start has new ones."""

    def __init__(self, base, *, once=False, **pages):
        self.base, self.once = base, once
        arrival = {"settle_seconds": 0.3, "after_close_seconds": 0.1, "sweep_seconds": 1.0}
        tables = {"folders": {"root": str(base / "root")}, "arrival": arrival, "pages": FOLDER | pages}
        self.config = load(write_config(base / "config.toml", tables))
        self.folders = self.config.folders
        self.inbox = self.folders.path("inbox")
        self.woken = threading.Event()
        self.sent = 0

    def __enter__(self):
        self.ledger = Ledger(self.base / "ledger.sqlite3")
        boxes = outbox.Outbox(self.folders, self.ledger)
        boxes.prepare()
        self.workplace = WorkFolder(self.config)
        self.workplace.open()
        self.queue = FakeQueue()
        self.completion = JobCompletion(self.ledger, boxes, self.queue, max_attempts=2)
        works = self.config.works()
        self.arrivals = Arrivals(
            self.inbox,
            self.config.arrival,
            self.woken.set,
            once=self.once,
            rules=Rules(lambda scan: works.get(scan.profile, works[""]).pages, self.config.profiles),
        )
        give_back = partial(group_return.give_back, ledger=self.ledger, folders=self.folders)
        self.claims = Claims(
            self.arrivals, self.workplace, self.ledger, self.queue, self.completion, give_back=give_back
        )
        self.arrivals.start()
        return self

    def __exit__(self, *_):
        self.arrivals.stop()
        self.ledger.close()
        self.workplace.close()

    def recover(self):
        """What a daemon does first."""
        recover_jobs(self.workplace, self.ledger, self.completion, self.queue, self.folders)

    def turn(self):
        """One round of the loop."""
        due = self.arrivals.next_due()
        self.woken.wait(0.05 if due is None else min(0.05, max(0.0, due - time.monotonic())))
        self.woken.clear()
        for part in (self.arrivals, self.claims, self.completion):
            part.tick(time.monotonic())

    def until(self, condition):
        """Go on until the condition holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, (self.jobs(), lying(self.inbox))
            self.turn()

    def send(self, *names):
        """Upload pages, each with a content of its own; what they contain."""
        contents = []
        for name in names:
            path = self.inbox / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self.sent += 1
            contents.append(PNG[:-12] + _comment(self.sent) + PNG[-12:])
            path.write_bytes(contents[-1])
        return contents

    def jobs(self):
        """What was claimed: path, and names of the files."""
        return [(str(job.relative), job.members) for job in self.queue.jobs]


def _comment(number):
    """A chunk of a PNG that says nothing."""
    body = b"tEXtn\0" + str(number).encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


@pytest.fixture
def office(tmp_path):
    """An office that joins folders."""
    with Office(tmp_path) as made:
        yield made


def test_a_folder_becomes_one_job(office):
    """Its files lie in the job's folder under their names, in their order, and the ledger has one row."""
    contents = dict(zip(PAGES, office.send(*(f"letter/{name}" for name in PAGES)), strict=True))
    office.until(lambda: office.queue.jobs)
    (job,) = office.queue.jobs
    assert office.jobs() == [("letter", PAGES)]
    assert [path.read_bytes() for path in job.files] == [contents[name] for name in PAGES]
    assert lying(office.inbox) == []
    assert office.ledger.begun() == [job.id]
    (row,) = office.ledger._run("SELECT size FROM scan", ())
    assert row[0] == sum(map(len, contents.values()))
    (left,) = office.workplace.left()
    assert (left.relative, left.members) == (job.relative, job.members)


def test_a_page_that_waits_stands_in_nobodys_way(office):
    """Other scans are claimed meanwhile, the status tells of it, and it may be taken out of the inbox again."""
    office.send("letter/p1.png")
    office.until(lambda: office.arrivals.incomplete)
    ((name, until),) = office.arrivals.incomplete
    assert name == "letter"
    assert until - time.time() <= FOLDER["join_wait_s"] + 0.5
    office.send("single.png")
    office.until(lambda: office.queue.jobs)
    assert office.jobs() == [("single.png", ())]
    assert office.arrivals.waiting == 1
    (office.inbox / "letter/p1.png").unlink()
    office.until(lambda: not office.arrivals.waiting)
    assert office.arrivals.incomplete == ()


@pytest.mark.slow
@pytest.mark.parametrize("pages", [{"join_wait_s": 2.5}, {"join": "off", "duplex": "stacks", "duplex_wait_s": 2.5}])
def test_a_sweep_does_not_begin_the_wait_anew(tmp_path, pages):
    """It sees what waits again and again."""
    with Office(tmp_path, **pages) as office:
        office.send("letter/p1.png")
        began = time.monotonic()
        office.until(lambda: office.queue.jobs)
        assert 2.5 <= time.monotonic() - began < 5.0


@pytest.mark.slow
def test_a_page_that_is_being_written_keeps_its_document_open(office):
    """Longer than the wait."""
    contents = office.send("letter/p1.png", "letter/p2.png")
    with (office.inbox / "letter/p2.png").open("r+b") as late:
        late.truncate(100)
        late.flush()
        end = time.monotonic() + 2.5 * FOLDER["join_wait_s"]
        office.until(lambda: time.monotonic() > end)
        assert office.jobs() == []
        late.seek(0)
        late.write(contents[1])
    office.until(lambda: office.queue.jobs)
    assert office.jobs() == [("letter", ("p1.png", "p2.png"))]


def test_a_broken_page_is_set_aside_alone(office):
    """The others are a document without it."""
    office.send("letter/p1.png")
    (office.inbox / "letter/p2.png").write_bytes(b"this is no picture" * 10)
    office.until(lambda: office.queue.jobs)
    assert office.jobs() == [("letter", ("p1.png",))]
    assert lying(office.folders.path("failed")) == ["letter/p2.png", "letter/p2.reason.txt"]


def test_once_waits_as_long_as_for_a_file(tmp_path):
    """`run --once` ends with all that is there."""
    with Office(tmp_path, once=True, join_wait_s=3000.0) as office:
        office.send("letter/p1.png", "letter/p2.png", "single.png")
        office.until(lambda: office.arrivals.settled)
        assert sorted(office.jobs()) == [("letter", ("p1.png", "p2.png")), ("single.png", ())]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_changes_at_its_claim_takes_the_document_back(office, monkeypatch, page):
    """Nothing of it is read; then it is claimed whole, with the new page."""
    contents = dict(zip(PAGES, office.send(*(f"letter/{name}" for name in PAGES)), strict=True))
    changed = []

    def change(step):
        if step == "claim-recorded" and not changed:
            (office.inbox / "letter" / page).unlink()
            (contents[page],) = office.send(f"letter/{page}")
            changed.append(office.ledger.begun())

    monkeypatch.setattr(crashpoints, "reached", change)
    office.until(lambda: office.queue.jobs)
    (job,) = office.queue.jobs
    assert office.jobs() == [("letter", PAGES)]
    assert [path.read_bytes() for path in job.files] == [contents[name] for name in PAGES]
    assert changed != [[job.id]]
    assert office.ledger.begun() == [job.id]
    assert [path.name for path in office.folders.work_path.iterdir() if path.is_dir()] == [job.id]


def test_a_folder_that_is_exchanged_for_a_link_leads_nowhere(office, monkeypatch, tmp_path):
    """Nothing goes through the link, in either direction; the pages come back once it is gone."""
    office.send("letter/p1.png", "letter/p2.png")
    away = tmp_path / "away"
    away.mkdir()
    (away / "p2.png").write_bytes(PNG)

    def exchange(step):
        if step == "member-claimed":
            monkeypatch.setattr(crashpoints, "reached", lambda _: None)
            (office.inbox / "letter").rename(office.inbox / "other")
            (office.inbox / "letter").symlink_to(away)

    monkeypatch.setattr(crashpoints, "reached", exchange)
    office.until(lambda: list(office.completion.troubles()))
    assert office.jobs() == []
    assert lying(away) == ["p2.png"]
    (office.inbox / "letter").unlink()
    office.until(lambda: len(office.queue.jobs) == 2)
    assert sorted(office.jobs()) == [("letter", ("p1.png",)), ("other", ("p2.png",))]


def test_a_page_that_cannot_be_moved_keeps_its_document_in_the_inbox(tmp_path, monkeypatch):
    """`run --once` ends, and tells of it."""
    move = files.move

    def refuse(source, target, **more):
        if source.name == "p2.png":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(source))
        move(source, target, **more)

    monkeypatch.setattr(files, "move", refuse)
    with Office(tmp_path, once=True) as office:
        office.send("letter/p1.png", "letter/p2.png")
        office.until(lambda: office.arrivals.stuck and office.arrivals.settled)
        assert office.jobs() == []
        assert lying(office.inbox) == ["letter/p1.png", "letter/p2.png"]


STEPS = [("job-made", 1), ("claim-recorded", 1), *(("member-claimed", number) for number in (1, 2, 3)), ("claimed", 1)]


def dying(monkeypatch, step, number):
    """Let a daemon die at a step."""
    reached = itertools.count(1)

    def die(now):
        if now == step and next(reached) == number:
            monkeypatch.setattr(crashpoints, "reached", lambda _: None)
            raise Killed

    monkeypatch.setattr(crashpoints, "reached", die)


@pytest.mark.parametrize(("step", "number"), STEPS)
@pytest.mark.parametrize("ledger", ["kept", "lost"])
def test_a_claim_that_was_interrupted_is_taken_back_whole(tmp_path, monkeypatch, step, number, ledger):
    """Killed at any step, with the ledger or without it: the document is claimed once, whole, and no page is double."""
    with Office(tmp_path, once=True) as office:
        contents = dict(zip(PAGES, office.send(*(f"letter/{name}" for name in PAGES)), strict=True))
        dying(monkeypatch, step, number)
        with pytest.raises(Killed):
            office.until(lambda: office.queue.jobs)
    if ledger == "lost":
        (tmp_path / "ledger.sqlite3").unlink()
    with Office(tmp_path, once=True) as office:
        office.recover()
        whole = step == "claimed" or number == len(PAGES)
        assert bool(office.queue.jobs) == whole
        assert lying(office.inbox) == ([] if whole else sorted(f"letter/{name}" for name in PAGES))
        office.until(lambda: office.queue.jobs)
        (job,) = office.queue.jobs
        assert office.jobs() == [("letter", PAGES)]
        assert [path.read_bytes() for path in job.files] == [contents[name] for name in PAGES]
        assert lying(office.inbox) == []
        assert office.ledger.begun() == [job.id]


@pytest.mark.parametrize("number", [1, 2])
def test_a_return_that_was_interrupted_goes_on(tmp_path, monkeypatch, number):
    """Killed between two pages on their way back."""
    with Office(tmp_path, once=True) as office:
        office.send(*(f"letter/{name}" for name in PAGES))
        dying(monkeypatch, "member-claimed", 2)
        with pytest.raises(Killed):
            office.until(lambda: office.queue.jobs)
        dying(monkeypatch, "member-returned", number)
        with pytest.raises(Killed):
            office.recover()
    with Office(tmp_path, once=True) as office:
        office.recover()
        assert lying(office.inbox) == sorted(f"letter/{name}" for name in PAGES)
        assert office.ledger.begun() == []


@pytest.mark.parametrize("copied", [*PAGES])
def test_a_page_that_was_copied_and_not_removed_is_one_page(tmp_path, copied):
    """The claim was interrupted between two mounts, at its last page at the latest."""
    with Office(tmp_path, once=True) as office:
        office.send(*(f"letter/{name}" for name in PAGES))
        office.until(lambda: office.queue.jobs)
        (job,) = office.queue.jobs
        with (job.source / copied).open("rb") as file:
            files.copy(file.fileno(), office.inbox / "letter" / copied)
    with Office(tmp_path, once=True) as office:
        office.recover()
        assert lying(office.inbox) == sorted(f"letter/{name}" for name in PAGES)
        office.until(lambda: office.queue.jobs)
        assert office.jobs() == [("letter", PAGES)]


def test_a_job_that_was_begun_goes_on_whatever_the_inbox_has(tmp_path):
    """The same page may have been sent again."""
    with Office(tmp_path, once=True) as office:
        (content, *_) = office.send(*(f"letter/{name}" for name in PAGES))
        office.until(lambda: office.queue.jobs)
        (job,) = office.queue.jobs
        office.ledger.started(job.id)
        (office.inbox / "letter/p1.png").write_bytes(content)
    with Office(tmp_path, once=True) as office:
        office.recover()
        assert [again.id for again in office.queue.jobs] == [job.id]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{" * 5000, b'{"relative": "../x", "folder": "", "names": ["p1.png"]}']
)
def test_members_that_nobody_can_read_cost_no_page(tmp_path, content):
    """The pages go back to the inbox, as a folder: what was together stays together."""
    with Office(tmp_path, once=True) as office:
        office.send(*(f"letter/{name}" for name in PAGES))
        office.until(lambda: office.queue.jobs)
        (job,) = office.queue.jobs
        (job.folder / group_members.FILE).write_bytes(content)
    with Office(tmp_path, once=True) as office:
        office.recover()
        assert lying(office.inbox) == sorted(f"letter/{name}" for name in PAGES)
        assert not job.folder.exists()
