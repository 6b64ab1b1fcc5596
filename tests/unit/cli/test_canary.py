"""The known page, and what the daemon clears away after it."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.cli.canary import send
from ocrwatchd.cli.main import main
from ocrwatchd.core import canary_name
from ocrwatchd.core.config.profile import Task, Work
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.model import Job
from ocrwatchd.daemon import duplicates
from ocrwatchd.daemon.claiming import recognise
from ocrwatchd.formats.output.txt import EVALUATION_LINE
from ocrwatchd.monitoring import status
from ocrwatchd.monitoring.canary import page
from ocrwatchd.monitoring.canary.cleanup import GRACE_SECONDS, Clearing
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.records import Original

NAME = f"{canary_name.PREFIX}{'0a' * 8}.png"
STEM = NAME.removesuffix(".png")


@pytest.fixture
def folders(tmp_path):
    """A root with its folders."""
    made = Folders(root=str(tmp_path / "root"))
    for name in ("inbox", "outbox", "archive", "failed"):
        made.path(name).mkdir(parents=True)
    return made


class Desk:
    """The clearing, with a clock to be set."""

    def __init__(self, folders):
        self.now = 0.0
        self.folders = folders
        self.clearing = Clearing(folders, lambda: self.now)
        self.clearing.start()

    def deliver(self, name=NAME, content=None, goal="outbox"):
        """A scan's set lies where it belongs, and is to be cleared away."""
        stem = Path(name).stem
        if goal == "outbox":
            for suffix in (".txt", ".json"):
                (self.folders.path("outbox") / f"{stem}{suffix}").write_text("text")
            kept = self.folders.path("archive")
        else:
            kept = self.folders.path("failed")
            (kept / f"{stem}.reason.txt").write_text("Why: broken")
        (kept / name).write_bytes(page.picture() if content is None else content)
        self.clearing.clear_later(Path(name), goal, stem)

    def lying(self):
        """Every file under the root."""
        return sorted(path.name for path in self.folders.root_path.rglob("*") if path.is_file())


@pytest.fixture
def desk(folders):
    """A fresh one."""
    return Desk(folders)


@pytest.fixture
def claim(tmp_path):
    """Makes a claimed job of a page."""

    def make(name, content=None, work=None):
        job = Job("j", tmp_path / "j", Path(name), work or Work())
        job.source.parent.mkdir(parents=True)
        job.source.write_bytes(page.picture() if content is None else content)
        return job

    return make


@pytest.mark.parametrize("goal", ["outbox", "failed"])
def test_a_canary_is_cleared_away_a_minute_later(desk, goal):
    """What it left in the outbox and the archive, or in failed/, and nothing else there."""
    (desk.folders.path("outbox") / "letter.txt").write_text("text")
    desk.deliver(goal=goal)
    desk.now = GRACE_SECONDS - 1
    desk.clearing.tick(desk.now)
    assert len(desk.lying()) > 1
    desk.now = desk.clearing.next_due()
    desk.clearing.tick(desk.now)
    assert desk.lying() == ["letter.txt"]
    assert desk.clearing.next_due() is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (NAME, b"somebody's only copy"),
        (NAME, page.picture() + b"x"),
        ("letter.png", None),
        (f"{canary_name.PREFIX}1.png", None),
        (f"x{NAME}", None),
        (f"sub/{NAME}", None),
    ],
)
def test_a_document_that_is_called_like_a_canary_is_none(claim, name, content):
    """Only the known page under a canary's name counts as one; in a folder of the inbox it does not."""
    job = claim(name, content)
    assert recognise(job) is job
    assert list(job.folder.iterdir()) == [job.folder / "scan"]


def test_a_canary_is_recognised_at_its_claim_and_stays_one(claim):
    """It waits for its text alone, and for no follow-up task; a restart finds the mark when the scan has gone."""
    job = claim(NAME, work=Work(tasks=(Task(name="summary", prompt="Sum up."),)))
    canary = recognise(job)
    assert (canary.canary, canary.work.tasks) == (True, ())
    job.source.unlink()
    assert recognise(replace(job, relative=Path())).canary


def test_a_link_with_a_canarys_name_is_no_canary(claim, tmp_path):
    """Nothing is read through it."""
    job = claim(NAME)
    job.source.rename(tmp_path / "mine.png")
    job.source.symlink_to(tmp_path / "mine.png")
    assert not recognise(job).canary


def test_a_document_that_takes_a_canarys_place_stays(desk):
    """It is looked at again before it goes: a file that somebody has put there meanwhile is theirs."""
    desk.deliver()
    (desk.folders.path("archive") / NAME).write_bytes(b"somebody's only copy")
    before = desk.lying()
    desk.now = GRACE_SECONDS
    desk.clearing.tick(desk.now)
    assert desk.lying() == before


def test_what_a_canary_left_before_a_restart_is_cleared_away(desk):
    """The next daemon finds it by its name and content."""
    desk.deliver()
    desk.deliver("letter.png")
    (desk.folders.path("archive") / NAME.replace("0", "1")).write_bytes(b"somebody's only copy")
    again = Desk(desk.folders)
    again.now = GRACE_SECONDS
    again.clearing.tick(again.now)
    assert again.lying() == ["letter.json", "letter.png", "letter.txt", NAME.replace("0", "1")]


def test_what_cannot_be_cleared_away_now_is_later(desk):
    """A folder in the way, as a share that is read-only, is met again."""
    desk.deliver()
    text = desk.folders.path("outbox") / f"{STEM}.txt"
    text.unlink()
    text.mkdir()
    desk.now = GRACE_SECONDS
    desk.clearing.tick(desk.now)
    text.rmdir()
    desk.now = desk.clearing.next_due()
    desk.clearing.tick(desk.now)
    assert desk.lying() == []


def test_a_canary_is_read_each_time_and_nothing_is_its_copy(folders, tmp_path):
    """With job.duplicates = "skip", too."""
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        size = len(page.picture())
        ledger.adopt(Original("old", Path("letter.png"), "outbox", "letter", "ab", size, 1, 1.0))
        ledger.adopt(Original("older", Path(NAME), "outbox", STEM, "ab", size, 1, 1.0))
        skipping = duplicates.Duplicates(folders, ledger, skip=True)
        for name, alike in ((NAME, []), ("copy.png", ["old"])):
            job = Job(f"j-{name}", tmp_path / name, Path(name), Config().work())
            job.source.parent.mkdir(parents=True)
            job.source.write_bytes(page.picture())
            job = recognise(job)
            assert [each.job for each in skipping._alike(job)] == alike


def test_words_are_compared_whatever_their_lines_and_case():
    """The text, set anew, is read wholly; a slip costs a word; nonsense has none of them."""
    assert page.share_read(page.TEXT, evaluation=False) == 1
    assert page.share_read(" ".join(page.TEXT.upper().split()), evaluation=False) == 1
    slip = page.share_read(page.TEXT.replace("green", "grten"), evaluation=False)
    assert page.RIGHT_SHARE < slip < 1
    assert page.share_read("a line of page 1 the end", evaluation=False) < 0.2
    assert page.share_read("", evaluation=True) == 0


def test_what_evaluation_mode_grants_is_enough():
    """The first 60 % of the text hold the words that have to be there; the first 20 % do not."""
    granted = page.TEXT[: int(len(page.TEXT) * 0.6)]
    assert page.share_read(f"{EVALUATION_LINE}\n{granted}", evaluation=True) >= page.RIGHT_SHARE
    assert page.share_read(granted, evaluation=False) < page.RIGHT_SHARE
    assert page.share_read(page.TEXT[: len(page.TEXT) // 5], evaluation=True) < page.RIGHT_SHARE


def test_without_a_daemon_nothing_is_dropped(folders):
    """The message says what to do."""
    folders.work_path.mkdir()
    now = 1.0
    written = status.Status(
        "stopped", pid=os.getpid(), version="1", root=str(folders.root_path), started_at=now, written_at=now
    )
    status.write(folders, written, folders.work_path)
    with pytest.raises(send.CanaryFailed, match=r"no daemon serves .*: start it with"):
        send.send(folders, 1)
    assert list(folders.path("inbox").iterdir()) == []


def test_a_page_that_nobody_takes_is_removed_again(folders):
    """Where no status can be read, the time limit decides."""
    with pytest.raises(send.CanaryFailed, match=r"within 0\.3 s: the daemon has not taken the page"):
        send.send(folders, 0.3)
    assert list(folders.path("inbox").iterdir()) == []


@pytest.mark.parametrize(("missing", "words"), [("outbox", "there is no outbox"), ("inbox", "there is no inbox")])
def test_missing_folder_is_told(folders, missing, words):
    """Mostly the configuration is another one than the daemon's."""
    folders.path(missing).rmdir()
    with pytest.raises(FolderUnusable, match=words):
        send.send(folders, 1)


@pytest.mark.parametrize("given", ["0", "-1", "nan", "x", "1e9"])
def test_impossible_time_limit_is_refused(given):
    """With the range that is possible."""
    command = [sys.executable, "-m", "ocrwatchd", "canary", f"--timeout={given}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 2
    assert "--timeout" in run.stderr


@pytest.mark.parametrize("given", ["soon", "0", "nan", "1e9"])
def test_a_time_limit_that_is_none_is_refused_in_words(given, capsys):
    """What would be right is said, and no name of a function."""
    with pytest.raises(SystemExit) as ended:
        main(["canary", "--timeout", given])
    assert ended.value.code == 2
    assert f"{given}: use seconds, more than 0 and at most 86400" in capsys.readouterr().err
