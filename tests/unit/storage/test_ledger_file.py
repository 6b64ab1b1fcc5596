"""The ledger's file: versions, damage, locks."""

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.i18n import Message
from ocrwatchd.storage import ledger_file
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.ledger_file import SCHEMA_VERSION, DamagedLedger, OutdatedLedger
from tests.fakes.planned import planned

ROWS = 300


@pytest.fixture
def path(tmp_path):
    """Where the ledger lies."""
    return tmp_path / "ledger.sqlite3"


def filled(path):
    """A ledger with some hundred delivered scans, closed and in one file."""
    with Ledger(path) as ledger, ledger.together():
        for number in range(ROWS):
            ledger.claimed(f"job{number}", Path(f"scan {number}.pdf"), size=number)
            ledger.delivering(
                f"job{number}", "outbox", f"scan {number}", (planned(f"scan {number}", ".txt", ".json"),), Message("")
            )
            ledger.ended(f"job{number}")
    return path


def set_version(path, version):
    """Let a ledger be one of another version of ocrwatchd."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {version}")


def test_newer_schema_is_refused(path):
    """A ledger of a newer version is left alone, with a message that says so."""
    Ledger(path).close()
    set_version(path, SCHEMA_VERSION + 1)
    with pytest.raises(FolderUnusable, match="written by a newer ocrwatchd"):
        Ledger(path)


def test_older_schema_is_left_alone_and_built_anew(path):
    """A ledger of an older version cannot be used: the daemon sets it aside and builds one from the folders."""
    filled(path)
    set_version(path, SCHEMA_VERSION - 1)
    with pytest.raises(OutdatedLedger, match="an older ocrwatchd wrote it"):
        Ledger(path)
    set_version(path, SCHEMA_VERSION)
    with Ledger(path) as ledger:
        assert ledger.counts(0)["delivered"] == ROWS


def cut_in_half(path):
    """As a copy that broke off."""
    os.truncate(path, path.stat().st_size // 2)


def overwrite_with_garbage(path):
    """As another file under its name."""
    path.write_bytes(os.urandom(path.stat().st_size))


def tear_a_page(path):
    """As a write that a power cut has stopped in the middle of a page."""
    with path.open("r+b") as file:
        file.seek(2 * 4096 + 4)
        file.write(b"\xff" * 2048)


def become_another_database(path):
    """As a database of some other program."""
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE scan (something TEXT)")


def lose_a_table(path):
    """As a ledger in which somebody has tidied up."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE fact")


DAMAGES = [cut_in_half, overwrite_with_garbage, tear_a_page, become_another_database, lose_a_table]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_told_apart_and_changes_nothing(path, damage):
    """Whatever has happened to the file, it is called damaged and stays as it is."""
    damage(filled(path))
    before = path.read_bytes()
    with pytest.raises(DamagedLedger):
        Ledger(path)
    if damage is not become_another_database:  # SQLite notes its journal's mode in it
        assert path.read_bytes() == before


def test_damaged_ledger_is_set_aside_under_a_telling_name(path):
    """The file and what SQLite keeps beside it get a name that says what they are, and nothing is replaced."""
    asides = []
    for number in range(2):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).write_text(f"{number}{suffix}")
        asides.append(ledger_file.set_aside(path, "damaged"))
    assert not path.exists()
    assert asides[0] != asides[1]
    for number, aside in enumerate(asides):
        assert aside.name.startswith("ledger.damaged-")
        for suffix in ("", "-wal", "-shm"):
            assert aside.with_name(aside.name + suffix).read_text() == f"{number}{suffix}"


def test_ledger_that_another_program_holds_is_not_damaged(path):
    """A database browser that has the file locked is named as what it is, and the file stays where it is."""
    filled(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FolderUnusable, match="locked by another program"):
            Ledger(path, patience_s=0.05)
    with Ledger(path) as ledger:
        assert ledger.counts(0)["delivered"] == ROWS


def test_folder_in_the_ledgers_place_is_no_damage(path):
    """What cannot be opened at all is for people to mend."""
    path.mkdir()
    with pytest.raises(FolderUnusable, match="cannot be opened"):
        Ledger(path)


def test_ledger_without_its_log_is_the_older_one(path):
    """A copy that lacks the -wal file opens with what had been merged before."""
    ledger = Ledger(path)
    ledger.claimed("early", Path("a.pdf"))
    ledger._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.claimed("late", Path("b.pdf"))
    copied = path.with_name("copied.sqlite3")
    copied.write_bytes(path.read_bytes())
    ledger.close()
    with Ledger(copied) as older:
        assert older.entry("early") is not None
        assert older.entry("late") is None


def test_damage_found_in_use_is_remembered_and_mended_by_replacing(path):
    """A call that meets damage fails like one on a bad disk; after that an empty ledger takes the old one's place."""
    with Ledger(filled(path)) as ledger:
        ledger._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        ledger._db.execute("PRAGMA shrink_memory")
        with pytest.raises(OSError, match="malformed"):
            ledger.counts(0)
        assert "malformed" in ledger.damaged
        aside = ledger.replace()
        assert aside.exists()
        assert ledger.damaged == ""
        assert ledger.counts(0) == {"delivered": 0, "failed": 0}


@pytest.mark.parametrize("made_before", [False, True])
def test_ledger_is_closed_to_other_users(path, made_before):
    """It tells the name of every document: with the usual umask of a user too, and so what SQLite keeps beside it."""
    if made_before:
        Ledger(path).close()
        path.chmod(0o644)
    before = os.umask(0o022)
    try:
        with Ledger(path) as ledger:
            ledger.note_fact("some", "fact")
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys((path.name, f"{path.name}-wal", f"{path.name}-shm"), 0o640)
