"""`ocrwatchd canary` against the daemon as a process."""

import json
import shutil
import signal
import subprocess
import sys

import pytest

from ocrwatchd.core import crashpoints
from tests.e2e.running import Running, await_that
from tests.paths import DATA
from tests.programs import needs, needs_root

NOBODY = 65534
SCAN = DATA / "phototest.tif"
REAL_ENGINE = {"OCRWATCHD_TEST_ENGINE": "ocrwatchd.engine.process.main", "OCRWATCHD_TEST_GRACE_S": "2"}


def canaries(daemon):
    """What lies of them in each folder."""
    every = [(folder, name) for folder in ("inbox", "outbox", "archive", "failed") for name in daemon.lying(folder)]
    return [each for each in every if "canary" in each[1]]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A real engine's daemon that skips duplicates, joins, cuts and names scans, and clears up soon."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in REAL_ENGINE.items():
            patch.setenv(name, value)
        base = tmp_path_factory.mktemp("canary")
        with Running(
            base,
            ocr={"engine": "rapidocr", "threads": 1},
            llm={"model": "builtin"},
            job={"duplicates": "skip"},
            output={"name": "{counter}"},
            split={"on": ["blank", "pages:1"]},
            pages={"join": "prefix", "join_wait_s": 600.0},
            folders={"root": str(base / "root"), "file_mode": 0o644},
            notify={"command": ["/bin/sh", "-c", f"cat >> {base}/told"]},
        ) as daemon:
            yield daemon


@pytest.mark.slow
def test_right_text_comes_out_and_nothing_of_it_stays(served):
    """One after the other and two at once: each is read, and afterwards it is as if there had been none."""
    first = served.ask("canary", "--timeout", "100")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("the right text came out after ")
    command = [sys.executable, "-m", "ocrwatchd", "canary", "--config", str(served.config)]
    both = [subprocess.Popen(command, env=served.environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for each in both:
        said, _ = each.communicate(timeout=100)
        assert each.returncode == 0
        assert "right text" in said
    await_that(lambda: not canaries(served), 60, "no trace of a canary")
    assert served.lying("archive") == served.lying("failed") == []
    status = served.status()
    assert (status["delivered_today"], status["failed_today"], status["failures"]) == (0, 0, [])
    assert len(served.events("canary.ended")) == 3
    assert served.events("job.delivered") == []
    shutil.copyfile(SCAN, served.inbox / "scan.tif")
    served.await_files("archive", ["scan.tif"])
    told = served.base / "told"
    await_that(lambda: told.exists() and told.read_text().endswith("\n"), 60, "an event")
    assert [json.loads(line)["file"] for line in told.read_text().splitlines()] == ["scan.tif"]


@pytest.mark.slow
def test_a_user_who_may_only_drop_and_read_can_ask(served):
    """He may not list the inbox, not write in the outbox, and not see .work, archive or failed."""
    needs_root()
    (setpriv,) = needs("setpriv")
    for above in (served.root, *served.root.parents):
        if above.stat().st_mode & 0o001 == 0:
            above.chmod(above.stat().st_mode | 0o001)
    served.inbox.chmod(0o3773)
    (served.root / "outbox").chmod(0o2775)
    config = served.base / "public.toml"
    config.write_text(f'[folders]\nroot = "{served.root}"\n')
    user = [setpriv, "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--"]
    command = [*user, sys.executable, "-m", "ocrwatchd", "canary", "--config", "/dev/stdin", "--timeout", "100"]
    environment = served.environment | {"HOME": "/nonexistent", "STATE_DIRECTORY": "/nonexistent"}
    with config.open() as given:
        run = subprocess.run(
            command, stdin=given, env=environment, capture_output=True, text=True, timeout=110, check=False, cwd="/"
        )
    assert (run.returncode, run.stderr) == (0, "")
    assert "right text" in run.stdout
    await_that(lambda: not canaries(served), 60, "no trace of a canary")


@pytest.mark.slow
def test_a_daemon_that_does_not_turn_is_told_and_the_page_taken_back(served):
    """Paused with SIGSTOP, as `systemctl freeze` does it."""
    served.process.send_signal(signal.SIGSTOP)
    try:
        run = served.ask("canary", "--timeout", "1")
    finally:
        served.process.send_signal(signal.SIGCONT)
    assert run.returncode == 1
    assert "nothing came out within 1 s: the daemon has not taken the page" in run.stderr
    assert served.lying("inbox") == []


@pytest.mark.slow
def test_canary_that_is_interrupted_takes_its_page_back(served):
    """Ctrl-C is no reason to leave anything behind."""
    served.process.send_signal(signal.SIGSTOP)
    try:
        # As a shell in the background starts these tests, Ctrl-C is ignored, and so it would be by what they start.
        listening = ["env", "--default-signal=INT"]
        command = [*listening, sys.executable, "-m", "ocrwatchd", "canary", "--config", str(served.config)]
        run = subprocess.Popen(command, env=served.environment, stderr=subprocess.DEVNULL)
        await_that(lambda: served.lying("inbox"), 60, "a page in the inbox")
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130
        assert served.lying("inbox") == []
    finally:
        served.process.send_signal(signal.SIGCONT)


@pytest.mark.slow
def test_wrong_text_and_a_page_set_aside_fail_and_so_does_no_daemon(served, tmp_path, monkeypatch):
    """Exit code 1 each, with the reason."""
    monkeypatch.delenv("OCRWATCHD_TEST_ENGINE")
    daemon = Running(tmp_path)
    with daemon:
        run = daemon.ask("canary", "--timeout", "60")
        assert run.returncode == 1
        assert "the text that came out is wrong: " in run.stderr
        await_that(lambda: not canaries(daemon), 60, "no trace of a canary")
    run = daemon.ask("canary")
    assert run.returncode == 1
    assert "no daemon serves" in run.stderr
    (tmp_path / "small").mkdir()
    with Running(tmp_path / "small", ocr={"max_pixels": 10_000}) as daemon:
        run = daemon.ask("canary", "--timeout", "60")
        assert run.returncode == 1
        assert "set aside in failed/: " in run.stderr
        assert "ocr.max_pixels" in run.stderr
        await_that(lambda: not canaries(daemon), 60, "no trace of a canary")
        assert daemon.status()["failures"] == []
        assert daemon.status()["failed_today"] == 0


@pytest.mark.slow
def test_a_canary_that_nobody_waits_for_any_more_is_cleared_away(served, tmp_path, monkeypatch):
    """Its time was up, the daemon was killed in between: what was delivered in the end goes all the same."""
    monkeypatch.delenv("OCRWATCHD_TEST_ENGINE")
    killed = tmp_path / "killed"
    monkeypatch.setenv(crashpoints.VARIABLE, f"end-recorded:1:{killed}")
    daemon = Running(tmp_path).start()
    for seconds in ("0.01", "1", "5", "20"):
        # On a busy machine a page is withdrawn before the daemon has seen it.
        assert daemon.ask("canary", "--timeout", seconds).returncode == 1
        if killed.exists():
            break
    await_that(killed.exists, 60, "the kill")
    daemon.process.wait()
    with daemon:
        daemon.await_idle()
        await_that(lambda: not canaries(daemon), 60, "no trace of a canary")
