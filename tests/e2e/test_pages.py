"""Documents with pages that end the engine: the daemon as a process, the engine that fails on purpose."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan

pytestmark = pytest.mark.slow


def receipt(daemon, name):
    """A delivered document's receipt."""
    return json.loads((daemon.root / "outbox" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("scene", "settings", "reason"),
    [("segfault", {}, "SIGSEGV"), ("hang", {"ocr": {"page_deadline_s": 1.0}}, "took longer than 1 s to read a page")],
)
def test_one_deadly_page_costs_that_page_only(tmp_path, scene, settings, reason):
    """It gets its attempts, becomes the line that says so, and the rest is delivered, not called complete."""
    daemon = Running(tmp_path, **settings)
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "fine", scene, "fine", "fine")
        daemon.await_files("outbox", ["scan.txt", "scan.json"])
        assert len(daemon.events("attempt.died")) == 2
        daemon.await_idle()
    document = receipt(daemon, "scan")
    assert document["complete"] is False
    assert [bool(page["error"]) for page in document["pages"]] == [False, True, False, False]
    assert reason in document["pages"][1]["error"]
    text = (daemon.root / "outbox" / "scan.txt").read_text()
    assert "[page 2 could not be read]" in text
    assert "a line of page 4" in text
    assert daemon.lying("failed") == []
    assert daemon.lying("archive") == ["scan.tif"]


def test_a_document_of_deadly_pages_is_set_aside(tmp_path):
    """Where no page can be read, and where the engine keeps dying, the file ends in failed/ and others go on."""
    daemon = Running(tmp_path)
    with daemon:
        write_scan(daemon.inbox / "none.tif", "segfault", "segfault")
        daemon.await_files("failed", ["none.tif", "none.reason.txt"])
        write_scan(daemon.inbox / "many.tif", *["segfault"] * 7, "fine")
        daemon.await_files("failed", ["many.tif", "many.reason.txt"])
        write_scan(daemon.inbox / "next.tif", "fine")
        daemon.await_files("outbox", ["next.json"])
    assert "no page could be read" in (daemon.root / "failed" / "none.reason.txt").read_text()
    assert "tried 10 times" in (daemon.root / "failed" / "many.reason.txt").read_text()


def test_a_page_in_work_when_the_supervisor_died_is_not_given_up(tmp_path):
    """However often the supervisor is killed or stopped over a page, that page is read in the end."""
    daemon = Running(tmp_path, job={"stop_seconds": 0.2})
    write_scan(daemon.inbox / "scan.tif", "fine", "pause", "fine")
    for attempt in range(1, 5):
        daemon.start()
        await_that(lambda number=attempt: len(daemon.events("attempt.started")) == number)
        await_that(lambda: daemon.status()["page"] == 2)
        if attempt % 2:
            daemon.kill()
        else:
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.process.wait(30) == 0
    with daemon:
        await_that(lambda: len(daemon.events("attempt.started")) == 5)
        (Path(f"/proc/{daemon.engine_pid}/cwd").resolve() / "go-on").touch()
        daemon.await_files("outbox", ["scan.json"])
    assert receipt(daemon, "scan")["complete"] is True


def test_a_page_that_kills_once_is_read(tmp_path):
    """An engine that was killed for another's sake, as when memory runs out, costs no page."""
    daemon = Running(tmp_path)
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "fine", "pause", "fine")
        await_that(lambda: daemon.events("engine.started"))
        await_that(lambda: daemon.status()["page"] == 2)
        os.kill(daemon.engine_pid, signal.SIGKILL)
        await_that(lambda: len(daemon.events("attempt.started")) == 2)
        await_that(lambda: daemon.status()["page"] == 2)
        (Path(f"/proc/{daemon.engine_pid}/cwd").resolve() / "go-on").touch()
        daemon.await_files("outbox", ["scan.json"])
    assert receipt(daemon, "scan")["complete"] is True
