"""The status file and what people read of it."""

import json
import math
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import Worker
from ocrwatchd.core.config.schema import FOLDER_NAMES, ROOTS, Folders, state_directory
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.i18n import Message
from ocrwatchd.monitoring import status, status_text
from ocrwatchd.monitoring.status import Status
from tests.programs import needs_root


@pytest.fixture
def folders(tmp_path):
    """A root with its work folder."""
    made = Folders(root=str(tmp_path))
    made.work_path.mkdir()
    return made


def written(folders, **changes):
    """Write a status of just now and give it back."""
    now = time.time()
    base = {"state": "running", "pid": os.getpid(), "version": "1", "root": "/r", "started_at": now, "written_at": now}
    made = Status(**{**base, **changes})
    status.write(folders, made, home_in(state_directory()))
    return made


def home_in(state, root_id="0123456789abcdef"):
    """A root's folder in a state directory."""
    home = Path(state, ROOTS, root_id)
    home.mkdir(parents=True, exist_ok=True)
    return home


def test_status_comes_back_as_written(folders):
    """What the daemon wrote is what `status` reads, failures included."""
    made = written(folders, in_work="a.pdf", page=3, pages=12, failures=(("x", Message("broken")),))
    assert status.read(folders) == made
    text, running = status_text.describe(folders, as_json=False)
    assert running
    assert "a.pdf, page 3 of 12" in text
    assert "failed     x: broken" in text


def test_who_waits_for_the_rest_is_named(folders):
    """Else nobody knew for five minutes why nothing happens."""
    made = written(folders, waiting=2, incomplete=(("letters/a.tif", time.mktime((2026, 11, 28, 12, 5, 9, 0, 0, -1))),))
    assert status.read(folders) == made
    lines = status_text.describe(folders, as_json=False)[0].splitlines()
    assert lines[lines.index("in inbox   2") + 1] == "incomplete letters/a.tif: waits for the rest until 12:05:09"


def test_workers_are_named_with_what_they_read(folders):
    """Each with its scan, page and pace, or with what its engine does."""
    busy = Worker("north-1", Message("working"), "a.pdf", 3, 9, 40, 1.5)
    made = written(folders, workers=(busy, Worker("south-1", Message("down: no licence"), "", 0, 0, 0, 0.0)))
    assert status.read(folders) == made
    lines = status_text.describe(folders, as_json=False)[0].splitlines()
    assert "worker     north-1: a.pdf, page 3 of 9; 40 pages a minute (1.5 s each) while it reads" in lines
    assert "worker     south-1: down: no licence; no page read since the start" in lines


def test_others_may_read_it(folders):
    """People other than the service's user can see the status."""
    written(folders)
    assert stat.S_IMODE(status.status_path(folders).stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pid": 2**22 - 1}, "ended without a word"),
        ({"state": "stopped"}, "not running: stopped"),
        ({"written_at": 1.0}, "has not answered since"),
    ],
)
def test_daemon_that_does_not_run_is_told_by_how_it_ended(folders, changes, words):
    """A status whose process has gone, stopped or hangs says so instead of claiming that all is well."""
    written(folders, **changes)
    text, running = status_text.describe(folders, as_json=False)
    assert not running
    assert words in text


def test_a_daemon_on_another_machine_is_not_looked_for_here(folders):
    """A worker's machine sees its status, in the folder that they share, and must not take it for dead."""
    written(folders, root=str(folders.root_path), pid=2**22 - 1, host="north")
    text, running = status_text.describe(folders, as_json=False)
    assert running
    assert text.startswith(f"running (process {2**22 - 1} on north, ")
    assert status.running_pid(folders) == 0
    written(folders, root=str(folders.root_path), host=socket.gethostname())
    assert status.running_pid(folders) == os.getpid()


def test_of_a_silent_daemon_on_another_machine_it_is_not_known_that_it_hangs(folders):
    """It may have gone, or the two machines' clocks differ."""
    written(folders, root=str(folders.root_path), host="north\x1b[31m", written_at=2 * 86400.0)
    text, running = status_text.describe(folders, as_json=False)
    assert not running
    assert text.startswith("not heard of since 1970-")
    assert f"process {os.getpid()} on north\N{REPLACEMENT CHARACTER}[31m; ask" in text.splitlines()[0]


def test_without_a_daemon_there_is_a_hint(folders):
    """Before the first start `status` says how to start."""
    text, running = status_text.describe(folders, as_json=False)
    assert not running
    assert "ocrwatchd run" in text
    assert f"(looked in {folders.work_path}, {state_directory()} and /var/lib/ocrwatchd)" in text


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"x": 1}', b'{"state": "running"}'])
def test_damaged_status_is_an_error_in_words(folders, content):
    """A damaged status file gives a message, not a traceback."""
    status.status_path(folders).write_bytes(content)
    with pytest.raises(FolderUnusable, match="the status cannot be read"):
        status_text.describe(folders, as_json=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": 2**40},
        {"pid": -1},
        {"written_at": 1e300},
        {"written_at": math.nan},
        {"written_at": -1e18},
        {"started_at": 1e300},
        {"last_delivery_at": 1e20},
        {"incomplete": [("a.tif", 1e308)]},
        {"seconds_a_page": -1e-320},
        {"pages": 1 << 70},
    ],
)
def test_status_with_a_number_out_of_range_is_damaged(folders, changes):
    """A process that cannot be, or a time that no calendar shows, gives a message, not a traceback."""
    made = written(folders)
    shutil.rmtree(state_directory())
    status.status_path(folders).write_text(json.dumps(asdict(made) | changes))
    with pytest.raises(FolderUnusable, match="is damaged"):
        status_text.describe(folders, as_json=False)
    assert status.running_pid(folders) == 0


def test_an_engine_that_is_down_for_no_known_reason_is_just_down(folders):
    """No colon stands without a reason behind it."""
    written(folders)
    assert "engine     down" in status_text.describe(folders, as_json=False)[0].splitlines()


def test_a_copy_serves_while_the_root_cannot_be_read(folders):
    """Without the root's own file, and where that is damaged, what lies in the state directory is told."""
    made = written(folders, root=str(folders.root_path), in_work="a.pdf")
    status.status_path(folders).unlink()
    assert status.read(folders) == made
    status.status_path(folders).write_bytes(b"{")
    assert status.read(folders) == made


def test_a_copy_of_another_root_is_not_ours(folders, tmp_path):
    """Only who names no configuration is told of other roots."""
    written(folders, root="/elsewhere")
    status.status_path(folders).unlink()
    assert status.read(folders) is None
    assert [each.root for each in status.find_all(folders, everywhere=True)] == ["/elsewhere"]
    assert "not running" in status_text.describe(folders, as_json=False)[0]


def test_two_roots_whose_folders_are_named_one_by_one_are_told_apart(tmp_path):
    """Both leave ``folders.root`` at its default: a root is where ``.work`` lies."""
    made = [Folders(**{name: str(tmp_path / each / name) for name in FOLDER_NAMES}) for each in ("a", "b")]
    for number, each in enumerate(made):
        each.work_path.mkdir(parents=True)
        seen = Status(
            "stopped",
            pid=1,
            version="1",
            root=str(each.served_path),
            started_at=0.0,
            written_at=float(number),
            queued=number,
        )
        status.write(each, seen, home_in(state_directory(), str(number) * 16))
    assert [status.find(each).queued for each in made] == [0, 1]
    assert len(status.find_all(made[0], everywhere=True)) == 2


def test_without_a_configuration_all_roots_are_told_of(folders, tmp_path, monkeypatch):
    """This user's own first, then those of instances and services by path, each once and with its newest status."""
    service = tmp_path / "service"
    monkeypatch.setattr(status, "SERVICE_STATES", (str(service), f"{service}/*"))
    now = time.time()
    for state, root_id, root, ended in (
        (state_directory(), "1" * 16, "/b", "stopped"),
        (state_directory() / "instance", "2" * 16, "/a", "stopped"),
        (service, "3" * 16, "/c", "running"),
        (service / "instance", "4" * 16, "/d", "stopped"),
        (service, "5" * 16, "/d", "running"),
    ):
        seen = Status(
            ended, pid=os.getpid(), version="1", root=root, started_at=now, written_at=now - (ended == "running")
        )
        status.write(folders, seen, home_in(state, root_id))
    written(folders, root=str(folders.root_path), state="stopped")
    home_in(service, "6" * 16)
    roots = [str(folders.root_path), "/a", "/b", "/c", "/d"]
    assert [each.root for each in status.find_all(folders, everywhere=True)] == roots
    text, running = status_text.describe(folders, as_json=False, everywhere=True)
    assert running, "one of them is"
    told = [line.split()[1] for part in text.split("\n\n") for line in part.splitlines() if line.startswith("root ")]
    assert told == roots
    lines = status_text.describe(folders, as_json=True, everywhere=True)[0].splitlines()
    assert [each["state"] for each in map(json.loads, lines)] == ["stopped"] * 3 + ["running", "stopped"]
    (service / ROOTS / ("3" * 16) / status.FILE).unlink()
    assert not status_text.describe(folders, as_json=False, everywhere=True)[1]


def test_other_users_may_ask_and_who_may_not_hears_what_to_do(folders, monkeypatch):
    """A user who may not enter the root reads the service's copy; without one he is told whom to ask as."""
    needs_root()
    made = written(folders, root=str(folders.root_path))
    with tempfile.TemporaryDirectory(prefix="ocrwatchd-") as service:
        Path(service).chmod(0o711)
        folders.work_path.chmod(0o700)
        open_to_all(folders.root_path)
        monkeypatch.setattr(status, "SERVICE_STATES", (service,))
        monkeypatch.setenv("STATE_DIRECTORY", "/nowhere")
        assert "sudo -u 'root' ocrwatchd status" in as_nobody(lambda: status_text.describe(folders, as_json=False)[0])
        shutil.copy(status.status_path(folders), home_in(service))
        said = as_nobody(lambda: status_text.describe(folders, as_json=False)[0])
        assert f"running (process {made.pid}" in said


def open_to_all(folder):
    """Let everybody enter the folders above."""
    for above in (folder, *folder.parents):
        if not above.stat().st_mode & 1:
            above.chmod(0o711)


def as_nobody(ask):
    """What a function says, or raises, in a process of the user nobody."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        try:
            words = ask()
        except FolderUnusable as error:
            words = str(error)
        os.write(writing, words.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        words = told.read()
    os.waitpid(child, 0)
    return words


def test_a_home_folder_with_undecodable_bytes_is_shown(tmp_path):
    """It is named as well as can be, in every locale; a verb does not end over it."""
    home = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(home)  # noqa: PTH102 - a path of bytes
    environment = {b"PATH": os.environb[b"PATH"], b"HOME": home}
    command = [sys.executable, "-m", "ocrwatchd", "status"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=False)
    assert b"caf\\udce9/" in done.stdout, done.stderr.decode()
    assert b"Traceback" not in done.stderr
