"""What becomes of a job once an attempt has ended."""

import time
from pathlib import Path

import pytest

from ocrwatchd import files, outbox
from ocrwatchd.config import Config, Folders
from ocrwatchd.endings import PAUSES_S, Endings
from ocrwatchd.errors import FolderUnusable
from ocrwatchd.ledger import Ledger
from ocrwatchd.model import Ending, Job, Outcome


class Ears:
    """A reporter that remembers trouble."""

    def __init__(self):
        self.troubles = {}

    def trouble(self, what, words):
        """Keep or forget."""
        self.troubles[what] = words
        if not words:
            del self.troubles[what]


class Desk:
    """Endings over a real ledger and real folders."""

    def __init__(self, root, ledger, **options):
        self.folders = Folders(root=str(root))
        self.ledger = ledger
        self.again = []
        self.ears = Ears()
        boxes = outbox.Outbox(self.folders, ledger)
        boxes.prepare()
        self.endings = Endings(ledger, boxes, self.ears, self.again.append, max_attempts=2, **options)

    def job(self):
        """A claimed job with its set."""
        job = Job("j", self.folders.work_path / "j", Path("scan.png"), Config().work())
        job.source.parent.mkdir(parents=True)
        job.source.write_bytes(b"original")
        job.out.mkdir()
        for suffix in (".txt", ".json"):
            (job.out / f"document{suffix}").write_text("text")
        self.ledger.claimed(job.id, job.relative)
        return job


@pytest.fixture
def ledger(tmp_path):
    """An open ledger."""
    with Ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


@pytest.fixture
def desk(tmp_path, ledger):
    """A patient desk."""
    return Desk(tmp_path / "root", ledger)


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
    desk.endings.end(Outcome(job, Ending.DONE, figures={"pages": 1, "sha256": "00"}))
    assert (desk.folders.path("outbox") / "scan.txt").exists()
    assert desk.ledger.entry("j").state == "delivered"
    assert not job.folder.exists()


def test_unreadable_job_is_set_aside(desk):
    """A scan whose content is at fault goes to failed/ at once."""
    desk.endings.end(Outcome(desk.job(), Ending.UNREADABLE, "no page could be read"))
    assert (desk.folders.path("failed") / "scan.png").exists()
    assert desk.ledger.entry("j").state == "failed"


def test_second_death_of_the_engine_sets_the_file_aside(desk):
    """A file gets a second chance, and no third."""
    job = desk.job()
    desk.endings.end(Outcome(job, Ending.DIED, "the engine ended with SIGSEGV"))
    assert desk.again == [job]
    desk.endings.end(Outcome(job, Ending.DIED, "the engine ended with SIGSEGV"))
    assert desk.again == [job]
    note = (desk.folders.path("failed") / "scan.reason.txt").read_text()
    assert "tried 2 times" in note
    assert "SIGSEGV" in note


def test_death_while_stopping_is_not_the_files_fault(desk):
    """What ends because the daemon stops does not count and is not tried again now."""
    desk.endings.end(Outcome(desk.job(), Ending.DIED, "killed"), stopping=True)
    assert desk.again == []
    assert desk.ledger.entry("j").blamed == 0


def test_returned_job_waits_and_is_offered_again(desk, monkeypatch):
    """A job that came back through nobody's fault is tried again after a pause, without blame."""
    job = desk.job()
    desk.endings.end(Outcome(job, Ending.RETURNED, "no room for pages"))
    assert (desk.again, desk.endings.parked) == ([], 1)
    due = desk.endings.next_due()
    monkeypatch.setattr(time, "monotonic", lambda: due)
    desk.endings.turn()
    assert desk.again == [job]
    assert desk.ledger.entry("j").blamed == 0


def test_full_disk_delays_a_delivery_and_loses_nothing(desk, monkeypatch):
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
        desk.endings.turn()
    assert pauses == list(PAUSES_S[:3])
    assert "No space left" in desk.ears.troubles["j"]
    assert job.source.exists()
    mend()
    now[0] = desk.endings.next_due()
    desk.endings.turn()
    assert desk.ears.troubles == {}
    assert desk.ledger.entry("j").state == "delivered"
    assert desk.ledger.entry("j").blamed == 0


def test_without_patience_a_full_disk_ends_the_run(tmp_path, ledger, monkeypatch):
    """`run --once` does not wait for a folder: it says where the scan lies."""
    desk = Desk(tmp_path / "root", ledger, patient=False)
    job = desk.job()
    fill_disk(monkeypatch)
    with pytest.raises(FolderUnusable, match=r"it lies in .* and goes on at the next start"):
        desk.endings.end(Outcome(job, Ending.DONE))
    assert job.source.exists()


def test_delivery_begun_before_a_restart_is_completed(desk, monkeypatch):
    """A job whose delivery was under way is completed without the engine."""
    job = desk.job()
    mend = fill_disk(monkeypatch)
    desk.endings.end(Outcome(job, Ending.DONE))
    mend()
    desk.endings.resume(job)
    assert desk.ledger.entry("j").state == "delivered"
    assert not job.folder.exists()
