"""The daemon as a process, with a book in work and an urgent scan behind it."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.running import Running, await_that
from tests.fakes.engine import PAUSE_FILE, REST_FILE, write_scan

pytestmark = pytest.mark.slow


def scratch_of(daemon):
    """Where the engine waits for the files that let its pages go on."""
    return await_that(lambda: Path(f"/proc/{daemon.engine_pid}/cwd").resolve(strict=True), 60)


def test_invoice_is_delivered_before_the_book_in_work_and_a_full_queue(tmp_path):
    """It is read after the book's page in work; then the book goes on, each page is read once, nobody is blamed."""
    daemon = Running(tmp_path, queue={"size": 1}, **{"profiles.invoices": {"priority": 5}})
    with daemon:
        write_scan(daemon.inbox / "book.tif", "fine", "unreadable", "pause", "fine", "fine")
        await_that(lambda: len(daemon.events("page.done")) == 2, 60)
        for number in range(3):
            write_scan(daemon.inbox / f"{number}.tif", "fine")
        await_that(lambda: len(daemon.events("scan.claimed")) == 2, 60)
        write_scan(daemon.inbox / "invoices" / "bill.tif", "rest", "fine")
        await_that(lambda: daemon.events("job.makes_way"), 60)
        (scratch_of(daemon) / PAUSE_FILE).touch()
        await_that(lambda: daemon.status()["in_work"] == "invoices/bill.tif", 60)
        waiting = daemon.status()
        (scratch_of(daemon) / REST_FILE).touch()
        daemon.await_files("outbox", ["book.json", "invoices/bill.json", *(f"{number}.json" for number in range(3))])
        daemon.await_idle()
        left = await_that(lambda: (now := daemon.status())["engine"] == "ready" and now, 60)
    assert (waiting["queued"], waiting["waiting"], waiting["trouble"]) == (2, 2, [])
    assert waiting["engine"] == "working; book.tif goes on afterwards, with page 4 of 5"
    assert (left["failures"], left["trouble"]) == ([], [])
    delivered = [event["file"] for event in daemon.events("job.delivered")]
    assert delivered[:2] == ["invoices/bill.tif", "book.tif"]
    read = [(event["file"], event["page"]) for event in daemon.events("page.done")]
    bill = [("bill.tif", 1), ("bill.tif", 2)]
    assert read[:7] == [*(("book.tif", page) for page in (1, 2, 3)), *bill, ("book.tif", 4), ("book.tif", 5)]
    assert [event["after_page"] for event in daemon.events() if event["event"] in {"job.makes_way", "job.goes_on"}] == [
        3,
        3,
    ]
    assert len(daemon.events("engine.started")) == 1
    with contextlib.closing(sqlite3.connect(daemon.ledger)) as ledger:
        rows = ledger.execute("SELECT state, started, blamed FROM scan").fetchall()
    assert rows == [("delivered", 1, 0)] * 5


def test_book_that_has_made_way_goes_on_after_a_restart(tmp_path):
    """Killed while the urgent scan is read, the daemon reads that one first, then the rest of the book."""
    daemon = Running(tmp_path, **{"profiles.invoices": {"priority": 5}})
    daemon.start()
    write_scan(daemon.inbox / "book.tif", "fine", "pause", "fine")
    await_that(lambda: len(daemon.events("page.done")) == 1, 60)
    write_scan(daemon.inbox / "invoices" / "bill.tif", "rest")
    await_that(lambda: daemon.events("job.makes_way"), 60)
    (scratch_of(daemon) / PAUSE_FILE).touch()
    await_that(lambda: len(daemon.events("attempt.started")) == 2, 60)
    daemon.kill()
    with daemon:
        await_that(lambda: len(daemon.events("attempt.started")) == 3, 60)
        (scratch_of(daemon) / REST_FILE).touch()
        daemon.await_files("outbox", ["book.json", "invoices/bill.json"])
        daemon.await_idle()
    read = [(event["file"], event["page"]) for event in daemon.events("page.done")]
    assert read == [("book.tif", 1), ("book.tif", 2), ("bill.tif", 1), ("book.tif", 3)]


def test_invoice_is_delivered_before_the_next_task_of_a_letter(tmp_path):
    """The letter's text waits for it, but no page is read again, no question is asked twice and nobody is blamed."""
    daemon = Running(tmp_path, llm={"model": "/m/fake.gguf"}, **{"profiles.invoices": {"priority": 5, "tasks": []}})
    tasks = ("[[tasks]]", 'name = "slow"', 'prompt = "await"', "[[tasks]]", 'name = "quick"', 'prompt = "Sum up:"')
    daemon.config.write_text("\n".join((*tasks, daemon.config.read_text())))
    with daemon:
        write_scan(daemon.inbox / "letter.tif", "fine")
        await_that(lambda: daemon.events("page.done"), 60)
        write_scan(daemon.inbox / "invoices" / "bill.tif", "rest")
        await_that(lambda: daemon.events("job.makes_way"), 60)
        (scratch_of(daemon) / PAUSE_FILE).touch()
        await_that(lambda: daemon.status()["in_work"] == "invoices/bill.tif", 60)
        waiting = daemon.status()
        (scratch_of(daemon) / REST_FILE).touch()
        daemon.await_files("outbox", ["letter.json", "letter.slow.txt", "letter.quick.txt", "invoices/bill.json"])
        daemon.await_idle()
    assert waiting["engine"] == "working; letter.tif goes on afterwards, with its follow-up tasks"
    assert [event["file"] for event in daemon.events("job.delivered")] == ["invoices/bill.tif", "letter.tif"]
    assert [event["file"] for event in daemon.events("page.done")] == ["letter.tif", "bill.tif"]
    assert [event["task"] for event in daemon.events("task.done")] == ["slow", "quick"]
    assert len(daemon.events("engine.started")) == 1
    assert daemon.events("attempt.died") == []
