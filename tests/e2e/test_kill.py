"""kill -9 at each step of the line, at each rename and each sync, and at random under load."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ocrwatchd.core import crashpoints
from tests.e2e.running import Running, await_that
from tests.e2e.witness import Witness, confirm_delivered
from tests.fakes.engine import write_scan
from tests.paths import CHECKOUT, DATA
from tests.programs import needs

pytestmark = pytest.mark.slow

README = CHECKOUT / "tests" / "README.md"
NAME = "scan.tif"

SUPERVISOR = (
    ("claim-recorded", 1),
    ("claimed", 1),
    ("attempt-recorded", 1),
    ("job-given", 1),
    ("result-heard", 1),
    ("result-recorded", 1),
    ("delivery-recorded", 1),
    ("moved", 1),
    ("moved", 2),
    ("moved", 3),
    ("end-recorded", 1),
    ("cleared", 1),
)
ENGINE = (
    ("engine-loading", 1),
    ("engine-job", 1),
    ("engine-hash", 1),
    ("engine-open", 1),
    ("engine-page", 1),
    ("engine-page-done", 1),
    ("engine-page", 2),
    ("engine-page-done", 2),
    ("engine-write", 1),
    ("engine-file-written", 1),
    ("engine-set-written", 1),
    ("engine-told", 1),
)
FAILING = (("delivery-recorded", 1), ("reason-written", 1), ("moved", 1), ("moved", 2), ("end-recorded", 1))


class Matrix:
    """What was found after each kill; printed at the end (``pytest -s``), and held against tests/README.md."""

    def __init__(self):
        self.rows = []

    def note(self, *cells):
        """Add a row."""
        self.rows.append("| " + " | ".join(map(str, cells)) + " |")


@pytest.fixture(scope="module")
def matrix():
    """The matrix of this run."""
    made = Matrix()
    yield made
    print("\n| killed at | process | found then | after the restart |\n|---|---|---|---|")  # noqa: T201
    print("\n".join(made.rows))  # noqa: T201


def furnished(base, **settings):
    """A daemon whose folders are there before it runs, so that a witness can look at them."""
    made = Running(base, **settings)
    for name in ("inbox", "outbox", "archive", "failed"):
        (made.root / name).mkdir(parents=True)
    return made


@pytest.fixture
def daemon(tmp_path):
    """A daemon that works its inbox off quickly, with folders that a witness can look at."""
    return furnished(tmp_path, arrival={"settle_seconds": 0.05})


def watching(daemon):
    """A witness of all that becomes visible."""
    return Witness(*(daemon.root / name for name in ("outbox", "archive", "failed")))


def work_off(daemon, prefix=(), **environment):
    """`run --once`, its log kept; the exit status."""
    with daemon.log_path.open("ab") as log:
        return subprocess.run(
            [*prefix, *daemon.command("--once")],
            env=daemon.environment | environment,
            stdout=log,
            stderr=log,
            timeout=400,
            check=False,
        ).returncode


def kill_at(daemon, step, number):
    """Environment that kills at a step, and the file that tells that it has happened."""
    struck = daemon.base / "struck"
    return struck, {crashpoints.VARIABLE: f"{step}:{number}:{struck}"}


def found(daemon):
    """Where a scan and what was made of it lie, in words."""
    words = []
    if daemon.lying("inbox"):
        words.append("the scan in the inbox")
    work = daemon.lying(".work")
    if any("/scan/" in path for path in work):
        kept = sum("/pages/" in path for path in work)
        whole = "the finished set, " if any("/out/" in path for path in work) else ""
        words.append(f"in `.work/` the scan, {whole}{kept} pages")
    visible = {"outbox": daemon.lying("outbox"), "archive": daemon.lying("archive"), "failed": daemon.lying("failed")}
    words += [f"in `{folder}/` {', '.join(names)}" for folder, names in visible.items() if names]
    return "; ".join(words)


def pages_read(daemon):
    """How many pages an engine has finished so far."""
    return len(daemon.events("page.done"))


@pytest.mark.parametrize(("step", "number"), SUPERVISOR)
def test_supervisor_killed_at_a_step(daemon, matrix, step, number):
    """Killed at any step, the scan is delivered once by the next run, and no page that was kept is read again."""
    scans = {NAME: write_scan(daemon.inbox / NAME, "fine", "fine").read_bytes()}
    with watching(daemon) as witness:
        struck, fatal = kill_at(daemon, step, number)
        assert work_off(daemon, **fatal) == -signal.SIGKILL
        assert struck.exists()
        then = found(daemon)
        assert work_off(daemon) == 0, daemon.log_path.read_text()
        confirm_delivered(daemon, scans)
        witness.confirm()
    assert pages_read(daemon) <= 2
    matrix.note(f"{step} {number}", "supervisor", then, "delivered once, no page read twice")


@pytest.mark.parametrize(("step", "number"), ENGINE)
def test_engine_killed_at_a_step(daemon, matrix, step, number):
    """Killed once at any step, the engine is replaced and the scan delivered once, at the latest by the next run."""
    scans = {NAME: write_scan(daemon.inbox / NAME, "fine", "fine").read_bytes()}
    with watching(daemon) as witness:
        struck, fatal = kill_at(daemon, step, number)
        first = work_off(daemon, **fatal)
        assert first >= 0
        assert struck.exists()
        if first:  # one that dies before it has begun ends `--once`
            assert work_off(daemon) == 0
        confirm_delivered(daemon, scans)
        witness.confirm()
    assert pages_read(daemon) <= 2
    matrix.note(
        f"{step} {number}", "engine", "the supervisor, which starts another", "delivered once, no page read twice"
    )


@pytest.mark.parametrize(("step", "number"), FAILING)
def test_supervisor_killed_while_setting_aside(daemon, matrix, step, number):
    """A scan on its way to ``failed/`` arrives there once, with its reason, and nowhere else."""
    (daemon.inbox / "junk.png").write_bytes(b"this is no picture" * 50)
    with watching(daemon) as witness:
        struck, fatal = kill_at(daemon, step, number)
        assert work_off(daemon, **fatal) == -signal.SIGKILL
        assert struck.exists()
        then = found(daemon)
        assert work_off(daemon) == 0
        witness.confirm()
    assert daemon.lying("failed") == ["junk.png", "junk.reason.txt"]
    assert "Why: " in (daemon.root / "failed" / "junk.reason.txt").read_text()
    assert daemon.lying("outbox") == daemon.lying("archive") == daemon.lying("inbox") == []
    matrix.note(f"{step} {number} (junk)", "supervisor", then, "set aside once, with its reason")


def test_readme_shows_the_matrix(matrix):
    """The table of tests/README.md is what was found; rows of other runs may stand there too."""
    told = README.read_text(encoding="utf-8")
    assert [row for row in matrix.rows if row not in told] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("step", "number"), [("claimed", 1), ("moved", 1), ("engine-page-done", 1), ("engine-file-written", 1)]
)
def test_the_real_engine_killed_at_a_step(tmp_path, step, number):
    """The same with RapidOCR and a real scan, whose text is delivered whole."""
    daemon = Running(tmp_path, module="ocrwatchd", arrival={"settle_seconds": 0.05}, ocr={"engine": "rapidocr"})
    for name in ("outbox", "archive", "failed"):
        (daemon.root / name).mkdir(parents=True)
    shutil.copy(DATA / "phototest.tif", daemon.inbox / NAME)
    with watching(daemon) as witness:
        struck, fatal = kill_at(daemon, step, number)
        first = work_off(daemon, **fatal)
        assert struck.exists()
        assert first == (0 if step.startswith("engine") else -signal.SIGKILL)
        if first:
            assert work_off(daemon) == 0
        confirm_delivered(daemon, {NAME: (DATA / "phototest.tif").read_bytes()})
        witness.confirm()
    assert "quick brown dog" in (daemon.root / "outbox" / "scan.txt").read_text()


def each_call(soak):
    """System calls at which something is made to last, or to go."""
    calls = ("fsync", "fdatasync", "renameat", "renameat2")
    return (*calls, "mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "ftruncate", "pwrite64") if soak else calls


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("call", each_call(soak=True))
def test_supervisor_killed_at_each_system_call(tmp_path, call, pytestconfig):
    """SIGKILL at the N-th call, for every N until a run goes through: the scan is delivered once, never half."""
    needs("strace")
    if call not in each_call(pytestconfig.getoption("--soak")):
        pytest.skip("a long proof: run with --soak")
    for number in range(1, 200):
        base = tmp_path / str(number)
        base.mkdir()
        daemon = furnished(base, arrival={"settle_seconds": 0.05})
        scans = {NAME: write_scan(daemon.inbox / NAME, "fine").read_bytes()}
        strace = ["strace", "-o", str(base / "trace"), "-e", f"inject={call}:signal=KILL:when={number}"]
        with watching(daemon) as witness:
            status = work_off(daemon, strace)
            then = found(daemon)
            if status:
                assert status == -signal.SIGKILL, daemon.log_path.read_text()
                assert work_off(daemon) == 0, f"{call} {number}: {then}\n{daemon.log_path.read_text()}"
            confirm_delivered(daemon, scans)
            witness.confirm()
        if not status:
            assert number > 1
            print(f"{call}: killed at each of {number - 1} calls")  # noqa: T201
            return
    pytest.fail("no run went through")


def test_what_is_moved_lasts_where_it_goes(daemon):
    """Power may fail at any moment: no file moves into a folder whose own name is not synced, nor without its bytes."""
    needs("strace")
    trace = daemon.base / "trace"
    strace = ["strace", "-y", "-s", "4096", "-o", str(trace), "-e", "trace=mkdirat,fsync,renameat2"]
    write_scan(daemon.inbox / NAME, "fine")
    assert work_off(daemon, strace) == 0
    unsynced, moves, left, synced = set(), 0, set(), set()
    for line in trace.read_text().splitlines():
        if made := re.match(r'mkdirat\(\d+<([^>]+)>, "([^"]+)".* = 0', line):
            unsynced.add(Path(made[1], made[2]))
        elif lasting := re.match(r"fsync\(\d+<([^>]+)>\) += 0", line):
            folder = Path(lasting[1])
            unsynced = {path for path in unsynced if path.parent != folder}
            synced.add(folder)
        elif moved := re.match(r'renameat2\(\d+<([^>]+)>, "([^"]+)", \d+<([^>]+)>, "([^"]+)".* = 0', line):
            source, target = Path(moved[1], moved[2]), Path(moved[3], moved[4])
            assert not unsynced & set(target.parents), f"{target}: {unsynced}"
            assert left <= synced, f"{target}: {left - synced}"  # the move before this one lasts in both folders
            left, synced, moves = {source.parent, target.parent}, set(), moves + 1
    assert moves == 4


@pytest.mark.timeout(600)
@pytest.mark.parametrize("call", ["fsync", "rename", "renameat"])
def test_engine_killed_at_each_system_call(tmp_path, call):
    """The same for the engine, which the supervisor replaces; pages and sets are kept whole or not at all."""
    needs("strace")
    for number in range(1, 100):
        base = tmp_path / str(number)
        base.mkdir()
        daemon = furnished(base, arrival={"settle_seconds": 0.05})
        scans = {NAME: write_scan(daemon.inbox / NAME, "fine", "fine").read_bytes()}
        trace = {
            "OCRWATCHD_TEST_ENGINE": "tests.fakes.traced",
            "OCRWATCHD_TEST_TRACE": f"{base / 'traced'} inject={call}:signal=KILL:when={number}",
        }
        with watching(daemon) as witness:
            assert work_off(daemon, **trace) == 0, daemon.log_path.read_text()
            confirm_delivered(daemon, scans)
            witness.confirm()
        if not daemon.events("engine.died"):
            assert number > 1
            print(f"{call}: killed at each of {number - 1} calls")  # noqa: T201
            return
    pytest.fail("no run went through")


@pytest.mark.timeout(3600)
def test_killed_at_random_under_load(tmp_path, pytestconfig):
    """Supervisor and engine die again and again while scans pour in: each is delivered once, none is blamed."""
    times = 200 if pytestconfig.getoption("--soak") else 20
    seed = int(os.environ.get("OCRWATCHD_TEST_SEED", "0")) or random.randrange(1, 1 << 31)
    print(f"OCRWATCHD_TEST_SEED={seed}")  # noqa: T201
    dice = random.Random(seed)
    # An engine that somebody kills is blamed on the scan: here that is the test's own doing.
    daemon = furnished(tmp_path, job={"max_attempts": 100}, arrival={"settle_seconds": 0.1}, queue={"size": 8})
    scans = {}
    with watching(daemon) as witness:
        for cycle in range(times):
            daemon.start()
            for number in range(4):
                name = f"{cycle:03}-{number}.tif"
                scenes = ["fine"] * dice.randint(1, 3)
                scan = write_scan(tmp_path / "making.tif", *scenes)
                scans[name] = scan.read_bytes()
                scan.rename(daemon.inbox / name)
            engine_too = dice.random() < 0.5
            if engine_too:
                time.sleep(dice.uniform(0, 0.8))
                for pid in (event["pid"] for event in daemon.events("engine.started")[-1:]):
                    if Path(f"/proc/{pid}").exists():
                        os.kill(pid, signal.SIGKILL)
            time.sleep(dice.uniform(0, 1.2))
            assert daemon.process.poll() is None, daemon.log_path.read_text()
            daemon.kill()
            witness.seen()
        with daemon:
            await_that(lambda: len(daemon.lying("archive")) == len(scans), 600, "every scan in the archive")
            daemon.await_idle()
        confirm_delivered(daemon, scans)
        witness.confirm()
    assert not daemon.events("job.failed")
    resumed = len(daemon.events("job.taken_up"))
    print(f"{times} kills, {len(scans)} scans, {resumed} taken up again, each delivered once")  # noqa: T201
    assert resumed
