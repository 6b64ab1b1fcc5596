"""The command that is told of events: the queue, the process that runs it, and commands that misbehave."""

import contextlib
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import structlog

from ocrwatchd.core import log
from ocrwatchd.core.attempt import EngineStatus, ScanFigures
from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.config import loader
from ocrwatchd.core.config.schema import Log
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Job
from ocrwatchd.monitoring.notify import event_queue, runner
from ocrwatchd.monitoring.notify.event_queue import QUEUE_SIZE, Notices
from ocrwatchd.monitoring.snapshot import Snapshot

PATIENCE_S = 60.0
IDLE = Snapshot("running", EngineStatus("ready"), 0, 0)


def running(marker):
    """Processes that have something on their command line or in their environment, zombies left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            zombie = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if marker.encode() in words and not zombie:
                found.append(int(folder.name))
    return found


class Desk:
    """Notices with a real keeper, and a command that is a script."""

    def __init__(self, base):
        self.base = base
        self.told_in = base / "told"
        self.marker = f"OCRWATCHD_TEST_MARK={base}"
        self.selector = selectors.DefaultSelector()
        self.notices = None

    def script(self, *lines, mode=0o755):
        """A shell script; $OUT is a folder for what it leaves."""
        path = self.base / "command"
        path.write_text("\n".join(("#!/bin/sh", f"OUT='{self.base}'", *lines, "")))
        path.chmod(mode)
        return [str(path)]

    def open(self, command, **settings):
        """Begin to tell it."""
        os.environ["OCRWATCHD_TEST_MARK"] = str(self.base)
        table = {"folders": {"root": str(self.base / "root")}, "notify": {"command": command, **settings}}
        self.notices = Notices(loader.parse(table), self.selector)
        return self.notices

    def end(self, name="scan.pdf", event="delivered", reason=""):
        """A scan ends."""
        job = Job("j", self.base / "j", Path(name), loader.parse({}).work())
        self.notices.ended(event, job, Path(name).with_suffix(""), Message(reason), ScanFigures(pages=2, unreadable=1))

    def pump(self, condition):
        """Turn the loop until a condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline
            self.turn()

    def turn(self, most_s=0.05):
        """One turn of the loop."""
        self.notices.show(IDLE)
        for key, _ in self.selector.select(most_s):
            key.data()

    @property
    def trouble(self):
        """What is wrong with the command."""
        return "".join(str(each.message) for each in self.notices.troubles())

    def idle(self):
        """Nothing is left to be told."""
        return not self.notices._waiting and self.notices._now is None

    def told(self):
        """What the command was told, an event each."""
        return [json.loads(line) for line in self.told_in.read_text().splitlines()] if self.told_in.exists() else []


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A desk whose processes are gone afterwards."""
    monkeypatch.setenv("OCRWATCHD_TEST_MARK", "")
    monkeypatch.setattr(event_queue, "BACKOFF", Backoff(0.05, 0.05))
    made = Desk(tmp_path)
    yield made
    if made.notices is not None:
        made.notices.stop(0)
    made.selector.close()
    assert [pid for pid in running(made.marker) if pid != os.getpid()] == []


@pytest.fixture
def events():
    """What was logged."""
    with structlog.testing.capture_logs() as logged:
        yield logged


def test_event_comes_as_json_and_in_the_environment_never_as_an_argument(desk):
    """Its standard input has one line of JSON; its variables say the same; its arguments are the configured ones."""
    command = desk.script('cat >> "$OUT/told"', 'env > "$OUT/env"', 'printf "%s|" "$@" > "$OUT/arguments"')
    desk.open([*command, "--to", "me; touch $OUT/shell"])
    desk.end("in/scan one.pdf", "failed", "the upload broke off")
    desk.pump(desk.idle)
    (event,) = desk.told()
    assert event.pop("time")
    assert event.pop("host")
    root = desk.base / "root"
    assert event == {
        "event": "failed",
        "root": str(root),
        "missed": 0,
        "file": "in/scan one.pdf",
        "reason": "the upload broke off",
        "path": str(root / "failed/in/scan one.pdf"),
    }
    variables = dict(line.split("=", 1) for line in (desk.base / "env").read_text().splitlines())
    assert variables["OCRWATCHD_EVENT"] == "failed"
    assert variables["OCRWATCHD_PATH"] == str(root / "failed/in/scan one.pdf")
    assert (desk.base / "arguments").read_text() == "--to|me; touch $OUT/shell|"
    assert not (desk.base / "shell").exists()
    assert desk.trouble == ""


def test_hostile_name_stays_one_printable_line_and_its_path_keeps_its_bytes(desk):
    """A newline, an escape sequence, a leading dash and bytes that are no UTF-8 begin nothing of their own."""
    desk.open(desk.script('cat >> "$OUT/told"', 'printf %s "$OCRWATCHD_PATH" > "$OUT/path"', "env > $OUT/env"))
    name = os.fsdecode(b"--rm \xff\nBcc: x\x1b[2J $(touch y)")
    desk.end(name)
    desk.pump(desk.idle)
    (event,) = desk.told()
    assert event["file"].isprintable()
    assert event["file"].startswith("--rm \N{REPLACEMENT CHARACTER}")
    path = os.fsencode(desk.base / "root" / "outbox") + b"/" + os.fsencode(name) + b".json"
    assert (desk.base / "path").read_bytes() == path
    assert os.fsencode(event["path"]) == path


def test_names_that_may_not_be_told_are_not(desk):
    """With log.names = "hash" neither a name nor a path reaches the command."""
    log.configure(Log(names="hash"))
    desk.open(desk.script('cat >> "$OUT/told"', "env > $OUT/env"))
    desk.end("divorce.pdf")
    desk.pump(desk.idle)
    assert "divorce" not in (desk.base / "env").read_text()
    (event,) = desk.told()
    assert "path" not in event
    assert event["file"].endswith(".pdf")
    assert "divorce" not in json.dumps(event)


def test_only_chosen_events_are_told(desk):
    """The setting `events` chooses; without a command there is no process at all."""
    desk.open(desk.script('cat >> "$OUT/told"'), events=["failed"])
    desk.end("a.pdf")
    desk.end("b.pdf", "failed", "broken")
    desk.pump(desk.idle)
    assert [event["file"] for event in desk.told()] == ["b.pdf"]
    desk.notices.stop(0)
    desk.open([])
    desk.end("c.pdf", "failed", "broken")
    assert desk.idle()
    desk.turn(0)
    assert desk.notices._post._process is None


def test_secrets_and_systemds_variables_are_not_for_the_command(desk, monkeypatch):
    """It cannot speak to systemd in the daemon's place, and has no use for the hub's token."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    for name in ("HF_TOKEN", "MY_PASSWORD", "MY_API_KEY"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("BROKER_URL", "amqps://me:secret@host/x")
    desk.open(desk.script("env > $OUT/env"))
    desk.end()
    desk.pump(desk.idle)
    seen = (desk.base / "env").read_text()
    assert "OCRWATCHD_EVENT=delivered" in seen
    hidden = ("NOTIFY_SOCKET", "HF_TOKEN", "PYTHONPATH", "MY_PASSWORD", "MY_API_KEY", "BROKER_URL")
    assert not [name for name in hidden if f"{name}=" in seen]


def test_command_that_hangs_is_ended_with_what_it_has_started(desk, events):
    """At its time limit, in sessions of their own too; the next event is told after it."""
    lines = 'test -e "$OUT/hung" || { : > "$OUT/hung"; sleep 600 & setsid sleep 600 & sleep 600; }'
    desk.open(desk.script(lines, 'cat >> "$OUT/told"'), timeout_s=1.0, attempts=1)
    desk.end("a.pdf")
    desk.end("b.pdf")
    desk.pump(desk.idle)
    told = [(event["file"], event["missed"]) for event in desk.told()]
    assert told == [("b.pdf", 1)]
    (failed,) = [event for event in events if event["event"] == "notify.failed"]
    assert (str(failed["reason"]), failed["given_up"]) == ("took longer than 1 s", True)
    left = [pid for pid in running(desk.marker) if pid != os.getpid()]
    assert left == [desk.notices._post._process.pid]


def test_children_left_behind_end_with_the_command(desk):
    """A command is over when it exits: what it leaves in the background, in a session of its own too, does not stay."""
    desk.open(desk.script("sleep 600 &", "setsid sh -c 'sleep 600 & sleep 600' &", "exit 0"))
    desk.end()
    desk.pump(desk.idle)
    assert desk.trouble == ""
    left = [pid for pid in running(desk.marker) if pid != os.getpid()]
    assert left == [desk.notices._post._process.pid]


def test_stop_does_not_wait_for_a_command_that_hangs(desk, events):
    """Nor does the loop; a stop gives it a moment, then all ends, and the log says what nobody was told of."""
    desk.open(desk.script(': > "$OUT/begun"', "trap '' TERM", "sleep 600 & sleep 600"), timeout_s=600)
    desk.end("a.pdf")
    desk.end("b.pdf")
    desk.pump((desk.base / "begun").exists)
    for _ in range(20):
        desk.turn(0)
    desk.notices.stop(0.2)  # the command alone would take ten minutes
    assert [pid for pid in running(desk.marker) if pid != os.getpid()] == []
    assert [event["events"] for event in events if event["event"] == "notify.untold"] == [2]


def test_stop_tells_what_is_left_where_that_is_quick(desk):
    """The last failure before a stop is told."""
    desk.open(desk.script('cat >> "$OUT/told"'))
    for number in range(3):
        desk.end(f"{number}.pdf")
    desk.notices.stop(PATIENCE_S)
    assert [event["file"] for event in desk.told()] == ["0.pdf", "1.pdf", "2.pdf"]


@pytest.mark.parametrize(
    ("lines", "mode", "fault"),
    [
        (["exit 7"], 0o755, "ended with exit status 7"),
        (["kill -SEGV $$"], 0o755, "ended with SIGSEGV"),
        (["exit 0"], 0o644, "cannot be started: Permission denied"),
        (None, 0, "cannot be started: No such file or directory"),
    ],
)
def test_command_that_fails_is_tried_again_then_given_up(desk, events, lines, mode, fault):
    """As often as configured, and then status says so; the next event that is told says that one is missing."""
    command = desk.script(*lines, mode=mode) if lines else [str(desk.base / "nowhere")]
    desk.open(command, attempts=3)
    desk.end()
    desk.pump(desk.idle)
    failed = [(event["reason"], event["attempt"], event["given_up"]) for event in events]
    assert [(str(why), *rest) for why, *rest in failed] == [(fault, 1, False), (fault, 2, False), (fault, 3, True)]
    assert desk.trouble.startswith(f"notify.command {fault}")
    command = desk.script('cat >> "$OUT/told"')
    (desk.base / "nowhere").symlink_to(command[0])
    desk.end("b.pdf")
    desk.pump(desk.idle)
    assert [event["missed"] for event in desk.told()] == [1]
    assert desk.trouble == ""


def test_what_a_failing_command_says_is_logged_cut_and_printable(desk, events):
    """However much it says; and not at all where names may not be told, for it may hold one."""
    command = desk.script("head -c 3000000 /dev/zero | tr '\\0' x >&2", "printf 'no\\033 such relay' >&2", "exit 1")
    desk.open(command, attempts=1)
    desk.end()
    desk.pump(desk.idle)
    (failed,) = events
    assert failed["said"].endswith("no\N{REPLACEMENT CHARACTER} such relay")
    assert len(failed["said"]) <= runner.SAID_BYTES
    log._hashed = True
    desk.end()
    desk.pump(desk.idle)
    assert "said" not in events[-1]


def test_full_queue_drops_its_oldest_and_says_how_many(desk, events):
    """A command that cannot keep up loses events, not the daemon its memory."""
    desk.open(desk.script('while [ ! -e "$OUT/go" ]; do sleep 0.01; done', 'cat >> "$OUT/told"'))
    desk.end("first.pdf")
    desk.pump(lambda: desk.notices._now is not None)
    for number in range(QUEUE_SIZE + 7):
        desk.end(f"{number}.pdf")
        desk.turn(0)
    assert len([event for event in events if event["event"] == "notify.dropped"]) == 7
    (desk.base / "go").touch()
    desk.pump(desk.idle)
    told = [(event["file"], event["missed"]) for event in desk.told()]
    assert told[0] == ("first.pdf", 0)
    assert told[1] == ("7.pdf", 7)
    assert told[2:] == [(f"{number}.pdf", 0) for number in range(8, QUEUE_SIZE + 7)]


def test_keeper_that_is_killed_is_replaced(desk):
    """Killed between two events or over one: the event is told by the next."""
    desk.open(desk.script('test -e "$OUT/told" || sleep 600', 'cat >> "$OUT/told"'), attempts=2)
    desk.end("a.pdf")
    desk.pump(lambda: len(running(desk.marker)) > 2 - (os.getpid() not in running(desk.marker)))
    os.kill(desk.notices._post._process.pid, signal.SIGKILL)
    desk.told_in.touch()
    desk.pump(desk.idle)
    os.kill(desk.notices._post._process.pid, signal.SIGKILL)
    desk.end("b.pdf")
    desk.pump(desk.idle)
    assert [event["file"] for event in desk.told()] == ["a.pdf", "b.pdf"]


def test_nothing_survives_a_supervisor_that_is_killed(tmp_path):
    """Where it is killed the keeper sees its socket close, and ends the command and all that it has started."""
    script = tmp_path / "command"
    script.write_text(f"#!/bin/sh\nsleep 600 & setsid sleep 600 &\n: > '{tmp_path}/begun'\nsleep 600\n")
    script.chmod(0o755)
    code = f"""
import selectors
from pathlib import Path
from ocrwatchd.core.attempt import EngineStatus, ScanFigures
from ocrwatchd.core.config import loader
from ocrwatchd.core.i18n import NOTHING
from ocrwatchd.core.model import Job
from ocrwatchd.monitoring.notify.event_queue import Notices
from ocrwatchd.monitoring.snapshot import Snapshot
config = loader.parse({{"folders": {{"root": {str(tmp_path)!r}}}, "notify": {{"command": [{str(script)!r}]}}}})
selector = selectors.DefaultSelector()
notices = Notices(config, selector)
notices.ended("delivered", Job("j", Path("j"), Path("x.pdf"), config.work()), Path("x"), NOTHING, ScanFigures())
while True:
    notices.show(Snapshot("running", EngineStatus("ready"), 0, 0))
    for key, _ in selector.select(0.1):
        key.data()
"""
    environment = os.environ | {"OCRWATCHD_TEST_MARK": str(tmp_path)}
    supervisor = subprocess.Popen([sys.executable, "-c", code], env=environment)
    marker = f"OCRWATCHD_TEST_MARK={tmp_path}"
    deadline = time.monotonic() + PATIENCE_S
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(running(marker)) >= 5
    supervisor.kill()
    supervisor.wait()
    while running(marker):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_keeper_stays_light():
    """It imports neither the settings' library nor the log's: it lives beside the supervisor."""
    heavy = ["pydantic", "structlog", "rich", "numpy"]
    code = f"import sys, ocrwatchd.monitoring.notify.runner; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"


def test_command_can_change_nothing_of_the_daemons(desk):
    """It runs in / with a umask of its own, and what it writes is its user's alone."""
    desk.open(desk.script('pwd > "$OUT/where"'))
    desk.end()
    desk.pump(desk.idle)
    assert (desk.base / "where").read_text() == "/\n"
    assert stat.S_IMODE((desk.base / "where").stat().st_mode) == 0o600
