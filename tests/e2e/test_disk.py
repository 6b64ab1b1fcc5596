"""Disks and folders that fail: whatever happens, people are told what to do, and afterwards every scan is delivered."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.e2e.running import Running, await_that
from tests.e2e.witness import Witness, confirm_delivered
from tests.fakes.engine import PAUSE_FILE, write_scan
from tests.programs import lacks, needs, needs_root

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PATIENCE_S = 90.0
BALLAST = ".ocrwatchd-ballast"
"""A witness leaves such names out."""
PLACES = ("root", "root/outbox", "root/archive", "root/failed", "state")


class Disks:
    """A small disk for each place of a daemon, mounted and unmounted at will.

    Args:
        base: the daemon's.
        places: below it, outer ones first.
    """

    def __init__(self, base: Path, places):
        self.base = base
        self.places = places

    def open(self):
        """Mount everything."""
        for place in self.places:
            disk = self.disk(place)
            disk.mkdir(parents=True)
            call("mount", "-t", "tmpfs", "-o", "size=512k,nr_inodes=400,mode=0770", "disk", disk)
            self.mount(place)

    def disk(self, place):
        """Where a place's disk itself is mounted."""
        return self.base / "disks" / place.replace("/", "-")

    def mount(self, place):
        """Put a place's disk there."""
        (self.base / place).mkdir(exist_ok=True)
        call("mount", "--bind", self.disk(place), self.base / place)

    def unmount(self, place):
        """Take it away; what somebody has open stays open."""
        call("umount", "-l", self.base / place)

    def remount(self, place, how):
        """Make it "ro" or "rw"."""
        call("mount", "-o", f"remount,{how}", self.disk(place))

    def fill(self, place):
        """Leave not one byte."""
        with (self.disk(place) / BALLAST).open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(b"x" * 512)

    def use_up_names(self, place):
        """Leave no room for one more file or folder."""
        (self.disk(place) / BALLAST).mkdir()
        with contextlib.suppress(OSError):
            for number in range(500):
                (self.disk(place) / BALLAST / str(number)).touch()

    def free(self, place):
        """Take out what filled it."""
        ballast = self.disk(place) / BALLAST
        shutil.rmtree(ballast) if ballast.is_dir() else ballast.unlink()

    def close(self):
        """Unmount everything."""
        for place in reversed(self.places):
            for mounted in (self.base / place, self.disk(place)):
                while os.path.ismount(mounted):
                    call("umount", "-l", mounted)


def call(*command):
    """Run a program that has to succeed."""
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


def needs_mounts(base):
    """Skip, or fail where nothing may be left out, a test that mounts: many containers forbid it even to root."""
    needs_root()
    needs("mount", "umount")
    (base / "tried").mkdir()
    tried = subprocess.run(
        ["mount", "--bind", base / "tried", base / "tried"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        lacks(f"nothing can be mounted here: {tried.stderr.strip()}")
    call("umount", base / "tried")


@pytest.fixture
def disks(tmp_path):
    """A disk for each place."""
    needs_mounts(tmp_path)
    made = Disks(tmp_path, PLACES)
    try:
        made.open()
        yield made
    finally:
        made.close()


def drop(daemon, name, *scenes):
    """Put a scan into the inbox in one move; its content."""
    making = daemon.inbox / f"{name}.part"
    content = write_scan(making, *scenes or ("fine",)).read_bytes()
    making.rename(daemon.inbox / name)
    return {name: content}


def told(daemon, *words):
    """Wait until `status` tells of a trouble with all of these words; it."""

    def found():
        return [said for said in daemon.status().get("trouble", ()) if all(word in said for word in words)]

    return await_that(found, PATIENCE_S, f"status with {words}")[0]


def paused(daemon, name):
    """Put a scan in, and wait until its one page is in work, and waits; its content."""
    content = drop(daemon, name, "pause")
    await_that(lambda: [event for event in daemon.events("attempt.started") if event["file"] == name], PATIENCE_S)
    return content


def go_on(daemon):
    """Let the page in work, and this engine's later ones, go on."""
    scratch = Path(f"/proc/{daemon.engine_pid}/cwd").resolve()
    (scratch / PAUSE_FILE).touch()
    return scratch / PAUSE_FILE


def goes_on_anew(daemon, name):
    """Let a page go on in whichever engine has it now: one that was confined to what went is replaced."""
    with contextlib.suppress(OSError):  # in between there is none
        go_on(daemon)
    return (daemon.root / "archive" / name).exists()


def at_rest(daemon, scans):
    """Wait until all scans are delivered and nothing is wrong any more."""
    daemon.await_files("archive", list(scans), PATIENCE_S)
    daemon.await_idle(PATIENCE_S)
    await_that(lambda: daemon.status()["trouble"] == [], PATIENCE_S, "no trouble")


def test_full_disk_at_each_writing_step(disks):
    """Wherever the room runs out, the scan waits, `status` names the place and the remedy, and then it goes on."""
    daemon = Running(disks.base)
    scans = {}
    with daemon:
        witness = Witness(daemon.root / "outbox", daemon.root / "archive")
        with witness:
            # a page that is finished, and the status file
            scans |= paused(daemon, "pages.tif")
            disks.fill("root")
            go = go_on(daemon)
            assert "make room there" in told(daemon, "pages.tif", "No space left on device")
            disks.free("root")
            at_rest(daemon, scans)
            go.unlink()
            # the job's folder, at the claim
            making = write_scan(daemon.inbox / "claim.part", "fine")
            scans["claim.tif"] = making.read_bytes()
            disks.use_up_names("root")
            making.rename(daemon.inbox / "claim.tif")
            assert "make room there" in told(daemon, "cannot be claimed", "No space left on device")
            disks.free("root")
            at_rest(daemon, scans)
            # the set, the original, the ledger
            for place, words in (("root/outbox", "/outbox"), ("root/archive", "/archive"), ("state", "ledger")):
                disks.fill(place)
                name = f"{place.replace('/', '-')}.tif"
                scans |= drop(daemon, name)
                assert "make room" in told(daemon, words), place
                disks.free(place)
                at_rest(daemon, scans)
            # the note in failed/
            disks.fill("root/failed")
            (daemon.inbox / "junk.png").write_bytes(b"this is no picture" * 50)
            assert "make room there" in told(daemon, "junk.png", "/failed")
            disks.free("root/failed")
            daemon.await_files("failed", ["junk.png", "junk.reason.txt"], PATIENCE_S)
            for path in (daemon.root / "failed").iterdir():
                path.unlink()
            at_rest(daemon, scans)
            witness.confirm()
        assert daemon.events("job.failed")[0]["name"] == "junk"
        confirm_delivered(daemon, scans)


def test_read_only_and_unmounted_disks(disks):
    """A disk that turns read-only, or goes and comes back, delays; nothing is written under a missing mount."""
    daemon = Running(disks.base)
    scans = {}
    with daemon:
        for place in ("root/outbox", "root/archive"):
            disks.remount(place, "ro")
            scans |= drop(daemon, f"ro-{Path(place).name}.tif")
            assert "mount it writable again" in told(daemon, "Read-only file system", place)
            disks.remount(place, "rw")
            at_rest(daemon, scans)
        for place in ("root/outbox", "root/archive"):
            disks.unmount(place)
            scans |= drop(daemon, f"away-{Path(place).name}.tif")
            assert "mount it again" in told(daemon, f"{daemon.base / place} is not mounted any more")
            assert daemon.lying(Path(place).name) == []
            disks.mount(place)
            at_rest(daemon, scans)
        # the root itself, with inbox and work folder, over a page in work
        scans |= paused(daemon, "root.tif")
        for place in reversed(PLACES[:4]):
            disks.unmount(place)
        go_on(daemon)
        assert "mount it again" in told(daemon, f"{daemon.root} is not mounted any more")
        for place in PLACES[:4]:
            disks.mount(place)
        await_that(lambda: goes_on_anew(daemon, "root.tif"), PATIENCE_S, "the page, in an engine for the new mount")
        at_rest(daemon, scans)
        confirm_delivered(daemon, scans)


def test_read_only_root(tmp_path):
    """The root turns read-only over a page in work: `status` still speaks, and the page is read once it is back."""
    needs_mounts(tmp_path)
    daemon = Running(tmp_path)
    with daemon:
        scans = paused(daemon, "scan.tif")
        call("mount", "--bind", daemon.root, daemon.root)
        try:
            call("mount", "-o", "remount,bind,ro", daemon.root)
            go_on(daemon)
            assert "mount it writable again" in told(daemon, "scan.tif", "Read-only file system")
        finally:
            call("umount", "-l", daemon.root)
        at_rest(daemon, scans)
        confirm_delivered(daemon, scans)


@pytest.mark.parametrize("how", ["removed", "renamed"])
def test_folders_that_go(tmp_path, how):
    """An outbox or archive that goes is made again; an inbox that goes is told, and taken up when it is back."""
    daemon = Running(tmp_path, arrival={"sweep_seconds": 3600.0})
    scans = {}
    with daemon:
        await_that(lambda: daemon.events("engine.ready"), PATIENCE_S)
        for name in ("outbox", "archive"):
            if how == "removed":
                shutil.rmtree(daemon.root / name)
            else:
                (daemon.root / name).rename(tmp_path / f"old {name}")
            shutil.rmtree(tmp_path / f"old {name}", ignore_errors=True)
            scans = drop(daemon, f"{name}.tif")
            daemon.await_files("outbox", [f"{name}.json"], PATIENCE_S)
            daemon.await_files("archive", [f"{name}.tif"], PATIENCE_S)
        inbox = daemon.root / "inbox"
        if how == "removed":
            inbox.rmdir()
        else:
            inbox.rename(tmp_path / "old inbox")
        said = told(daemon, "inbox")
        assert "died" in said or "make the folder again" in said
        if how == "removed":
            inbox.mkdir()
        else:
            (tmp_path / "old inbox").rename(inbox)
        scans |= drop(daemon, "back.tif")
        at_rest(daemon, scans)
    assert daemon.lying("failed") == []


class Powerless(Running):
    """A daemon whose user, though root, may do only what permissions allow."""

    def command(self, *more):
        """The command line."""
        return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *super().command(*more)]


def test_permissions_that_change(tmp_path):
    """A folder that the daemon's user may no longer use is named; once it is mended everything goes on."""
    needs_root()
    needs("setpriv")
    daemon = Powerless(tmp_path)
    scans = {}
    with daemon:
        await_that(lambda: daemon.events("engine.ready"), PATIENCE_S)
        for name, words in (
            ("outbox", "the owner and the permissions"),
            ("archive", "the owner and the permissions"),
            (".work", "the owner and the permissions"),
            ("inbox", "the owner and the permissions"),
        ):
            folder = daemon.root / name
            mode = folder.stat().st_mode & 0o7777
            making = write_scan(tmp_path / "making.tif", "fine")
            scans[f"{name.strip('.')}.tif"] = making.read_bytes()
            folder.chmod(0o300 if name == "inbox" else 0o500)
            making.rename(daemon.inbox / f"{name.strip('.')}.tif")
            assert words in told(daemon, "Permission denied", f"/{name}"), name
            folder.chmod(mode)
            at_rest(daemon, scans)
        confirm_delivered(daemon, scans)


def test_sync_that_fails(tmp_path):
    """EIO at every sync of the supervisor, one after the other: each scan is delivered once, and none is blamed."""
    (strace,) = needs("strace")
    daemon = Running(tmp_path)
    scans = {}
    struck = 0
    with daemon:
        await_that(lambda: daemon.events("engine.ready"), PATIENCE_S)
        with Witness(daemon.root / "outbox", daemon.root / "archive") as witness:
            for number in range(1, 15):
                trace = tmp_path / f"trace{number}"
                fail = [f"-einject={name}:error=EIO:when={number}" for name in ("fsync", "fdatasync")]
                command = [strace, "-p", str(daemon.process.pid), "-o", str(trace), *fail]
                with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
                    assert "attached" in tracer.stderr.readline()
                    scans |= drop(daemon, f"{number}.tif")
                    daemon.await_files("archive", list(scans), PATIENCE_S)
                    daemon.await_idle(PATIENCE_S)
                    tracer.terminate()
                struck += trace.read_text().count("(INJECTED)")
            witness.confirm()
        at_rest(daemon, scans)
        confirm_delivered(daemon, scans)
    assert struck >= 14
    reasons = [event["reason"] for event in daemon.events("trouble.begins")]
    assert any("check that disk" in reason for reason in reasons), reasons
    print(f"{struck} syncs failed, {len(reasons)} troubles, {len(scans)} scans delivered")  # noqa: T201


@pytest.mark.parametrize("name", ["fsync", "rename"])
def test_disk_that_fails_under_the_engine(tmp_path, name):
    """A page that cannot be kept is not the scan's fault: it is tried again until the disk is well."""
    needs("strace")

    class Traced(Running):
        @property
        def environment(self):
            """The same, with an engine for which the call always fails; the next engine's disk is well."""
            traced = {"OCRWATCHD_TEST_TRACE": f"{self.base / 'traced'} inject={name}:error=EIO"}
            return super().environment | traced | {"OCRWATCHD_TEST_ENGINE": "tests.fakes.traced"}

    daemon = Traced(tmp_path)
    with daemon:
        scans = drop(daemon, "scan.tif", "fine", "fine")
        assert "check that disk" in told(daemon, "scan.tif", "Input/output error")
        os.kill(daemon.engine_pid, signal.SIGKILL)
        at_rest(daemon, scans)
        confirm_delivered(daemon, scans)


def test_ledger_locked_by_another(tmp_path):
    """While another process holds the ledger a finished scan is not delivered; `status` says why; then it is, once."""
    daemon = Running(tmp_path)
    with daemon:
        scans = paused(daemon, "scan.tif")
        with contextlib.closing(sqlite3.connect(daemon.ledger)) as other:
            other.execute("BEGIN IMMEDIATE")
            go_on(daemon)
            told(daemon, "ledger", "locked")
            assert daemon.lying("outbox") == []
            other.rollback()
        at_rest(daemon, scans)
        confirm_delivered(daemon, scans)
