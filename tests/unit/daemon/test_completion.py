"""What becomes of a job once an attempt has ended."""

import errno
import hashlib
import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from ocrwatchd.core import faults
from ocrwatchd.core.attempt import Ending, Outcome, PartFigures, ScanFigures
from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.content_hash import sha256_of_files
from ocrwatchd.core.fs import files
from ocrwatchd.core.i18n import Message
from ocrwatchd.daemon import completion, late_change
from ocrwatchd.daemon.completion import JobCompletion
from ocrwatchd.storage import outbox
from ocrwatchd.storage.ledger import Ledger
from tests.fakes.finished import finished_job
from tests.fakes.queue import FakeQueue


class Desk:
    """Endings over a real ledger and real folders."""

    def __init__(self, root, ledger, **options):
        self.folders = Folders(root=str(root))
        self.ledger = ledger
        self.queue = FakeQueue()
        self.again = self.queue.jobs
        boxes = outbox.Outbox(self.folders, ledger)
        boxes.prepare()
        self.endings = JobCompletion(ledger, boxes, self.queue, max_attempts=2, **options)

    @property
    def troubles(self):
        """What is wrong now, by the job."""
        return {each.kind: f"{each.file}: {each.message}" for each in self.endings.troubles()}

    def job(self):
        """A claimed job with its set."""
        return finished_job(self.ledger, self.folders)


@pytest.fixture
def ledger(tmp_path):
    """An open ledger."""
    with Ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


@pytest.fixture
def desk(tmp_path, ledger):
    """A patient desk."""
    return Desk(tmp_path / "root", ledger)


@pytest.fixture
def steady(monkeypatch):
    """Pauses without jitter."""
    monkeypatch.setattr(completion, "BACKOFF", replace(completion.BACKOFF, jitter=0.0))


def fill_disk(monkeypatch):
    """Let every move fail as on a full disk; returns what ends that."""

    def failing(*_args, **_options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        real = files.move
        patched.setattr(files, "move", failing)
    monkeypatch.setattr(files, "move", failing)
    return lambda: monkeypatch.setattr(files, "move", real)


def test_done_job_is_delivered_and_its_folder_gone(desk):
    """A finished set is delivered, written down, and its folder cleared."""
    job = desk.job()
    desk.endings.end(Outcome(job, Ending.DONE, figures=ScanFigures(pages=1, sha256="00")))
    assert (desk.folders.path("outbox") / "scan.txt").exists()
    assert desk.ledger.entry("j").state == "delivered"
    assert not job.folder.exists()


def test_of_a_divided_stack_each_document_is_told_with_its_own_pages(tmp_path, ledger):
    """Whoever adds them up would count the scan's several times; the file is the one that was in the inbox."""
    told = []
    desk = Desk(tmp_path / "root", ledger, notify=lambda *what: told.append(what))
    job = desk.job()
    for suffix in (".txt", ".json"):
        shutil.copy(job.out / f"document{suffix}", job.out / f"document-2{suffix}")
    parts = (PartFigures(pages=2), PartFigures(pages=1, unreadable=1))
    desk.endings.end(
        Outcome(job, Ending.DONE, figures=ScanFigures(pages=3, unreadable=1, sha256="00" * 32, parts=parts))
    )
    assert [(event, of.relative, place, own.pages, own.unreadable) for event, of, place, _, own in told] == [
        ("delivered", Path("scan.png"), Path("scan-part-1"), 2, 0),
        ("delivered", Path("scan.png"), Path("scan-part-2"), 1, 1),
    ]


def test_counts_of_a_document_are_remembered_and_nothing_else_of_it(desk):
    """The ledger keeps how many words and edits there were, and how sure the engine was; nothing else."""
    told = {"words": 7, "edits_by_reason": {"similar word": 2}, "confidence": 0.9}
    desk.endings.end(
        Outcome(
            desk.job(), Ending.DONE, figures=ScanFigures(**{"sha256": "ab" * 32, "pages": 1, "seconds": 2.0, **told})
        )
    )
    (row,) = desk.ledger._run("SELECT pages, seconds, counts FROM scan", ())
    assert (*row[:2], json.loads(row[2])) == (
        1, 2.0, {"words": 7, "scored_words": 0, "unreadable": 0, "edits_by_reason": {"similar word": 2},
                 "refused_by_reason": {}, "confidence": 0.9}
    )  # fmt: skip


def test_unreadable_job_is_set_aside(desk):
    """A scan whose content is at fault goes to failed/ at once."""
    desk.endings.end(Outcome(desk.job(), Ending.UNREADABLE, Message("no page could be read")))
    assert (desk.folders.path("failed") / "scan.png").exists()
    assert desk.ledger.entry("j").state == "failed"


def test_second_death_of_the_engine_sets_the_file_aside(desk):
    """A file gets a second chance, and no third."""
    job = desk.job()
    desk.endings.end(Outcome(job, Ending.DIED, Message("the engine ended with SIGSEGV")))
    assert desk.again == [job]
    desk.endings.end(Outcome(job, Ending.DIED, Message("the engine ended with SIGSEGV")))
    assert desk.again == [job]
    note = (desk.folders.path("failed") / "scan.reason.txt").read_text()
    assert "tried 2 times" in note
    assert "SIGSEGV" in note


def test_a_death_that_another_machine_tells_twice_counts_once(desk):
    """It does where the supervisor dies between the ledger and the next attempt."""
    job = desk.job()
    for _ in range(3):
        desk.endings.end(Outcome(job, Ending.DIED, Message("killed"), attempt=4))
    assert desk.again == [job] * 3
    desk.endings.end(Outcome(job, Ending.DIED, Message("killed"), attempt=5))
    assert (desk.folders.path("failed") / "scan.png").exists()


def test_death_while_stopping_is_not_the_files_fault(desk):
    """What ends because the daemon stops does not count and is not tried again now."""
    desk.endings.end(Outcome(desk.job(), Ending.DIED, Message("killed")), stopping=True)
    assert desk.again == []
    assert desk.ledger.entry("j").blamed == 0


def test_returned_job_waits_and_is_offered_again(desk, monkeypatch):
    """A job that came back through nobody's fault is tried again after a pause, without blame."""
    job = desk.job()
    desk.endings.end(Outcome(job, Ending.RETURNED, Message("no room for pages")))
    assert (desk.again, desk.endings.parked) == ([], 1)
    due = desk.endings.next_due()
    monkeypatch.setattr(time, "monotonic", lambda: due)
    desk.endings.tick(time.monotonic())
    assert desk.again == [job]
    assert desk.ledger.entry("j").blamed == 0


def test_job_whose_folder_was_removed_is_not_waited_for(tmp_path, ledger):
    """Somebody has emptied .work: that is told once and not tried for ever; while all of it is away, jobs wait."""
    away = [False]
    desk = Desk(tmp_path / "root", ledger, has_lost=lambda job: not job.folder.exists() and not away[0])
    job = desk.job()
    shutil.rmtree(job.folder)
    away[0] = True
    desk.endings.end(Outcome(job, Ending.RETURNED, Message("the disk failed")))
    assert desk.endings.parked == 1
    away[0] = False
    desk.endings.end(Outcome(job, Ending.RETURNED, Message("the disk failed")))
    assert desk.endings.parked == 1
    assert desk.troubles == {}
    assert ledger.entry(job.id) is None


def test_delivery_that_has_begun_waits_while_the_work_folder_is_away(desk, monkeypatch):
    """A set that cannot be seen has not been delivered: a share that goes in the midst of it costs a wait."""
    job, work = desk.job(), desk.folders.work_path
    monkeypatch.setattr(completion, "BACKOFF", Backoff(0.0, 0.0))
    with monkeypatch.context() as patched:
        fill_disk(patched)
        desk.endings.end(Outcome(job, Ending.DONE))
    work.rename(work.with_name("away"))
    with monkeypatch.context() as patched:
        patched.setattr(completion, "BACKOFF", Backoff(60.0, 60.0))
        desk.endings.tick(time.monotonic())
    assert desk.ledger.entry("j").state == "delivering"
    assert "mount it" in desk.troubles["j"]
    work.with_name("away").rename(work)
    later = time.monotonic() + 60.0
    monkeypatch.setattr("time.monotonic", lambda: later)
    desk.endings.tick(time.monotonic())
    assert sorted(path.name for path in desk.folders.path("outbox").iterdir()) == ["scan.json", "scan.txt"]
    assert desk.troubles == {}


def test_turn_ends_although_each_try_takes_long(desk, monkeypatch):
    """Many scans that wait for a slow share are tried a few at a time: systemd's watchdog wants to hear between."""
    clock = [time.monotonic()]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    job = desk.job()
    tried = []
    for number in range(9):
        desk.endings.end(Outcome(job, Ending.RETURNED, Message("the disk failed")))
        desk.endings._parked[-1] = (clock[0], number, lambda: (tried.append(1), clock.__setitem__(0, clock[0] + 1.0)))
    desk.endings.tick(time.monotonic())
    assert len(tried) == 1
    assert desk.endings.next_due() <= clock[0]


@pytest.mark.parametrize(
    "fault", ["ENOSPC", "EDQUOT", "EIO", "EROFS", "ESTALE", "ENOTCONN", "EACCES", "ENOENT", "EHOSTDOWN", "ETIMEDOUT"]
)
def test_transient_faults_wait_with_growing_pauses_and_blame_nobody(desk, steady, monkeypatch, fault):
    """Full disk, I/O error, share gone: whatever it is, the scan stays where it is and goes out once it is over."""
    job = desk.job()
    real = files.move
    number = getattr(errno, fault)
    monkeypatch.setattr(files, "move", lambda *_, **__: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    desk.endings.end(Outcome(job, Ending.DONE))
    pauses = []
    for _ in range(8):
        pauses.append(desk.endings.next_due() - now[0])
        now[0] = desk.endings.next_due()
        desk.endings.tick(time.monotonic())
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert os.strerror(number) in desk.troubles["j"]
    assert faults.is_machines(OSError(number, "")), "nor does the engine blame the scan for it"
    monkeypatch.setattr(files, "move", real)
    now[0] = desk.endings.next_due()
    desk.endings.tick(time.monotonic())
    entry = desk.ledger.entry("j")
    assert (entry.state, entry.blamed, desk.troubles) == ("delivered", 0, {})
    assert not any(desk.folders.path("failed").iterdir())


def test_full_disk_delays_a_delivery_and_loses_nothing(desk, steady, monkeypatch):
    """A delivery that finds no room waits with growing pauses, says so, and is done once there is room."""
    job = desk.job()
    mend = fill_disk(monkeypatch)
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pauses = []
    desk.endings.end(Outcome(job, Ending.DONE))
    for _ in range(3):
        pauses.append(desk.endings.next_due() - now[0])
        now[0] = desk.endings.next_due()
        desk.endings.tick(time.monotonic())
    assert pauses == [1.0, 2.0, 4.0]
    assert "No space left" in desk.troubles["j"]
    assert job.source.exists()
    mend()
    now[0] = desk.endings.next_due()
    desk.endings.tick(time.monotonic())
    assert desk.troubles == {}
    assert desk.ledger.entry("j").state == "delivered"
    assert desk.ledger.entry("j").blamed == 0


def test_without_patience_a_full_disk_leaves_the_scan_and_says_so(tmp_path, ledger, monkeypatch):
    """`run --once` does not wait for a folder: it lists where the scan lies."""
    desk = Desk(tmp_path / "root", ledger, patient=False)
    job = desk.job()
    fill_disk(monkeypatch)
    desk.endings.end(Outcome(job, Ending.DONE))
    (left,) = desk.endings.left
    assert str(left).startswith(f"scan.png was left in {job.folder}: No space left on device: make room there")
    assert job.source.exists()


def test_failing_to_set_aside_is_tried_again_without_a_second_blame(desk, monkeypatch):
    """The death that set a file aside is counted once, however long failed/ is full."""
    job = desk.job()
    desk.endings.end(Outcome(job, Ending.DIED, Message("died")))
    mend = fill_disk(monkeypatch)
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    desk.endings.end(Outcome(job, Ending.DIED, Message("died")))
    for _ in range(2):
        now[0] = desk.endings.next_due()
        desk.endings.tick(time.monotonic())
    assert desk.ledger.entry("j").blamed == 2
    assert "No space left" in desk.troubles["j"]
    mend()
    now[0] = desk.endings.next_due()
    desk.endings.tick(time.monotonic())
    assert (desk.folders.path("failed") / "scan.png").exists()


def test_clearing_up_that_fails_once_does_not_deliver_again(desk, monkeypatch):
    """A job's folder that cannot be removed at once is removed later; its delivery stays as it was."""
    job = desk.job()
    real, failures = shutil.rmtree, [OSError(5, "Input/output error")]
    monkeypatch.setattr(
        shutil, "rmtree", lambda path: (_ for _ in ()).throw(failures.pop()) if failures else real(path)
    )
    desk.endings.end(Outcome(job, Ending.DONE))
    assert desk.endings.parked == 1
    due = desk.endings.next_due()
    monkeypatch.setattr(time, "monotonic", lambda: due)
    desk.endings.tick(time.monotonic())
    assert not job.folder.exists()
    assert sorted(path.name for path in desk.folders.path("outbox").iterdir()) == ["scan.json", "scan.txt"]
    assert desk.ledger.entry("j").state == "delivered"


def test_folder_that_goes_while_it_is_cleared_is_clear(desk, monkeypatch):
    """An error after the last file of a delivered job is no reason to look for its folder for ever."""
    job = desk.job()
    real = shutil.rmtree

    def removing(path):
        real(path)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "rmtree", removing)
    desk.endings.end(Outcome(job, Ending.DONE))
    assert desk.endings.parked == 1
    due = desk.endings.next_due()
    monkeypatch.setattr(time, "monotonic", lambda: due)
    desk.endings.tick(time.monotonic())
    assert (desk.endings.parked, desk.troubles) == (0, {})


def test_consumer_that_takes_the_set_early_does_no_harm(desk, monkeypatch):
    """Somebody empties the outbox before the original is in the archive: the delivery is completed all the same."""
    job = desk.job()
    real = files.move

    def moving(source, target, **options):
        if target.is_relative_to(desk.folders.path("archive")):
            raise OSError(5, "Input/output error")
        real(source, target, **options)

    monkeypatch.setattr(files, "move", moving)
    desk.endings.end(Outcome(job, Ending.DONE))
    for path in desk.folders.path("outbox").iterdir():
        path.unlink()
    monkeypatch.setattr(files, "move", real)
    due = desk.endings.next_due()
    monkeypatch.setattr(time, "monotonic", lambda: due)
    desk.endings.tick(time.monotonic())
    assert (desk.folders.path("archive") / "scan.png").exists()
    assert desk.endings.parked == 0


def test_delivery_begun_before_a_restart_is_completed(desk, monkeypatch):
    """A job whose delivery was under way is completed without the engine."""
    job = desk.job()
    mend = fill_disk(monkeypatch)
    desk.endings.end(Outcome(job, Ending.DONE))
    mend()
    desk.endings.resume(job)
    assert desk.ledger.entry("j").state == "delivered"
    assert not job.folder.exists()


@pytest.mark.parametrize(("remote", "written", "told"), [(True, False, 1), (False, None, 1), (False, False, 0)])
def test_an_original_that_is_changed_after_it_was_read_is_told_of(desk, monkeypatch, remote, written, told):
    """Where no lease tells whether somebody still has the upload open; who has none open cannot have changed it."""
    monkeypatch.setattr(late_change.mounts, "is_remote", lambda _folder: remote)
    monkeypatch.setattr(late_change, "being_written", lambda _file: written)
    job = desk.job()
    figures = ScanFigures(sha256=hashlib.sha256(job.source.read_bytes()).hexdigest())
    with job.source.open("r+b") as writer, structlog.testing.capture_logs() as logs:
        writer.write(b"another")
        writer.flush()
        desk.endings.end(Outcome(job, Ending.DONE, figures=figures))
    assert [entry["event"] for entry in logs if entry["event"] == "scan.changed_later"] == ["scan.changed_later"] * told
    assert (desk.folders.path("archive") / "scan.png").read_bytes().startswith(b"another")


def test_an_original_that_nobody_has_changed_is_not_told_of(desk, monkeypatch):
    """Nor is one that people have taken away meanwhile."""
    monkeypatch.setattr(late_change, "being_written", lambda _file: None)
    job = desk.job()
    figures = ScanFigures(sha256=hashlib.sha256(job.source.read_bytes()).hexdigest())
    with structlog.testing.capture_logs() as logs:
        desk.endings.end(Outcome(job, Ending.DONE, figures=figures))
        late_change.look(desk.folders.path("archive") / "gone.png", desk.folders.path("archive"), "j", "ab")
    assert {entry["event"] for entry in logs} == {"job.delivered"}


@pytest.mark.parametrize(("changed", "told"), [("", 0), ("1.png", 1), ("2.png", 1)])
def test_each_file_of_an_original_is_looked_at(desk, monkeypatch, changed, told):
    """In the order of the pages, in which they were hashed."""
    monkeypatch.setattr(late_change, "being_written", lambda _file: None)
    archive = desk.folders.path("archive")
    (archive / "letter").mkdir()
    names = ("2.png", "1.png")
    for name in names:
        (archive / "letter" / name).write_text(name)
    sha256 = sha256_of_files(archive / "letter" / name for name in names)
    if changed:
        (archive / "letter" / changed).write_text("another")
    with structlog.testing.capture_logs() as logs:
        late_change.look(archive / "letter", archive, "j", sha256, names)
    assert [entry["event"] for entry in logs] == ["scan.changed_later"] * told
