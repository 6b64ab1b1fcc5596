"""SIGHUP: the configuration is read again under a running daemon; a bad one is refused."""

import json
import re
import signal
from pathlib import Path

import pytest

from tests.e2e.running import Running, await_that, write_config
from tests.fakes.engine import write_scan

pytestmark = pytest.mark.slow


@pytest.fixture
def running(tmp_path):
    """A daemon with the engine that does as it is told."""
    with Running(tmp_path) as running:
        yield running


class Unnamed(Running):
    """One that finds its configuration in its directory, as a service does."""

    def command(self, *more):
        """As of a daemon that is told of no file."""
        return [each for each in super().command(*more) if each not in {"--config", str(self.config)}]

    @property
    def environment(self):
        """With a home folder, too: what nobody has configured lies below it."""
        return super().environment | {"CONFIGURATION_DIRECTORY": str(self.base), "HOME": str(self.base / "home")}


def tables(running, **more):
    """The daemon's configuration, with some of it changed."""
    quick = {"settle_seconds": 0.4, "after_close_seconds": 0.2, "sweep_seconds": 1.0}
    base = {
        "folders": {"root": str(running.root), "status_page": False},
        "arrival": quick,
        "llm": {"allow_auto_download": False},
    }
    return base | {"log": {"format": "json"}} | more


def reload(running, event, number=1):
    """Ask for it, and wait until the daemon has said for the n-th time what became of it."""
    running.process.send_signal(signal.SIGHUP)
    await_that(lambda: len(running.events(event)) >= number, 60, event)


def test_a_new_configuration_holds_for_the_next_scan(running):
    """The same process goes on, with other output formats."""
    write_scan(running.inbox / "before.tif", "fine")
    running.await_files("archive", ["before.tif"])
    write_config(running.config, tables(running, output={"formats": ["txt", "json", "raw"]}))
    reload(running, "daemon.started", 2)
    write_scan(running.inbox / "after.tif", "fine")
    running.await_files("archive", ["after.tif"])
    assert "after.raw.txt" in running.lying("outbox")
    assert "before.raw.txt" not in running.lying("outbox")
    assert {event["pid"] for event in running.events("daemon.started")} == {running.process.pid}


def test_a_bad_configuration_is_refused_and_the_old_one_stays(running):
    """Every mistake is told, `status` and `run --dry-run` too; a good one ends that."""
    write_config(running.config, tables(running, output={"formats": ["doc"]}, job={"max_attempts": 0}))
    reload(running, "config.refused")
    (refused,) = running.events("config.refused")
    assert "output.formats" in refused["reason"]
    assert "job.max_attempts" in refused["reason"]
    dry = running.ask("run", "--dry-run")
    assert dry.returncode == 2
    assert "job.max_attempts" in dry.stderr
    write_scan(running.inbox / "scan.tif", "fine")
    running.await_files("archive", ["scan.tif"])
    assert "engine.renewed" not in running.log_path.read_text()
    assert len(running.events("engine.started")) == 1
    write_config(running.config, tables(running))
    assert running.ask("run", "--dry-run").returncode == 0
    reload(running, "daemon.started", 2)
    await_that(lambda: running.status()["state"] == "running", what="running again")
    assert running.status()["trouble"] == []


def test_a_refused_configuration_is_told_by_status(running):
    """Until another one is taken."""
    running.config.write_text("[", encoding="utf-8")
    reload(running, "config.refused")
    written = running.root / ".work" / "status.json"
    await_that(lambda: "refused" in written.read_text(encoding="utf-8"), what="the trouble in the status")


def test_a_configuration_that_cannot_be_served_is_refused_too(running, tmp_path):
    """Its root is a file: the daemon goes back to the folders before, and says why."""
    (tmp_path / "file").touch()
    write_config(running.config, tables(running, folders={"root": str(tmp_path / "file" / "root")}))
    reload(running, "config.refused")
    write_scan(running.inbox / "scan.tif", "fine")
    running.await_files("archive", ["scan.tif"])
    assert str(tmp_path / "file") in running.events("config.refused")[0]["reason"]


def test_a_reload_waits_for_the_page_in_work_and_loses_nothing(running):
    """The scan goes on at its next page, in its first attempt; those behind it follow."""
    write_scan(running.inbox / "long.tif", *["slow"] * 6)
    write_scan(running.inbox / "next.tif", "fine")
    await_that(lambda: running.events("attempt.started"), 60, "an attempt")
    write_config(running.config, tables(running, job={"stop_seconds": 20}))
    reload(running, "daemon.started", 2)
    running.await_files("outbox", ["long.txt", "long.json", "next.txt", "next.json"])
    running.await_idle()
    assert running.lying("failed") == []
    assert sorted(running.lying("outbox")) == ["long.json", "long.txt", "next.json", "next.txt"]
    pages = [event["page"] for event in running.events("page.done") if event["file"] == "long.tif"]
    assert sorted(pages) == [1, 2, 3, 4, 5, 6]


def test_a_configuration_that_has_gone_is_refused(tmp_path):
    """As while somebody exchanges the file: nobody has asked for the defaults, and scans still arrive in the inbox."""
    with Unnamed(tmp_path) as running:
        running.config.rename(tmp_path / "config.toml~")
        reload(running, "config.refused")
        assert "no such file" in running.events("config.refused")[0]["reason"]
        write_scan(running.inbox / "scan.tif", "fine")
        running.await_files("archive", ["scan.tif"])
        assert not (tmp_path / "home").exists()


def test_reloads_leave_nothing_behind(running, tmp_path):
    """Twenty of them, some asked for while another one is under way: as many descriptors, threads and children."""
    write_config(running.config, tables(running, notify={"command": ["/bin/true"]}))

    process = Path(f"/proc/{running.process.pid}")
    children = process / "task" / process.name / "children"

    def work(scan):
        write_scan(running.inbox / scan, "fine")
        running.await_files("archive", [scan])
        both = "the engine, and who runs the command, and nobody else"
        await_that(lambda: len(children.read_text(encoding="ascii").split()) == 2, 60, both)

    def held():
        named = [str(path.readlink()) for path in (process / "fd").iterdir()]
        # libffi makes a file without a name when it first needs one, and keeps it.
        open_files = [name for name in named if not name.endswith(" (deleted)")]
        return len(open_files), len(list((process / "task").iterdir()))

    reload(running, "daemon.started", 2)
    work("first.tif")
    open_files, threads = held()
    for number in range(3, 22):
        reload(running, "daemon.started", number)
    running.process.send_signal(signal.SIGHUP)
    running.process.send_signal(signal.SIGHUP)
    await_that(lambda: len(running.events("daemon.started")) > 21, 60, "another reload")
    work("last.tif")
    await_that(lambda: held()[0] <= open_files, 60, f"{open_files} open files")
    await_that(lambda: held()[1] <= threads, 60, f"{threads} threads")


def test_a_reload_is_no_stop(tmp_path):
    """Whoever looks at status or metrics meanwhile never reads that the daemon has stopped."""
    metrics = tmp_path / "m.prom"
    with Running(tmp_path, metrics={"file": str(metrics)}) as running:
        await_that(metrics.exists, 60, "the metrics")
        running.process.send_signal(signal.SIGHUP)
        seen = set()
        while len(running.events("daemon.started")) < 2:
            seen.add(re.search(r"^ocrwatchd_up (\S+)$", metrics.read_text(), re.MULTILINE)[1])
            seen.add(json.loads((running.root / ".work" / "status.json").read_text())["state"])
        assert seen <= {"1.0", "running", "stopping"}


def test_metrics_that_move_end_where_they_were(tmp_path):
    """With a reload that takes them elsewhere, nobody would write them there again."""
    metrics = tmp_path / "m.prom"
    with Running(tmp_path, metrics={"file": str(metrics)}) as running:
        await_that(metrics.exists, 60, "the metrics")
        write_config(running.config, tables(running, metrics={"file": str(tmp_path / "other.prom")}))
        reload(running, "daemon.started", 2)
        await_that((tmp_path / "other.prom").exists, 60, "the metrics elsewhere")
        assert "\nocrwatchd_up 0.0\n" in metrics.read_text()
        assert "\nocrwatchd_up 1.0\n" in (tmp_path / "other.prom").read_text()


def test_a_stop_during_a_reload_is_a_stop(running):
    """The page in work is completed, and nothing starts again."""
    write_scan(running.inbox / "long.tif", *["slow"] * 6)
    await_that(lambda: running.events("attempt.started"), 60, "an attempt")
    reload(running, "daemon.reloading")
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0
    assert len(running.events("daemon.started")) == 1
    assert len(running.events("daemon.stopped")) == 1
    running.start()
    running.await_files("outbox", ["long.json"])
