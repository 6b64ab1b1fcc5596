"""What the daemon remembers."""

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from ocrwatchd.core.i18n import Message
from ocrwatchd.storage.ledger import Ledger, LedgerFault
from ocrwatchd.storage.records import Original
from tests.fakes.planned import planned


@pytest.fixture
def ledger(tmp_path):
    """A new ledger, closed at the end."""
    with Ledger(tmp_path / "state" / "ledger.sqlite3") as opened:
        yield opened


def test_job_that_was_never_claimed_is_unknown(ledger):
    """A job without a row is None, not an error."""
    assert ledger.entry("nobody") is None


def test_undecodable_path_survives(ledger):
    """A path that is not valid UTF-8 comes back byte by byte."""
    relative = Path(os.fsdecode(b"b\xfcro/scan \xff.pdf"))
    ledger.claimed("j", relative)
    assert ledger.entry("j").relative == relative


def test_attempts_and_blame_are_counted_apart(ledger):
    """An attempt that was started counts against the file only once it is blamed."""
    ledger.claimed("j", Path("a.png"))
    assert [ledger.started("j"), ledger.started("j")] == [1, 2]
    assert ledger.entry("j").blamed == 0
    assert ledger.blamed("j", Message("the engine ended with SIGSEGV")) == 1


@pytest.mark.parametrize("wrong", [1e300, float("inf"), -1e300])
def test_a_delivery_at_no_possible_time_is_not_the_last_one(ledger, wrong):
    """A damaged row, or one of a clock far ahead, hides no true delivery and gives no time that nobody can show."""
    ledger.adopt(Original("j1", Path("a.png"), "outbox", "a", ended_at=wrong))
    assert ledger.last_delivery() == 0.0
    ledger.adopt(Original("j2", Path("b.png"), "outbox", "b", ended_at=1000.5))
    assert ledger.last_delivery() == 1000.5


def test_claim_twice_keeps_the_first_row(ledger):
    """A restart that finds a job again does not reset its attempts."""
    ledger.claimed("j", Path("a.png"))
    ledger.blamed("j", Message("died"))
    ledger.claimed("j", Path("a.png"))
    assert ledger.entry("j").blamed == 1


@pytest.mark.parametrize(("outcome", "state"), [("outbox", "delivered"), ("failed", "failed")])
def test_delivery_is_written_down_before_and_after(ledger, outcome, state):
    """The name and the files of a set are remembered from before the first move to the end."""
    ledger.claimed("j", Path("a.png"))
    ledger.delivering("j", outcome, "a-2", (planned("a-2", ".txt", ".json"),), Message("why"))
    entry = ledger.entry("j")
    assert (entry.state, entry.outcome, entry.name, entry.sets, str(entry.reason)) == (
        "delivering",
        outcome,
        "a-2",
        (planned("a-2", ".txt", ".json"),),
        "why",
    )
    ledger.ended("j")
    assert ledger.entry("j").state == state


def test_counts_since(ledger):
    """Scans that ended are counted from a time on; those in work are not among them."""
    for number, outcome in enumerate(["outbox", "outbox", "failed"]):
        ledger.claimed(str(number), Path(f"{number}.png"))
        ledger.delivering(str(number), outcome, str(number), (), Message("no text"))
        ledger.ended(str(number))
    ledger.claimed("w", Path("w.png"))
    assert ledger.counts(0) == {"delivered": 2, "failed": 1}
    assert ledger.counts(2**40) == {"delivered": 0, "failed": 0}
    assert [(name, reason) for _, name, reason in ledger.failures(5)] == [("2", Message("no text"))]


def test_claim_that_came_to_nothing_is_forgotten_and_no_other(ledger):
    """Only a claim can be struck out; what is on its way out stays known."""
    ledger.claimed("a", Path("a.png"))
    ledger.claimed("b", Path("b.png"))
    ledger.delivering("b", "outbox", "b", (planned("b", ".json"),), Message(""))
    assert ledger.begun() == ["a", "b"]
    ledger.forget("a")
    ledger.forget("b")
    assert ledger.entry("a") is None
    assert ledger.entry("b") is not None
    ledger.lost("b")
    assert ledger.begun() == []


def test_names_of_deliveries_under_way_are_reserved(ledger):
    """A name counts as taken from its choice until the delivery has ended, for every other job of that folder."""
    ledger.claimed("a", Path("sub/a.png"))
    ledger.delivering("a", "outbox", "a-2", (planned("a-2", ".json", folder="sub"),), Message(""))
    assert ledger.reserved("outbox", but="b") == {Path("sub/a-2")}
    assert ledger.reserved("outbox", but="a") == ledger.reserved("failed", but="b") == set()
    ledger.ended("a")
    assert ledger.reserved("outbox", but="b") == set()


def test_refusal_is_remembered_with_the_claim(ledger):
    """Why a scan is unfit survives a crash right after its claim."""
    ledger.claimed("j", Path("a.png"), Message("the upload broke off"))
    assert str(ledger.entry("j").refusal) == "the upload broke off"


def test_locked_ledger_is_an_error_of_the_disk_and_passes(tmp_path):
    """Another process that holds the ledger makes a call fail like a full disk would; the next one goes through."""
    path = tmp_path / "ledger.sqlite3"
    with Ledger(path, patience_s=0.05) as ledger, contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerFault, match="locked"):
            ledger.claimed("j", Path("a.png"))
        other.rollback()
        ledger.claimed("j", Path("a.png"))


def test_what_was_written_is_there_after_a_reopening(tmp_path):
    """Rows outlive the process."""
    path = tmp_path / "ledger.sqlite3"
    with Ledger(path) as first:
        first.claimed("j", Path("a.png"))
    with Ledger(path) as second:
        assert second.entry("j").state == "claimed"


def test_finished_pages_are_counted(ledger):
    """The furthest finished page is remembered, whatever an attempt begins with."""
    ledger.claimed("j", Path("a.pdf"))
    for page in (1, 2, 1):
        ledger.page_done("j", page)
    assert ledger._run("SELECT pages_done FROM scan", ()) == [(2,)]


def test_attempt_on_a_scan_that_is_not_known_is_an_error_of_the_ledger(ledger):
    """No attempt starts that was not written down; the caller may mend the ledger and try again."""
    with pytest.raises(LedgerFault, match="does not know"):
        ledger.started("nobody")
    with pytest.raises(LedgerFault, match="does not know"):
        ledger.blamed("nobody", Message("died"))


def test_what_is_written_together_is_there_together_or_not_at_all(ledger):
    """An error in the middle takes all of it back."""
    with contextlib.suppress(ValueError), ledger.together():
        ledger.claimed("a", Path("a.png"))
        raise ValueError
    assert ledger.entry("a") is None
    with ledger.together():
        ledger.claimed("a", Path("a.png"))
    assert ledger.entry("a") is not None


def test_facts_are_kept_and_replaced(ledger):
    """A fact has one value, and an unknown one is empty."""
    assert ledger.fact("f") == ""
    ledger.note_fact("f", "1")
    ledger.note_fact("f", "2")
    assert ledger.fact("f") == "2"


def test_adopted_original_is_kept_from_now_on(ledger, monkeypatch):
    """What was delivered before the ledger was begun counts as delivered then, and as kept from now on."""
    monkeypatch.setattr("time.time", lambda: 1000.0)
    relative = Path(os.fsdecode(b"in/a\xff.pdf"))
    ledger.adopt(Original("a", relative, "outbox", "a-2", "ab", 10, 20, ended_at=5.0))
    ledger.adopt(Original("a", Path("other"), "failed", "x"))
    assert ledger.entry("a").state == "delivered"
    assert ledger.kept("outbox", 1000.0, 9) == []
    assert ledger.kept("outbox", 1000.1, 9) == [Original("a", relative, "outbox", "a-2", "ab", 10, 20, 5.0)]
    ledger.removed("a")
    assert ledger.kept("outbox", 1000.1, 9) == []
    assert [twin.sha256 for twin in ledger.alike(10)] == ["ab"], "it was delivered all the same"


@pytest.mark.parametrize("mtime_ns", [10**21, -(10**21)])
def test_file_of_a_far_time_is_claimed(ledger, mtime_ns):
    """Who uploads a file dates it: on btrfs and tmpfs that may be further away than SQLite counts."""
    ledger.claimed("j", Path("a.png"), mtime_ns=mtime_ns)
    ledger.adopt(Original("k", Path("b.png"), "outbox", "b", mtime_ns=mtime_ns))
    assert ledger.entry("j") is not None
    assert ledger.entry("k") is not None


def test_ledger_that_is_closed_is_an_error_of_the_disk(ledger):
    """Where a damaged ledger was closed and no other one can be begun, calls fail as on a full disk."""
    ledger.close()
    with pytest.raises(LedgerFault, match="closed database"):
        ledger.entry("j")


def test_writing_together_that_cannot_be_completed_is_taken_back(ledger):
    """What comes after it is written down for good, not into what was left open."""
    ledger._db.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    ledger._db.execute("CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    ledger._db.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(LedgerFault), ledger.together():  # noqa: PT012  # the commit is what fails
        ledger.claimed("j", Path("a.png"))
        ledger._db.execute("INSERT INTO child VALUES (1)")
    assert ledger.entry("j") is None
    assert not ledger._db.in_transaction


def test_earlier_deliveries_come_before_those_under_way(ledger):
    """A copy is told as that of the oldest scan, not of another copy that is on its way out."""
    for job in ("copy", "first"):
        ledger.claimed(job, Path("a.png"), size=7)
        ledger.delivering(job, "outbox", job, (planned(job, ".json"),), Message(""))
    ledger.ended("first")
    assert [each.job for each in ledger.alike(7)] == ["first", "copy"]


def test_what_must_last_is_synced_after_what_need_not(ledger):
    """Facts that the folders tell too are not synced one by one; the way out is, also after a statement that failed."""
    synced = []
    ledger._db.set_trace_callback(lambda statement: synced.append(statement) if "synchronous" in statement else None)
    ledger.claimed("j", Path("a.pdf"))
    ledger.started("j")
    ledger.page_done("j", 1)
    ledger.recognised("j", sha256="0" * 64, pages=1, seconds=1.0)
    assert synced == ["PRAGMA synchronous = NORMAL", "PRAGMA synchronous = FULL"] * 4
    with pytest.raises(LedgerFault):
        ledger.started("unknown")
    assert synced[-1] == "PRAGMA synchronous = FULL"
    synced.clear()
    ledger.delivering("j", "outbox", "a", (planned("a", ".txt", ".json"),), Message(""))
    ledger.ended("j")
    assert synced == []
    assert ledger._db.execute("PRAGMA synchronous").fetchone() == (2,)
