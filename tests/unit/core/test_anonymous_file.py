"""Files without a name, on disks and on shares that know none."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from ocrwatchd.core.fs import anonymous_file


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for large temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(anonymous_file, "LARGE", folder)
    return folder


def lies_in(file):
    """The folder whose file system holds an open file."""
    return Path(f"/proc/self/fd/{file.fileno()}").readlink().parent


def used(file):
    """Write and read, as those do who ask for it."""
    file.write(b"drawn")
    file.seek(0)
    return file.read()


def test_it_lies_beside_what_is_on_a_disk(tmp_path, temporary):
    """And has no name there at any time."""
    with anonymous_file.nameless(tmp_path) as file:
        assert lies_in(file) == tmp_path
        assert used(file) == b"drawn"
        assert [*tmp_path.iterdir()] == [temporary]


def test_on_a_share_nothing_lies_beside(tmp_path, temporary, monkeypatch):
    """It would have a name, and keep it where the machine dies: taken for a scan, or for a part of a set."""
    really = os.open

    def of_a_share(path, flags, *more, **named):
        if flags & os.O_TMPFILE == os.O_TMPFILE and Path(path) == tmp_path:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return really(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", of_a_share)
    with anonymous_file.nameless(tmp_path) as file:
        assert lies_in(file) == temporary
        assert used(file) == b"drawn"
        assert [*tmp_path.iterdir()] == [temporary]


def test_what_lies_nowhere_has_the_folder_for_temporary_files(temporary):
    """As where a set is written into memory."""
    with anonymous_file.nameless(None) as file:
        assert lies_in(file) == temporary


@pytest.mark.parametrize("why", ["somebody has chosen one", "there is none for large ones"])
def test_the_folder_for_temporary_files_may_be_another_one(tmp_path, temporary, monkeypatch, why):
    """``TMPDIR`` names it; and a container may lack the one for large files."""
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(other))
    if why == "somebody has chosen one":
        monkeypatch.setenv("TMPDIR", str(other))
    else:
        temporary.rmdir()
    with anonymous_file.nameless(None) as file:
        assert lies_in(file) == other
