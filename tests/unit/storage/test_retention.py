"""Originals that have been kept for as long as they were to be."""

import os
from pathlib import Path

import pytest

from ocrwatchd.core.config import schema
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.i18n import NOTHING
from ocrwatchd.storage import retention, root_folders
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.records import Original
from ocrwatchd.storage.retention import DAY_S, ROUND_SECONDS, Retention

START = 1_800_000_000.0


class House:
    """A root with originals, and two clocks."""

    def __init__(self, root, ledger, monkeypatch):
        self.folders = Folders(root=str(root))
        self.ledger = ledger
        self.now = START
        self.up = 0.0
        root_folders.prepare(self.folders)
        monkeypatch.setattr("time.time", lambda: self.now)

    def rounds(self, **days):
        """A retention with these settings."""
        settings = schema.Retention(**days)
        return Retention(self.folders, settings, self.ledger, clock=lambda: self.now)

    def keep(self, name, goal="outbox"):
        """An original that is put there now."""
        path = self.folders.path("archive" if goal == "outbox" else "failed") / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"original")
        status = path.stat()
        relative = Path(name)
        self.ledger.adopt(
            Original(name, relative, goal, relative.stem, "", status.st_size, status.st_mtime_ns, self.now)
        )
        return path

    def pass_days(self, rounds, days):
        """Let time go by, as a daemon that runs all the while does."""
        for _ in range(int(days * 24)):
            self.now += ROUND_SECONDS
            self.up += ROUND_SECONDS
            rounds.tick(self.up)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A house at a certain time."""
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        yield House(tmp_path / "root", ledger, monkeypatch)


def test_without_settings_everything_is_kept_for_ever(house):
    """By default nothing is ever due."""
    path = house.keep("a.pdf")
    rounds = house.rounds()
    assert rounds.next_due() is None
    house.now += 1000 * DAY_S
    rounds.tick(house.up)
    assert path.exists()


def test_originals_go_after_their_days_and_not_before(house):
    """The archive and failed/ have their own time; the reason goes with its scan, and nothing else goes."""
    archived = house.keep("in/a.pdf")
    failed = house.keep("b.pdf", "failed")
    note = failed.with_name("b.reason.txt")
    note.write_text("why")
    foreign = archived.with_name("people's.pdf")
    foreign.write_bytes(b"mine")
    rounds = house.rounds(archive_days=2, failed_days=4)
    house.pass_days(rounds, 1.9)
    assert archived.exists()
    house.pass_days(rounds, 0.3)
    assert not archived.exists()
    assert failed.exists()
    house.pass_days(rounds, 2)
    assert not failed.exists()
    assert not note.exists()
    assert foreign.exists()


def test_what_is_not_what_was_put_there_stays(house):
    """A file that people have changed or exchanged, and one behind a link, is theirs."""
    changed, exchanged, inside = house.keep("changed.pdf"), house.keep("exchanged.pdf"), house.keep("sub/inside.pdf")
    changed.write_bytes(b"with my remarks")
    status = exchanged.stat()
    exchanged.unlink()
    exchanged.mkdir()
    os.utime(exchanged, ns=(status.st_atime_ns, status.st_mtime_ns))
    inside.parent.rename(house.folders.root_path / "elsewhere")
    inside.parent.symlink_to(house.folders.root_path / "elsewhere")
    house.pass_days(house.rounds(archive_days=1), 2)
    assert changed.exists()
    assert exchanged.exists()
    assert inside.exists()


def test_original_that_people_have_taken_is_no_trouble(house):
    """What is gone already is not looked for again."""
    house.keep("a.pdf").unlink()
    rounds = house.rounds(archive_days=1)
    house.pass_days(rounds, 2)
    assert next(iter(rounds.troubles())).message == NOTHING
    assert house.ledger.kept("outbox", house.now, 9) == []


def test_one_that_cannot_be_removed_does_not_keep_the_others(house, monkeypatch):
    """A folder without permission is told as trouble, the rest goes, and a later round tries it again."""
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 2)
    stubborn, second, *others = [house.keep(f"{number}.pdf") for number in range(6)]
    real = os.unlink

    def unlink(name, **options):
        if name in {stubborn.name, second.name}:
            raise PermissionError(13, os.strerror(13))
        real(name, **options)

    rounds = house.rounds(archive_days=1)
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", unlink)
        house.pass_days(rounds, 1.2)
        for _ in range(10):
            rounds.tick(house.up)
        assert ".pdf is due for removal, but cannot be removed" in str(next(iter(rounds.troubles())).message)
        assert "correct the owner and the permissions" in str(next(iter(rounds.troubles())).message)
    assert not any(path.exists() for path in others)
    house.pass_days(rounds, 0.1)
    assert not stubborn.exists()
    assert not second.exists()
    assert next(iter(rounds.troubles())).message == NOTHING


@pytest.mark.parametrize("leap_days", [4000, 20_000])
def test_clock_that_leaps_forward_removes_nothing_for_a_day(house, leap_days):
    """A wrong clock must not make everything old: whoever mends it within a day loses nothing."""
    path = house.keep("a.pdf")
    rounds = house.rounds(archive_days=30)
    house.pass_days(rounds, 0.1)
    house.now += leap_days * DAY_S
    house.pass_days(rounds, 0.9)
    assert path.exists()
    house.now -= leap_days * DAY_S
    house.pass_days(rounds, 2)
    assert path.exists()


def test_clock_that_leaps_while_the_daemon_is_stopped_is_noticed_too(house):
    """The last round's clock is remembered over a restart; a day after a long absence the removing goes on."""
    path = house.keep("a.pdf")
    house.pass_days(house.rounds(archive_days=3), 0.1)
    house.now += 30 * DAY_S
    rounds = house.rounds(archive_days=3)
    house.pass_days(rounds, 0.9)
    assert path.exists()
    house.pass_days(rounds, 0.2)
    assert not path.exists()


def test_rebuilt_ledger_begins_the_time_anew(house):
    """What a lost ledger knew of ages is not guessed from the files' own times, which are the scanner's."""
    path = house.keep("a.pdf")
    os.utime(path, (0, 0))
    status = path.stat()
    house.ledger.adopt(Original("b", Path("a.pdf"), "outbox", "a", "", status.st_size, status.st_mtime_ns, 0.0))
    house.pass_days(house.rounds(archive_days=5), 4)
    assert path.exists()


def stack(house, goal="outbox"):
    """An original of two files."""
    folder = house.folders.path("archive" if goal == "outbox" else "failed") / "letter"
    folder.mkdir()
    for name in ("1.png", "2.png"):
        (folder / name).write_bytes(b"original")
        os.utime(folder / name, ns=(0, int(START) * 10**9 - int(name == "1.png") * 10**10))
    original = Original("j", Path("letter"), goal, "letter", "", 16, int(START) * 10**9, house.now)
    house.ledger.adopt(original)
    return folder


@pytest.mark.parametrize("goal", ["outbox", "failed"])
def test_an_original_of_several_files_is_removed_whole(house, goal):
    """With the note of a failed one."""
    folder = stack(house, goal)
    note = folder.with_name("letter.reason.txt")
    if goal == "failed":
        note.write_text("Why: it is blurred")
    rounds = house.rounds(archive_days=1, failed_days=1)
    house.pass_days(rounds, 2)
    assert not folder.exists()
    assert not note.exists()


@pytest.mark.parametrize("goal", ["outbox", "failed"])
def test_an_original_within_another_one_goes_first(house, goal):
    """Sub-folders of a joined folder are joined too: the outer one is removed once the inner one is."""
    folder = stack(house, goal)
    (folder / "inner").mkdir()
    (folder / "inner/3.png").write_bytes(b"3")
    os.utime(folder / "inner/3.png", ns=(0, int(START) * 10**9))
    if goal == "failed":
        (folder / "inner.reason.txt").write_text("Why: it is blurred")
    inner = Original("k", Path("letter/inner"), goal, "inner", "", 1, int(START) * 10**9, house.now)
    house.ledger.adopt(inner)
    rounds = house.rounds(archive_days=1, failed_days=1)
    house.pass_days(rounds, 2)
    house.pass_days(rounds, 1)
    assert not folder.exists()


def _more(folder):
    (folder / "3.png").write_bytes(b"")
    (folder / "3.png").rename(folder / "3.png.txt")
    (folder / "4.png").write_bytes(b"somebody's")


def _longer(folder):
    (folder / "1.png").write_bytes(b"somebody's")


def _inner(folder):
    (folder / "inner").mkdir()


def _link(folder):
    (folder / "1.png").unlink()
    (folder / "1.png").symlink_to("2.png")


def _exchange(folder):
    folder.rename(folder.with_name("other"))
    folder.symlink_to("other")


@pytest.mark.parametrize("change", [_more, _longer, _inner, _link, _exchange])
def test_an_original_of_several_files_that_people_have_changed_stays(house, change):
    """Nothing of it is removed, and nothing a link leads to."""
    folder = stack(house)
    change(folder)
    before = sorted(path.name for path in folder.resolve().iterdir())
    house.pass_days(house.rounds(archive_days=1), 2)
    assert sorted(path.name for path in folder.resolve().iterdir()) == before
