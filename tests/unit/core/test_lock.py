"""Lock files."""

import errno
import fcntl
import os
import socket
import subprocess
import sys

import pytest

from ocrwatchd.core.fs import tree
from ocrwatchd.core.fs.lock import BYTES, HeldElsewhere, Lock, folder_locked


@pytest.fixture
def path(tmp_path):
    """Where the lock lies."""
    return tmp_path / "lock"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        pytest.param(None, f"process {os.getpid()}", id="our own"),
        ("17 scanner-room\n", "process 17 on scanner-room"),
        (f"17 {socket.gethostname()}\n", "process 17"),
        ("17\n", "process 17"),
        ("", "process unknown"),
        ("\x1b[31m evil\n", "process \N{REPLACEMENT CHARACTER}[31m on evil"),
    ],
)
def test_second_holder_is_told_who_has_it(path, written, told):
    """Process and, where it is another one, machine are named, whatever somebody has written into the file."""
    first, second = Lock(path), Lock(path)
    first.take()
    if written is not None:
        path.write_text(written)
    with pytest.raises(HeldElsewhere) as refused:
        second.take()
    assert str(refused.value) == told
    first.free()
    second.take()
    second.free()


LOCK_AS_A_SERVER_DOES = """
import fcntl, sys
file = open(sys.argv[1], "r+")
try:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("refused", flush=True)
else:
    print("taken", flush=True)
    sys.stdin.read()
"""


def locking_bytes(path):
    """Another process, as the server of a share for a machine that mounts it."""
    command = [sys.executable, "-c", LOCK_AS_A_SERVER_DOES, path.with_name(f"{path.name}{BYTES}")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_lock_counts_on_the_disks_machine_and_over_the_network(path):
    """There it becomes one on bytes, of which one on the whole file knows nothing."""
    ours = Lock(path)
    ours.take()
    with locking_bytes(path) as theirs:
        assert theirs.communicate(timeout=60)[0] == "refused\n"
    ours.free()
    path.write_text("17 scanner-room\n")
    with locking_bytes(path) as theirs:
        assert theirs.stdout.readline() == "taken\n"
        with pytest.raises(HeldElsewhere, match="process 17 on scanner-room"):
            ours.take()
        theirs.communicate(timeout=60)
    ours.take()
    ours.free()


def test_lock_on_a_file_that_was_removed_is_no_longer_held(path):
    """A lock whose file has gone protects nothing, and can be taken anew."""
    lock = Lock(path)
    assert not lock.held()
    lock.take()
    assert lock.held()
    path.unlink()
    assert not lock.held()
    lock.take()
    assert lock.held()
    lock.free()


def test_share_without_locks_is_served_all_the_same(path, monkeypatch):
    """A file system that knows no locks is no reason to do nothing."""

    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock = Lock(path)
    lock.take()
    assert lock.held()
    lock.free()


def test_link_in_the_locks_place_is_refused(path, tmp_path):
    """Nobody makes the daemon write elsewhere."""
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        Lock(path).take()
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_has_one_holder_whatever_is_renamed_in_it(tmp_path):
    """The second one is told after its time; once the first has ended it gets the lock."""
    with tree.held(tmp_path) as folder, tree.held(tmp_path) as same:
        with folder_locked(folder, tmp_path, 0):
            (tmp_path / "new").touch()
            (tmp_path / "new").rename(tmp_path / "s.json")
            with pytest.raises(HeldElsewhere), folder_locked(same, tmp_path, 0.1):
                pytest.fail("two holders")
        with folder_locked(same, tmp_path, 0):
            pass


def test_a_folder_of_a_share_without_locks_is_used_all_the_same(tmp_path, monkeypatch, capsys):
    """With a line in the log; another fault is an error."""

    def refuse(_file, _kind):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with tree.held(tmp_path) as folder:
        number = errno.ENOLCK
        with folder_locked(folder, tmp_path, 0):
            assert "lock.unsupported" in capsys.readouterr().out
        number = errno.EIO
        with pytest.raises(OSError, match="Input/output error"), folder_locked(folder, tmp_path, 0):
            pytest.fail("no lock")
