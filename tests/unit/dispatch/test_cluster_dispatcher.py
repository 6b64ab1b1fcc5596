"""What the supervisor decides over workers on other machines."""

import shutil
from dataclasses import replace
from functools import partial

import pytest

from ocrwatchd.core.attempt import Ending, Outcome, ScanFigures
from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Sheets
from ocrwatchd.dispatch.cluster import attempts, capabilities, queue_order
from ocrwatchd.dispatch.cluster.messages import MAX_BYTES, Nudge, Order
from ocrwatchd.dispatch.cluster.scan_schedule import LOOK_S
from ocrwatchd.dispatch.priority import TURN_S
from ocrwatchd.dispatch.protocol import Hooks
from ocrwatchd.storage.ledger import Ledger, LedgerFault
from tests.office import ANY, ASPOSE, LEASE_S, TOKEN, Hand, Office


@pytest.fixture
def office(tmp_path):
    """An office with nothing to do."""
    return Office(tmp_path)


def test_a_set_that_a_worker_has_finished_becomes_the_jobs_own(office):
    """The attempt was recorded before the order went out; the outcome is as an engine here would have told it."""
    job = office.add(office.job())
    assert office.started == [job.id]
    hand = Hand(office, "w1")
    hand.take()
    assert office.turn() == []
    assert office.queue.in_work == job
    hand.finish()
    office.now += LOOK_S
    office.queue.tick(office.now)
    (outcome,) = office.queue.outcomes()
    assert outcome == Outcome(job, Ending.DONE, Message(""), ScanFigures(pages=1), 1)
    assert (job.out / "document.json").read_text() == "read"
    assert (office.queue.in_work, office.queue.waiting) == (None, 0)


def test_an_order_holds_a_path_and_settings_and_nothing_of_this_machine(office):
    """The licence's path, threads and downloads are each machine's own business; the engine is settled here."""
    work = Work(ocr=Ocr(license="/etc/licence", threads=7, engine="rapidocr", languages=("deu",)))
    office.add(office.job(work=work))
    (content,) = office.line.sent
    order = Order.model_validate_json(content)
    assert (order.relative, order.work.ocr.languages, order.work.ocr.engine) == ("a.tif", ("deu",), "rapidocr")
    assert "licence" not in content
    assert order.work.ocr.threads == 0


def test_a_worker_without_signs_of_life_loses_its_job_after_a_lease(office):
    """The next attempt goes on with its pages; nobody is blamed."""
    job = office.add(office.job())
    lost = Hand(office, "lost")
    desk = lost.take().desk
    (desk / "pages").mkdir()
    (desk / "pages" / "0001.json").write_text("page", encoding="ascii")
    assert office.alive(lost) == []
    lost.beat()
    assert office.turn(LEASE_S) == []
    assert office.lying == []
    assert office.turn(2) == []
    assert office.lying == [(1, 2)]
    other = Hand(office, "other")
    assert (other.take().pages / "0001.json").read_text() == "page"
    assert office.started == [job.id, job.id]


def test_a_slow_worker_that_was_given_up_may_still_be_the_first(office):
    """The first finished set wins, whichever attempt it is of; what comes later finds no folder."""
    job = office.add(office.job())
    slow, quick = Hand(office, "slow"), Hand(office, "quick")
    slow.take()
    office.turn()
    office.turn(LEASE_S + 2)
    quick.take()
    office.turn()
    slow.finish("slow")
    assert office.turn() == [(job.id, Ending.DONE)]
    assert (job.out / "document.json").read_text() == "slow"
    shutil.rmtree(job.folder)
    with pytest.raises(FileNotFoundError):
        quick.end("done")
    assert office.turn() == []


def test_trouble_of_an_attempt_that_was_given_up_counts_nothing(office):
    """Its engine's death is not the scan's fault twice."""
    office.add(office.job())
    slow, quick = Hand(office, "slow"), Hand(office, "quick")
    slow.take()
    office.turn()
    office.turn(LEASE_S + 2)
    quick.take()
    slow.end("died", reason="killed")
    assert office.alive(quick) == []


@pytest.mark.parametrize("ending", ["died", "returned"])
def test_trouble_is_told_once_as_it_was(office, ending):
    """The same attempt is not heard again."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.end(ending, reason="why", figures={"pages": 3})
    office.now += LOOK_S
    office.queue.tick(office.now)
    assert office.queue.outcomes() == [Outcome(job, Ending(ending), Message("why"), ScanFigures(pages=3), 1)]
    office.add(job)
    assert office.turn() == []
    assert office.lying == [(1, 2)]


def test_a_death_counts_once_whenever_the_supervisor_dies(office, tmp_path):
    """Before the ledger knows of it, or after: it is told again until the next attempt has begun."""
    job = office.job()
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        ledger.claimed(job.id, job.relative)
        office.add(job)
        hand = Hand(office, "w1")
        for attempt in (1, 2):
            hand.take()
            hand.end("died", reason="why")
            for _ in range(3):
                assert office.turn() == [(job.id, Ending.DIED)]
                assert ledger.blamed(job.id, Message("why"), attempt) == attempt
                office.reopen()
                office.add(job)
            assert office.turn() == [(job.id, Ending.DIED)]
            office.add(job)
            assert office.lying == [(1, attempt + 1)]
        assert ledger.blamed(job.id, Message("why")) == ledger.entry(job.id).blamed == 3


def test_a_worker_that_stops_hands_its_job_to_the_next(office):
    """At once, and in its old place."""
    office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.end("returned", reason="stopping", stopping=True)
    assert office.turn() == []
    assert office.lying == [(1, 2)]


def test_what_nobody_takes_is_published_again_beside_a_free_worker(office):
    """The broker seems to have lost it. A full one is not flooded; it stays the same attempt."""
    office.add(office.job())
    office.turn(3 * LEASE_S)
    assert len(office.line.sent) == 1
    hand = Hand(office, "w1")
    office.alive(hand, seconds=1, times=int(LEASE_S / 2))
    assert len(office.line.sent) == 1
    office.line.lying.clear()
    office.alive(hand, seconds=1, times=int(10 * LEASE_S))
    assert len(office.line.sent) == 1 + 2 * 10
    assert "a free worker takes no jobs" in str(office.queue.trouble)
    assert office.lying == [(1, 1)]
    assert office.started.count(office.job().id) == 1
    assert hand.take() is not None
    office.turn()
    assert str(office.queue.trouble) == ""
    twin = Hand(office, "w2")
    office.line.lying.setdefault(ANY, []).append(hand.order)
    assert twin.take() is None


def test_nothing_is_published_again_while_all_workers_are_busy(office):
    """It waits for them, not for the broker. Nor is one free whose engine does not serve, or that is cut off."""
    for number in (1, 2):
        office.add(office.job(number))
    hand, broken, cut = Hand(office, "w1"), Hand(office, "w2"), Hand(office, "w3")
    hand.take()
    office.turn()
    office.line.lying.clear()
    for _ in range(int(4 * LEASE_S)):
        hand.beat()
        broken.beat(trouble="no licence")
        cut.beat(cut_off=True)
        assert office.turn() == []
    assert office.lying == []


def test_a_broker_that_was_away_gets_what_nobody_holds(office):
    """It may have lost its memory."""
    held, free = office.add(office.job(1)), office.add(office.job(2))
    hand = Hand(office, "w1")
    hand.take()
    office.turn()
    office.line.lying.clear()
    office.line.reconnected += 1
    office.turn()
    assert office.lying == [(2, 1)]
    assert office.started == [held.id, free.id]


def test_only_a_little_more_than_workers_can_do_is_published(office):
    """So that the order of the others stays ours."""
    hands = [Hand(office, f"w{number}") for number in range(4)]
    office.turn()
    for number in range(20):
        office.queue.submit(office.job(number))
    office.turn()
    assert len(office.lying) == 1 + 2 + 4
    for hand in hands:
        hand.take()
    office.turn()
    assert len(office.lying) == 1 + 2
    assert office.queue.waiting == 16


def test_no_more_than_the_queues_size_is_published(tmp_path):
    """However many workers there are."""
    office = Office(tmp_path, size=2)
    for number in range(9):
        Hand(office, f"w{number}")
    office.turn()
    for number in range(2):
        office.queue.submit(office.job(number))
    assert office.queue.room == 0
    office.turn()
    assert len(office.lying) == 2
    assert office.queue.room == 2
    office.queue.submit(office.job(10))
    office.turn()
    assert (len(office.lying), office.queue.room) == (2, 1)


def test_an_urgent_scan_goes_before_all_that_nobody_has_taken(office):
    """Also before what lies in the broker already."""
    Hand(office, "w1")
    office.turn()
    for number in (1, 2, 3):
        office.add(office.job(number))
    assert [number for number, _ in office.lying] == [1, 2]
    office.add(office.job(9, priority=1))
    assert [number for number, _ in office.lying] == [9, 1, 2]
    assert office.started.count(office.job(1).id) == 1


def test_a_long_document_makes_way_between_two_pages(office):
    """Where every worker is busy; it goes on afterwards."""
    office.add(office.job(1))
    hand = Hand(office, "w1")
    job = hand.take()
    hand.beat(page=2, pages=9)
    office.turn()
    office.add(office.job(2))
    office.turn()
    assert not (job.desk / attempts.WANTED_BACK).exists()
    office.add(office.job(3, priority=1))
    office.turn()
    assert (job.desk / attempts.WANTED_BACK).exists()
    hand.end("put-back")
    assert office.turn() == []
    assert office.lying == [(3, 1), (1, 2), (2, 1)]


def test_a_long_document_makes_way_for_its_equals_once_its_turn_is_over(office):
    """Where every worker is busy; it goes on behind those that wait, and takes no place from others."""
    office.add(office.job(1))
    hand = Hand(office, "w1")
    job = hand.take()
    hand.beat(page=2, pages=9)
    office.turn()
    for number in (2, 3):
        office.add(office.job(number))
    asked = []
    for page in range(3, 12):
        asked.append((job.desk / attempts.WANTED_BACK).exists())
        hand.beat(page=page, pages=99)
        office.turn(TURN_S / 6)
    assert (asked[5], asked[8]) == (False, True)
    hand.end("put-back")
    assert office.turn() == []
    assert [number for number, _ in office.lying] == [2, 3]
    assert office.queue.room == office.queue._settings.size


def test_follow_up_tasks_make_way(office):
    """Between two answers, as on one machine; a last page without tasks after it is brought to its end."""
    office.add(office.job(1))
    hand = Hand(office, "w1")
    job = hand.take()
    hand.beat(page=1, pages=1)
    office.turn()
    office.add(office.job(2, priority=1))
    office.turn()
    assert not (job.desk / attempts.WANTED_BACK).exists()
    hand.beat(page=1, pages=1, asking=True)
    office.turn()
    assert (job.desk / attempts.WANTED_BACK).exists()


def test_the_queue_of_who_goes_first_is_asked_first(office):
    """What few can read goes half an hour ahead, no more: nothing waits for ever, and what is urgent goes first."""
    asked = partial(queue_order.ordered, office.folder, capabilities.queues(TOKEN.root, ("aspose",)))
    special = Work(ocr=Ocr(engine="aspose"))
    assert asked() == [ASPOSE, ANY]
    hand = Hand(office, "w1", "aspose")
    office.add(office.job(1))
    office.now += queue_order.RARE_AHEAD_S - 60
    office.add(office.job(2, work=special))
    assert asked() == [ASPOSE, ANY]
    office.add(office.job(3, priority=1))
    assert asked() == [ANY, ASPOSE]
    assert Hand(office, "w2").take().id == office.job(3).id
    office.turn()
    assert asked() == [ASPOSE, ANY]
    assert hand.take(ASPOSE).id == office.job(2).id
    office.now += 120
    office.add(office.job(4, work=special))
    assert asked() == [ANY, ASPOSE]
    (office.folder / queue_order.FILE).write_text('{"queues": 5}', encoding="ascii")
    assert asked() == [ASPOSE, ANY]


def test_nothing_makes_way_for_what_is_merely_older(office):
    """A scan that a lost worker had waits for its turn like others."""
    office.add(office.job(1))
    lost = Hand(office, "lost")
    lost.take()
    office.turn()
    hand = Hand(office, "w1")
    office.turn(LEASE_S + 2)
    office.add(office.job(2))
    hand.beat()
    office.turn()
    office.line.lying[ANY].reverse()
    job = hand.take()
    assert job.id == office.job(2).id
    hand.beat(page=2, pages=9)
    office.turn()
    assert not (job.desk / attempts.WANTED_BACK).exists()


def test_a_scan_for_aspose_goes_only_to_who_has_it(office):
    """And those that need nothing are not held up by it; people are told what is missing."""
    Hand(office, "plain")
    office.turn()
    needy = [office.job(number, work=Work(ocr=Ocr(engine="aspose"))) for number in (1, 2, 3)]
    for job in needy:
        office.add(job)
    office.add(office.job(4))
    assert [order.job[21] for order in office.line.lying[ANY]] == ["4"]
    assert len(office.line.lying[ASPOSE]) == 1
    plain = Hand(office, "plain")
    office.alive(plain)
    assert "aspose" in str(office.queue.trouble)
    able = Hand(office, "able", "aspose")
    assert able.take(ASPOSE).id == needy[0].id
    office.alive(plain, able, times=1)
    assert "aspose" not in str(office.queue.trouble)


def test_after_a_restart_a_job_in_a_workers_hands_stays_there(office):
    """No attempt begins; what the worker finishes is taken, also where it has meanwhile."""
    jobs = [office.add(office.job(number)) for number in (1, 2)]
    busy, done = Hand(office, "busy"), Hand(office, "done")
    busy.take()
    office.turn()
    done.take()
    office.turn()
    done.finish()
    office.reopen()
    assert office.queue.in_work is None
    for job in jobs:
        office.add(job)
    assert office.turn() == [(jobs[1].id, Ending.DONE)]
    assert office.lying == []
    busy.finish()
    assert office.turn() == [(jobs[0].id, Ending.DONE)]
    assert len(office.started) == 2


def test_a_set_that_was_taken_before_a_crash_is_known(office):
    """Between the set's move and the ledger's row the supervisor may have died."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.finish()
    office.turn()
    office.reopen()
    office.add(job)
    assert office.turn() == [(job.id, Ending.DONE)]


def test_a_lost_ledger_does_not_give_a_number_twice(office):
    """Workers drop an order for an attempt that there was."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.end("returned")
    office.turn()
    office.started.clear()
    office.add(job)
    assert office.lying == [(1, 2)]


@pytest.mark.parametrize("what", ["nothing", "a link", "a link inside"])
def test_a_set_that_is_none_is_not_delivered(office, what):
    """A worker that says "done" without files, or with links, is not believed."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    out = hand.take().out
    if what == "a link":
        out.symlink_to("/etc")
    elif what == "a link inside":
        out.mkdir()
        (out / "document.txt").symlink_to("/etc/passwd")
    hand.end("done")
    assert office.turn() == [(job.id, Ending.RETURNED)]
    assert not job.out.exists()


@pytest.mark.parametrize("content", [b"{", b"x" * (MAX_BYTES + 1), b'{"worker": "w", "ending": "put-forth"}'])
def test_an_end_that_nobody_writes_is_nobodys_fault(office, content):
    """The scan is read again."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    (hand.take().desk / "ended.json").write_bytes(content)
    hand.order = None
    hand.beat()
    assert office.turn() == [(job.id, Ending.RETURNED)]
    office.add(job)
    assert office.lying == [(1, 2)]


def test_a_scan_that_somebody_removed_holds_nothing_up(office):
    """No worker would take it; what is known of it is for others to strike out."""
    job = office.add(office.job())
    shutil.rmtree(job.folder)
    assert office.turn() == [(job.id, Ending.RETURNED)]
    assert office.queue.waiting == 0


def test_a_nudge_is_heeded_at_once(office):
    """And one over a job that is not here, or none at all, is not."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    office.turn()
    hand.finish()
    office.line.nudges = ["{", Nudge(job=office.job(5).id).model_dump_json()]
    assert office.turn(0.1) == []
    office.line.nudges = [Nudge(job=job.id).model_dump_json()]
    assert office.turn(0.1) == [(job.id, Ending.DONE)]


def test_a_job_keeps_its_place_where_the_ledger_cannot_record_its_attempt(office):
    """Nothing is published that is not written down."""

    def refuse(_job):
        raise LedgerFault(5, "full")

    office.queue.submit(office.job())
    hooks, office.queue._hooks = office.queue._hooks, Hooks(starting=refuse)
    with pytest.raises(LedgerFault):
        office.turn()
    assert (office.lying, office.queue.waiting) == ([], 1)
    office.queue._hooks = hooks
    office.turn()
    assert office.lying == [(1, 1)]


def test_finishing_begins_nothing_and_waits_for_nobody(office):
    """Workers go on without the supervisor."""
    office.add(office.job(1))
    Hand(office, "w1").take()
    office.turn()
    office.queue.submit(office.job(2))
    office.queue.finish()
    office.turn()
    assert (office.queue.in_work, office.lying) == (None, [])


def test_a_full_queue_has_one_place_for_what_is_more_urgent(tmp_path):
    """As the queue of one machine."""
    office = Office(tmp_path, size=1)
    office.add(office.job(1))
    office.queue.submit(office.job(2))
    assert (office.queue.room, office.queue.urgent) == (0, 1)
    office.queue.submit(office.job(4, priority=1))
    assert office.queue.urgent is None


def test_status_tells_who_reads_what(office):
    """From the workers' cards; figures add up over them."""
    read = []
    office.more = {"pages_read": lambda pages, seconds: read.append((pages, seconds))}
    office.reopen()
    office.add(office.job(1))
    assert str(office.queue.status.message) == "down: no worker"
    hand = Hand(office, "w1")
    hand.take()
    hand.beat(page=2, pages=9, pages_done=4, seconds_a_page=1.5, state="working")
    office.turn()
    hand.beat(page=3, pages=9, pages_done=6, seconds_a_page=1.5, state="working")
    Hand(office, "w2")
    office.turn()
    one, two = office.queue.workers
    assert (one.name, one.job, one.page, one.pages, one.pages_done) == ("w1", "a.tif", 3, 9, 6)
    assert (two.name, two.job) == ("w2", "")
    assert str(office.queue.status.message) == "working; 2 workers, 1 at work"
    assert read == [(2, 1.5)]
    office.turn(LEASE_S + 1)
    assert office.queue.workers == ()


def test_without_workers_people_are_told_what_to_start(office):
    """After a lease's patience, and while anything waits."""
    assert not office.queue.down
    office.turn(LEASE_S + 1)
    assert (str(office.queue.trouble), office.queue.down) == ("", True)
    office.add(office.job())
    assert "ocrwatchd worker" in str(office.queue.trouble)
    office.line.trouble = "refused"
    assert "broker cannot be reached (refused)" in str(office.queue.trouble)


def test_an_engine_that_serves_nowhere_is_told(office):
    """One worker's words stand for all."""
    office.add(office.job())
    hand = Hand(office, "w1")
    office.turn(LEASE_S + 1)
    hand.beat(trouble="no licence")
    office.turn()
    assert "w1 reports: no licence" in str(office.queue.trouble)
    Hand(office, "w2")
    office.turn()
    assert str(office.queue.trouble) == ""


def test_a_scan_whose_sheets_may_ask_for_an_engine_goes_where_that_is(office):
    """Another worker would read as far as the sheet, and hand it back for ever."""
    sheets = Sheets({"": Work(), "notes": Work(ocr=Ocr(engine="aspose"))}, b"key")
    Hand(office, "w1", "aspose")
    office.add(replace(office.job(), sheets=sheets))
    assert {queue: len(orders) for queue, orders in office.line.lying.items()} == {ASPOSE: 1}
