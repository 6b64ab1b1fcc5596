"""What ``check`` finds in folders."""

import os
import shlex
from pathlib import Path

import pytest

from ocrwatchd.core.config.paper import Split
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import ROOTS, Config, Folders, Metrics, state_directory
from ocrwatchd.setup.check import Finding, disk_space, folders, metrics_file, separator_sheets, service_account
from ocrwatchd.setup.service.target import Target
from ocrwatchd.storage import sheet_key


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
    assert f"{closed} is closed; correct its owner or mode" in found.words


def test_the_state_of_a_root_that_was_served_is_looked_at(tmp_path):
    """Before that, where it will be made: somebody else may have served the root as another user."""
    made = Folders(root=str(tmp_path))
    (state_directory() / ROOTS).mkdir(parents=True)
    assert folders.named(made)["state"] == state_directory(), "another root's folder may be there"
    made.work_path.mkdir()
    (made.work_path / "root-id").write_text("0123456789abcdef\n")
    home = state_directory() / ROOTS / "0123456789abcdef"
    assert folders.named(made)["state"] == state_directory()
    home.mkdir(parents=True)
    assert folders.named(made)["state"] == home


def test_folders_that_are_there_or_can_be_made_are_in_order(tmp_path):
    """One is named, the other will be made; a file in its place is not in order."""
    (tmp_path / "file").touch()
    assert folders.look_at("inbox", tmp_path) == Finding("inbox", True, str(tmp_path))
    assert folders.look_at("inbox", tmp_path / "a" / "b").words.endswith("will be made")
    assert "not a folder; remove it" in folders.look_at("inbox", tmp_path / "file").words


def test_a_folder_of_the_kernel_is_none_for_scans():
    """Root may write in /proc by its mode, and yet the daemon could not make a folder there; no disk is too full."""
    found = folders.look_at("inbox", Path("/proc/scans/inbox"))
    assert found == Finding(
        "inbox", False, "/proc/scans/inbox cannot be made: /proc is a folder of the kernel; choose another folder"
    )
    disks = list(disk_space.look(Folders(root="/proc/scans")))
    assert all(found.ok for found in disks)
    assert disks[0].words.endswith("/proc reports no size")


def test_the_metrics_file_has_to_have_a_folder(tmp_path):
    """One is in order; without a folder, or with a folder in the file's place, what to do is said."""
    assert list(metrics_file.look(Metrics())) == []
    (tmp_path / "folder.prom").mkdir()
    for name, ok, words in (
        ("a.prom", True, "a.prom"),
        ("gone/a.prom", False, "gone is not there; make it"),
        ("folder.prom", False, "is a folder; remove it"),
    ):
        (found,) = metrics_file.look(Metrics(file=str(tmp_path / name)))
        assert (found.what, found.ok) == ("metrics.file", ok)
        assert words in found.words


def test_a_metrics_file_in_a_closed_folder_is_told(tmp_path, monkeypatch):
    """The file is replaced as a whole: so its folder has to be writable."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    (found,) = metrics_file.look(Metrics(file=str(tmp_path / "a.prom")))
    assert not found.ok
    assert f"cannot read and write {tmp_path}; correct its owner or mode" in found.words


@pytest.mark.parametrize("instance", ["", "second"])
def test_root_hears_how_to_ask_as_the_service(instance, tmp_path, monkeypatch):
    """Only where that configuration's unit is installed, and the line names the service's own directories."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Target, "drop_ins", tmp_path)
    source = Path("/etc/ocrwatchd") / instance / "config.toml"
    assert list(service_account.look(source)) == []
    (tmp_path / "10-here.conf").touch()
    (found,) = service_account.look(source)
    words = shlex.split(found.words.partition("run: ")[2])
    assert words[:4] == ["runuser", "-u", "ocrwatchd", "--"]
    assert f"STATE_DIRECTORY={Path('/var/lib/ocrwatchd') / instance}" in words
    assert "CACHE_DIRECTORY=/var/cache/ocrwatchd" in words
    assert words[-2:] == ["--config", str(source)]
    assert list(service_account.look(tmp_path / "config.toml")) == list(service_account.look(None)) == []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert list(service_account.look(source)) == []


def test_the_key_of_sheets_is_examined(tmp_path, monkeypatch):
    """Only where scans are cut at sheets: missing it is made, closed it is fine, open to others it is told."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert list(separator_sheets.look(Config())) == []
    config = Config(profiles={"post": Work(split=Split(on=("sheet",)))})
    (found,) = separator_sheets.look(config)
    assert (found.ok, "makes their key" in found.words) == (True, True)
    sheet_key.read_or_make(tmp_path)
    (found,) = separator_sheets.look(config)
    assert found.ok
    (tmp_path / sheet_key.NAME).chmod(0o644)
    (found,) = separator_sheets.look(config)
    assert (found.ok, "other users" in found.words) == (False, True)
