"""Delivery: the whole set under one free name, resumable at every move."""

import os
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.core.config.profile import Output, Task
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Job
from ocrwatchd.storage import outbox, root_folders, set_names
from ocrwatchd.storage.ledger import Ledger
from tests.lying import lying


class House:
    """A root with its ledger and outbox, and jobs on request."""

    def __init__(self, root, ledger):
        self.root = root
        self.folders = Folders(root=str(root))
        self.ledger = ledger
        self.outbox = outbox.Outbox(self.folders, ledger)
        self.outbox.prepare()
        self.count = 0

    def job(self, relative="scan.pdf", suffixes=(".txt", ".json")):
        """A claimed job whose set is finished."""
        self.count += 1
        folder = self.folders.work_path / f"job{self.count}"
        work = Config().work().model_copy(update={"output": Output(formats=("txt", "json"))})
        job = Job(f"job{self.count}", folder, Path(relative), work)
        job.source.parent.mkdir(parents=True)
        job.source.write_bytes(b"original")
        job.out.mkdir()
        for suffix in suffixes:
            (job.out / f"document{suffix}").write_text(f"{job.id}{suffix}")
        self.ledger.claimed(job.id, job.relative)
        return job

    def lying(self, folder):
        """Every file under a folder, relative to it."""
        return lying(self.folders.path(folder))


@pytest.fixture
def house(tmp_path):
    """A house with an open ledger."""
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        yield House(tmp_path / "root", ledger)


def test_set_goes_to_the_outbox_and_the_original_to_the_archive(house):
    """A delivered set bears the scan's name; the original lies in the archive under the same."""
    job = house.job()
    assert house.outbox.deliver(job) == "scan"
    assert house.lying("outbox") == ["scan.json", "scan.txt"]
    assert house.lying("archive") == ["scan.pdf"]
    assert (house.folders.path("archive") / "scan.pdf").read_bytes() == b"original"


def test_same_name_again_gets_a_number_for_the_whole_set(house):
    """A scanner that reuses names replaces nothing: set and original are numbered alike."""
    for _ in range(3):
        house.outbox.deliver(house.job())
    assert house.lying("outbox") == [f"scan{n}.{s}" for n in ("-2", "-3", "") for s in ("json", "txt")]
    assert house.lying("archive") == ["scan-2.pdf", "scan-3.pdf", "scan.pdf"]
    assert (house.folders.path("outbox") / "scan-3.txt").read_text() == "job3.txt"


@pytest.mark.parametrize(("template", "name"), [("{name}", "Bill no. 5"), ("to {name}", "to Bill no. 5")])
def test_what_is_joined_keeps_its_whole_name(house, template, name):
    """A folder has no type behind a dot: bills no. 5 and no. 6 would both be "Bill no"."""
    job = house.job("bills/Bill no. 5")
    job.source.unlink()
    job.source.mkdir()
    (job.source / "1.png").write_bytes(b"page")
    work = job.work.model_copy(update={"output": Output(name=template)})
    house.outbox.deliver(replace(job, work=work, members=("1.png",)))
    assert house.lying("outbox") == [f"bills/{name}.json", f"bills/{name}.txt"]
    assert house.lying("archive") == ["bills/Bill no. 5/1.png"]


def test_two_types_of_one_name_get_two_sets(house):
    """scan.pdf and scan.png both become scan.txt: the later one is numbered."""
    house.outbox.deliver(house.job("scan.pdf"))
    assert house.outbox.deliver(house.job("scan.png")) == "scan-2"


def test_name_of_a_delivery_under_way_is_taken_even_by_an_equal_file(house, monkeypatch):
    """Two scans of one name and equal text: the one that waits for room keeps its name, and nothing of the other."""
    waiting, other = house.job(), house.job()
    for job in (waiting, other):
        (job.out / "document.txt").write_text("the same text")
    real = files.move
    monkeypatch.setattr(files, "move", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        house.outbox.deliver(waiting)
    monkeypatch.setattr(files, "move", real)
    assert house.outbox.deliver(other) == "scan-2"
    assert house.outbox.deliver(waiting) == "scan"
    assert house.lying("outbox") == ["scan-2.json", "scan-2.txt", "scan.json", "scan.txt"]


@pytest.mark.parametrize("names", [("letter.pdf", "letter.summary.pdf"), ("letter.summary.pdf", "letter.pdf")])
@pytest.mark.parametrize("waits", [False, True])
def test_a_tasks_file_and_a_scan_of_that_name_take_nothing_from_each_other(house, monkeypatch, names, waits):
    """letter.summary.txt is a task's for letter.pdf and the text of letter.summary.pdf: the later set is numbered."""
    jobs = [house.job(name, (".json", ".summary.txt", ".txt")) for name in names]
    if waits:  # its name is recorded, and nothing of it lies there yet
        with monkeypatch.context() as patch:
            patch.setattr(files, "move", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space"):
                house.outbox.deliver(jobs[0])
        jobs.reverse()
    delivered = [house.outbox.deliver(job) for job in jobs]
    stems = [job.relative.stem for job in jobs]
    assert delivered == [stems[0], f"{stems[1]}-2"]
    assert house.lying("outbox") == sorted(f"{each}.{s}" for each in delivered for s in ("json", "summary.txt", "txt"))


def test_what_a_task_left_of_an_earlier_set_is_no_part_of_a_later_one(house):
    """Where people took the earlier set but for its summary, and this time there is none, the name is not free."""
    (house.folders.path("outbox") / "scan.summary.txt").write_text("of another document")
    job = house.job()
    work = job.work.model_copy(update={"tasks": (Task(name="summary", prompt="x"),)})
    assert house.outbox.deliver(replace(job, work=work)) == "scan-2"


def test_archive_counts_when_a_name_is_chosen(house):
    """A name that is free in the outbox only is not free."""
    (house.folders.path("archive") / "scan.pdf").write_text("an older one")
    assert house.outbox.deliver(house.job()) == "scan-2"


def test_subfolders_are_mirrored(house):
    """A scan from a profile's folder ends in that folder's mirror."""
    house.outbox.deliver(house.job("invoices/scan.pdf"))
    assert house.lying("outbox") == ["invoices/scan.json", "invoices/scan.txt"]
    assert house.lying("archive") == ["invoices/scan.pdf"]


def test_failed_scan_lies_beside_its_reason(house):
    """What could not be read is in failed/ with a note in plain words."""
    job = house.job()
    assert house.outbox.set_aside(job, Message("the upload broke off")) == "scan"
    assert house.lying("failed") == ["scan.pdf", "scan.reason.txt"]
    note = (house.folders.path("failed") / "scan.reason.txt").read_text()
    assert "scan.pdf could not be read" in note
    assert "Why: the upload broke off" in note
    assert "drag the file back into the inbox" in note


@pytest.mark.parametrize("goal", ["outbox", "failed"])
@pytest.mark.parametrize("moves_before", range(3))
def test_delivery_that_broke_off_is_completed(house, monkeypatch, goal, moves_before):
    """A restart after any number of moves completes the same set under the same name."""
    job = house.job()
    finish = house.outbox.deliver if goal == "outbox" else lambda job: house.outbox.set_aside(job, Message("broken"))
    real, left = files.move, [moves_before]

    def failing(source, target, **options):
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        left[0] -= 1
        real(source, target, **options)

    monkeypatch.setattr(files, "move", failing)
    if moves_before < (3 if goal == "outbox" else 2):
        with pytest.raises(OSError, match="No space"):
            finish(job)
    else:
        finish(job)
    monkeypatch.setattr(files, "move", real)
    again = Job(job.id, job.folder, job.relative, job.work)
    assert house.outbox.resume(again, house.ledger.entry(job.id)) == "scan"
    assert house.lying(goal) == (["scan.json", "scan.txt"] if goal == "outbox" else ["scan.pdf", "scan.reason.txt"])
    assert not job.source.exists()


def test_receipt_moves_after_the_rest_of_the_set(house, monkeypatch):
    """Whoever sees NAME.json sees the whole set: it moves last, and the original after it."""
    order = []
    real = files.move
    monkeypatch.setattr(files, "move", lambda s, t, **o: (order.append(t.name), real(s, t, **o)))
    house.outbox.deliver(house.job(suffixes=(".json", ".raw.txt", ".txt")))
    assert order == ["scan.raw.txt", "scan.txt", "scan.json", "scan.pdf"]


def test_name_taken_meanwhile_moves_the_whole_set_to_another(house, monkeypatch):
    """Somebody puts a file under a chosen name: nothing of theirs is touched, the set stays together."""
    job = house.job()
    taken = house.folders.path("outbox") / "scan.json"
    real = files.move

    def moving(source, target, **options):
        if target == taken and not taken.exists():
            taken.write_text("somebody else's")
        real(source, target, **options)

    monkeypatch.setattr(files, "move", moving)
    assert house.outbox.deliver(job) == "scan-2"
    assert house.lying("outbox") == ["scan-2.json", "scan-2.txt", "scan.json"]
    assert taken.read_text() == "somebody else's"
    assert house.lying("archive") == ["scan-2.pdf"]


def test_the_note_says_the_name_that_was_free_at_last(house, monkeypatch):
    """The command in it is for this scan, not for the one that took the name meanwhile."""
    real, taken = files.move, house.folders.path("failed") / "invoices" / "scan.pdf"

    def racing(source, target, **options):
        if target == taken and not taken.exists():
            taken.write_text("somebody else's")
        real(source, target, **options)

    monkeypatch.setattr(files, "move", racing)
    assert house.outbox.set_aside(house.job("invoices/scan.pdf"), Message("broken")) == "scan-2"
    note = (taken.parent / "scan-2.reason.txt").read_text()
    assert "ocrwatchd retry invoices/scan-2.pdf\n" in note


@pytest.mark.parametrize("name", ["x" * 251 + ".pdf", "ü" * 125 + ".pdf", "\udcff" * 251 + ".pdf", "a." + "b" * 253])
def test_long_name_is_cut_to_what_the_file_system_takes(house, name):
    """A name of 255 bytes leaves no room for suffixes and is cut, its characters whole; a long "suffix" is none."""
    job = house.job(name)
    delivered = house.outbox.deliver(job)
    assert delivered
    assert name.startswith(delivered)
    assert all(len(os.fsencode(path)) <= 255 for path in house.lying("outbox"))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 30_000])
def test_name_that_is_used_for_years_is_numbered_at_once(count):
    """The next number is found in a few steps, however many there are: each costs several looks at a share."""
    names = ["scan", *(f"scan-{number}" for number in range(2, count + 1))]
    taken, tried = set(names), []
    name = set_names.first_free("scan", (".txt",), lambda name: (tried.append(name), name not in taken)[1])
    assert name == f"scan-{count + 1}"
    assert len(tried) < 40


def test_written_files_have_the_configured_mode(house):
    """Results get file_mode, whatever the engine's umask was."""
    house.outbox.deliver(house.job())
    assert stat.S_IMODE((house.folders.path("outbox") / "scan.txt").stat().st_mode) == 0o640


def test_folders_that_somebody_removed_are_made_as_at_the_start(house):
    """A delivery makes them again, with the permissions of the start."""
    job = house.job()
    for name in ("outbox", "archive"):
        house.folders.path(name).rmdir()
    house.outbox.deliver(job)
    modes = [stat.S_IMODE((house.root / name).stat().st_mode) for name in (".", "outbox", "archive")]
    assert modes == [0o750, 0o2770, 0o2750]


def test_link_in_the_outbox_is_not_followed(house, tmp_path):
    """A link planted in the outbox leads no result out of it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (house.folders.path("outbox") / "invoices").symlink_to(elsewhere)
    with pytest.raises(files.Obstacle):
        house.outbox.deliver(house.job("invoices/scan.pdf"))
    assert list(elsewhere.iterdir()) == []


def test_job_folder_is_cleared_only_after_its_scan_has_gone(house):
    """The only copy of a scan is never removed with its job's folder."""
    job = house.job()
    with pytest.raises(OSError, match="has not been delivered"):
        outbox.clear(job)
    house.outbox.deliver(job)
    outbox.clear(job)
    assert not job.folder.exists()


def test_folder_that_cannot_be_made_is_named(tmp_path):
    """A file in a folder's place gives a message that names it."""
    (tmp_path / "root").write_text("")
    with (
        Ledger(tmp_path / "ledger.sqlite3") as ledger,
        pytest.raises(FolderUnusable, match="root/inbox cannot be made"),
    ):
        outbox.Outbox(Folders(root=str(tmp_path / "root")), ledger).prepare()


def test_unknown_group_is_named():
    """A group that the machine does not have is an error of the configuration's reader."""
    with pytest.raises(FolderUnusable, match="there is no such group"):
        root_folders.group_id("no-such-group-here")


def test_folder_called_like_the_status_page_leaves_the_page_its_name(house):
    """Its sets lie beside, whether the page is there yet or not."""
    house.outbox.deliver(house.job("status.html/scan.pdf"))
    (house.folders.path("outbox") / "status.html").write_text("the page")
    house.outbox.deliver(house.job("status.html/scan.pdf"))
    assert house.lying("outbox") == [
        "status.html",
        *(f"status.html-2/scan{number}.{suffix}" for number in ("-2", "") for suffix in ("json", "txt")),
    ]
    assert house.lying("archive") == ["status.html-2/scan-2.pdf", "status.html-2/scan.pdf"]


def stopped_after(monkeypatch, moves):
    """Moves fail from then on, as at a kill."""
    real, left = files.move, [moves]

    def failing(source, target, **options):
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        left[0] -= 1
        real(source, target, **options)

    monkeypatch.setattr(files, "move", failing)


@pytest.mark.parametrize("moves", range(4))
@pytest.mark.parametrize("pages", [(), ("1.png", "2.png")])
def test_a_note_is_written_once(house, monkeypatch, pages, moves):
    """A restart in another minute, after any number of moves, writes no second note, also for several files."""
    job = house.job("letter")
    if pages:
        job.source.unlink()
        job.source.mkdir()
        job = replace(job, members=pages)
        for path in job.files:
            path.write_bytes(path.name.encode())
    monkeypatch.setattr("time.strftime", lambda form, *_: "12:00")
    with monkeypatch.context() as patch:
        stopped_after(patch, min(moves, len(pages) + 1))
        with suppress(OSError):
            house.outbox.set_aside(job, Message("broken"))
    monkeypatch.setattr("time.strftime", lambda form, *_: "12:01")
    assert house.outbox.resume(job, house.ledger.entry(job.id)) == "letter"
    there = [f"letter/{name}" for name in pages] or ["letter"]
    assert house.lying("failed") == sorted([*there, "letter.reason.txt"])


def test_files_of_other_names_are_no_documents_of_a_scan(house):
    """Each document has its number, and the first one has none."""
    job = house.job(suffixes=(".txt", ".json", "-2.json", "-10.a.json", "-1.txt", "-02.txt", "s.txt", "-2"))
    found = {number: sorted(suffixes) for number, suffixes in outbox.suffixes_in(job.out).items()}
    assert found == {1: [".json", ".txt"], 2: [".json"], 10: [".a.json"]}
