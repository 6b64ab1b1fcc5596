"""What ``check`` finds in folders."""

import os

from ocrwatchd.check import Finding, folders


def test_a_folder_behind_a_closed_one_is_told(tmp_path, monkeypatch):
    """Where a folder above may not be entered, that one is named; it is no traceback, and none "will be made" there."""
    closed = tmp_path / "closed"
    closed.mkdir()
    real_stat, real_access = os.stat, os.access

    def stat(path, **more):
        if os.fspath(path).startswith(f"{closed}/"):  # root may enter every folder: so the kernel's answer is played
            raise PermissionError(13, "Permission denied", str(path))
        return real_stat(path, **more)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(os, "lstat", stat)
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed and real_access(path, mode))
    found = folders.look_at("inbox", closed / "root" / "inbox")
    assert not found.ok
    assert f"may not enter {closed}; mend its owner or mode" in found.words


def test_folders_that_are_there_or_can_be_made_are_in_order(tmp_path):
    """One is named, the other will be made; a file in its place is not in order."""
    (tmp_path / "file").touch()
    assert folders.look_at("inbox", tmp_path) == Finding("inbox", True, str(tmp_path))
    assert folders.look_at("inbox", tmp_path / "a" / "b").words.endswith("will be made")
    assert "not a folder; remove it" in folders.look_at("inbox", tmp_path / "file").words
