"""Paths that a disk refuses: one sender's scans wait, or lie under a plainer name, and everybody else's go on."""

import contextlib
import json
import os
import subprocess

import pytest

from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan
from tests.hostile import encrypted
from tests.programs import lacks, needs, needs_root

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ODD_NAMES = ("Scan 12:30.tif", "Meyer: letter 12.30:45", "what?.tif", "raw \udcff.tif", "dotted..tif", "a|b.pdf")


class Powerless(Running):
    """A daemon whose user, though root, may do only what permissions allow."""

    def command(self, *more):
        """The command line."""
        return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *super().command(*more)]


@pytest.fixture
def ntfs(tmp_path):
    """A disk of NTFS that takes only Windows' names: what has no owner, no mode, and refuses a colon."""
    needs_root()
    mkntfs, driver, umount = needs("mkntfs", "ntfs-3g", "umount")
    image, disk = tmp_path / "ntfs.img", tmp_path / "ntfs"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    disk.mkdir()
    subprocess.run([mkntfs, "-F", "-Q", image], check=True, capture_output=True)
    mounted = subprocess.run([driver, "-o", "windows_names", image, disk], capture_output=True, text=True, check=False)
    if mounted.returncode:
        lacks(f"no FUSE file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run([umount, disk], check=True)


def wait_for_delivery(daemon, count):
    """Wait until so many receipts lie in the outbox; them, by the name that they tell."""

    def receipts():
        paths = [path for path in daemon.outbox.rglob("*.json") if not path.name.startswith(".")]
        return paths if len(paths) == count else []

    return {json.loads(path.read_text())["name"]: path for path in await_that(receipts, 90, f"{count} receipts")}


@pytest.mark.parametrize("places", [("outbox", "archive", "failed"), ("archive", "failed"), ("outbox",)])
def test_names_that_a_disk_refuses_are_replaced_and_the_receipt_has_the_true_one(tmp_path, ntfs, places):
    """Colons, question marks, bytes that are no text, in names of files and folders: all are delivered, none waits."""
    daemon = Running(tmp_path, folders={"root": str(tmp_path / "root")} | {name: str(ntfs / name) for name in places})
    daemon.outbox = ntfs / "outbox" if "outbox" in places else daemon.root / "outbox"
    archive = ntfs / "archive" if "archive" in places else daemon.root / "archive"
    failed = ntfs / "failed" if "failed" in places else daemon.root / "failed"
    with daemon:
        (daemon.inbox / "Kanzlei: neu").mkdir()
        for name in ODD_NAMES:
            write_scan(daemon.inbox / name, "fine")
            write_scan(daemon.inbox / "Kanzlei: neu" / name, "fine")
        (daemon.inbox / "Kanzlei: neu" / "bad: one.pdf").write_bytes(encrypted(b"unknown"))
        found = wait_for_delivery(daemon, 2 * len(ODD_NAMES))
        await_that(lambda: len(list(failed.rglob("bad*"))) == 2, 60, "the bad one and its reason")
        daemon.await_idle()
        assert daemon.status()["trouble"] == []
    assert {name.replace("\ufffd", "\udcff") for name in found} == set(ODD_NAMES)
    assert len([path for path in archive.rglob("*") if path.is_file()]) == 2 * len(ODD_NAMES)
    (note,) = failed.rglob("*.reason.txt")
    assert "bad: one.pdf" in note.read_text()
    sub = "Kanzlei_ neu" if "outbox" in places or "archive" in places else "Kanzlei: neu"
    assert {path.parent.name for path in found.values()} >= {sub}


def test_sub_folder_without_permission_holds_up_nobody_else(tmp_path):
    """A full queue's worth of scans for a sub-folder that nobody may write to stops that sub-folder's scans alone."""
    needs_root()
    needs("setpriv")
    daemon = Powerless(tmp_path, queue={"size": 4})
    closed = daemon.root / "outbox" / "private"
    closed.mkdir(parents=True)
    closed.chmod(0o500)
    with daemon:
        for number in range(40):
            (daemon.inbox / "private" / str(number % 7)).mkdir(parents=True, exist_ok=True)
            write_scan(daemon.inbox / "private" / str(number % 7) / f"{number}.tif", "fine")
        await_that(lambda: len(daemon.events("trouble.begins")) >= 4, 60, "scans that wait")
        for number in range(8):
            write_scan(daemon.inbox / f"good-{number}.tif", "fine")
        daemon.await_files("outbox", [f"good-{number}.json" for number in range(8)])

        def told():
            trouble = daemon.status()["trouble"]
            denied = any("Permission denied" in words and "outbox/private" in words for words in trouble)
            return denied and any("stay in the inbox" in words for words in trouble)

        await_that(told, 60, "what waits, and where")
        jobs = [path for path in (daemon.root / ".work").iterdir() if path.name[0].isdigit()]
        assert len(jobs) <= 16 + 4 + 1, "the others wait in the inbox"
        closed.chmod(0o700)
        daemon.await_files("outbox", [f"private/{number % 7}/{number}.json" for number in range(40)], 200)
        await_that(lambda: not daemon.status()["trouble"], 60, "no trouble")


def put_below(folder, names, file, content):
    """Write a file so deep that no path of Linux reaches it."""
    here = os.open(folder, os.O_RDONLY)
    for name in names:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with open(file, "wb", opener=lambda path, flags: os.open(path, flags, 0o640, dir_fd=here)) as opened:
        opened.write(content)
    os.close(here)


@pytest.mark.parametrize("once", [False, True])
def test_scans_that_lie_too_deep_stay_where_they_are_and_are_told(tmp_path, once):
    """Just short of the longest path, at it, past it, and below too many folders: no job is made, all others go on."""
    daemon = Running(tmp_path)
    content = write_scan(tmp_path / "scan.tif", "fine").read_bytes()
    room = 4095 - len(os.fsencode(daemon.inbox))
    for number, length in enumerate((room - 30, room - 9, room, room + 300)):
        whole, rest = divmod(length, 200)
        put_below(daemon.inbox, [f"{number}-{'d' * 197}"] * whole + ["e" * rest] * bool(rest), "scan.tif", content)
    put_below(daemon.inbox, ["many"] * 70, "scan.tif", content)
    write_scan(daemon.inbox / "good.tif", "fine")
    if once:
        ended = daemon.once()
        assert ended.returncode == 4
        assert "lies too deep" in ended.stderr
    else:
        with daemon:
            daemon.await_files("outbox", ["good.json"])
            await_that(lambda: [told for told in daemon.status()["trouble"] if "lies too deep" in told], 60, "trouble")
            swept = len(daemon.events("sweep.folder_unreadable"))
            await_that(lambda: len(daemon.events("sweep.folder_unreadable")) >= swept + 3, 60, "three more sweeps")
            write_scan(daemon.inbox / "better.tif", "fine")
            daemon.await_files("outbox", ["better.json"])
            subprocess.run(["rm", "-r", *daemon.inbox.glob("*")], check=True)
            await_that(lambda: not daemon.status()["trouble"], 60, "no trouble")
    assert [path for path in (daemon.root / ".work").iterdir() if path.name[0].isdigit()] == []
    subprocess.run(["rm", "-rf", daemon.inbox], check=True)
