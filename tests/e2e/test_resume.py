"""The daemon as a process, on a root that was moved, backed up, or has lost its ledger."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.e2e.running import Running, await_that
from tests.fakes.engine import PAUSE_FILE, write_scan
from tests.paths import DOCS
from tests.unit.storage.test_ledger_file import cut_in_half, tear_a_page

pytestmark = pytest.mark.slow

BACKUP = 'for each in inbox .work failed archive outbox; do cp -a "$ROOT/$each" "$COPY/"; done'
"""The documented command: in the order in which scans move, so that none can slip through."""

DOCUMENTATION = DOCS / "administration.md"


@pytest.fixture
def daemon(tmp_path):
    """A daemon with the fake engine, not started."""
    (tmp_path / "here").mkdir()
    return Running(tmp_path / "here")


@pytest.fixture
def elsewhere(tmp_path):
    """Another machine: another root, another state directory, another log."""
    (tmp_path / "elsewhere").mkdir()
    return Running(tmp_path / "elsewhere")


def go_on(daemon):
    """Let the engine's paused page go on."""
    scratch = await_that(lambda: Path(f"/proc/{daemon.engine_pid}/cwd").resolve(strict=True), 60)
    (scratch / PAUSE_FILE).touch()


def half_way(daemon):
    """One scan delivered, one failed, a book at its third page of four, and two scans behind it."""
    write_scan(daemon.inbox / "done.tif", "fine")
    (daemon.inbox / "bad.png").write_bytes(b"no picture")
    daemon.await_files("archive", ["done.tif"])
    daemon.await_files("failed", ["bad.png"])
    write_scan(daemon.inbox / "book.tif", "fine", "fine", "pause", "fine")
    await_that(lambda: len(daemon.events("page.done")) == 3, 60)
    write_scan(daemon.inbox / "queued.tif", "fine")
    await_that(lambda: len(daemon.events("scan.claimed")) == 4, 60)


def check_delivered_once(daemon, names=("book", "done", "queued")):
    """Each scan has one set and one original, and no other file is anywhere."""
    assert daemon.lying("outbox") == [f"{name}.{suffix}" for name in names for suffix in ("json", "txt")]
    assert daemon.lying("archive") == [f"{name}.tif" for name in names]
    assert daemon.lying("failed") == ["bad.png", "bad.reason.txt"]
    assert daemon.lying("inbox") == []


def finish(daemon, pages):
    """Start, let the book go on, and see which pages were read."""
    with daemon:
        await_that(lambda: daemon.events("attempt.started"), 60)
        go_on(daemon)
        daemon.await_files("archive", ["book.tif", "queued.tif"], 90)
        daemon.await_idle()
        counted = daemon.status()
    read = [event["page"] for event in daemon.events("page.done") if event["file"] == "book.tif"]
    assert read == pages
    return counted


def test_root_that_was_moved_in_the_middle_of_a_book_goes_on_there(daemon, elsewhere):
    """The root alone is copied: each scan is delivered exactly once, finished pages are not read again."""
    daemon.start()
    half_way(daemon)
    daemon.kill()
    subprocess.run(["cp", "-a", daemon.root, elsewhere.root], check=True)
    status = finish(elsewhere, [3, 4])
    check_delivered_once(elsewhere)
    assert (status["root"], status["trouble"]) == (str(elsewhere.root), [])
    assert [name for name, _reason in status["failures"]] == ["bad.png"]
    with contextlib.closing(sqlite3.connect(elsewhere.ledger)) as ledger:
        rows = ledger.execute("SELECT state, pages_done, length(sha256) FROM scan ORDER BY relative").fetchall()
    assert rows == [("failed", 0, 0), ("delivered", 4, 64), ("delivered", 0, 64), ("delivered", 1, 64)]


def test_backup_of_a_running_daemon_holds_every_scan(daemon, elsewhere):
    """The documented command, while a book is in work and scans wait: the restored root delivers all of them."""
    assert BACKUP in DOCUMENTATION.read_text(encoding="utf-8")
    daemon.start()
    half_way(daemon)
    environment = os.environ | {"ROOT": str(daemon.root), "COPY": str(elsewhere.root)}
    elsewhere.root.mkdir()
    subprocess.run(["bash", "-euc", BACKUP], env=environment, check=True)
    daemon.kill()
    finish(elsewhere, [3, 4])
    check_delivered_once(elsewhere)


@pytest.mark.parametrize("damage", [cut_in_half, tear_a_page])
def test_damaged_ledger_is_set_aside_and_nothing_is_delivered_twice(daemon, damage):
    """After a power cut that has also hit the ledger, the daemon starts by itself and goes on at the page."""
    daemon.start()
    half_way(daemon)
    daemon.kill()
    with contextlib.closing(sqlite3.connect(daemon.ledger)) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(daemon.ledger)
    started = len(daemon.events("attempt.started"))
    daemon.start()
    await_that(lambda: len(daemon.events("attempt.started")) > started, 60)
    go_on(daemon)
    daemon.await_files("archive", ["book.tif", "queued.tif"], 90)
    daemon.await_idle()
    daemon.__exit__()
    check_delivered_once(daemon)
    assert [event["page"] for event in daemon.events("page.done") if event["file"] == "book.tif"] == [1, 2, 3, 4]
    told = daemon.events("ledger.damaged")[0]
    assert Path(told["set_aside"]).exists()
    assert daemon.events("ledger.rebuilt")[0]["originals"] == 2


def test_ledger_that_breaks_under_a_running_daemon_is_mended_by_it(daemon):
    """A disk that spoils the ledger's file costs no scan and no restart."""
    with daemon:
        half_way(daemon)
        ledger = daemon.ledger
        with contextlib.closing(sqlite3.connect(ledger)) as other:
            other.execute("CREATE TABLE more (x TEXT)")  # what the daemon has of it in memory is out of date
            for path in (ledger, ledger.with_name(f"{ledger.name}-wal")):
                with path.open("r+b") as file:
                    file.write(os.urandom(path.stat().st_size))
        go_on(daemon)
        daemon.await_files("archive", ["book.tif", "queued.tif"], 90)
        daemon.await_idle()
        write_scan(daemon.inbox / "after.tif", "fine")
        daemon.await_files("archive", ["after.tif"])
        await_that(lambda: daemon.status()["trouble"] == [], 60)
    check_delivered_once(daemon, ("after", "book", "done", "queued"))
    assert daemon.events("ledger.damaged")


def test_ledger_that_another_program_holds_stops_the_start_with_the_remedy(daemon):
    """A start meets a database browser that has the ledger locked: it says so, and damages nothing."""
    with daemon:
        pass
    path = daemon.ledger
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        refused = daemon.ask("run", "--once")
    assert refused.returncode == 4, refused.stderr
    assert "locked by another program" in refused.stderr
    assert daemon.once().returncode == 0


def test_urgent_profile_overtakes_what_waits_in_the_inbox(tmp_path):
    """With the queue full and a heap in the inbox, an urgent scan waits for the page in work and for nothing else."""
    daemon = Running(tmp_path, queue={"size": 1}, **{"profiles.urgent": {"priority": 5}})
    with daemon:
        write_scan(daemon.inbox / "first.tif", "pause")
        await_that(lambda: daemon.events("attempt.started"), 60)
        for number in range(6):
            write_scan(daemon.inbox / f"{number}.tif", "fine")
        await_that(lambda: len(daemon.events("scan.claimed")) == 2, 60)
        write_scan(daemon.inbox / "urgent" / "bill.tif", "fine")
        await_that(lambda: len(daemon.events("scan.claimed")) == 3, 60)
        go_on(daemon)
        daemon.await_files("outbox", ["urgent/bill.json", *(f"{number}.json" for number in range(6))], 90)
    order = [event["file"] for event in daemon.events("attempt.started")]
    assert order.index("urgent/bill.tif") == 1, order


def test_copies_are_skipped_and_old_originals_removed_as_configured(tmp_path):
    """`job.duplicates` and `retention` do what the example configuration says."""
    daemon = Running(tmp_path, job={"duplicates": "skip"}, retention={"archive_days": 1e-5})
    write_scan(daemon.inbox / "a.tif", "fine", "fine")
    shutil.copy(daemon.inbox / "a.tif", daemon.inbox / "b.tif")
    write_scan(daemon.inbox / "c.tif", "fine")
    assert daemon.once().returncode == 0
    assert len(daemon.lying("outbox")) == 5, "two sets and a receipt"
    receipts = {path.stem: json.loads(path.read_text()) for path in (daemon.root / "outbox").glob("*.json")}
    skipped = {name for name, receipt in receipts.items() if "duplicate_of" in receipt}
    assert len(skipped & {"a", "b"}) == len(skipped) == 1
    assert daemon.lying("archive") == ["a.tif", "b.tif", "c.tif"]

    def removed():
        assert daemon.once().returncode == 0
        return daemon.lying("archive") == []

    await_that(removed, 60)
    assert len(daemon.lying("outbox")) == 5
    assert not daemon.events("config.no_effect")
