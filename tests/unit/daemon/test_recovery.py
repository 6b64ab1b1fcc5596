"""What the next daemon does with the jobs that a killed one has left."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Scan
from ocrwatchd.daemon.completion import JobCompletion
from ocrwatchd.daemon.recovery import recover_jobs
from ocrwatchd.storage import delivery_plan, outbox
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.work_folder import WorkFolder
from tests.fakes.planned import planned
from tests.fakes.queue import FakeQueue
from tests.lying import lying


class House:
    """A root, and the rooms that a start needs."""

    def __init__(self, root, ledger):
        self.config = Config(folders=Folders(root=str(root)))
        self.folders = self.config.folders
        self.ledger = ledger
        boxes = outbox.Outbox(self.folders, ledger)
        boxes.prepare()
        self.workplace = WorkFolder(self.config)
        self.workplace.open()
        self.queue = FakeQueue()
        self.again = self.queue.jobs
        self.endings = JobCompletion(ledger, boxes, self.queue, max_attempts=2)

    def claim(self, name="scan.png", *, moved=True, row=True, refusal=""):
        """Go as far as a daemon came before it was killed."""
        path = self.folders.path("inbox") / name
        Image.new("L", (20, 20), "white").save(path)
        job = self.workplace.new_job(Scan(path, Path(name)))
        if row:
            self.ledger.claimed(job.id, job.relative, Message(refusal))
        (job.folder / "scan").mkdir()
        if moved:
            path.rename(job.source)
        return job

    def start(self):
        """What the next daemon does first."""
        recover_jobs(self.workplace, self.ledger, self.endings, self.queue, self.folders)

    def lying(self, folder):
        """Every file under a folder."""
        return lying(self.folders.path(folder))


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
    assert house.ledger.begun() == []


def test_delivery_whose_folder_has_gone_is_forgotten(house):
    """Somebody has emptied .work: what was never delivered must not make the scan, sent again, a copy of it."""
    job = house.claim()
    house.ledger.delivering(job.id, "outbox", "scan", (planned("scan", ".txt", ".json"),), Message(""))
    shutil.rmtree(job.folder)
    house.start()
    assert house.ledger.entry(job.id) is None
    assert house.ledger.reserved("outbox", but="") == set()


def test_refused_scan_stays_refused(house):
    """A broken upload that was claimed for failed/ goes there after a restart too, not to the engine."""
    house.claim(refusal="the upload broke off")
    house.start()
    assert house.again == []
    assert house.lying("failed") == ["scan.png", "scan.reason.txt"]


def test_scan_without_a_row_is_examined_again(house):
    """With the ledger lost, a scan that a decoder may find whole goes on, and an empty one goes to failed/."""
    house.claim("whole.png", row=False)
    cut, empty = house.claim("cut.png", row=False), house.claim("empty.png", row=False)
    cut.source.write_bytes(cut.source.read_bytes()[:-20])
    empty.source.write_bytes(b"")
    house.start()
    assert sorted(job.relative.name for job in house.again) == ["cut.png", "whole.png"]
    assert house.lying("failed") == ["empty.png", "empty.reason.txt"]


def test_scan_that_the_ledger_calls_ended_is_read_again(house):
    """The folders are the truth: a scan that lies here again, from a backup say, is tried anew."""
    job = house.claim()
    house.ledger.delivering(job.id, "outbox", "scan", (planned("scan", ".json"),), Message(""))
    house.ledger.ended(job.id)
    house.start()
    assert [again.id for again in house.again] == [job.id]
    assert house.ledger.entry(job.id).state == "claimed"


def test_folder_of_an_ended_job_is_cleared(house):
    """A delivery that was complete but not cleared up is cleared now."""
    job = house.claim()
    house.ledger.delivering(job.id, "outbox", "scan", (planned("scan", ".json"),), Message(""))
    house.ledger.ended(job.id)
    job.source.unlink()
    house.start()
    assert not job.folder.exists()


def test_folder_that_cannot_be_read_now_is_not_taken_for_an_empty_one(house, monkeypatch):
    """An I/O error at the start must not cost the only copy of a scan."""
    job = house.claim()
    real = os.scandir

    def failing(path):
        if str(path) == str(job.source.parent):
            raise OSError(5, os.strerror(5), str(path))
        return real(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", failing)
        with pytest.raises(OSError, match="Input/output"):
            house.start()
    assert job.source.exists()
    house.start()
    assert [again.id for again in house.again] == [job.id]


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


def test_disk_that_fails_at_the_start_costs_a_pause_and_no_more(house, monkeypatch):
    """A job that cannot be taken up now is taken up a little later, by the same daemon."""
    job = house.claim(row=False)
    with monkeypatch.context() as patched:

        def failing(_source):
            raise OSError(5, os.strerror(5))

        patched.setattr("ocrwatchd.daemon.recovery._refusal_of", failing)
        house.start()
    assert house.again == []
    due = house.endings.next_due()
    monkeypatch.setattr("time.monotonic", lambda: due)
    house.endings.tick(time.monotonic())
    assert [again.id for again in house.again] == [job.id]


@pytest.mark.parametrize("broken", [(delivery_plan, "read"), (Ledger, "delivering")])
def test_delivery_that_the_disk_hides_at_the_start_is_not_begun_anew(house, monkeypatch, broken):
    """A ledger that is behind, and a fault when it should catch up: the scan waits, and is not delivered twice."""
    job = house.claim()
    job.out.mkdir()
    for suffix in (".txt", ".json"):
        (job.out / f"document{suffix}").write_text("text")
    delivery_plan.write(
        job.folder, delivery_plan.Route(job.relative, "outbox", "scan-7", (planned("scan-7", ".txt", ".json"),))
    )
    with monkeypatch.context() as patched:
        patched.setattr(*broken, lambda *_, **_options: (_ for _ in ()).throw(OSError(5, os.strerror(5))))
        house.start()
    assert house.again == []
    due = house.endings.next_due()
    monkeypatch.setattr("time.monotonic", lambda: due)
    house.endings.tick(time.monotonic())
    assert house.again == []
    assert house.lying("outbox") == ["scan-7.json", "scan-7.txt"]


def test_link_that_takes_a_claimed_scans_name_does_not_stop_it(house):
    """Nothing that lies in the inbox, of whatever kind and date, keeps a claimed scan from going on."""
    job = house.claim()
    times = job.source.stat().st_mtime_ns
    link = house.folders.path("inbox") / "scan.png"
    link.symlink_to("nowhere")
    os.utime(link, ns=(times, times), follow_symlinks=False)
    house.start()
    assert [again.id for again in house.again] == [job.id]


def test_copy_without_a_row_whose_original_is_in_the_inbox_is_dropped(house):
    """With the ledger lost too, a claim by copy that broke off does not become a second scan."""
    job = house.claim(moved=False, row=False)
    shutil.copy2(house.folders.path("inbox") / "scan.png", job.source)
    house.start()
    assert house.again == []
    assert house.lying("inbox") == ["scan.png"]


def test_a_scan_that_workers_have_begun_is_no_copy_that_broke_off(house):
    """Whoever has sent the same once more gets both, though the ledger is lost."""
    job = house.claim(moved=False, row=False)
    shutil.copy2(house.folders.path("inbox") / "scan.png", job.source)
    (job.folder / outbox.ATTEMPTS).mkdir()
    house.start()
    assert [again.id for again in house.again] == [job.id]


def test_delivery_that_was_restored_from_a_backup_is_completed_once(house):
    """A job that ended after the backup lies here again with its set: what is delivered is not delivered again."""
    job = house.claim()
    job.out.mkdir()
    (job.out / "document.json").write_text("{}")
    delivery_plan.write(job.folder, delivery_plan.Route(job.relative, "outbox", "scan", (planned("scan", ".json"),)))
    saved = house.folders.root_path / "saved"
    shutil.copytree(job.folder, saved)
    house.start()
    assert house.ledger.entry(job.id).state == "delivered"
    shutil.copytree(saved, job.folder)
    house.start()
    assert house.again == []
    assert (house.lying("outbox"), house.lying("archive")) == (["scan.json"], ["scan.png"])
    assert not job.folder.exists()


@pytest.mark.parametrize("content", [b"", b"{", b'{"goal": 1}', b"[]", b"\xff", b"[" * 10_000])
def test_half_a_route_is_none(house, content):
    """A file that is no route says nothing: the scan is read again."""
    job = house.claim()
    (job.folder / delivery_plan.FILE).write_bytes(content)
    house.start()
    assert [again.id for again in house.again] == [job.id]


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "../x"},
        {"name": ""},
        {"relative": "/etc/x"},
        {"relative": "../x"},
        {"sets": [["a", "scan", "", "scan", ["/../../x"]]]},
        {"goal": "inbox"},
        {"goal": ["failed"]},
        {"goal": {}},
        {"name": None},
        {"name": ".."},
        {"name": ".hidden"},
        {"name": "\ud800x"},
        {"name": "n" * 5000},
        {"name": "n" * 256},
        {"sets": [["a", "scan", "", "n" * 251, [".json"]]]},
        {"relative": 5},
        {"relative": "."},
        {"relative": "\ud800x.png"},
        {"relative": "/".join(["n" * 200] * 40)},
        {"sets": [["a", "scan", "scan", 5]]},
        {"sets": [["a", "scan", "scan", ".json"]]},
        {"sets": [["a", "scan", "scan", {}]]},
        {"sets": [["a", "scan", "", "scan", [5]]]},
        {"sets": [["a", "scan", "", "scan", [""]]]},
        {"sets": [["a", "scan", "", "scan", [".json", ".json"]]]},
        {"sets": [["a", "scan", "", "scan", [".a b"]]]},
        {"sets": [["a", "scan", "", "scan", [".."]]]},
        {"sets": [["a", "scan", "", "scan", ["\ud800"]]]},
        {"sets": []},
        {"sets": 5},
        {"sets": ["abcd"]},
        {"sets": [["a", "scan", "", "scan"]]},
        {"sets": [["../a", "scan", "", "scan", [".json"]]]},
        {"sets": [["/a", "scan", "", "scan", [".json"]]]},
        {"sets": [["a", "../scan", "", "scan", [".json"]]]},
        {"sets": [["a", "scan", "", "b/scan", [".json"]]]},
        {"sets": [["a", "scan", "", ".scan", [".json"]]]},
        {"sets": [["a", "scan", "", None, [".json"]]]},
        {"sets": [["a", "scan", "-part-1", "scan", [".json"]]]},
        {"sets": [["a", "scan/..", "/..", "scan", [".json"]]]},
        {"sets": [["a", "scan", "", "scan", [".json"]], ["a", "scan", "", "scan", [".json"]]]},
        {"reason": [1]},
        {"reason": None},
    ],
)
def test_an_invalid_route_is_none(tmp_path, bad):
    """What lies in the work folder may come from anywhere with the root: every value is valid, or no plan counts."""
    good = {
        "relative": "a/scan.png",
        "goal": "outbox",
        "name": "scan",
        "sets": [["a", "scan", "", "scan", [".json"]]],
        "reason": "",
    }
    (tmp_path / delivery_plan.FILE).write_text(json.dumps(good))
    assert delivery_plan.read(tmp_path) == delivery_plan.Route(
        Path("a/scan.png"), "outbox", "scan", (planned("scan", ".json", folder="a"),)
    )
    (tmp_path / delivery_plan.FILE).write_text(json.dumps(good | bad))
    assert delivery_plan.read(tmp_path) is None


def test_route_keeps_undecodable_names(tmp_path):
    """A name that is not valid UTF-8 comes back byte by byte."""
    odd = os.fsdecode(b"s\xff-2")
    noted = planned(odd, ".reason.txt", folder=os.fsdecode(b"b\xfc"))
    way = delivery_plan.Route(Path(os.fsdecode(b"b\xfc/s\xff.pdf")), "failed", odd, (noted,), Message("why"))
    delivery_plan.write(tmp_path, way)
    assert delivery_plan.read(tmp_path) == way
