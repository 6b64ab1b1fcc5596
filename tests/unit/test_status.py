"""The status file and what people read of it."""

import os
import stat

import pytest

from ocrwatchd import status
from ocrwatchd.errors import FolderUnusable
from ocrwatchd.status import Status


def written(**changes):
    """Write a status and give it back."""
    base = {"state": "running", "pid": os.getpid(), "version": "1", "root": "/r", "started_at": 1.0, "written_at": 2.0}
    made = Status(**{**base, **changes})
    status.write(made)
    return made


def test_status_comes_back_as_written():
    """What the daemon wrote is what `status` reads, failures included."""
    made = written(in_work="a.pdf", page=3, pages=12, failures=[("x", "broken")])
    assert status.read() == made
    text, running = status.describe(as_json=False)
    assert running
    assert "a.pdf, page 3 of 12" in text
    assert "failed     x: broken" in text


def test_others_may_read_it():
    """People other than the service's user can see the status."""
    written()
    assert stat.S_IMODE(status.status_path().stat().st_mode) == 0o644


def test_daemon_that_died_is_told_from_one_that_stopped():
    """A status whose process has gone says so instead of claiming that all is well."""
    written(pid=2**22 - 1)
    text, running = status.describe(as_json=False)
    assert not running
    assert "ended without a word" in text
    written(state="stopped")
    assert "not running: stopped" in status.describe(as_json=False)[0]


def test_without_a_daemon_there_is_a_hint():
    """Before the first start `status` says how to start."""
    text, running = status.describe(as_json=False)
    assert not running
    assert "ocrwatchd run" in text


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"x": 1}', b'{"state": "running"}'])
def test_damaged_status_is_an_error_in_words(content):
    """A damaged status file gives a message, not a traceback."""
    status.status_path().write_bytes(content)
    with pytest.raises(FolderUnusable, match="the status cannot be read"):
        status.describe(as_json=False)
