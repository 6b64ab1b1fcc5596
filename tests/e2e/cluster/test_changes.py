"""What changes under jobs in work: the supervisor dies at some step, or gets other settings, or no broker any more."""

import signal

import pytest

from ocrwatchd.core import crashpoints
from tests.e2e.cluster.brokers import Redis
from tests.e2e.cluster.lab import lab
from tests.e2e.cluster.test_line import drop, watching
from tests.e2e.running import await_that
from tests.e2e.test_kill import SUPERVISOR, work_off
from tests.e2e.witness import confirm_delivered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OF_SEVERAL_MACHINES = (("attempt-recorded", 1), ("job-published", 1), ("set-taken", 1))
AS_ON_ONE = tuple(each for each in SUPERVISOR if each[0] not in {"claim-recorded", "attempt-recorded", "job-given"})

PAGES = 14


def test_supervisor_killed_at_a_step(pytestconfig):
    """With workers, too: each scan is delivered once by the next run, and no page that was kept is read again."""
    where = [*OF_SEVERAL_MACHINES, *(AS_ON_ONE if pytestconfig.getoption("--soak") else ())]
    with lab(Redis, tls=False, arrival={"settle_seconds": 0.05}) as made:
        daemon, scans = made.supervisor, {}
        assert work_off(daemon) == 0
        worker = made.worker("w1").start()
        with watching(daemon) as witness:
            for number, (step, times) in enumerate(where):
                scans[f"{number}.tif"] = drop(daemon, f"{number}.tif", "fine", "fine")
                struck = daemon.base / f"struck-{number}"
                fatal = {crashpoints.VARIABLE: f"{step}:{times}:{struck}"}
                assert work_off(daemon, **fatal) == -signal.SIGKILL, step
                assert work_off(daemon) == 0, daemon.log_path.read_text()
                assert len(daemon.lying("archive")) == number + 1, step
            confirm_delivered(daemon, scans)
            witness.confirm()
        assert len(worker.events("page.done")) == 2 * len(where)


def reload(daemon, before, after):
    """Let a line of the configuration be another one, under the running daemon."""
    content = daemon.config.read_text(encoding="utf-8")
    assert before in content
    daemon.config.write_text(content.replace(before, after), encoding="utf-8")
    starts = len(daemon.events("daemon.started"))
    daemon.process.send_signal(signal.SIGHUP)
    await_that(lambda: len(daemon.events("daemon.started")) > starts, 60, "the reload")


def test_a_broker_that_goes_and_comes_with_a_reload():
    """A book in work goes on at its next page: here, on a worker, and there again as other files; it comes out once."""
    with lab(Redis, tls=False) as made, made.supervisor as daemon, watching(daemon) as witness:
        worker = made.worker("w1").start()
        drop(daemon, "book.tif", *["slow"] * PAGES)

        def pages(member):
            return [event["page"] for event in member.events("page.done")]

        await_that(lambda: len(pages(worker)) >= 3, 60, "pages of the worker's")
        broker = f'broker = "{made.broker.url}"'
        reload(daemon, broker, 'broker = ""')
        await_that(lambda: worker.events("attempt.ended"), 60, "the worker's end")
        before = len(pages(worker))
        await_that(lambda: len(pages(daemon)) >= 3, 60, "pages of its own")
        reload(daemon, 'broker = ""', broker)
        await_that(lambda: len(pages(worker)) > before, 60, "more of the worker's")
        reload(daemon, "[queue]", '[output]\nformats = ["txt", "json", "raw"]\n[queue]')
        daemon.await_files("archive", ["book.tif"])
        daemon.await_idle()
        assert daemon.lying("outbox") == ["book.json", "book.raw.txt", "book.txt"]
        assert daemon.lying_in_jobs() == daemon.lying("failed") == []
        witness.confirm()
        assert {1, 2, 3}.isdisjoint(pages(daemon))
        assert min(pages(worker)[before:]) > max(pages(daemon))
        assert len({*pages(worker)}) == len(pages(worker))
