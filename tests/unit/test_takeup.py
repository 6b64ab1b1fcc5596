"""What the next daemon does with the jobs that a killed one has left."""

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from ocrwatchd import outbox
from ocrwatchd.config import Config, Folders
from ocrwatchd.endings import Endings
from ocrwatchd.ledger import Ledger
from ocrwatchd.model import Scan
from ocrwatchd.takeup import take_up
from ocrwatchd.workplace import Workplace


class Silent:
    """A reporter that nobody hears."""

    def trouble(self, what, words, file=""):
        """Forget it."""


class House:
    """A root, and the rooms that a start needs."""

    def __init__(self, root, ledger):
        self.config = Config(folders=Folders(root=str(root)))
        self.folders = self.config.folders
        self.ledger = ledger
        boxes = outbox.Outbox(self.folders, ledger)
        boxes.prepare()
        self.workplace = Workplace(self.config)
        self.workplace.open()
        self.again = []
        self.endings = Endings(ledger, boxes, Silent(), self.again.append, max_attempts=2)

    def claim(self, name="scan.png", *, moved=True, row=True, refusal=""):
        """Go as far as a daemon came before it was killed."""
        path = self.folders.path("inbox") / name
        Image.new("L", (20, 20), "white").save(path)
        job = self.workplace.new_job(Scan(path, Path(name)))
        if row:
            self.ledger.claimed(job.id, job.relative, refusal)
        (job.folder / "scan").mkdir()
        if moved:
            path.rename(job.source)
        return job

    def start(self):
        """What the next daemon does first."""
        take_up(self.workplace, self.ledger, self.endings, self.folders)

    def lying(self, folder):
        """Every file under a folder."""
        base = self.folders.path(folder)
        return sorted(str(path.relative_to(base)) for path in base.rglob("*") if path.is_file())


@pytest.fixture
def house(tmp_path):
    """A house with an open ledger, its lock given back at the end."""
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        made = House(tmp_path / "root", ledger)
        yield made
        made.workplace.close()


def test_claimed_scan_goes_on(house):
    """A scan that had been claimed is tried again."""
    job = house.claim()
    house.start()
    assert [(again.id, again.relative) for again in house.again] == [(job.id, Path("scan.png"))]


def test_claim_that_ended_before_its_rename_leaves_nothing(house):
    """The scan is still in the inbox: folder and row go, and the start goes through."""
    job = house.claim(moved=False)
    house.start()
    assert house.again == []
    assert not job.folder.exists()
    assert house.ledger.entry(job.id) is None
    assert house.lying("inbox") == ["scan.png"]


def test_row_whose_folder_has_gone_is_forgotten(house):
    """A claim without a folder is no claim."""
    job = house.claim(moved=False)
    shutil.rmtree(job.folder)
    house.start()
    assert house.ledger.claims() == []


def test_refused_scan_stays_refused(house):
    """A broken upload that was claimed for failed/ goes there after a restart too, not to the engine."""
    house.claim(refusal="the upload broke off")
    house.start()
    assert house.again == []
    assert house.lying("failed") == ["scan.png", "scan.reason.txt"]


def test_scan_without_a_row_is_examined_again(house):
    """With the ledger lost, a whole scan goes on and a broken one goes to failed/."""
    house.claim("whole.png", row=False)
    cut = house.claim("cut.png", row=False)
    cut.source.write_bytes(cut.source.read_bytes()[:-20])
    house.start()
    assert [job.relative.name for job in house.again] == ["whole.png"]
    assert house.lying("failed") == ["cut.png", "cut.reason.txt"]


def test_scan_that_the_ledger_calls_ended_is_read_again(house):
    """The folders are the truth: a scan that lies here again, from a backup say, is tried anew."""
    job = house.claim()
    house.ledger.delivering(job.id, "outbox", "scan", (".json",), "")
    house.ledger.ended(job.id)
    house.start()
    assert [again.id for again in house.again] == [job.id]
    assert house.ledger.entry(job.id).state == "claimed"


def test_folder_of_an_ended_job_is_cleared(house):
    """A delivery that was complete but not cleared up is cleared now."""
    job = house.claim()
    house.ledger.delivering(job.id, "outbox", "scan", (".json",), "")
    house.ledger.ended(job.id)
    job.source.unlink()
    house.start()
    assert not job.folder.exists()


def test_half_a_copy_is_no_scan(house):
    """A claim by copy that broke off leaves a temporary file, and its original in the inbox."""
    job = house.claim(moved=False)
    (job.folder / "scan" / ".ocrwatchd-0123456789abcdef.tmp").write_bytes(b"half")
    house.start()
    assert house.again == []
    assert not job.folder.exists()


def test_copy_whose_original_is_still_in_the_inbox_is_dropped(house):
    """A claim by copy that ended before the inbox's name went would be delivered twice: the copy goes."""
    job = house.claim(moved=False)
    shutil.copy2(house.folders.path("inbox") / "scan.png", job.source)
    house.start()
    assert house.again == []
    assert house.lying("inbox") == ["scan.png"]


def test_new_scan_of_the_same_name_is_another_one(house):
    """A scanner that used the name again meanwhile costs the claimed scan nothing."""
    job = house.claim()
    Image.new("L", (20, 20), "black").save(house.folders.path("inbox") / "scan.png")
    house.start()
    assert [again.id for again in house.again] == [job.id]


def test_one_job_that_cannot_be_taken_up_does_not_keep_the_others(house, monkeypatch):
    """An I/O error over one job is logged; the start goes on with the next."""
    first, second = house.claim("a.png"), house.claim("b.png")
    real = Ledger.entry

    def failing(ledger, job):
        if job == first.id:
            raise OSError(5, os.strerror(5))
        return real(ledger, job)

    monkeypatch.setattr(Ledger, "entry", failing)
    house.start()
    assert [job.id for job in house.again] == [second.id]
