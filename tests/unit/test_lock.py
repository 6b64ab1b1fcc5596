"""Lock files."""

import errno
import fcntl
import os
import socket

import pytest

from ocrwatchd.lock import HeldElsewhere, Lock


@pytest.fixture
def path(tmp_path):
    """Where the lock lies."""
    return tmp_path / "lock"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (None, f"process {os.getpid()}"),
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
