"""The status file and what people read of it."""

import os
import stat
import time

import pytest

from ocrwatchd import status
from ocrwatchd.config import Folders
from ocrwatchd.errors import FolderUnusable
from ocrwatchd.status import Status


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
    status.write(folders, made)
    return made


def test_status_comes_back_as_written(folders):
    """What the daemon wrote is what `status` reads, failures included."""
    made = written(folders, in_work="a.pdf", page=3, pages=12, failures=[("x", "broken")])
    assert status.read(folders) == made
    text, running = status.describe(folders, as_json=False)
    assert running
    assert "a.pdf, page 3 of 12" in text
    assert "failed     x: broken" in text


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
    text, running = status.describe(folders, as_json=False)
    assert not running
    assert words in text


def test_without_a_daemon_there_is_a_hint(folders):
    """Before the first start `status` says how to start."""
    text, running = status.describe(folders, as_json=False)
    assert not running
    assert "ocrwatchd run" in text


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"x": 1}', b'{"state": "running"}'])
def test_damaged_status_is_an_error_in_words(folders, content):
    """A damaged status file gives a message, not a traceback."""
    status.status_path(folders).write_bytes(content)
    with pytest.raises(FolderUnusable, match="the status cannot be read"):
        status.describe(folders, as_json=False)
