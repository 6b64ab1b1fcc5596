"""The folder of claimed jobs."""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.model import Scan
from ocrwatchd.storage.work_folder import WorkFolder


@pytest.fixture
def config(tmp_path):
    """A configuration whose root has its work folder."""
    made = Config(folders=Folders(root=str(tmp_path)))
    made.folders.work_path.mkdir()
    return made


def scan(relative):
    """A scan in the inbox."""
    return Scan(Path("/inbox") / relative, Path(relative))


def test_second_daemon_on_a_root_is_refused(config):
    """One root has one daemon; the second is told which process has it, and what to do."""
    first, second = WorkFolder(config), WorkFolder(config)
    first.open()
    with pytest.raises(FolderUnusable, match=r"another ocrwatchd \(process \d+\) already serves"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_jobs_left_are_found_oldest_first_with_their_profile(config):
    """After a restart each job folder tells its scan's name and profile by itself."""
    place = WorkFolder(config)
    for relative in ("b.pdf", "invoices/a.pdf"):
        job = place.new_job(scan(relative))
        job.source.parent.mkdir(parents=True)
        job.source.write_bytes(b"x")
    assert [str(job.relative) for job in place.left()] == ["b.pdf", "invoices/a.pdf"]


def test_claim_that_broke_off_leaves_an_empty_job(config):
    """A folder without a scan is told apart from one with a scan."""
    place = WorkFolder(config)
    place.new_job(scan("a.pdf"))
    assert [job.relative.name for job in place.left()] == [""]


def test_name_that_was_only_held_for_a_scan_is_no_scan(config):
    """A claim that was killed on a mount without RENAME_NOREPLACE and links: its scan is still in the inbox."""
    place = WorkFolder(config)
    place.open()
    job = place.new_job(scan("a.pdf"))
    job.source.parent.mkdir()
    job.source.touch(0o200)
    assert [each.relative.name for each in place.left()] == [""]
    assert not job.source.exists()
    place.close()


def test_foreign_things_in_the_work_folder_are_left_alone(config, tmp_path):
    """Neither the lock nor anything else that lies there counts as a job."""
    place = WorkFolder(config)
    place.open()
    (config.folders.work_path / "notes").mkdir()
    (config.folders.work_path / "20260101-000000-000000-abcdef").symlink_to(tmp_path)
    assert list(place.left()) == []
    place.close()


def test_job_id_is_plain(config):
    """A job's id never takes anything from the file's name."""
    job = WorkFolder(config).new_job(scan("../ $(rm -rf).pdf"))
    assert re.fullmatch(r"[0-9]{8}-[0-9]{6}-[0-9]{6}-[0-9a-f]{6}", job.id)


def test_second_daemon_on_another_machine_is_named(config):
    """On a shared folder the process alone says little: the machine is named too."""
    first, second = WorkFolder(config), WorkFolder(config)
    first.open()
    (config.folders.work_path / "lock").write_text("4711 scanner-room\n")
    with pytest.raises(
        FolderUnusable, match=r"\(process 4711 on scanner-room\) already serves .*; stop that one first"
    ):
        second.open()
    first.close()


def test_root_is_known_again_wherever_it_is_moved(config, tmp_path):
    """What names the root lies in it, and is made again where the work folder was removed."""
    place = WorkFolder(config)
    place.open()
    known = place.root_id
    shutil.rmtree(config.folders.work_path)
    assert not place.held()
    place.open()
    place.close()
    moved = tmp_path.parent / f"{tmp_path.name}-moved"
    tmp_path.rename(moved)
    elsewhere = WorkFolder(Config(folders=Folders(root=str(moved))))
    elsewhere.open()
    assert elsewhere.root_id == known
    elsewhere.close()


def test_root_that_was_begun_under_the_mount_point_is_another_one(config, tmp_path):
    """Once started before its share was mounted, a daemon has left a work folder there: no job of ours is lost."""
    root, share = config.folders.root_path, tmp_path.parent / f"{tmp_path.name}-share"
    place = WorkFolder(config)
    place.open()
    job = place.new_job(scan("a.pdf"))
    root.rename(share)
    root.mkdir()
    before = WorkFolder(config)
    before.open()
    before.close()
    with pytest.raises(FolderUnusable, match="is missing: mount it again"):
        place.open()
    assert not place.has_lost(job)
    shutil.rmtree(root)
    share.rename(root)
    place.new_job(scan("b.pdf"))
    place.close()


@pytest.mark.parametrize("fault", [errno.EIO, errno.ESTALE, errno.EACCES])
def test_job_that_cannot_be_looked_at_now_is_not_lost(config, monkeypatch, fault):
    """A share that answers with errors, for the job's folder or the lock, has not lost the job."""
    place = WorkFolder(config)
    place.open()
    job = place.new_job(scan("a.pdf"))

    def failing(path, *_args, **_options):
        raise OSError(fault, os.strerror(fault), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(os, "lstat", failing)
        assert not place.has_lost(job)
    shutil.rmtree(job.folder)
    with monkeypatch.context() as patched:
        patched.setattr(type(job.folder), "stat", failing)
        assert not place.has_lost(job)
    place.close()


def test_nothing_is_begun_under_a_share_that_has_gone(config, tmp_path):
    """A root that was renamed or unmounted is waited for: what is there under its name is another folder."""
    root = config.folders.root_path
    place = WorkFolder(config)
    place.open()
    job = place.new_job(scan("a.pdf"))
    root.rename(tmp_path.parent / f"{tmp_path.name}-away")
    for _ in range(2):
        with pytest.raises(FolderUnusable, match="is missing: mount it again"):
            place.new_job(scan("b.pdf"))
        assert not place.has_lost(job)
        assert not root.exists() or list(root.iterdir()) == []
        root.mkdir(exist_ok=True)
    root.rmdir()
    (tmp_path.parent / f"{tmp_path.name}-away").rename(root)
    place.new_job(scan("b.pdf"))
    assert not place.has_lost(job)
    shutil.rmtree(job.folder)
    assert place.has_lost(job)
    place.close()
