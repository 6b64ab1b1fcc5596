"""`[notify]` with the daemon as a process: its own trouble, a stop, a kill."""

import json
import signal
import subprocess
import sys

import pytest

from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan
from tests.integration.test_notify import running


def told(base):
    """The events that the command was told of."""
    path = base / "told"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def await_event(base, kind):
    """Wait for an event of a kind, and give it back."""

    def found():
        return next((event for event in told(base) if event["event"] == kind), None)

    return await_that(found, 90, f"an event {kind}")


@pytest.mark.slow
def test_ends_and_trouble_are_told_and_each_trouble_once(tmp_path):
    """A delivery, a failure; the inbox goes and comes back: two events, however often it is looked at meanwhile."""
    command = ["/bin/sh", "-c", f"cat >> {tmp_path}/told"]
    with Running(tmp_path, notify={"command": command}) as daemon:
        write_scan(daemon.inbox / "good.tif", "fine", "unreadable")
        (daemon.inbox / "bad.png").write_bytes(b"no picture")
        delivered, failed = await_event(tmp_path, "delivered"), await_event(tmp_path, "failed")
        assert (delivered["file"], delivered["pages"], delivered["unreadable"]) == ("good.tif", 2, 1)
        assert delivered["path"] == str(daemon.root / "outbox" / "good.json")
        assert failed["file"] == "bad.png"
        assert failed["reason"].startswith("not a picture or PDF")
        daemon.inbox.rename(daemon.root / "away")
        unhealthy = await_event(tmp_path, "unhealthy")
        assert str(daemon.root / "inbox") in unhealthy["reason"]
        (daemon.root / "away").rename(daemon.root / "inbox")
        recovered = await_event(tmp_path, "recovered")
        assert recovered["reason"] == unhealthy["reason"]
        kinds = [event["event"] for event in told(tmp_path)]
        assert sorted(kinds) == ["delivered", "failed", "recovered", "unhealthy"]
        assert not any("line of page" in json.dumps(event) for event in told(tmp_path))


@pytest.mark.slow
def test_an_engine_that_cannot_start_is_trouble(tmp_path):
    """One that ends while it loads is told, although another is started again and again, and status says so too."""
    command = ["/bin/sh", "-c", f"cat >> {tmp_path}/told"]
    with Running(tmp_path, ocr={"resources_dir": "/die"}, notify={"command": command}) as daemon:
        assert await_event(tmp_path, "unhealthy")["reason"].startswith("no engine runs: ")
        assert any("no engine runs: " in each for each in daemon.status()["trouble"])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_neither_a_stop_nor_a_kill_leaves_anything_of_a_command_that_hangs(tmp_path, monkeypatch, number):
    """The line went on meanwhile; what the command has started is gone once the daemon is."""
    monkeypatch.setenv("OCRWATCHD_TEST_MARK", str(tmp_path))
    script = f"trap '' TERM; sleep 600 & setsid sleep 600 & : > {tmp_path}/begun; sleep 600"
    notify = {"command": ["/bin/sh", "-c", script], "timeout_s": 600}
    daemon = Running(tmp_path, notify=notify).start()
    try:
        write_scan(daemon.inbox / "a.tif", "fine")
        await_that((tmp_path / "begun").exists, 60, "the command")
        write_scan(daemon.inbox / "b.tif", "fine")
        daemon.await_files("outbox", ["a.json", "b.json"])
        marker = f"OCRWATCHD_TEST_MARK={tmp_path}"
        assert len(running(marker)) >= 6
    finally:
        daemon.process.send_signal(number)
        daemon.process.wait(60)
    await_that(lambda: not running(marker), 30, "no process of the command")


@pytest.mark.slow
def test_a_failure_is_mailed(tmp_path):
    """By the documented command, through a program that takes sendmail's arguments."""
    program = tmp_path / "sendmail"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/mail\n")
    program.chmod(0o755)
    command = [
        sys.executable,
        "-m",
        "ocrwatchd.monitoring.notify.mail",
        "--to",
        "me@example.org",
        "--sendmail",
        str(program),
    ]
    with Running(tmp_path, notify={"command": command, "events": ["failed"]}) as daemon:
        (daemon.inbox / "bad.png").write_bytes(b"no picture")
        mail = await_that(lambda: (tmp_path / "mail").exists() and (tmp_path / "mail").read_text(), 60, "a mail")
    assert "Subject: ocrwatchd: could not be read: bad.png" in mail
    assert "Why: not a picture or PDF" in mail


@pytest.mark.slow
def test_once_waits_for_what_is_to_be_told_and_check_looks_at_the_command(tmp_path):
    """`run --once` from cron tells of its failures before it ends."""
    command = ["/bin/sh", "-c", f"sleep 0.5; cat >> {tmp_path}/told"]
    daemon = Running(tmp_path, notify={"command": command})
    for number in range(4):
        (daemon.inbox / f"{number}.png").write_bytes(b"no picture")
    assert daemon.once().returncode == 0
    assert len(told(tmp_path)) == 4
    assert "notify.command" in daemon.ask("check").stdout
    lacking = Running(tmp_path, notify={"command": ["/nowhere/tell"]})
    line = next(each for each in lacking.ask("check").stdout.splitlines() if "notify.command" in each)
    assert line.startswith("MEND")
    assert "/nowhere/tell is missing, or not executable" in line


@pytest.mark.slow
def test_once_does_not_wait_for_a_command_that_hangs_when_it_is_told_to_stop(tmp_path):
    """Ctrl-C at a `run --once` that waits for its last words ends it, however long the command might take."""
    notify = {"command": ["/bin/sh", "-c", f": > {tmp_path}/begun; sleep 600"], "timeout_s": 600}
    daemon = Running(tmp_path, notify=notify)
    (daemon.inbox / "a.png").write_bytes(b"no picture")
    with subprocess.Popen(daemon.command("--once"), env=daemon.environment, stderr=subprocess.DEVNULL) as process:
        try:
            await_that((tmp_path / "begun").exists, 60, "the command")
            process.send_signal(signal.SIGINT)
            process.wait(60)
        finally:
            process.kill()
