"""The secret that signs sheets: made once, kept from others, and told apart from what is damaged."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.storage import sheet_key

NOBODY = 65534


@pytest.fixture
def state(tmp_path):
    """A state directory that is not made yet."""
    return tmp_path / "state"


@contextmanager
def another_user():
    """Be somebody else for a while."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_key_is_made_once(state):
    """It stays the same, is random, and nobody else may read it."""
    key = sheet_key.read_or_make(state)
    assert sheet_key.read_or_make(state) == sheet_key.read(state) == key
    assert len(key) == sheet_key.KEY_BYTES
    assert sheet_key.read_or_make(state.with_name("other")) != key
    path = state / sheet_key.NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in state.iterdir()] == [sheet_key.NAME]


def test_processes_that_start_at_once_get_the_same_key(state):
    """Daemon and printer: neither replaces the other's key."""
    with ThreadPoolExecutor(16) as threads:
        assert len(set(threads.map(sheet_key.read_or_make, [state] * 64))) == 1
    with get_context("spawn").Pool(2) as pool:
        assert len(set(pool.map(sheet_key.read_or_make, [state.with_name("other")] * 8))) == 1


def test_a_key_that_was_made_in_between_is_taken(state, monkeypatch):
    """Whoever comes second reads what the first one has written."""
    write = sheet_key.files.write_new

    def second(path, content, *args, **kwargs):
        write(path, b"1" * sheet_key.KEY_BYTES, *args, **kwargs)
        write(path, content, *args, **kwargs)

    monkeypatch.setattr(sheet_key.files, "write_new", second)
    assert sheet_key.read_or_make(state) == b"1" * sheet_key.KEY_BYTES


def test_a_key_that_root_makes_belongs_to_the_daemon(state):
    """Else the daemon could not read it."""
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    state.mkdir()
    os.chown(state, NOBODY, NOBODY)
    sheet_key.read_or_make(state)
    made = (state / sheet_key.NAME).stat()
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (NOBODY, NOBODY, 0o600)


def test_without_a_key_only_reading_fails(state):
    """The message says who makes it."""
    with pytest.raises(FolderUnusable, match=r"there is no key .*sheet\.key: start the daemon"):
        sheet_key.read(state)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_damaged_key_is_not_used(state, content):
    """A shorter key could be guessed, and none is made in its place: sheets would lose their settings in silence."""
    sheet_key.read_or_make(state)
    (state / sheet_key.NAME).write_bytes(content)
    for get in (sheet_key.read, sheet_key.read_or_make):
        with pytest.raises(FolderUnusable, match=r"damaged.*print the sheets anew"):
            get(state)
    assert (state / sheet_key.NAME).read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_is_not_used(state, mode):
    """The message says what to do."""
    sheet_key.read_or_make(state)
    (state / sheet_key.NAME).chmod(mode)
    with pytest.raises(FolderUnusable, match=rf"other users \(mode {mode:04o}\).*chmod 600"):
        sheet_key.read(state)


def test_a_key_of_another_user_is_not_used(state):
    """Whoever put it there knows it."""
    if os.geteuid() != 0:
        pytest.skip("giving files away needs root")
    sheet_key.read_or_make(state)
    os.chown(state / sheet_key.NAME, NOBODY, NOBODY)
    with pytest.raises(FolderUnusable, match=f"another user .uid {NOBODY}"):
        sheet_key.read(state)


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_only_a_file_is_a_key(state, kind, tmp_path):
    """No link is followed, and no FIFO waited for."""
    state.mkdir()
    path = state / sheet_key.NAME
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
        (tmp_path / "elsewhere").write_bytes(b"x" * sheet_key.KEY_BYTES)
        (tmp_path / "elsewhere").chmod(0o600)
    elif kind == "fifo":
        os.mkfifo(path, 0o600)
    else:
        path.mkdir()
    for get in (sheet_key.read, sheet_key.read_or_make):
        with pytest.raises(FolderUnusable, match="cannot be read"):
            get(state)


@pytest.mark.parametrize("made", [True, False])
def test_another_user_is_told_whom_to_ask(made):
    """A traceback would help nobody."""
    with TemporaryDirectory() as base:
        state = Path(base)
        state.chmod(0o755)
        if made:
            sheet_key.read_or_make(state)
        with another_user(), pytest.raises(FolderUnusable) as told:
            sheet_key.read_or_make(state)
        assert f"cannot be read or made by this user (uid {NOBODY})" in str(told.value)
        assert "sudo -u 'root'" in str(told.value)
