"""Which faults are one sub-folder's, and who waits for that."""

import errno
import os
from pathlib import Path

import pytest

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.fs import files
from ocrwatchd.core.model import Job
from ocrwatchd.daemon.obstacles import MOST_WAITING, Obstacles


@pytest.fixture
def tops(tmp_path):
    """An outbox and an archive."""
    folders = [tmp_path / "outbox", tmp_path / "archive"]
    for folder in folders:
        folder.mkdir()
    return folders


def job(relative, number=0):
    """A job of this path."""
    return Job(f"job{number}", Path("/work") / f"job{number}", Path(relative), Config().work())


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ENOTDIR, errno.EMLINK]
)
def test_fault_below_a_folder_that_works_is_the_paths(tops, number):
    """Others need not wait for it."""
    error = OSError(number, os.strerror(number), str(tops[0] / "sub" / "scan.json"))
    assert Obstacles(tops).add(job("sub/scan.tif"), error)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV])
def test_fault_of_the_disk_is_everybodys(tops, number):
    """Wherever it shows."""
    error = OSError(number, os.strerror(number), str(tops[0] / "sub" / "scan.json"))
    assert not Obstacles(tops).add(job("sub/scan.tif"), error)


def test_fault_of_the_folder_itself_is_everybodys(tops, monkeypatch):
    """An outbox that may not be written to, or a scan without any sub-folder: nothing tells it from a disk's fault."""
    obstacles = Obstacles(tops)
    assert not obstacles.add(job("scan.tif"), OSError(errno.EACCES, "denied", str(tops[0] / "scan.json")))
    assert not obstacles.add(job("sub/scan.tif"), OSError(errno.EACCES, "denied", str(tops[0])))
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != tops[0])
    assert not obstacles.add(job("sub/scan.tif"), OSError(errno.EACCES, "denied", str(tops[0] / "sub")))
    assert len(obstacles) == 0


def test_scans_of_a_place_for_which_many_wait_stay_in_the_inbox(tops):
    """Whatever folders there are below it; all others are claimed; and once one has gone on, they are too."""
    obstacles = Obstacles(tops)
    for number in range(MOST_WAITING):
        assert not obstacles.hold(Path("sub/more/scan.tif"))
        error = OSError(errno.EACCES, "denied", str(tops[0] / "sub" / f"{number}"))
        assert obstacles.add(job(f"sub/{number}/scan.tif", number), error)
    assert obstacles.full == [Path("sub")]
    assert obstacles.hold(Path("sub/more/scan.tif"))
    assert not obstacles.hold(Path("scan.tif"))
    assert not obstacles.hold(Path("other/scan.tif"))
    obstacles.discard(job("sub/0/scan.tif"))
    assert not obstacles.hold(Path("sub/more/scan.tif"))


def test_place_with_a_plainer_name_is_known_by_the_inboxs(tops):
    """The disk's folder may be called otherwise than the inbox's."""
    obstacles = Obstacles(tops)
    for number in range(MOST_WAITING):
        error = files.Obstacle(errno.ENOTDIR, "not a folder; remove it", str(tops[1] / "a_b"))
        assert obstacles.add(job(f"a:b/{number}.tif", number), error)
    assert obstacles.hold(Path("a:b/scan.tif"))


def test_obstacle_elsewhere_concerns_its_job_alone(tops):
    """A scan that may not be copied out of the work folder waits, and holds nobody."""
    obstacles = Obstacles(tops)
    for number in range(MOST_WAITING):
        error = files.Obstacle(errno.EACCES, "may not be read", f"/srv/.work/job{number}/scan/sub/scan.tif")
        assert obstacles.add(job("sub/scan.tif", number), error)
    assert len(obstacles) == MOST_WAITING
    assert not obstacles.hold(Path("sub/scan.tif"))
