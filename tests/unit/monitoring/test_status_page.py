"""status.html: what it says, and that it is written seldom and over nothing that is not ours."""

import os
import time
from dataclasses import replace

import pytest

from ocrwatchd.core import log
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.i18n import Message
from ocrwatchd.monitoring import status_page
from ocrwatchd.monitoring.status import Status
from ocrwatchd.monitoring.status import write as write_status
from ocrwatchd.monitoring.status_page import page, writer

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m\udcff&\"'.pdf"
NOW = 1_795_000_000.0


def status(state="running", **changes):
    """A status of a daemon that is in work."""
    base = {"pid": 2**22 - 1, "version": "1", "root": "/r", "started_at": NOW, "written_at": NOW, "in_work": "a.pdf"}
    return Status(state=state, **{**base, "page": 3, "pages": 12, "delivered_today": 7, **changes})


@pytest.fixture
def config(tmp_path):
    """A root with an outbox and a work folder."""
    made = Config.model_validate({"folders": {"root": str(tmp_path)}})
    made.folders.path("outbox").mkdir()
    made.folders.work_path.mkdir()
    return made


@pytest.fixture
def path(config):
    """Where the page lies."""
    return config.folders.path("outbox") / "status.html"


class Clock:
    """A clock to be set."""

    now = 100.0

    def __call__(self):
        """The time."""
        return self.now


def test_it_says_what_is_in_work_and_what_was_done():
    """The file with its page, how many are done and wait."""
    told = page(status(waiting=2, queued=3), NOW)
    for words in (">a.pdf<", "page 3 of 12", "<dd>7</dd>", "<dd>5</dd>", ">Running<"):
        assert words in told


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ("gone", "", "Not running since "),
        ("gone", "de", "Läuft nicht seit "),
        ("stopped", "zh", "服务已被停止。"),
        ("silent", "", "Not answering"),
        ("stopping", "de", "Wird angehalten"),
    ],
)
def test_what_does_not_run_is_told_in_the_reader_s_language(state, code, words):
    """With the time where it has one; such a page does not grow old."""
    told = page(status(state), NOW, code)
    assert words in told
    assert ('data-good-until="0"' in told) is (state != "stopping")


def test_reasons_are_told_in_the_reader_s_language():
    """With what to do about them."""
    told = page(status(failures=[("x", Message("the PDF has no pages"))]), NOW, "de")
    assert "Das PDF hat keine Seiten." in told
    assert "zurück in den Eingangsordner" in told


def test_hostile_names_and_reasons_are_inert():
    """No markup, no control characters, nothing that turns the writing's direction, nothing that is no UTF-8."""
    told = page(status(in_work=HOSTILE, failures=[(HOSTILE, Message(HOSTILE))], trouble=[Message(HOSTILE)]), NOW, "zh")
    assert told.count("<script>") == 1
    assert "&lt;script&gt;" in told
    assert not {"\u202e", "\x1b", "\udcff"} & set(told)
    told.encode("utf-8")


def test_no_script_but_its_own_may_run():
    """The policy names style and script by their hashes, and allows nothing from anywhere."""
    told = page(status(), NOW)
    assert "default-src 'none'" in told
    assert "unsafe" not in told


def test_it_is_written_seldom(config, path):
    """At once at the start, then at most every three seconds, and every minute though nothing changes."""
    clock = Clock()
    kept = writer.Keeper(config, clock)
    for clock.now, seen, words in (
        (100.0, status(), "page 3 of"),
        (101.0, status(page=4), "page 3 of"),
        (103.0, status(page=5), "page 5 of"),
        (150.0, status(page=5, written_at=NOW + 50), "page 5 of"),
    ):
        kept.show(seen)
        kept.tick(clock.now)
        assert words in path.read_text()
    before = path.stat().st_ino
    clock.now = 162.9
    kept.tick(clock.now)
    assert path.stat().st_ino == before
    clock.now = kept.next_due()
    assert clock.now == 163.0
    kept.tick(clock.now)
    assert path.stat().st_ino != before
    kept.show(status("stopped"))
    assert "Not running since" in path.read_text()


def test_it_is_written_whole_or_not_at_all(config, path):
    """With the permissions of what is delivered, and nothing left beside it."""
    writer.write(config, status())
    writer.write(config, status())
    assert [each.name for each in path.parent.iterdir()] == ["status.html"]
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "folder", "fifo"])
def test_what_is_not_ours_stays(config, path, tmp_path, kind):
    """Somebody's own file, a link and where it leads, a folder: nothing is replaced or followed."""
    aim = tmp_path / "aim"
    aim.write_text(f"<!doctype html>\n{status_page.MARK}")
    {
        "file": lambda: path.write_text("mine"),
        "link": lambda: path.symlink_to(aim),
        "dangling": lambda: path.symlink_to(tmp_path / "nowhere"),
        "folder": path.mkdir,
        "fifo": lambda: os.mkfifo(path),
    }[kind]()
    before = os.lstat(path)
    with pytest.raises(FileExistsError):
        writer.write(config, status())
    kept = writer.Keeper(config)
    kept.show(status())
    assert os.lstat(path).st_ino == before.st_ino
    assert not (tmp_path / "nowhere").exists()
    assert aim.read_text() == f"<!doctype html>\n{status_page.MARK}"


def test_nothing_is_written_where_none_is_wanted(config, path):
    """folders.status_page = false."""
    quiet = config.model_copy(update={"folders": config.folders.model_copy(update={"status_page": False})})
    kept = writer.Keeper(quiet)
    kept.show(status())
    kept.tick(time.monotonic())
    assert kept.next_due() is None
    assert not path.exists()


def test_after_a_crash_whoever_comes_says_so(config, path):
    """`status --page` tells of a daemon that has gone; of one that lives it leaves the page alone."""
    assert "no daemon has served" in writer.write_last(config)
    seen = status(root=str(config.folders.root_path), written_at=time.time())
    write_status(config.folders, replace(seen, pid=os.getpid()), config.folders.work_path)
    assert "the daemon itself" in writer.write_last(config)
    assert not path.exists()
    write_status(config.folders, seen, config.folders.work_path)
    assert str(path) in writer.write_last(config)
    assert "It ended unexpectedly." in path.read_text()
    path.unlink()
    path.write_text("mine")
    with pytest.raises(FolderUnusable, match="move it away"):
        writer.write_last(config)


def test_after_a_crash_nothing_is_written_under_an_unmounted_share(config, path):
    """The daemon has left word of the outbox's mount: without it the page would be hidden once it is back."""
    seen = status(root=str(config.folders.root_path), written_at=time.time())
    write_status(config.folders, replace(seen, outbox_mount=str(config.folders.root_path)), config.folders.work_path)
    with pytest.raises(FolderUnusable, match=f"{config.folders.root_path} is not mounted any more"):
        writer.write_last(config)
    assert not path.exists()
    write_status(config.folders, replace(seen, outbox_mount=str(writer.Keeper(config).mount)), config.folders.work_path)
    assert str(path) in writer.write_last(config)


def test_names_are_hashed_where_the_log_s_are(config, monkeypatch):
    """What the page shows of a name comes from the status, which keeps to log.names."""
    monkeypatch.setattr(log, "_hashed", True)
    shown = page(status(in_work=log.told("Mrs Smith.pdf")), NOW)
    assert "Smith" not in shown
