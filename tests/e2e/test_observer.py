"""The watch fails quietly, the clock jumps: the health check notices and mends, the sweep finds everything."""

import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.running import Running, await_that
from tests.e2e.witness import confirm_delivered
from tests.fakes.engine import write_scan
from tests.programs import lacks, needs

pytestmark = pytest.mark.slow

MANY = 9000
HEALTH_S = 60.0
"""Patience with the health check, which looks every 10 seconds."""

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


class Prefixed(Running):
    """A daemon that something else starts.

    Args:
        prefix: what stands before its command; it has to become the daemon.
    """

    prefix = ()

    def command(self, *more):
        """The command line."""
        return [*self.prefix, *super().command(*more)]


def drop(daemon, name, *scenes):
    """Put a scan into the inbox, as the name of a sub-folder and file says; its content."""
    path = daemon.inbox / name
    path.parent.mkdir(exist_ok=True)
    return write_scan(path, *scenes or ("fine",)).read_bytes()


ARRIVALS = """
import sys, time, threading
from pathlib import Path
from ocrwatchd.core import log
from ocrwatchd.arrival.arrivals import Arrivals
from ocrwatchd.core.config.schema import Arrival, Log
log.configure(Log())
settings = {"settle_seconds": 0.2, "after_close_seconds": 0.1, "sweep_seconds": 3600.0, "method": "inotify"}
woken = threading.Event()
arrivals = Arrivals(Path(sys.argv[1]), Arrival(**settings), woken.set)
arrivals.start()
found = set()
print("watching", flush=True)
while len(found) < int(sys.argv[2]):
    woken.wait(0.05)
    woken.clear()
    arrivals.tick(time.monotonic())
    while offers := arrivals.ready(1000):
        found |= {offer.scan.path for offer in offers}
print("found", flush=True)
arrivals.stop()
"""


def test_nine_thousand_files_while_stopped_are_all_found(tmp_path):
    """The kernel drops events past its queue; that is noticed, and a sweep before its time finds the rest."""
    (tmp_path / "inbox").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "one.png")
    content = (tmp_path / "one.png").read_bytes()
    command = [sys.executable, "-c", ARRIVALS, str(tmp_path / "inbox"), str(MANY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        try:
            assert watching.stdout.readline() == "watching\n"
            watching.send_signal(signal.SIGSTOP)
            for number in range(MANY):
                (tmp_path / "inbox" / f"{number}.png").write_bytes(content)
            watching.send_signal(signal.SIGCONT)
            assert select.select([watching.stdout], [], [], 100)[0], "not all were found"
            assert watching.stdout.readline() == "found\n"
        finally:
            watching.kill()
        assert "sightings.overflowed" in watching.stderr.read()


@pytest.mark.timeout(3600)
def test_daemon_stopped_while_the_queue_overflows_misses_nothing(tmp_path, pytestconfig):
    """9,000 files come while the daemon stands still: its queue overflows, and each scan is delivered all the same."""
    real = MANY if pytestconfig.getoption("--soak") else 40
    daemon = Running(tmp_path, arrival={"sweep_seconds": 3600.0})
    with daemon:
        daemon.process.send_signal(signal.SIGSTOP)
        for number in range(MANY - real):
            (daemon.inbox / f"{number}.part").write_bytes(b"x")  # left alone, and yet the queue fills with them
        scans = {f"scan{number}.tif": drop(daemon, f"scan{number}.tif") for number in range(real)}
        daemon.process.send_signal(signal.SIGCONT)
        await_that(lambda: len(daemon.lying("archive")) == real, 3000 if real == MANY else 110, "all scans")
        assert daemon.events("sightings.overflowed")
        for path in daemon.inbox.glob("*.part"):
            path.unlink()
        daemon.await_idle()
    confirm_delivered(daemon, scans)


@pytest.mark.parametrize("method", ["auto", "inotify"])
def test_watch_limit_is_noticed_and_nothing_is_missed(tmp_path, method):
    """Past the limit of watches: "auto" changes over to polling, "inotify" says what to do, and the sweep finds all."""
    (unshare,) = needs("unshare")
    daemon = Prefixed(tmp_path, arrival={"method": method})
    limit = 'echo 2 > /proc/sys/user/max_inotify_watches && exec "$0" "$@"'
    daemon.prefix = (unshare, "--user", "--map-root-user", "sh", "-c", limit)
    if subprocess.run([*daemon.prefix, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        lacks("no user namespace may be made here")
    with daemon:
        scans = {f"{folder}/scan.tif": drop(daemon, f"{folder}/scan.tif") for folder in ("one", "two", "three")}
        said = await_that(lambda: [e for e in daemon.events("trouble.begins") if e["what"] == "watch"], HEALTH_S)
        assert "not watched" in said[0]["reason"]
        assert "raise fs.inotify.max_user_watches" in said[0]["reason"]
        if method == "auto":
            await_that(lambda: daemon.events("trouble.over"), HEALTH_S, "the watch mended")
            assert daemon.status()["trouble"] == []
        scans["three/later.tif"] = drop(daemon, "three/later.tif")
        await_that(lambda: len(daemon.lying("archive")) == len(scans), HEALTH_S, "all scans")
        daemon.await_idle()
    assert len(daemon.lying("outbox")) == 2 * len(scans)
    assert daemon.lying("failed") == []


def reading_thread(pid):
    """The thread of a process that reads its inotify queue: the one that polls exactly two descriptors."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        call = (task / "syscall").read_text().split()
        if call[0] == "7" and call[2] == "0x2":  # poll(2) on x86-64
            return int(task.name)
    raise AssertionError("no thread waits for inotify")


def test_dead_observer_is_noticed_and_mended(tmp_path):
    """A thread of the watch dies of an I/O error: the health check says so, starts it anew, and nothing is missed."""
    (strace,) = needs("strace")
    daemon = Running(tmp_path, arrival={"sweep_seconds": 3600.0})
    with daemon:
        await_that(lambda: daemon.events("engine.ready"))
        thread = await_that(lambda: reading_thread(daemon.process.pid))
        inject = ["-p", str(thread), "-o", str(tmp_path / "trace"), "-e", "inject=read:error=EIO:when=1"]
        with subprocess.Popen([strace, *inject], stderr=subprocess.PIPE, text=True) as tracer:
            assert "attached" in tracer.stderr.readline()
            scans = {"unseen.tif": drop(daemon, "unseen.tif")}
            tracer.stderr.read()  # it ends with the thread
        assert "(INJECTED)" in (tmp_path / "trace").read_text()
        said = await_that(lambda: [e for e in daemon.events("trouble.begins") if e["what"] == "watch"], HEALTH_S)
        assert "has died" in said[0]["reason"]
        daemon.await_files("archive", ["unseen.tif"], HEALTH_S)
        scans["seen.tif"] = drop(daemon, "seen.tif")
        daemon.await_files("archive", ["seen.tif"], HEALTH_S)
        daemon.await_idle()
        await_that(lambda: not daemon.status()["trouble"], HEALTH_S, "no trouble")
    confirm_delivered(daemon, scans)
    assert len(daemon.events("trouble.over")) == 1


def test_clock_set_back_and_forward_loses_nothing(tmp_path):
    """A day back, ten years forward, and back again, with scans coming in between: all are delivered, none waits."""
    if not FAKETIME.exists():
        lacks("not installed: faketime")

    class Elsewhen(Running):
        @property
        def environment(self):
            """The same, but by another clock, which the file sets."""
            faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.base / "clock")}
            faked |= {"FAKETIME_CACHE_DURATION": "0", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
            return super().environment | faked

    daemon = Elsewhen(tmp_path)
    scans = {}
    (tmp_path / "clock").write_text("+0")
    with daemon:
        for number, clock in enumerate(["+0", "-1d", "+3650d", "-3d", "+0"]):
            (tmp_path / "clock").write_text(f"{clock}\n")
            for name in (f"{number}-one.tif", f"{number}-two.tif"):
                scans[name] = drop(daemon, name, "fine", "fine")
            daemon.await_files("archive", list(scans))
            # By the new clock the last status may be years old, until the next one is written.
            await_that(lambda: daemon.status()["state"] == "running", what=f"a status at {clock}")
            assert daemon.status()["trouble"] == []
        daemon.await_idle()
        years = {event["timestamp"][:4] for event in daemon.events("job.delivered")}
        assert len(years) == 2, "the clock did not jump"
        # A daemon that is killed in the future and started in the past goes on where it was.
        (tmp_path / "clock").write_text("+3650d\n")
        scans["last.tif"] = drop(daemon, "last.tif", "pause")
        await_that(lambda: any(event["file"] == "last.tif" for event in daemon.events("attempt.started")))
        killed = daemon.process.pid
        daemon.kill()
        for left in (f"faketime_shm_{killed}", f"sem.faketime_sem_{killed}"):
            Path("/dev/shm", left).unlink()  # noqa: S108 - where libfaketime leaves them
        (tmp_path / "clock").write_text("-3650d\n")
        daemon.start()
        await_that(lambda: len(daemon.events("engine.ready")) == 2)
        (Path(f"/proc/{daemon.engine_pid}/cwd").resolve() / "go-on").touch()
        daemon.await_files("archive", ["last.tif"])
        daemon.await_idle()
    confirm_delivered(daemon, scans)
