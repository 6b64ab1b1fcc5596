"""Watching the daemon: its metrics, and `status --watch` on a terminal and in a pipe."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.e2e.running import Running, await_that
from tests.fakes.engine import PAUSE_FILE, write_scan
from tests.paths import DOCS

LOOKS = 60.0
OF_WORKERS = {"ocrwatchd_workers", "ocrwatchd_worker_pages_total", "ocrwatchd_worker_page_seconds"}
"""Written where there is a broker: see tests/unit/monitoring/test_metrics.py."""

DOCUMENTATION = DOCS / "administration.md"


@pytest.fixture
def daemon(tmp_path):
    """A daemon that writes its metrics once a second."""
    with Running(tmp_path, metrics={"file": str(tmp_path / "m.prom"), "interval_seconds": 1.0}) as running:
        yield running


def values(daemon):
    """Every sample of the metrics, by name and labels."""
    file = daemon.base / "m.prom"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return {(s.name, *s.labels.values()): s.value for family in parsed(text) for s in family.samples}


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, daemon, columns, lines, kind="xterm"):
        self.shown = b""
        pid, self.end = pty.fork()
        if pid == 0:
            os.environ.update(daemon.environment, TERM=kind)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            command = ["-m", "ocrwatchd", "status", "--watch", "--config", str(daemon.config)]
            os.execv(sys.executable, [sys.executable, *command])  # noqa: S606
        self.pid = pid

    def text(self):
        """All that was ever shown, without the terminal's own orders."""
        os.set_blocking(self.end, False)
        try:
            while block := os.read(self.end, 65536):
                self.shown += block
        except OSError:
            pass
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.shown.decode("utf-8", "replace"))

    def ends(self):
        """Wait for its end; the exit code."""
        ended = await_that(self._ended, LOOKS)
        self.last = self.text()
        os.close(self.end)
        return os.waitstatus_to_exitcode(ended[1])

    def _ended(self):
        self.text()  # else it may wait for a reader
        ended = os.waitpid(self.pid, os.WNOHANG)
        return ended if ended[0] else None


@pytest.mark.slow
def test_metrics_tell_what_was_done(daemon):
    """Scans by outcome, pages, stages, room and the last delivery are counted; the file is for everybody to read."""
    write_scan(daemon.inbox / "a.tif", "fine", "unreadable", "fine")
    (daemon.inbox / "Miller.png").write_bytes(b"junk" * 99)
    await_that(lambda: values(daemon).get(("ocrwatchd_scans_total", "failed")) == 1, LOOKS)
    await_that(lambda: values(daemon).get(("ocrwatchd_scans_total", "delivered")) == 1, LOOKS)
    found = values(daemon)
    assert found["ocrwatchd_pages_total",] == 3
    assert found["ocrwatchd_pages_unreadable_total",] == 1
    assert found["ocrwatchd_stage_seconds_total", "recognise"] > 0
    assert found["ocrwatchd_stage_seconds_total", "deliver"] > 0
    assert found["ocrwatchd_disk_free_bytes", "outbox"] > 0
    assert abs(time.time() - found["ocrwatchd_last_delivery_time_seconds",]) < LOOKS
    assert (found["ocrwatchd_up",], found["ocrwatchd_engine_up",]) == (1, 1)
    file = daemon.base / "m.prom"
    assert file.stat().st_mode & 0o777 == 0o644
    assert "iller" not in file.read_text()
    assert [path.name for path in daemon.base.iterdir() if path.name.startswith(".ocrwatchd-")] == []
    daemon.process.terminate()
    daemon.process.wait(60)
    assert values(daemon)["ocrwatchd_up",] == 0


@pytest.mark.slow
def test_a_restart_of_the_engine_and_trouble_are_counted(tmp_path):
    """An engine that dies over a page is one restart; metrics that cannot be written are trouble, and stop nothing."""
    metrics = {"file": str(tmp_path / "elsewhere" / "m.prom"), "interval_seconds": 1.0}
    with Running(tmp_path, metrics=metrics) as daemon:
        write_scan(daemon.inbox / "a.tif", "segfault")
        daemon.await_files("failed", {"a.tif"})
        await_that(lambda: any("metrics cannot be written" in words for words in daemon.status()["trouble"]), LOOKS)
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "m.prom").symlink_to(tmp_path / "elsewhere" / "m.prom")
        await_that((tmp_path / "elsewhere" / "m.prom").exists, LOOKS)
        assert values(daemon)["ocrwatchd_engine_restarts_total",] >= 1
        await_that(lambda: values(daemon)["ocrwatchd_trouble", "metrics"] == 0, LOOKS)


@pytest.mark.slow
def test_documentation_names_every_metric(daemon):
    """The table of metrics names each metric that is written, and no other but those of workers."""
    write_scan(daemon.inbox / "a.tif", "fine")
    await_that(lambda: values(daemon).get(("ocrwatchd_scans_total", "delivered")) == 1, LOOKS)
    documented = set(re.findall(r"^\| `(ocrwatchd_[a-z_]+)", DOCUMENTATION.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == {name for name, *_ in values(daemon)} | OF_WORKERS


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (30, 9)])
def test_watch_draws_on_a_terminal_until_ctrl_c(daemon, columns, lines):
    """Queue, page, pace and failures are drawn, on a narrow terminal too; Ctrl-C ends it and gives the cursor back."""
    (daemon.inbox / "junk [red].png").write_bytes(b"junk" * 99)
    daemon.await_files("failed", {"junk [red].png"})
    write_scan(daemon.inbox / "book.tif", "fine", "pause", "fine")
    terminal = Terminal(daemon, columns, lines)
    try:
        watch_and_end(terminal, columns)
    finally:
        let_go(daemon)


def watch_and_end(terminal, columns):
    """See what is drawn while a page is in work, then press Ctrl-C."""
    await_that(lambda: "page 2 of 3" in terminal.text(), LOOKS)
    if columns == 80:
        await_that(lambda: "junk [red].png: not a picture" in terminal.text(), LOOKS)
        assert "pages a minute" in terminal.text()
    os.write(terminal.end, b"\x03")
    assert terminal.ends() == 0
    assert terminal.shown.rindex(b"\x1b[?25h") > terminal.shown.rindex(b"\x1b[?25l"), "the cursor is visible again"
    assert "Traceback" not in terminal.last
    assert "running (process" in terminal.last.rpartition("^C")[2], "what was seen last stays"


def let_go(daemon):
    """Let the engine go on past its pause."""
    cwd = Path(f"/proc/{daemon.engine_pid}/cwd").resolve()
    (cwd / PAUSE_FILE).touch()
    daemon.await_files("outbox", {"book.json"})


@pytest.mark.slow
@pytest.mark.parametrize("as_json", [False, True])
def test_watch_in_a_pipe_prints_a_line_a_change(daemon, as_json):
    """Where there is no terminal each change is a line, with --json of JSON; no order to a terminal is among them."""
    command = [sys.executable, "-m", "ocrwatchd", "status", "--watch", "--config", str(daemon.config)]
    with subprocess.Popen(
        [*command, *(["--json"] if as_json else [])],
        env=daemon.environment | {"FORCE_COLOR": "1"},  # set in many a CI; it makes no terminal of a pipe
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        first = watching.stdout.readline()
        write_scan(daemon.inbox / "a.tif", "fine")
        lines = [first]
        while ('"delivered_today": 1' if as_json else "today 1 delivered") not in lines[-1]:
            lines.append(watching.stdout.readline())
        watching.send_signal(signal.SIGINT)
        assert watching.wait(60) == 0
    assert len(set(lines)) == len(lines) >= 2
    assert "\x1b" not in "".join(lines)
    if as_json:
        assert json.loads(lines[-1])["state"] == "running"


@pytest.mark.slow
def test_watch_prints_lines_on_a_terminal_that_cannot_be_drawn_on(tmp_path):
    """Such as an editor's, or a serial line's: nothing would be seen there until Ctrl-C."""
    terminal = Terminal(Running(tmp_path), 80, 24, "dumb")
    await_that(lambda: "not running: no daemon has served" in terminal.text(), LOOKS)
    os.write(terminal.end, b"\x03")
    assert terminal.ends() == 1
    assert b"\x1b" not in terminal.shown


def test_where_no_daemon_ever_served_every_way_of_asking_says_so(tmp_path):
    """`status --json` and `status --watch --json` tell the same state and reason."""
    config = tmp_path / "config.toml"
    config.write_text(f'[folders]\nroot = "{tmp_path}/root"\n')
    command = [sys.executable, "-m", "ocrwatchd", "status", "--json", "--config", str(config)]
    environment = os.environ | {"STATE_DIRECTORY": str(tmp_path)}
    told = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False).stdout
    with subprocess.Popen([*command, "--watch"], env=environment, stdout=subprocess.PIPE) as watching:
        line = watching.stdout.readline()
        watching.terminate()
    assert json.loads(line) == json.loads(told)
    assert json.loads(told)["state"] == "never started"
    assert str(tmp_path / "root") in json.loads(told)["reason"]
