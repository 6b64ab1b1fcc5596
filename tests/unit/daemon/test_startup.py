"""What one daemon holds alone, and the ledger that is built from the folders where there is none to trust."""

import contextlib
import errno
import json
import os
import resource
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
import structlog

from ocrwatchd.core.attempt import Ending, Outcome, ScanFigures
from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.config.schema import ROOTS, Config, Folders
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.core.model import Scan
from ocrwatchd.daemon import startup
from ocrwatchd.daemon.completion import JobCompletion
from ocrwatchd.daemon.recovery import recover_jobs
from ocrwatchd.monitoring import status
from ocrwatchd.storage import delivery_plan, ledger_file, ledger_rebuild, outbox, root_folders
from ocrwatchd.storage.ledger import Ledger, LedgerFault
from ocrwatchd.storage.ledger_file import LEDGER, SCHEMA_VERSION, DamagedLedger
from ocrwatchd.storage.retention import DAY_S
from ocrwatchd.storage.work_folder import known_id
from tests.fakes.queue import FakeQueue
from tests.lying import lying
from tests.unit.storage.test_ledger_file import DAMAGES

SHA256 = "5e" * 32


class House:
    """A root and a state directory, opened as a daemon does."""

    def __init__(self, base, root="root"):
        self.base = base
        self.config = Config(folders=Folders(root=str(base / root)))
        self.folders = self.config.folders
        self.state = base / "state"
        self.queue = FakeQueue()
        self.again = self.queue.jobs

    @property
    def home(self):
        """Where the state of the root lies, once a daemon has run."""
        return self.state / ROOTS / known_id(self.folders.work_path)

    @contextlib.contextmanager
    def open(self):
        """From start to stop."""
        with contextlib.ExitStack() as stack:
            self.ledger, self.workplace = startup.open_storage(self.config, self.state, stack)
            boxes = outbox.Outbox(self.folders, self.ledger)
            self.endings = JobCompletion(self.ledger, boxes, self.queue, max_attempts=2)
            yield self

    def recover_jobs(self):
        """What follows at a start."""
        recover_jobs(self.workplace, self.ledger, self.endings, self.queue, self.folders)

    def claim(self, name="scan.tif", content=b"II*\0original"):
        """A claimed scan."""
        job = self.workplace.new_job(Scan(Path(), Path(name)))
        self.ledger.claimed(job.id, job.relative)
        job.source.parent.mkdir(parents=True)
        job.source.write_bytes(content)
        return job

    def finish(self, job, **more):
        """A finished set, as the engine writes it."""
        job.out.mkdir(exist_ok=True)
        (job.out / "document.txt").write_text("text")
        receipt = {"schema": 3, "name": job.relative.name, "job": job.id, "sha256": SHA256, **more}
        lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in receipt.items())
        (job.out / "document.json").write_text(f'{{\n{lines},\n"pages": [\n{{"sha256": "no"}}\n]}}\n')
        return Outcome(job, Ending.DONE, figures=ScanFigures(pages=1, sha256=SHA256))

    def lying(self, folder):
        """Every file under a folder."""
        return lying(self.folders.path(folder))


@pytest.fixture
def house(tmp_path):
    """A house that nobody has opened yet."""
    return House(tmp_path)


def forget_ledger(house):
    """As a root that was moved without its state directory."""
    shutil.rmtree(house.state)


def crowd(house):
    """One scan delivered, one failed, one in work, and one whose delivery ended between its files."""
    done, bad = house.claim("done.tif"), house.claim("sub/bad.tif")
    house.endings.end(house.finish(done))
    house.endings.set_aside(bad, Message("the upload broke off"))
    work = house.claim("work.tif")
    way = house.claim("done.tif", b"II*\0another")
    outcome = house.finish(way)
    with pytest.MonkeyPatch.context() as patched:
        real = files.move

        def break_off(source, target, **options):
            if target.suffix == ".json":
                raise KeyboardInterrupt
            real(source, target, **options)

        patched.setattr(files, "move", break_off)
        with pytest.raises(KeyboardInterrupt):
            house.endings.end(outcome)
    return done, bad, work, way


def examine_as_whole(monkeypatch):
    """The scans here are only names."""
    monkeypatch.setattr("ocrwatchd.daemon.recovery._refusal_of", lambda _source: NOTHING)


def damaged(damage):
    """The ledger's file as that damage leaves it."""
    return lambda house: damage(house.home / LEDGER)


def without_log(house):
    """A copy of the main file from before anything was merged into it."""
    (house.home / LEDGER).write_bytes(b"")


@pytest.mark.parametrize(
    "fate",
    [forget_ledger, without_log, *map(damaged, DAMAGES)],
    ids=["gone", "emptied", *(damage.__name__ for damage in DAMAGES)],
)
def test_without_its_ledger_a_root_goes_on_where_it_was(house, monkeypatch, fate):
    """Nothing is delivered twice, nothing is lost, and what was done is known again."""
    examine_as_whole(monkeypatch)
    with house.open():
        done, bad, work, way = crowd(house)
    fate(house)
    with house.open():
        assert done.id in {twin.job for twin in house.ledger.alike(len(b"II*\0original"))}
        assert house.ledger.entry(done.id).state == "delivered"
        assert house.ledger._run("SELECT sha256 FROM scan WHERE job = ?", (done.id,)) == [(SHA256,)]
        assert [failed[1:] for failed in house.ledger.failures(9)] == [("bad", Message("the upload broke off"))]
        house.recover_jobs()
        assert [job.id for job in house.again] == [work.id]
        assert house.ledger.entry(way.id).state == "delivered"
        assert house.ledger.entry(bad.id) is None, "a made-up id stands for it"
    assert house.lying("outbox") == ["done-2.json", "done-2.txt", "done.json", "done.txt"]
    assert house.lying("archive") == ["done-2.tif", "done.tif"]
    assert house.lying("failed") == ["sub/bad.reason.txt", "sub/bad.tif"]
    asides = [path.name for path in house.home.iterdir() if "damaged" in path.name]
    assert bool(asides) == (fate not in {forget_ledger, without_log})


def test_delivery_that_only_the_receipt_tells_of_is_completed(house, monkeypatch):
    """A set that is whole in the outbox, from before routes were kept, is not delivered a second time."""
    examine_as_whole(monkeypatch)
    with house.open():
        job = house.claim()
        house.finish(job)
        for suffix in (".txt", ".json"):
            files.move(job.out / f"document{suffix}", house.folders.path("outbox") / f"scan-7{suffix}")
    forget_ledger(house)
    with house.open():
        house.recover_jobs()
        assert house.again == []
    assert (house.lying("outbox"), house.lying("archive")) == (["scan-7.json", "scan-7.txt"], ["scan-7.tif"])
    assert not job.folder.exists()


def test_one_document_of_a_stack_does_not_tell_that_all_are_delivered(house, monkeypatch):
    """Where the plan of a delivery is lost, and a part of it lies in the outbox, the scan is read again."""
    examine_as_whole(monkeypatch)
    with house.open():
        job = house.claim()
        house.finish(job, parent="scan.tif")
        for suffix in (".txt", ".json"):
            files.move(job.out / f"document{suffix}", house.folders.path("outbox") / f"scan-part-1{suffix}")
        (job.out / "document-2.json").write_text("{}")
    forget_ledger(house)
    with house.open():
        house.recover_jobs()
        assert house.again == [job]
    assert house.lying("archive") == []


def test_copy_that_lacks_the_set_is_read_again(house, monkeypatch):
    """A copy made while a set moved may hold neither end of it: the scan is read anew, not archived without text."""
    examine_as_whole(monkeypatch)
    with house.open():
        way = crowd(house)[3]
        for path in (house.folders.path("outbox") / "done-2.txt", *way.out.iterdir()):
            path.unlink()
    forget_ledger(house)
    with house.open():
        house.recover_jobs()
        assert way.id in {job.id for job in house.again}
        assert delivery_plan.read(way.folder) is None


def test_ledger_that_is_behind_is_caught_up_from_the_folders(house, monkeypatch):
    """A ledger restored from an older copy does not know of a delivery that has begun: the job's folder does."""
    examine_as_whole(monkeypatch)
    with house.open():
        job = house.claim()
        (house.state / "older").write_bytes(b"")
        with contextlib.closing(sqlite3.connect(house.state / "older")) as older:
            house.ledger._db.backup(older)
        outcome = house.finish(job)
        monkeypatch.setattr(files, "move", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            house.endings.end(outcome)
        monkeypatch.undo()
        assert house.ledger.entry(job.id).state == "delivering"
    for path in house.home.glob("ledger.sqlite3*"):
        path.unlink()
    (house.state / "older").rename(house.home / LEDGER)
    with house.open():
        assert house.ledger.entry(job.id).state == "claimed"
        house.recover_jobs()
        assert house.again == []
    assert house.lying("outbox") == ["scan.json", "scan.txt"]


def test_ledger_of_an_older_version_is_replaced_and_not_called_damaged(house):
    """After an upgrade the log gives no alarm, and the old file's name says what the file is."""
    with house.open():
        done, *_rest = crowd(house)
    with contextlib.closing(sqlite3.connect(house.home / LEDGER)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    with structlog.testing.capture_logs() as logs, house.open():
        assert house.ledger.entry(done.id).state == "delivered"
    (told,) = (each for each in logs if "set_aside" in each)
    (aside,) = house.home.glob("ledger.old-*.sqlite3")
    assert (told["event"], told["log_level"], told["set_aside"]) == ("ledger.outdated", "info", str(aside))


def test_ledger_that_breaks_in_use_is_replaced_with_all_jobs_known(house, monkeypatch):
    """Under a running daemon too: the jobs in work go on, and nothing is delivered again."""
    examine_as_whole(monkeypatch)
    with house.open():
        done, _bad, work, way = crowd(house)
        house.ledger.damaged = "malformed"
        startup.replace_damaged(house.ledger, house.workplace, house.config)
        assert house.ledger.started(work.id) == 1
        assert house.ledger.entry(way.id).state == "delivering"
        assert house.ledger.entry(done.id).state == "delivered"
        house.endings.resume(way)
    assert house.lying("outbox") == ["done-2.json", "done-2.txt", "done.json", "done.txt"]


def test_replacing_that_broke_off_is_gone_on_with(house, monkeypatch):
    """A folder that cannot be read at that moment leaves no ledger that passes for complete, nor a second bad one."""
    examine_as_whole(monkeypatch)
    with house.open():
        _done, _bad, work, _way = crowd(house)
        house.ledger.damaged = "malformed"
        with monkeypatch.context() as patched:
            patched.setattr(startup, "rebuild", lambda *_: (_ for _ in ()).throw(OSError(errno.ESTALE, "gone")))
            with pytest.raises(OSError, match="gone"):
                startup.replace_damaged(house.ledger, house.workplace, house.config)
        assert house.ledger.bare
        startup.replace_damaged(house.ledger, house.workplace, house.config)
        assert not house.ledger.bare
        assert house.ledger.started(work.id) == 1
    assert len(list(house.home.glob("ledger.damaged-*.sqlite3"))) == 1


def test_state_directory_whose_disk_damages_every_ledger_is_told(house, monkeypatch):
    """A second damaged one in a row is the disk's fault, and nothing to go on with."""
    with house.open():
        house.ledger.damaged = "malformed"
        monkeypatch.setattr(ledger_file, "connect", lambda *_: (_ for _ in ()).throw(DamagedLedger("malformed")))
        with pytest.raises(FolderUnusable, match="check that disk"):
            startup.replace_damaged(house.ledger, house.workplace, house.config)
        with pytest.raises(LedgerFault):
            house.ledger.entry("j")


def test_rebuild_that_broke_off_is_done_again(house, monkeypatch):
    """A start that was killed while it built the ledger leaves none that passes for complete."""
    with house.open():
        house.endings.end(house.finish(house.claim()))
    forget_ledger(house)
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "note_fact", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt), house.open():
            pass
    with house.open():
        assert house.ledger.counts(0)["delivered"] == 1


def test_ledger_that_knows_the_folders_is_not_built_again(house):
    """What people put into the archive later is theirs: it is not taken for an original of ours at the next start."""
    with house.open():
        house.endings.end(house.finish(house.claim()))
    (house.folders.path("archive") / "people's.pdf").touch()
    with house.open():
        assert house.ledger.counts(0)["delivered"] == 1


def test_original_of_which_nothing_tells_is_never_removed(house, monkeypatch):
    """Without a ledger, what people keep in the archive looks like an original: only a receipt tells them apart."""
    with house.open():
        house.endings.end(house.finish(house.claim("ours.tif")))
    forget_ledger(house)
    (house.folders.path("archive") / "people's.pdf").touch()
    with house.open():
        later = time.time() + 1000 * DAY_S
        monkeypatch.setattr("time.time", lambda: later)
        assert [original.relative.name for original in house.ledger.kept("outbox", later, 9)] == ["ours.tif"]


def test_folder_that_nobody_lets_us_read_holds_nothing_of_ours(house, monkeypatch):
    """As ``lost+found`` on a mount of its own; what is hidden, as a share's recycle bin, is passed over too."""
    root_folders.prepare(house.folders)
    for name in ("lost+found", ".recycle"):
        (house.folders.path("archive") / name).mkdir()
        (house.folders.path("archive") / name / "a.pdf").touch()
    real = os.scandir

    def refusing(path):
        if str(path).endswith("lost+found"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with house.open():
        assert house.ledger.counts(0) == {"delivered": 0, "failed": 0}


def test_systemd_waits_for_a_large_archive(house, monkeypatch):
    """Building the ledger may take longer than a start may: systemd hears of it all along."""
    told = []
    monkeypatch.setattr(ledger_rebuild, "TOLD_EVERY", 2)
    monkeypatch.setattr(ledger_rebuild.systemd, "notify", lambda *words: told.append(words))
    root_folders.prepare(house.folders)
    for number in range(5):
        (house.folders.path("archive") / f"{number}.pdf").touch()
    with house.open():
        assert house.ledger.counts(0)["delivered"] == 5
    assert [words[-1] for words in told] == [
        f"STATUS=Building the ledger from the folders: {count} originals" for count in (2, 4)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe" * 100,
        b'{\n"job": "../../etc",\n"sha256": "00",\n"name": "x",\n',
        b'{\n"job": "20260101-000000-000000-abcdef",\n"sha256": "' + b"5e" * 32 + b'",\n"name": "../x",\n"pages": [',
        b'{\n"job": {"a": [,\n"sha256": "",\n"name": "",\n',
        *(
            b'{\n"job": "20260101-000000-000000-abcdef",\n"sha256": "' + b"5e" * 32 + b'",\n"name": "' + name + b'",\n'
            for name in (b".", b"..", b"a.\\u0000", b"a.\\ud800")
        ),
    ],
)
def test_receipts_that_people_have_put_there_do_no_harm(house, content):
    """The outbox belongs to people too: what is no receipt of ours is passed over."""
    root_folders.prepare(house.folders)
    (house.folders.path("outbox") / "x.json").write_bytes(content)
    (house.folders.path("outbox") / "y.json").symlink_to("/dev/zero")
    with house.open():
        assert house.ledger.counts(0) == {"delivered": 0, "failed": 0}


def test_a_joined_folder_is_known_again_by_its_whole_name(house):
    """Its set has the folder's name, also where that has a dot: its files are no originals of their own."""
    root_folders.prepare(house.folders)
    folder = house.folders.path("archive") / "2026.11.29"
    folder.mkdir()
    for name in ("1.png", "2.png"):
        (folder / name).write_bytes(b"page")
    receipt = f'{{\n"job": "20260101-000000-000000-abcdef",\n"sha256": "{SHA256}",\n"name": "2026.11.29",\n"pages": ['
    (house.folders.path("outbox") / "2026.11.29.json").write_text(receipt)
    with house.open():
        (original,) = house.ledger.alike(8)
    assert outbox.original_path(house.folders, original.relative, "outbox", original.name) == folder
    assert (original.job, original.sha256) == ("20260101-000000-000000-abcdef", SHA256)


def test_two_roots_are_served_side_by_side(tmp_path):
    """Each has its own folder in the state directory, whatever the umask one that everybody may enter."""
    one, other = House(tmp_path, "one"), House(tmp_path, "other")
    before = os.umask(0o027)
    try:
        with one.open() as first, other.open() as second:
            job = first.claim()
            assert first.ledger.entry(job.id) is not None
            assert second.ledger.entry(job.id) is None
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (one.home, other.home, one.home.parent)} == {0o755}
    assert not (one.home / startup.LEDGER).stat().st_mode & 0o007


def test_copied_root_does_not_use_the_ledger_of_the_first_while_that_is_served(tmp_path):
    """Its id is the first one's: the message names both, and what makes the copy a root of its own."""
    one, copy = House(tmp_path, "one"), House(tmp_path, "copy")
    with one.open():
        shutil.copytree(one.folders.root_path, copy.folders.root_path)
        write_status(one)
        words = rf"already serves {one.folders.root_path}; .* remove {copy.folders.work_path}/root-id: .* is a copy"
        with pytest.raises(FolderUnusable, match=words), copy.open():
            pass
        (copy.folders.work_path / "root-id").unlink()
        with copy.open():
            assert copy.home != one.home


def test_copied_root_that_uses_the_ledger_in_turn_is_told_of(tmp_path, capsys):
    """It may be the first one's heir, as a moved root is: it starts, and the log says what both share."""
    one, copy = House(tmp_path, "one"), House(tmp_path, "copy")
    with one.open():
        write_status(one)
    one.folders.root_path.rename(copy.folders.root_path)
    with copy.open():
        assert "root.copied" not in capsys.readouterr().out
    one.folders.root_path.symlink_to(copy.folders.root_path)
    with copy.open():
        assert "root.copied" not in capsys.readouterr().out, "one root by two paths is no copy"
    one.folders.root_path.unlink()
    shutil.copytree(copy.folders.root_path, one.folders.root_path)
    with copy.open():
        assert "root.copied" in capsys.readouterr().out


def write_status(house):
    """What its daemon says of itself."""
    now = time.time()
    told = status.Status(
        "running", pid=os.getpid(), version="1", root=str(house.folders.root_path), started_at=now, written_at=now
    )
    status.write(house.folders, told, house.home)


def test_root_that_was_moved_keeps_its_ledger(tmp_path):
    """A root is known by what lies in it, not by its path."""
    one = House(tmp_path, "one")
    with one.open():
        job = one.claim()
    (tmp_path / "one").rename(tmp_path / "moved")
    moved = House(tmp_path, "moved")
    with moved.open():
        assert moved.ledger.entry(job.id) is not None


def test_state_directory_that_cannot_be_made_says_so(house):
    """A file in its place is named, with what to do."""
    house.state.write_text("in the way")
    with pytest.raises(FolderUnusable, match="cannot be used for the ledger"), house.open():
        pass


def test_second_daemon_does_not_touch_the_first_ones_ledger(house):
    """The lock comes before anything else: a second start on a root does not so much as look at the ledger."""
    with house.open():
        (house.home / LEDGER).write_bytes(b"garbage while it is open")
        with pytest.raises(FolderUnusable, match="already serves"), House(house.base).open():
            pass
        assert not [path for path in house.home.iterdir() if "damaged" in path.name]


@pytest.mark.soak
@pytest.mark.slow
def test_ledger_of_a_large_archive_is_built_in_little_memory(house):
    """20,000 originals with their receipts: the supervisor stays small; the figures of tests/bench come from here."""
    root_folders.prepare(house.folders)
    archive, out = house.folders.path("archive"), house.folders.path("outbox")
    for number in range(20_000):
        (archive / f"scan-{number}.pdf").write_bytes(b"x" * 10)
        job = f"20260101-000000-000000-{number:06x}"
        head = f'{{\n"name": "scan-{number}.pdf",\n"job": "{job}",\n"sha256": "{SHA256}",\n"pages": [\n]}}\n'
        (out / f"scan-{number}.json").write_text(head)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with house.open():
        built = time.monotonic() - began
        assert house.ledger.counts(0)["delivered"] == 20_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 20 << 10
    began = time.monotonic()
    with house.open():
        print(f"\nbuilt in {built:.1f} s, opened and checked in {time.monotonic() - began:.2f} s")  # noqa: T201 - a figure


def test_profiles_folders_are_made_at_the_start(tmp_path):
    """Whoever points a scanner at inbox/invoices finds it there, with the other folders' permissions."""
    house = House(tmp_path)
    house.config = parse({"folders": {"root": str(tmp_path / "root")}, "profiles": {"invoices": {}, "de": {}}})
    with house.open():
        made = {path.name: oct(path.stat().st_mode & 0o7777) for path in house.folders.path("inbox").iterdir()}
    assert made == {"invoices": "0o3770", "de": "0o3770"}


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_lies_in_a_profiles_place_does_not_keep_from_starting(tmp_path, capsys, kind):
    """Who may write in the inbox can take a profile's name: nothing is made through a link, and the daemon starts."""
    house = House(tmp_path)
    house.config = parse({"folders": {"root": str(tmp_path / "root")}, "profiles": {"invoices": {}, "de": {}}})
    inbox = house.folders.path("inbox")
    inbox.mkdir(parents=True)
    if kind == "link":
        (inbox / "invoices").symlink_to(tmp_path / "target")
    else:
        (inbox / "invoices").touch()
    with house.open():
        pass
    assert (inbox / "de").is_dir()
    assert not (tmp_path / "target").exists()
    assert "profile.no_folder" in capsys.readouterr().out
