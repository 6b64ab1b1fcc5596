"""Who is believed to be lost, and when: the supervisor's patience with workers, the share and itself."""

import threading
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import Ending, Outcome, ScanFigures
from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.i18n import Message
from ocrwatchd.dispatch.cluster import attempts, capabilities, connection, registry, transport
from ocrwatchd.dispatch.cluster.messages import Card
from ocrwatchd.dispatch.cluster.registry import Roster
from ocrwatchd.dispatch.cluster.scan_schedule import LOOK_S, Rounds
from tests.office import ANY, LEASE_S, Hand, Office


@pytest.fixture
def office(tmp_path):
    """An office with nothing to do."""
    return Office(tmp_path)


def hang(office, seconds):
    """Let time go by in which the supervisor does not get to look."""
    office.now += seconds


# -- a lease runs while somebody looks -------------------------------------------------------------------------------


def test_a_supervisor_that_stood_still_takes_nobodys_job(office):
    """What workers have shown meanwhile it has not seen."""
    office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    office.turn()
    for _ in range(3):
        hang(office, 10 * LEASE_S)
        assert office.turn() == []
    assert office.lying == []
    hand.beat()
    office.turn(LEASE_S)
    assert office.lying == []
    office.turn(LEASE_S / 2)
    assert office.lying == [(1, 2)]


@pytest.mark.parametrize("at", ["the cards", "an attempt"])
def test_a_share_that_hung_takes_nobodys_job(office, monkeypatch, at):
    """Workers could not show a sign of life either; the first look after it is as long as the hang."""
    hands = [Hand(office, name) for name in ("w1", "w2")]
    office.turn()
    for number, hand in enumerate(hands):
        office.add(office.job(number))
        hand.take()
    office.turn()
    room, name = (registry, "read") if at == "the cards" else (attempts, "ended")
    function = getattr(room, name)

    def late(*given):
        hang(office, 3 * LEASE_S)
        return function(*given)

    with monkeypatch.context() as broken:
        broken.setattr(room, name, late)
        assert office.turn() == []
    assert office.turn(LOOK_S) == []
    assert office.lying == []
    assert office.alive(*hands) == []
    assert office.lying == []


def test_a_slow_share_does_not_hold_the_loop():
    """A turn looks at some jobs, the next one goes on; then there is a pause."""
    now = [0.0]
    rounds = Rounds(LEASE_S, lambda: now[0])
    begun = []

    def begin():
        begun.append(now[0])
        return iter("abcde")

    seen = []
    while len(seen) < 3:
        assert rounds.due <= now[0]
        seen.append("")
        for each in rounds.turn(begin):
            now[0] += 0.3
            seen[-1] += each
        now[0] += 0.1
    assert seen == ["ab", "cd", "e"]
    assert begun == [0.0]
    assert rounds.due == pytest.approx(now[0] - 0.1 + LOOK_S)
    rounds.hurry()
    assert rounds.due == pytest.approx(now[0] - 0.1 + LOOK_S)


# -- after a restart -------------------------------------------------------------------------------------------------


def test_what_was_finished_is_found_at_a_restart_without_workers(office):
    """The one place for the first scan that nobody reads does not stand before it; nor is one in hands published."""
    jobs = [office.add(office.job(1))]
    hands = [Hand(office, f"w{number}") for number in range(3)]
    for number, hand in enumerate(hands, 1):
        if number > 1:
            jobs.append(office.add(office.job(number)))
        hand.take()
        office.turn()
    hands[0].finish()
    hands[1].finish()
    for name in ("w0", "w1"):
        registry.card_path(office.folder, name).unlink()
    begun = []
    office.more = {"found": begun.append}
    office.reopen()
    waits = office.job(0)
    for job in (waits, *jobs):
        office.queue.submit(job)
    assert office.turn(0) == []
    assert office.turn() == [(jobs[0].id, Ending.DONE), (jobs[1].id, Ending.DONE)]
    assert office.queue.in_work == jobs[2]
    assert office.lying == [(0, 1)]
    assert begun == jobs
    office.turn(2 * LEASE_S)
    assert office.lying == [(0, 1)]


def test_finding_takes_no_longer_than_a_turn_may(office, monkeypatch):
    """And nothing is published before all is known."""
    for number in range(9):
        office.queue.submit(office.job(number))
    made = attempts.made

    def slowly(folder):
        hang(office, 0.3)
        return made(folder)

    monkeypatch.setattr(attempts, "made", slowly)
    office.queue.tick(office.now)
    assert office.lying == []
    assert office.queue.next_due() == office.now
    while not office.lying:
        office.queue.tick(office.now)
    assert office.lying == [(0, 1)]


# -- whose word counts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("later", ["unreadable", "died"])
def test_a_finished_set_goes_before_trouble(office, later):
    """Also before that of a later attempt, told in the same moment."""
    job = office.add(office.job())
    slow, quick = Hand(office, "slow"), Hand(office, "quick")
    slow.take()
    office.turn(LEASE_S + 2)
    quick.take()
    slow.finish()
    quick.end(later, reason="why")
    assert office.turn() == [(job.id, Ending.DONE)]


def test_a_finished_set_of_a_stopping_worker_is_delivered(office):
    """It said that it was stopping, and needed not."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.job.out.mkdir()
    (hand.job.out / "document.json").write_text("read", encoding="ascii")
    hand.end("done", stopping=True)
    assert office.turn() == [(job.id, Ending.DONE)]


@pytest.mark.parametrize("ending", ["died", "returned", "put-back"])
def test_trouble_of_a_lost_attempt_counts_nothing_while_its_job_waits(office, ending):
    """A later attempt has been put back meanwhile; the next one begins."""
    office.add(office.job())
    slow, quick = Hand(office, "slow"), Hand(office, "quick")
    slow.take()
    office.turn(LEASE_S + 2)
    quick.take()
    office.turn()
    slow.end(ending, reason="why")
    quick.end("put-back")
    assert office.turn() == []
    assert office.lying == [(1, 3)]


def test_a_lost_engine_that_died_is_not_blamed_on_a_scan_that_waits(office):
    """Its worker says so before the next attempt begins."""
    waits = []
    office.more = {"holding": lambda _: bool(waits)}
    office.reopen()
    office.add(office.job())
    slow = Hand(office, "slow")
    slow.take()
    office.turn()
    waits.append("for a model")
    office.turn(LEASE_S + 2)
    assert office.queue.in_work is None
    slow.end("died", reason="why")
    waits.clear()
    assert office.turn(2 * LOOK_S) == []
    assert office.lying == [(1, 2)]


def test_a_card_that_is_not_yet_replaced_holds_no_job_that_was_put_back(office):
    """A worker tells of an attempt's end before its card does."""
    office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    office.turn()
    order = hand.order
    hand.beat = lambda: None
    hand.end("put-back")
    assert hand.order is not order
    assert office.turn() == []
    assert office.lying == [(1, 2)]


def test_an_unreadable_scan_is_known_until_it_is_set_aside(office):
    """The supervisor may die before: the scan is not read again for that."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.end("unreadable", reason="why")
    for _ in range(2):
        office.now += LOOK_S
        office.queue.tick(office.now)
        assert office.queue.outcomes() == [Outcome(job, Ending.UNREADABLE, Message("why"), ScanFigures(), 1)]
        office.reopen()
        office.add(job)


def test_workers_that_were_overtaken_are_told_to_stop(office):
    """The winner's set may wait long for a place in the outbox."""
    job = office.add(office.job())
    slow, quick = Hand(office, "slow"), Hand(office, "quick")
    late = slow.take().desk
    office.turn(LEASE_S + 2)
    quick.take()
    quick.finish()
    assert office.turn() == [(job.id, Ending.DONE)]
    assert (late / attempts.WANTED_BACK).exists()
    assert not (quick.job.desk / attempts.WANTED_BACK).exists()


def test_a_scan_that_was_removed_after_an_attempt_holds_nothing_up(office):
    """Its folder is still there; workers would drop each order."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    job.source.unlink()
    assert office.alive(hand, seconds=1) == []
    office.now -= LOOK_S
    assert office.turn(LEASE_S + 2) == [(job.id, Ending.RETURNED)]
    assert office.lying == []
    assert office.queue.waiting == 0


def test_of_two_cards_the_one_that_changed_last_holds_an_attempt(tmp_path):
    """Two workers may have begun it where a share showed one of them an old listing."""
    now = [0.0]
    known = Roster(tmp_path, LEASE_S, lambda: now[0])

    def show(name, beat):
        registry.show(Card(name=name, version="1", beat=beat, job="20260101-000000-000001-abcdef", attempt=1), tmp_path)

    show("a", 1)
    show("b", 1)
    known.look()
    now[0] = 30.0
    show("b", 2)
    known.look()
    card, changed = known.holder("20260101-000000-000001-abcdef", 1)
    assert (card.name, changed) == ("b", 30.0)


# -- who is there ----------------------------------------------------------------------------------------------------


def test_work_that_somebody_can_do_keeps_a_run_going(office):
    """Though nobody can do the rest of it, and between two scans no worker holds one."""
    plain = Hand(office, "plain")
    office.alive(plain)
    office.add(office.job(1, work=Work(ocr=Ocr(engine="aspose"))))
    office.add(office.job(2))
    assert "aspose" in str(office.queue.unavailable)
    assert not office.queue.down
    plain.take(ANY)
    plain.finish()
    plain.beat()
    office.turn()
    assert office.queue.down


def test_who_can_do_what_is_found_out_once_a_look(office, monkeypatch):
    """However many scans wait and nudges come."""
    hands = [Hand(office, f"w{number}") for number in range(8)]
    office.turn()
    asked = []
    queues = capabilities.queues
    monkeypatch.setattr(capabilities, "queues", lambda *given: asked.append(1) or queues(*given))
    for number in range(40):
        office.queue.submit(office.job(number))
    office.queue.tick(office.now)
    assert len(office.lying) == 1 + 4 + 8
    assert len(asked) <= len(hands)


def test_a_card_that_cannot_be_removed_is_not_seen_anew(tmp_path, monkeypatch):
    """Its worker went long ago, and does not come to life every ten leases."""
    now = [0.0]
    known = Roster(tmp_path, LEASE_S, lambda: now[0])
    registry.show(Card(name="a", version="1", beat=1), tmp_path)
    known.look()
    now[0] = 11 * LEASE_S

    def refuse(*_given, **_more):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", refuse)
        known.look()
        known.look()
    assert known.living == []
    known.look()
    assert not registry.card_path(tmp_path, "a").exists()


# -- a reload --------------------------------------------------------------------------------------------------------


def test_what_a_closed_line_had_left_to_say_is_not_said(monkeypatch):
    """After a reload it would empty the queues that another line has filled meanwhile."""
    answers, reached = threading.Event(), threading.Event()
    said = []

    class Broker:
        """Answers late."""

        def flush(self, queue):
            """Keep the caller waiting."""
            reached.set()
            assert answers.wait(60)
            said.append(queue)

        def close(self):
            """Nothing is open."""

    monkeypatch.setattr(connection, "LAST_WORDS_S", 0.01)
    sender = transport.Sender(Broker, ["one", "two"])
    sender.start()
    assert reached.wait(60)
    sender.empty("three")
    sender.close()
    answers.set()
    sender.join(60)
    assert said == ["one"]
