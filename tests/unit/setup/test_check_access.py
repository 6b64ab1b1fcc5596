"""Who may do what, in plain words."""

import os
import pwd
import subprocess

import pytest

from ocrwatchd.core.config.schema import Folders
from ocrwatchd.setup.check import access, acl
from tests.programs import needs, needs_root

NOBODY = pwd.getpwnam("nobody")
GAMES = pwd.getpwnam("games")


@pytest.fixture
def folders(tmp_path):
    """A root that everybody may enter, with all its folders, for its owner and group alone."""
    for folder in (*tmp_path.parents, tmp_path):
        if not folder.stat().st_mode & 1:
            folder.chmod(0o711)
    made = Folders(root=str(tmp_path / "root"))
    made.root_path.mkdir(0o755)
    for path in (*(made.path(name) for name in ("inbox", "outbox", "archive", "failed")), made.work_path):
        path.mkdir()
        path.chmod(0o750)
    return made


def said(folders):
    """Findings by what was looked at."""
    return {finding.what: finding for finding in access.look(folders)}


def test_a_closed_root_is_safe(folders):
    """Nobody but the owner may drop, and nothing is to be mended."""
    found = said(folders)
    assert found["may drop scans"].words == f"the user {pwd.getpwuid(os.geteuid()).pw_name}"
    assert found["safe from others"].ok


@pytest.mark.parametrize(("name", "mode"), [("outbox", 0o777), ("archive", 0o757), ("failed", 0o777), (".work", 0o777)])
def test_a_folder_that_everybody_may_change_is_to_be_mended(folders, name, mode):
    """The folder and the command that mends it are named; the command does."""
    path = folders.root_path / name
    path.chmod(mode)
    found = said(folders)[name]
    assert not found.ok
    command = found.words.split("run: ")[1]
    assert command == f"chmod o-w '{path}'"
    subprocess.run(["sh", "-c", command], check=True)
    assert all(finding.ok for what, finding in said(folders).items() if what != ".work")


def test_an_inbox_for_everybody_needs_the_sticky_bit(folders):
    """Else people may remove each other's scans; with it, it is in order, and told who may drop."""
    inbox = folders.path("inbox")
    inbox.chmod(0o777)
    assert "remove other people's scans" in said(folders)["inbox"].words
    inbox.chmod(0o1777)
    found = said(folders)
    assert found["may drop scans"].words == "everybody on this machine"
    assert all(finding.ok for finding in found.values())


def test_a_folder_above_that_everybody_may_change_is_found(folders):
    """Whoever may rename the root's folders may put others in their place."""
    folders.root_path.chmod(0o757)
    assert any("rename the folders" in finding.words for finding in access.look(folders))


def test_who_cannot_get_through_a_folder_above_is_told(folders):
    """An inbox that everybody may write to is not everybody's where the root is closed."""
    folders.path("inbox").chmod(0o777)
    folders.root_path.chmod(0o750)
    found = said(folders)
    assert f"not everybody else, who may not enter {folders.root_path}" in found["may drop scans"].words
    assert found["safe from others"].ok


def test_a_group_is_told_with_its_members(folders):
    """The people behind a group's right are named."""
    needs_root()
    inbox = folders.path("inbox")
    os.chown(inbox, 0, GAMES.pw_gid)
    inbox.chmod(0o2770)
    assert "the group games (games)" in said(folders)["may drop scans"].words


def test_access_control_lists_count(folders):
    """A user named in a list may drop; the mask takes that away again; both are what the kernel does."""
    needs_root()
    (setfacl,) = needs("setfacl")
    inbox = folders.path("inbox")
    subprocess.run([setfacl, "-m", "u:games:rwx,g:nogroup:rx", inbox], check=True)
    assert "the user games" in said(folders)["may drop scans"].words
    assert drops(inbox, GAMES)
    assert acl.rights(inbox).groups[NOBODY.pw_gid] == acl.READ | acl.ENTER
    subprocess.run([setfacl, "-m", "m::rx", inbox], check=True)
    assert "games" not in said(folders)["may drop scans"].words
    assert not drops(inbox, GAMES)


def drops(inbox, user):
    """Whether a user can really make a file there."""
    command = ["sh", "-c", 'touch "$0/x" 2>/dev/null && rm "$0/x"', inbox]
    done = subprocess.run(command, user=user.pw_uid, group=user.pw_gid, extra_groups=[], check=False)
    return done.returncode == 0


def test_folders_that_are_missing_are_told_by_what_they_will_be(tmp_path):
    """Before the first start it is said who will be able to drop."""
    found = said(Folders(root=str(tmp_path / "root")))
    assert "will be made with mode 3770: its owner, its group" in found["may drop scans"].words


@pytest.mark.parametrize("name", ["inbox", "outbox"])
def test_a_link_that_leads_to_itself_is_told(folders, name):
    """A folder that is a loop of links is named as what is to be mended, and ends no check."""
    folders.path(name).rmdir()
    folders.path(name).symlink_to(name)
    found = said(folders)["may drop scans" if name == "inbox" else "may read texts"]
    assert not found.ok
    assert found.words.startswith(f"{folders.path(name)} cannot be examined")
