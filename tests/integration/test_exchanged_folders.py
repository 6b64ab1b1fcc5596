"""Somebody who may write in outbox and failed exchanges their folders for links, again and again."""

import contextlib
import ctypes
import errno
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.cli.main import main
from ocrwatchd.cli.retry.move_back import retry
from ocrwatchd.core import canary_name
from ocrwatchd.core.config import schema
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.model import Correction, Document, Edit, FinishedPage, Job, PageText, Totals
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import receipt, txt
from ocrwatchd.monitoring.canary import cleanup
from ocrwatchd.monitoring.canary import page as canary_page
from ocrwatchd.monitoring.status import Status
from ocrwatchd.monitoring.status_page import writer
from ocrwatchd.storage import outbox, root_folders
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.records import Original
from ocrwatchd.storage.retention import ROUND_SECONDS, Retention
from ocrwatchd.storage.set_names import STATUS_PAGE
from tests.lying import lying
from tests.receipts import sums

ROUNDS = 100
RENAME_EXCHANGE = 2
LIBC = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def exchanged(folder, outside):
    """A folder that is one moment itself, and a link to another one the next."""
    trap, done = folder.with_name("trap"), threading.Event()
    trap.symlink_to(outside)

    def exchange():
        while not done.is_set():
            LIBC.renameat2(-100, os.fsencode(folder), -100, os.fsencode(trap), RENAME_EXCHANGE)

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if folder.is_symlink():
            LIBC.renameat2(-100, os.fsencode(folder), -100, os.fsencode(trap), RENAME_EXCHANGE)
        trap.unlink()


@pytest.fixture
def folders(tmp_path):
    """A root."""
    made = Folders(root=str(tmp_path / "root"))
    root_folders.prepare(made)
    return made


@pytest.fixture
def ledger(tmp_path):
    """An open ledger."""
    with Ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


@pytest.fixture
def outside(tmp_path):
    """A folder that is nobody's business."""
    (tmp_path / "outside").mkdir()
    return tmp_path / "outside"


def claimed(folders, ledger, number):
    """A job whose set is finished."""
    job = Job(f"job{number}", folders.work_path / f"job{number}", Path("sub", f"{number}.pdf"), Config().work())
    job.source.parent.mkdir(parents=True)
    job.source.write_bytes(b"original")
    job.out.mkdir()
    for suffix in (".txt", ".json"):
        (job.out / f"document{suffix}").write_text(job.id)
    ledger.claimed(job.id, job.relative)
    return job


def test_nothing_is_delivered_out_of_the_outbox(folders, ledger, outside):
    """Each set lies in the outbox whole, once its folder stays; none lies elsewhere."""
    boxes = outbox.Outbox(folders, ledger)
    jobs = [claimed(folders, ledger, number) for number in range(ROUNDS)]
    sub = folders.path("outbox") / "sub"
    sub.mkdir()
    with exchanged(sub, outside):
        for job in jobs:
            with contextlib.suppress(OSError):
                boxes.deliver(job)
    assert lying(outside) == []
    for job in jobs:
        boxes.deliver(job)
    assert lying(sub) == sorted(f"{number}{suffix}" for number in range(ROUNDS) for suffix in (".json", ".txt"))
    assert len(lying(folders.path("archive"))) == ROUNDS


def test_retention_removes_nothing_elsewhere(folders, ledger, outside):
    """Files of the same names, sizes and times in another folder stay."""
    sub, now = folders.path("failed") / "sub", 1_800_000_000.0
    sub.mkdir()
    for number in range(ROUNDS):
        relative = Path("sub", f"{number}.pdf")
        for folder in (sub, outside):
            (folder / relative.name).write_bytes(b"original")
            os.utime(folder / relative.name, ns=(1, 1))
        ledger.adopt(Original(str(number), relative, "failed", str(number), "", 8, 1, now - 9e5))
    settings = schema.Retention(failed_days=1)
    rounds = Retention(folders, settings, ledger, clock=lambda: now)
    with exchanged(sub, outside):
        for number in range(20):
            rounds.tick(number * ROUND_SECONDS)
    assert len(lying(outside)) == ROUNDS


def test_retry_takes_nothing_from_elsewhere(folders, outside):
    """Only what lies in ``failed/`` itself goes back to the inbox."""
    sub = folders.path("failed") / "sub"
    sub.mkdir()
    for number in range(ROUNDS):
        (sub / f"{number}.pdf").write_text("a scan")
        (outside / f"{number}.pdf").write_text("not yours")
    with exchanged(sub, outside):
        for _ in range(ROUNDS):
            with contextlib.suppress(FolderUnusable, FileNotFoundError):
                list(retry(folders, []))
    assert len(lying(outside)) == ROUNDS
    assert {path.read_text() for path in folders.path("inbox").rglob("*.pdf")} <= {"a scan"}


def lay_set(folder):
    """Put a document's text and receipt, with one edit, into a folder."""
    folder.mkdir(exist_ok=True)
    edits = (Edit(0, "teh", "the", Reason.SIMILAR_WORD),)
    page = FinishedPage(PageText(1, "teh line", 100, 50, 300.0), Correction("the line", edits, (), corrected=True))
    totals = Totals(2, {Reason.SIMILAR_WORD: 1}, {}, {})
    document = Document("j", "s.tif", "ab", 1, 0, True, "", False, {}, totals=totals, scan=Path("s.tif"), work=Work())
    for name, write in (("s.txt", txt.write), ("s.json", receipt.write)):
        with (folder / name).open("wb") as file:
            write(replace(document, files=sums(folder, "s")), iter([page]), file)


@pytest.mark.slow
def test_edits_writes_nothing_elsewhere(folders, outside, tmp_path):
    """A set of the same name in another folder is not changed."""
    sub = folders.path("outbox") / "sub"
    for folder in (sub, outside):
        lay_set(folder)
    before = {path.name: path.read_bytes() for path in outside.iterdir()}
    config = tmp_path / "config.toml"
    config.write_text(f"[folders]\nroot = '{tmp_path / 'root'}'\n")
    with exchanged(sub, outside):
        for number in range(ROUNDS):
            main(["edits", str(sub / "s.json"), "--config", str(config), ("--revert", "--apply")[number % 2], "1"])
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == before


def test_the_canarys_cleanup_removes_nothing_elsewhere(folders, outside):
    """Files of the same names beside no canary stay."""
    now, failed = [0.0], folders.path("failed")
    clearing = cleanup.Clearing(folders, clock=lambda: now[0])
    for _ in range(ROUNDS):
        name = canary_name.new_name()
        (failed / name).write_bytes(canary_page.picture())
        clearing.clear_later(Path(name), "failed", name.removesuffix(canary_name.SUFFIX))
        (outside / name).write_text("not yours")
        (outside / name).with_suffix(".txt").write_text("not yours")
    with exchanged(failed, outside):
        for _ in range(20):
            now[0] += cleanup.GRACE_SECONDS
            clearing.tick(now[0])
    assert len(lying(outside)) == 2 * ROUNDS


def test_the_canarys_cleanup_looks_and_removes_in_one_folder(folders, outside, monkeypatch):
    """A folder that is exchanged after the canary's page was found in it loses the canary, and the other nothing."""
    now, failed, name = [0.0], folders.path("failed"), canary_name.new_name()
    clearing, held = cleanup.Clearing(folders, clock=lambda: now[0]), cleanup.tree.held
    (failed / name).write_bytes(canary_page.picture())
    clearing.clear_later(Path(name), "failed", name.removesuffix(canary_name.SUFFIX))
    (outside / name).with_suffix(".txt").write_text("not yours")

    @contextlib.contextmanager
    def exchanged_once_held(folder):
        with held(folder) as descriptor:
            if not failed.is_symlink():
                failed.rename(failed.with_name("aside"))
                failed.symlink_to(outside)
            yield descriptor

    monkeypatch.setattr(cleanup.tree, "held", exchanged_once_held)
    now[0] += cleanup.GRACE_SECONDS
    clearing.tick(now[0])
    assert len(lying(outside)) == 1
    assert not list(failed.with_name("aside").glob("*.png"))


def test_the_status_page_replaces_nothing_elsewhere(folders, outside):
    """Somebody's own file of its name in another folder stays as it is."""
    config = Config(folders=folders)
    seen = Status(state="running", pid=1, version="1", root="/r", started_at=0.0, written_at=0.0)
    own = outside / STATUS_PAGE
    own.write_text("not yours")
    writer.write(config, seen)
    with exchanged(folders.path("outbox"), outside):
        for _ in range(10 * ROUNDS):
            with contextlib.suppress(OSError):
                writer.write(config, seen)
    assert own.read_text() == "not yours"


def test_a_link_in_a_set_changes_no_permissions_elsewhere(folders, ledger, tmp_path):
    """A planted job whose set holds a link to a private file: the file keeps its mode, and no link is delivered."""
    secret = tmp_path / "secret"
    secret.write_text("private")
    secret.chmod(0o600)
    job = claimed(folders, ledger, 1)
    (job.out / "document.txt").unlink()
    (job.out / "document.txt").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links") as refused:
        outbox.Outbox(folders, ledger).deliver(job)
    assert refused.value.errno == errno.ELOOP
    assert secret.stat().st_mode & 0o777 == 0o600
    assert lying(folders.path("outbox")) == []
