"""kill -9 at each system call of `retry`, retention, a delivery by copy, and the first start."""

import os
import signal
import subprocess
import time
import traceback
from contextlib import ExitStack
from pathlib import Path

import pytest

from ocrwatchd.cli.retry.move_back import retry
from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.fs.files import TEMPORARY_PREFIX
from ocrwatchd.core.model import Job
from ocrwatchd.daemon.startup import open_storage
from ocrwatchd.storage import retention
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.outbox import Outbox
from ocrwatchd.storage.records import Original
from tests.e2e.running import await_that
from tests.lying import lying, modes
from tests.programs import needs, needs_root

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PERMISSIONS = ("mkdir", "mkdirat", "fchmod", "chmod", "fchown")
NAMES = ("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "rmdir")
BYTES = ("openat", "write", "pwrite64", "ftruncate", "utimensat", "fsync", "fdatasync")
SCANS = {"a.pdf": b"one", "sub/b.png": b"other"}
TEN_DAYS_S = 10 * 86_400.0


def killed(call, number, more, run):
    """Run something in a process of its own that is killed at its N-th call; whether it was, and else it went well."""
    waits, goes = os.pipe()
    child = os.fork()  # no new interpreter: each point costs some hundredths of a second
    if not child:
        try:
            os.read(waits, 1)
            run()
            os._exit(0)
        finally:
            traceback.print_exc()
            os._exit(1)
    options = [*more, "-e", f"inject={call}:signal=KILL:when={number}"]
    with subprocess.Popen(["strace", "-qq", "-o", "/dev/null", *options, "-p", str(child)]):
        await_that(lambda: "TracerPid:\t0\n" not in Path(f"/proc/{child}/status").read_text(), what="strace")
        os.write(goes, b"!")
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(waits)
    os.close(goes)
    assert status in {0, -signal.SIGKILL}
    return status != 0


def killed_at_each(base, calls, prepared, complete, more=()):
    """Kill something at each of these calls, every time on a house of its own; then see that the next one completes.

    Args:
        base: an empty folder.
        calls: names of system calls.
        prepared: makes a house in a folder, and gives back what is to be killed in it.
        complete: looks at the house after the kill, does once more what was killed, and looks again.
        more: options of strace.
    """
    needs("strace")
    points = 0
    for call in calls:
        for number in range(1, 2000):
            house = base / f"{call}-{number}"
            house.mkdir()
            if not killed(call, number, more, prepared(house)):
                break
            try:
                complete(house)
            except Exception as error:
                error.add_note(f"killed at {call} {number}")
                raise
            points += 1
    print(f"killed at each of {points} calls")  # noqa: T201
    assert points


def settings(house, **tables):
    """Of a root in a house."""
    return parse({"folders": {"root": str(house / "root")}, "profiles": {"sub": {}}} | tables)


def notes_alone(folder):
    """Reason notes in a folder whose scan is not beside them."""
    there = lying(folder)
    stems = {str(Path(name).with_suffix("")) for name in there if not name.endswith(".reason.txt")}
    return [name for name in there if name.endswith(".reason.txt") and name.removesuffix(".reason.txt") not in stems]


def put(folder, names=SCANS):
    """Scans in ``failed/``, each with its note."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SCANS[name])
        path.with_suffix(".reason.txt").write_text("Why: it is no picture\n")


WAYS = {
    "rename": (),
    "link": ("-e", "inject=renameat2:error=EINVAL"),
    "placeholder": ("-e", "inject=renameat2:error=EINVAL", "-e", "inject=linkat:error=EPERM"),
    "copy": (),
}
"""How a file moves: by the file system's choice, or to another mount."""


@pytest.mark.parametrize("way", WAYS)
def test_retry_killed_at_each_system_call(tmp_path, way, pytestconfig):
    """The scan lies in ``failed/`` or in the inbox, no note is left alone; the next call moves what is left, once."""
    soak = pytestconfig.getoption("--soak")
    if way == "copy":
        needs_root()
        (tmp_path / "mount").mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", tmp_path / "mount"], check=True)

    def failed_in(house):
        return tmp_path / "mount" / house.name if way == "copy" else house / "root" / "failed"

    def prepared(house):
        put(failed_in(house))
        return lambda: list(retry(folders_of(house), []))

    def folders_of(house):
        return parse({"folders": {"root": str(house / "root"), "failed": str(failed_in(house))}}).folders

    def arrived(house):
        inbox = house / "root" / "inbox"
        names = [name for name in lying(inbox) if not Path(name).name.startswith(TEMPORARY_PREFIX)]
        return {name: (inbox / name).read_bytes() for name in names}

    def complete(house):
        failed = failed_in(house)
        assert notes_alone(failed) == []
        there = {name: (failed / name).read_bytes() for name in lying(failed) if not name.endswith(".txt")}
        assert {name: content for name, content in arrived(house).items() if content} | there == SCANS
        list(retry(folders_of(house), []))
        assert arrived(house) == SCANS
        assert lying(failed) == []

    calls = (*NAMES, *PERMISSIONS, *BYTES) if soak else ("renameat", "renameat2", "linkat", "unlinkat", "mkdirat")
    calls = [call for call in calls if f"inject={call}:error" not in " ".join(WAYS[way])]
    try:
        killed_at_each(tmp_path, calls, prepared, complete, WAYS[way])
    finally:
        if way == "copy":
            subprocess.run(["umount", tmp_path / "mount"], check=True)


def deliver(house):
    """Deliver the job of a house."""
    config = settings(house)
    folder = config.folders.work_path / "job"
    with Ledger(house / "ledger.sqlite3") as ledger:
        Outbox(config.folders, ledger).deliver(Job("job", folder, Path("a.pdf"), config.work()))


def test_delivery_of_another_accounts_scan_killed_at_each_system_call(tmp_path, pytestconfig):
    """The original is copied into the archive; the next start completes the delivery, and nothing lies twice."""
    needs_root()

    def prepared(house):
        root = house / "root"
        for name in ("archive", "outbox", ".work/job/scan", ".work/job/out"):
            (root / name).mkdir(parents=True)
        scan = root / ".work" / "job" / "scan" / "a.pdf"
        scan.write_bytes(SCANS["a.pdf"])
        os.chown(scan, 65534, 65534)
        (root / ".work" / "job" / "out" / "document.json").write_text("{}")
        with Ledger(house / "ledger.sqlite3") as ledger:
            ledger.claimed("job", Path("a.pdf"))
        return lambda: deliver(house)

    def complete(house):
        deliver(house)
        root = house / "root"
        assert [name for name in lying(root / "archive") if not name.startswith(TEMPORARY_PREFIX)] == ["a.pdf"]
        assert (root / "archive" / "a.pdf").read_bytes() == SCANS["a.pdf"]
        assert (root / "archive" / "a.pdf").stat().st_uid == 0
        assert lying(root / "outbox") == ["a.json"]
        assert lying(root / ".work" / "job" / "scan") == []

    calls = (*NAMES, *PERMISSIONS, *BYTES) if pytestconfig.getoption("--soak") else ("renameat2", "unlinkat")
    killed_at_each(tmp_path, calls, prepared, complete)


def remove_old(house):
    """One round of retention."""
    config = settings(house, retention={"archive_days": 1, "failed_days": 1})
    with Ledger(house / "ledger.sqlite3") as ledger:
        later = time.time() + TEN_DAYS_S
        retention.Retention(config.folders, config.retention, ledger, clock=lambda: later).tick(0.0)
        return ledger.kept("failed", time.time(), 9) + ledger.kept("outbox", time.time(), 9)


def test_retention_killed_at_each_system_call(tmp_path, pytestconfig):
    """No note is left without its scan, and the next round removes what is left."""

    def prepared(house):
        root = house / "root"
        put(root / "failed")
        (root / "archive").mkdir()
        (root / "archive" / "a.pdf").write_bytes(SCANS["a.pdf"])
        with Ledger(house / "ledger.sqlite3") as ledger:
            for goal, name in (("outbox", "a.pdf"), ("failed", "a.pdf"), ("failed", "sub/b.png")):
                status = (root / ("archive" if goal == "outbox" else "failed") / name).stat()
                path, since = Path(name), time.time() - TEN_DAYS_S
                row = (f"{goal}-{name}", path, goal, path.stem, "", status.st_size, status.st_mtime_ns, since)
                ledger.adopt(Original(*row))
        return lambda: remove_old(house)

    def complete(house):
        assert notes_alone(house / "root" / "failed") == []
        assert remove_old(house) == []
        assert lying(house / "root") == []

    calls = (*NAMES, *BYTES) if pytestconfig.getoption("--soak") else ("unlink", "unlinkat")
    killed_at_each(tmp_path, calls, prepared, complete)


ID = "0123456789abcdef"
SHUT = {".": "0750", ".work": "0700", "inbox": "3770", "inbox/sub": "3770", "outbox": "2770", "failed": "2770"}
SHUT |= {"archive": "2750"}


def start(house):
    """What a daemon does first; what its ledger knows afterwards."""
    with ExitStack() as stack:
        ledger, _work = open_storage(settings(house), house / "state", stack)
        return [original.job for original in ledger.kept("outbox", time.time(), 9)]


def test_first_start_killed_at_each_system_call(tmp_path, pytestconfig):
    """The next start makes each folder with its permissions."""

    def prepared(house):
        (house / "state").mkdir()
        return lambda: start(house)

    def complete(house):
        assert start(house) == []
        assert modes(house / "root") == SHUT
        assert [path.name for path in (house / "state").iterdir() if ".lock" not in path.name] == ["roots"]

    calls = (*NAMES, *PERMISSIONS, *BYTES) if pytestconfig.getoption("--soak") else ("mkdirat", "fchmod", "rename")
    killed_at_each(tmp_path, calls, prepared, complete)
