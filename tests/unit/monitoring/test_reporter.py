"""What people and systemd hear of the loop."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from ocrwatchd.core import log, systemd
from ocrwatchd.core.attempt import EngineStatus
from ocrwatchd.core.component import Trouble
from ocrwatchd.core.config.schema import Config, Folders, Log
from ocrwatchd.core.i18n import Message
from ocrwatchd.monitoring import reporter as report
from ocrwatchd.monitoring import status
from ocrwatchd.monitoring.reporter import Reporter
from ocrwatchd.monitoring.snapshot import Snapshot
from ocrwatchd.monitoring.status_page.writer import Keeper
from ocrwatchd.storage.ledger import Ledger, LedgerFault

IDLE = Snapshot(state="running", engine=EngineStatus("ready"), waiting=1, queued=2)


def having(*troubles):
    """A snapshot with troubles."""
    return replace(IDLE, troubles=troubles)


@pytest.fixture
def folders(tmp_path):
    """A root with its work folder."""
    made = Folders(root=str(tmp_path))
    made.work_path.mkdir()
    return made


@pytest.fixture
def notified(monkeypatch):
    """What systemd was told."""
    said = []
    monkeypatch.setattr(systemd, "notify", lambda *lines: said.extend(lines))
    monkeypatch.setenv("WATCHDOG_USEC", "20000000")
    return said


@pytest.fixture
def reporter(folders, tmp_path, notified):
    """A reporter over a real ledger."""
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        yield Reporter(folders, ledger)


@pytest.fixture
def clock(monkeypatch):
    """The monotonic time, to be set."""
    now = [1000.0]
    monkeypatch.setattr(report.time, "monotonic", lambda: now[0])
    return now


def test_the_status_tells_on_which_mount_the_page_lies(folders, tmp_path):
    """For whoever writes it after a crash."""
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        Reporter(folders, ledger, page=Keeper(Config(folders=folders))).show(IDLE)
    assert os.path.ismount(status.read(folders).outbox_mount)


def test_heartbeat_comes_as_often_as_systemd_asks(reporter, notified, clock):
    """A turn beats when half of the watchdog's time has passed, and not before."""
    for clock[0], beats in ((1000, 1), (1009, 1), (1010, 2)):
        reporter.show(IDLE)
        assert notified.count("WATCHDOG=1") == beats


def test_status_is_written_when_it_changes_but_not_too_often(reporter, folders, clock):
    """Nothing is written twice a second; a change is; and every half a minute the file shows that the loop turns."""
    reporter.show(IDLE)
    path = status.status_path(folders)
    stamps = []
    for clock[0], snapshot in (
        (1000.5, Snapshot("running", EngineStatus(), 0, 0)),
        (1002, IDLE),
        (1004, Snapshot("running", EngineStatus(), 0, 0)),
    ):
        before = path.stat().st_ino
        reporter.show(snapshot)
        stamps.append(path.stat().st_ino != before)
    assert stamps == [False, False, True]
    clock[0] = 1040
    before = path.stat().st_ino
    reporter.show(Snapshot("running", EngineStatus(), 0, 0))
    assert path.stat().st_ino != before


def test_trouble_is_told_with_a_printable_name_until_it_is_over(reporter, folders, notified, clock):
    """Undecodable names reach neither systemd nor the status file as they are."""
    reporter.show(having(Trouble("j", Message("waits: no room"), "caf\udce9\n.pdf")))
    assert list(map(str, status.read(folders).trouble)) == ["caf\ufffd\ufffd.pdf: waits: no room"]
    assert "STATUS=caf\ufffd\ufffd.pdf: waits: no room" in notified
    clock[0] += 5
    reporter.show(IDLE)
    assert status.read(folders).trouble == ()
    assert notified[-1] == "STATUS=nothing in work, 2 scans queued, 1 in the inbox"


def test_trouble_is_logged_once_when_it_begins_and_once_when_it_is_over(reporter, clock):
    """However many ticks it lasts, and though its words change."""
    with structlog.testing.capture_logs() as logged:
        for text in ("full", "still full"):
            reporter.show(having(Trouble("work", text), Trouble("j", "waits: full", "a.pdf")))
        reporter.show(having(Trouble("work", "full")))
        reporter.show(IDLE)
    told = [(entry["event"], entry["what"], entry.get("reason")) for entry in logged]
    assert told == [
        ("trouble.begins", "work", "full"),
        ("trouble.begins", "j", "waits: full"),
        ("trouble.over", "j", None),
        ("trouble.over", "work", None),
    ]


def test_status_that_cannot_be_written_stops_nothing(reporter, folders, monkeypatch):
    """A full disk or a locked ledger costs the status, not the daemon."""
    folders.work_path.rmdir()
    reporter.show(IDLE)

    def locked(*_):
        raise LedgerFault(5, "locked")

    monkeypatch.setattr(Ledger, "counts", locked)
    reporter.show(Snapshot("stopping", EngineStatus(), 0, 0))


def test_a_ledger_that_cannot_be_asked_does_not_keep_the_status_back(reporter, folders, clock, monkeypatch):
    """People read of the ledger's trouble, and not that the daemon hangs; the figures are the last that were known."""
    reporter._ledger.claimed("old", Path("a.tif"))
    reporter._ledger.delivering("old", "failed", "a", (), Message("broken"))
    reporter._ledger.ended("old")
    lying = folders.path("failed") / "a.tif"
    lying.parent.mkdir()
    lying.touch()
    reporter.show(IDLE)

    def broken(*_):
        raise LedgerFault(5, "broken")

    monkeypatch.setattr(Ledger, "_run", broken)
    clock[0] += 5
    reporter.show(having(Trouble("ledger", Message("the ledger cannot be used"))))
    found = status.read(folders)
    assert list(map(str, found.trouble)) == ["the ledger cannot be used"]
    assert (found.failed_today, found.failures) == (1, (("a.tif", Message("broken")),))


def test_a_failed_scan_is_told_once_by_its_path(reporter, folders):
    """As `retry` takes it; where it failed again after a retry, with the last reason."""
    for job, relative, reason in (
        ("1", "a.tif", "broken off"),
        ("2", "invoices/a.tif", "no pages"),
        ("3", "a.tif", "no text"),
    ):
        reporter._ledger.claimed(job, Path(relative))
        reporter._ledger.delivering(job, "failed", "a", (), Message(reason))
        reporter._ledger.ended(job)
        lying = folders.path("failed") / relative
        lying.parent.mkdir(parents=True, exist_ok=True)
        lying.touch()
    reporter.show(IDLE)
    assert status.read(folders).failures == (("a.tif", Message("no text")), ("invoices/a.tif", Message("no pages")))


def test_with_hashed_names_systemd_and_the_status_hear_none(reporter, folders, notified, clock, capsys):
    """Trouble over a scan is told in the status line and in the log without the scan's name."""
    log.configure(Log(names="hash", format="json"))
    reporter._ledger.claimed("old", Path("Miller.tif"))
    reporter._ledger.delivering("old", "failed", "Miller", (), Message("broken"))
    reporter._ledger.ended("old")
    reporter.show(having(Trouble("job", Message("waits: no room"), "letters/Miller.tif")))
    told = [line for line in notified if line.startswith("STATUS=")]
    assert "iller" not in status.status_path(folders).read_text()
    assert told[0].endswith(".tif: waits: no room")
    assert "iller" not in "".join(notified) + capsys.readouterr().err


def test_of_very_many_scans_that_wait_the_number_is_told(reporter, folders, notified, clock):
    """A sender of thousands makes neither the status nor systemd's line longer; what is the daemon's own is told."""
    reason = Message("waits: Permission denied")
    scans = [Trouble(f"job{number}", reason, f"sub/{number}.tif") for number in range(500)]
    reporter.show(having(*scans, Trouble("ledger", Message("database is locked"))))
    told = status.read(folders).trouble
    assert len(told) == report.SCANS_SHOWN + 2
    assert list(map(str, told[-2:])) == ["database is locked", "480 more scans wait"]
    assert len(next(line for line in notified if line.startswith("STATUS="))) < 2000
    clock[0] += 2
    reporter.show(IDLE)
    assert status.read(folders).trouble == ()
