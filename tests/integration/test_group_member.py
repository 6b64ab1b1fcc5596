"""What a member of the folders' group may do in a root, and what only the service may."""

import codecs
import json
import os
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.model import Scan
from ocrwatchd.daemon.startup import open_storage
from ocrwatchd.setup.check import access
from ocrwatchd.setup.check import folders as check_folders
from ocrwatchd.storage.outbox import Outbox
from tests.lying import modes
from tests.programs import needs_root
from tests.sysctl import protected_regular

SERVICE, ANNA, BERT = 64001, 64002, 64003
GROUP = 64010


@contextmanager
def acting(user):
    """Have this process be a user of the group, for a while."""
    before = os.getgroups()
    os.setgroups([])
    os.setegid(GROUP)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def start(root):
    """Let the service open its root."""
    config = parse({"folders": {"root": str(root)}, "profiles": {"invoices": {}}})
    with acting(SERVICE), ExitStack() as stack:
        open_storage(config, root.with_name("state"), stack)


def may(user, *command):
    """Whether a command of a user works."""
    done = subprocess.run(
        command, user=user, group=GROUP, extra_groups=[], umask=0o002, stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0


@pytest.fixture
def root(tmp_path):
    """A folder of the service's, in which the root's folders are made at the start."""
    needs_root()
    codecs.lookup("ascii")  # what the interpreter loads late may lie where only root may read
    for folder in (*tmp_path.parents, tmp_path):
        if not folder.stat().st_mode & 1:
            folder.chmod(0o711)
    made = tmp_path / "root"
    for path in (made, tmp_path / "state"):
        path.mkdir()
        os.chown(path, SERVICE, GROUP)
        path.chmod(0o2770)
    return made


SHUT = {
    ".": "0750",
    ".work": "0700",
    "archive": "2750",
    "failed": "2770",
    "inbox": "3770",
    "inbox/invoices": "3770",
    "outbox": "2770",
}


def test_a_member_puts_no_folder_of_his_own_in_the_place_of_work(root):
    """Else a planted job's files would be the daemon's to change and deliver."""
    start(root)
    assert modes(root) == SHUT
    for name in (".work", "outbox", "archive", "failed", "inbox"):
        assert not may(ANNA, "mv", root / name, root / "aside")
    assert not may(ANNA, "mkdir", root / "mine")
    assert not may(ANNA, "ls", root / ".work")


def test_senders_do_not_touch_each_others_scans_and_people_take_results_away(root):
    """The inbox is sticky; outbox and failed are not; the archive is the service's."""
    start(root)
    inbox, outbox, archive, failed = (root / name for name in ("inbox", "outbox", "archive", "failed"))
    assert may(ANNA, "touch", inbox / "a.pdf")
    go_on = ("sh", "-c", 'printf more >>"$0"', inbox / "a.pdf")
    assert may(ANNA, *go_on)
    with protected_regular():
        assert may(ANNA, *go_on)
        assert not may(BERT, *go_on), "the kernel lets nobody go on with another account's upload in a sticky folder"
    assert not may(BERT, "mv", inbox / "a.pdf", inbox / "b.pdf")
    assert not may(BERT, "rm", "-f", inbox / "a.pdf")
    assert may(SERVICE, "mv", inbox / "a.pdf", failed / "a.pdf")
    assert may(BERT, "mv", failed / "a.pdf", inbox / "a.pdf")
    assert may(SERVICE, "mv", inbox / "a.pdf", archive / "a.pdf")
    assert not may(ANNA, "rm", "-f", archive / "a.pdf")
    assert may(ANNA, "cat", archive / "a.pdf")
    assert may(SERVICE, "touch", outbox / "a.txt")
    assert may(ANNA, "rm", outbox / "a.txt")


@pytest.mark.parametrize("sender", [ANNA, SERVICE], ids=["by a member", "by Samba's force user"])
def test_an_archived_original_is_nobodys_to_change(root, sender):
    """Not its sender's either, nor of those whom its mode let write; its content, time and group stay."""
    start(root)
    assert may(sender, "sh", "-c", 'printf original >"$0" && chmod 0664 "$0"', root / "inbox" / "a.pdf")
    os.utime(root / "inbox" / "a.pdf", ns=(5, 10**18))
    config = parse({"folders": {"root": str(root)}})
    with acting(SERVICE), ExitStack() as stack:
        ledger, work = open_storage(config, root.with_name("state"), stack)
        job = work.new_job(Scan(root / "inbox" / "a.pdf", Path("a.pdf")))
        ledger.claimed(job.id, job.relative)
        for folder in (job.source.parent, job.out):
            folder.mkdir()
        (root / "inbox" / "a.pdf").rename(job.source)
        (job.out / "document.json").write_text("{}", encoding="ascii")
        assert Outbox(config.folders, ledger).deliver(job) == "a"
    archived = root / "archive" / "a.pdf"
    assert not any(may(user, "sh", "-c", 'printf more >>"$0"', archived) for user in (ANNA, BERT))
    assert not may(ANNA, "chmod", "0666", archived)
    status = archived.stat()
    assert (archived.read_bytes(), status.st_mtime_ns, status.st_gid) == (b"original", 10**18, GROUP)
    assert not job.source.exists()


def test_a_root_that_others_may_write_is_closed_and_that_is_said(root, capsys):
    """The root and .work are named in the log; the other folders stay; a second start says nothing."""
    for name in ("inbox", "outbox", "archive", "failed", ".work"):
        (root / name).mkdir(parents=True)
    for path in (root, *root.iterdir()):
        os.chown(path, SERVICE, GROUP)
        path.chmod(0o2770)
    start(root)
    assert modes(root) == SHUT | dict.fromkeys(("inbox", "archive"), "2770")
    said = [line for line in capsys.readouterr().out.splitlines() if "folder.mended" in line]
    assert sorted(line.split("folder=")[1].split()[0] for line in said) == [str(root), str(root / ".work")]
    start(root)
    assert "folder.mended" not in capsys.readouterr().out


def test_what_an_administrator_has_set_stays(root):
    """A root that others may read, an inbox for everybody."""
    start(root)
    root.chmod(0o755)
    (root / "inbox").chmod(0o3777)
    start(root)
    assert modes(root) == SHUT | {".": "0755", "inbox": "3777"}


@pytest.mark.parametrize("link", [False, True])
def test_a_work_folder_that_is_not_the_services_is_refused(root, tmp_path, link):
    """Whoever put it there before an upgrade plants no job; the message says what to do."""
    work = tmp_path / "mine" if link else root / ".work"
    work.mkdir()
    os.chown(work, SERVICE if link else ANNA, GROUP)
    work.chmod(0o2770)
    if link:
        (root / ".work").symlink_to(work)
    remedy = "is a link; remove it" if link else rf"belongs to another user \(uid {ANNA}\).*move it away"
    with pytest.raises(FolderUnusable, match=f"{root / '.work'} {remedy}"):
        start(root)


def test_check_tells_of_a_group_that_may_rename_a_folder_above(root, monkeypatch):
    """The group with its members, and the command that mends it."""
    start(root)
    monkeypatch.setattr(access, "_members", lambda group: ["anna", "bert"] if group == GROUP else [])
    folders = Folders(root=str(root))
    found = [finding.words for finding in access.look(folders) if finding.what == "safe from others"]
    who = f"the group {GROUP} (anna, bert)"
    assert found == [f"nobody else may remove or exchange documents; in outbox {who} may; in failed {who} may"]
    root.chmod(0o2770)
    found = [finding.words for finding in access.look(folders) if not finding.ok]
    assert found == [f"{who} may rename the folders in {root}; run: chmod g-w '{root}'"]


def checked(root, user):
    """What `check` says to a user about the folders of a root: the words of what is to be mended."""
    reads, writes = os.pipe()
    child = os.fork()  # the real user counts, not only the effective one
    if not child:
        try:
            os.setgroups([])
            os.setgid(GROUP)
            os.setuid(user)
            found = [*check_folders.look(Folders(root=str(root))), *access.look(Folders(root=str(root)))]
            os.write(writes, json.dumps([(finding.what, finding.ok, finding.words) for finding in found]).encode())
        finally:
            os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as pipe:
        told = json.load(pipe)
    os.waitpid(child, 0)
    return [words for _what, ok, words in told if not ok]


@pytest.mark.parametrize("user", [SERVICE, ANNA])
def test_check_finds_a_root_of_an_earlier_version_and_its_commands_mend_it(root, monkeypatch, user):
    """For the service and for a member of the group; a folder above that the group may write is found as well."""
    monkeypatch.setattr(access, "_members", lambda group: ["anna", "bert"] if group == GROUP else [])
    above = root.parent / "above"
    above.mkdir()
    root.with_name("state").rename(above / "state").chmod(0o755)
    root = root.rename(above / "root")
    monkeypatch.setenv("STATE_DIRECTORY", str(above / "state"))  # both can use this one
    for name in ("inbox/invoices", "outbox", "archive/invoices", "failed", ".work"):
        (root / name).mkdir(parents=True)
    for path in (root, *root.rglob("*")):
        os.chown(path, SERVICE, GROUP)
        path.chmod(0o2750 if path.name == ".work" else 0o2770)
    os.chown(above, 0, GROUP)
    above.chmod(0o2775)
    who, inbox, work = f"the group {GROUP} (anna, bert)", root / "inbox", root / ".work"
    other = f"is for the daemon's user (uid {SERVICE}), not for this user; run `check` as that user"
    mine = [] if user == SERVICE else [f"{path} {other}" for path in (root / "archive", work, above / "state")]
    found = checked(root, user)
    commands = [
        f"{who} may change or remove what lies in {root / 'archive'}; run: chmod -R g-w '{root / 'archive'}'",
        f"{who} may read the scans in work in {work}; run: chmod 0700 '{work}'",
        f"{who} may remove and exchange other people's scans; run: find '{inbox}' -type d -exec chmod +t {{}} +",
        f"{who} may rename the folders in {above}; run: chmod g-w '{above}'",
        f"{who} may rename the folders in {root}; run: chmod g-w '{root}'",
    ]
    assert found == [*mine[1:], *commands]
    for words in commands:
        subprocess.run(["sh", "-c", words.partition("run: ")[2]], check=True)
    assert modes(root) == SHUT | {".": "2750", ".work": "2700", "archive/invoices": "2750"}
    assert checked(root, user) == mine
    start(root)
    assert checked(root, user) == mine
