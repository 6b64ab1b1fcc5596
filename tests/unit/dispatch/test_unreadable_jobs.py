"""What the supervisor cannot see, or cannot say: a job's folder, the workers' cards, the broker."""

import errno
import os
from itertools import repeat
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import Ending
from ocrwatchd.dispatch.cluster import attempts, messages, registry
from ocrwatchd.dispatch.cluster.messages import Nudge
from ocrwatchd.dispatch.cluster.scan_schedule import LOOK_S, MOST_NUDGES
from tests.office import LEASE_S, TOKEN, Hand, Office


@pytest.fixture
def office(tmp_path):
    """An office with nothing to do."""
    return Office(tmp_path)


def fail(monkeypatch, room, name, where, number=errno.EIO):
    """Let a call fail where a path has this in it, until undone."""
    whole = getattr(room, name)

    def failing(*given, **more):
        if any(where in str(each) for each in given):
            raise OSError(number, os.strerror(number), str(next(each for each in given if where in str(each))))
        return whole(*given, **more)

    monkeypatch.setattr(room, name, failing)


def test_a_job_whose_folder_cannot_be_read_is_told_after_a_lease(office, monkeypatch):
    """With its scan and what to do; and taken back when it heals."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    assert office.alive(hand) == []
    hand.finish()
    with monkeypatch.context() as broken:
        fail(broken, attempts, "read", job.id)
        assert office.alive(hand, times=1) == []
        assert str(office.queue.trouble) == ""
        assert office.alive(hand) == []
        trouble = str(office.queue.trouble)
        assert "a.tif" in trouble
        assert str(job.folder) in trouble
        assert "Input/output error" in trouble
        assert "check that disk" in trouble
    assert office.turn() == [(job.id, Ending.DONE)]
    assert str(office.queue.trouble) == ""


def test_a_set_that_cannot_be_taken_is_told(office, monkeypatch):
    """It is there, and its job waits for nothing else."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.finish()
    with monkeypatch.context() as broken:
        fail(broken, Path, "rename", "/out", errno.EACCES)
        assert office.alive(hand) == []
        assert "a.tif" in str(office.queue.trouble)
    assert office.turn() == [(job.id, Ending.DONE)]
    assert str(office.queue.trouble) == ""


def test_a_waiting_job_whose_folder_cannot_be_read_is_told(office):
    """It cannot be published; others are, and it goes on when what is in the way has gone."""
    job = office.job(1)
    (job.folder / "attempts").symlink_to("elsewhere")
    office.add(job)
    office.add(office.job(2))
    assert office.lying == [(2, 1)]
    office.turn(LEASE_S + 2)
    assert "remove it" in str(office.queue.trouble)
    assert str(job.folder) in str(office.queue.trouble)
    (job.folder / "attempts").unlink()
    office.turn()
    assert office.lying == [(1, 1), (2, 1)]
    assert "remove it" not in str(office.queue.trouble)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_a_later_attempt_has_finished_is_delivered(office, monkeypatch, restarted):
    """Though the end of an earlier one can never be read."""
    job = office.add(office.job())
    lost, other = Hand(office, "lost"), Hand(office, "other")
    desk = lost.take().desk
    office.turn()
    office.turn(LEASE_S + 2)
    fail(monkeypatch, attempts, "read", str(desk))
    other.take()
    assert office.alive(other) == []
    other.finish("other")
    if restarted:
        office.reopen()
        office.add(job)
    assert office.turn() == [(job.id, Ending.DONE)]
    assert (job.out / "document.json").read_text() == "other"


@pytest.mark.parametrize("where", ["all", "each"])
def test_workers_whose_cards_cannot_be_read_lose_nothing(office, monkeypatch, where):
    """Nobody knows whether they live; people are told, and a lease goes on when cards are seen again."""
    office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    office.turn()
    with monkeypatch.context() as broken:
        if where == "all":
            fail(broken, registry.os, "scandir", ".workers", errno.ESTALE)
        else:
            fail(broken, messages.safe_open, "open_regular", ".workers", errno.ESTALE)
        assert office.turn(10 * LEASE_S) == []
        assert "heartbeats cannot be read: Stale" in str(office.queue.trouble)
    assert office.turn() == []
    assert office.lying == []
    assert office.alive(hand) == []
    assert str(office.queue.trouble) == ""
    office.turn(2 * LEASE_S)
    assert office.lying == [(1, 2)]


def test_a_card_that_nobody_writes_so_keeps_no_job(office):
    """A link, as the only card, is not a share that is away: its worker is lost after the lease."""
    office.add(office.job())
    Hand(office, "w1").take()
    office.turn()
    card = registry.card_path(office.folder, "w1")
    card.unlink()
    card.symlink_to("elsewhere")
    office.turn(LEASE_S + 2)
    assert office.lying == [(1, 2)]
    assert "heartbeats" not in str(office.queue.trouble)


def test_cards_are_read_as_far_as_one_goes(office):
    """The longest that a worker writes is seen; what goes on for ever is not read."""
    words = "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * messages.LONGEST_REASON
    hand = Hand(office, "w1")
    hand.beat(state=words, trouble=words)
    card = registry.card_path(office.folder, "w1")
    endless = card.read_text(encoding="ascii").replace('"w1"', '"w2"') + " " * registry.MOST_CARD_BYTES
    card.with_name("w2.json").write_text(endless, encoding="ascii")
    office.turn()
    assert [worker.name for worker in office.queue.workers] == ["w1"]


def test_nudges_without_end_do_not_hold_the_loop(office):
    """Whoever reaches the broker may send them."""
    job = office.add(office.job())
    nudges = repeat(Nudge(job=job.id).model_dump_json())
    heard = []
    office.line.receive = lambda: heard.append(1) or next(nudges)
    office.turn(0)
    assert len(heard) == MOST_NUDGES


def test_a_broker_that_is_away_is_told_when_it_is_back(office):
    """And not again and again for as long as it is away: that would add up to no end of messages."""
    hand = Hand(office, "w1")
    office.turn()
    office.line.trouble = "refused"
    for number in (1, 2):
        office.add(office.job(number))
    for _ in range(int(4 * LEASE_S)):
        hand.beat()
        office.turn()
    assert office.line.sent == []
    office.line.trouble = ""
    office.turn(2 * LOOK_S)
    assert office.lying == [(1, 1), (2, 1)]
    assert len(office.line.sent) == 2


def test_a_run_ends_where_the_broker_stays_away(office):
    """Workers are there and can be given nothing; what one of them holds is waited for."""
    hand = Hand(office, "w1")
    office.add(office.job(1))
    office.add(office.job(2))
    hand.take()
    office.line.trouble = "refused"
    office.alive(hand)
    office.alive(hand)
    assert "refused" in str(office.queue.unavailable)
    assert str(office.queue.trouble).count("refused") == 1
    assert not office.queue.down
    hand.finish()
    office.turn()
    assert office.queue.down
    office.line.trouble = ""
    office.turn()
    assert not office.queue.down


def test_a_work_folder_that_was_made_anew_gets_the_token(office):
    """Workers would find no supervisor there; what is no folder of this root gets none."""
    office.turn()
    assert not (office.folder / registry.CLUSTER_FILE).exists()
    (office.folder / "root-id").write_text(f"{TOKEN.root}\n", encoding="ascii")
    office.turn()
    assert messages.read(messages.Token, office.folder / registry.CLUSTER_FILE) == TOKEN


def test_a_run_ends_where_nothing_that_is_left_can_be_looked_at(office):
    """Somebody has to mend that."""
    job = office.job(1)
    (job.folder / "attempts").write_text("x", encoding="ascii")
    hand = Hand(office, "w1")
    office.add(job)
    office.add(office.job(2))
    assert office.alive(hand) == []
    assert not office.queue.down
    hand.take()
    hand.finish()
    office.turn()
    assert office.queue.down
    assert "remove it" in str(office.queue.trouble)
    assert str(office.queue.unavailable) == ""


def test_a_token_that_lies_there_stays(tmp_path):
    """Workers read it with each order; and a disk may be full."""
    token = registry.write_token(tmp_path, TOKEN.root, LEASE_S)
    before = (tmp_path / registry.CLUSTER_FILE).stat()
    assert registry.write_token(tmp_path, TOKEN.root, LEASE_S) == token
    assert os.path.samestat((tmp_path / registry.CLUSTER_FILE).stat(), before)
    assert registry.write_token(tmp_path, TOKEN.root, LEASE_S + 1) == registry.read_token(tmp_path) != token
