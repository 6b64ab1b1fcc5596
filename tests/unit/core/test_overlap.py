"""Folders that are one, whatever their paths are."""

import subprocess
import sys

import pytest

from ocrwatchd.core.fs.overlap import overlapping
from tests.programs import needs, needs_root


def test_folders_that_lie_apart_are_in_order(tmp_path):
    """Beside each other, missing, or behind a link that leads nowhere near."""
    (tmp_path / "inbox").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "outbox").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    names = ("inbox", "outbox", "missing", "loop")
    assert overlapping({name: tmp_path / name for name in names}) == ""


@pytest.mark.parametrize("target", ["inbox", "inbox/profile", "inbox/profile/missing"])
def test_a_link_into_another_folder_is_told(tmp_path, target):
    """To the folder itself, to one within it, and to a place where one would be made."""
    (tmp_path / "inbox" / "profile").mkdir(parents=True)
    (tmp_path / "outbox").symlink_to(tmp_path / target)
    folders = {name: tmp_path / name for name in ("inbox", "outbox")}
    words = overlapping(folders if target != "inbox" else dict(reversed(folders.items())))
    assert words.startswith(f"outbox ({tmp_path}/outbox) is the folder inbox ({tmp_path}/inbox)")


def test_a_bind_mount_of_another_folder_is_told(tmp_path):
    """It has the folder's device and inode."""
    needs_root()
    (unshare,) = needs("unshare")
    for name in ("inbox", "outbox"):
        (tmp_path / name).mkdir()
    asked = "import sys, pathlib; from ocrwatchd.core.fs.overlap import overlapping; "
    asked += "print(overlapping({name: pathlib.Path(name) for name in ('inbox', 'outbox')}))"
    command = 'mount --bind inbox outbox && exec "$0" -c "$1"'
    done = subprocess.run(
        [unshare, "-m", "sh", "-c", command, sys.executable, asked],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "by a link or a mount" in done.stdout
