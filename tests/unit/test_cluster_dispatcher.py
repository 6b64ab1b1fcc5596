"""What the supervisor decides over workers on other machines: a fake clock, a real folder, no broker."""

import shutil
from pathlib import Path

import pytest

from ocrwatchd.cluster import attempts, capability, roster
from ocrwatchd.cluster.dispatcher import LOOK_S, ClusterQueue
from ocrwatchd.cluster.messages import MAX_BYTES, Card, Nudge, Order, Report, Token
from ocrwatchd.config import Queue
from ocrwatchd.ledger import LedgerFault
from ocrwatchd.model import Ending, Job, Outcome
from ocrwatchd.settings import Ocr, Work

LEASE_S = 60.0
TOKEN = Token(root="0123456789abcdef", version="1")
ANY = capability.queue_name(TOKEN.root, ())
ASPOSE = capability.queue_name(TOKEN.root, ("aspose",))


class Line:
    """Both lines to a broker that loses nothing."""

    def __init__(self):
        self.trouble = ""
        self.reconnected = 0
        self.lying = {}
        self.sent = []
        self.nudges = []

    def send(self, to, content):
        """Keep it."""
        self.sent.append(content)
        self.lying.setdefault(to, []).append(Order.model_validate_json(content))

    def empty(self, to):
        """Forget what lies there."""
        self.lying.pop(to, None)

    def receive(self):
        """The last nudge."""
        return self.nudges.pop() if self.nudges else None

    def start(self):
        """Nothing starts."""

    hang_up = close = start


class Hand:
    """A worker, played by hand."""

    def __init__(self, office, name, *offers):
        self.office = office
        self.name = name
        self.offers = offers
        self.beats = 0
        self.order = None
        self.beat()

    def beat(self, **more):
        """Show a sign of life."""
        self.beats += 1
        held = {"job": self.order.job, "attempt": self.order.attempt} if self.order else {}
        card = Card(name=self.name, version="1", beat=self.beats, offers=self.offers, **held, **more)
        roster.show(card, self.office.folder)

    def take(self, queue=ANY):
        """Begin the next attempt that lies in a queue; None where it is to be dropped."""
        self.order = self.office.line.lying[queue].pop(0)
        job = attempts.begin(self.order, self.office.folder, self.name, Work())
        if job is None:
            self.order = None
        self.beat()
        self.job = job
        return job

    def finish(self, text="read"):
        """Write a set, and say so."""
        self.job.out.mkdir()
        (self.job.out / "document.json").write_text(text, encoding="ascii")
        self.end("done", figures={"pages": 1})

    def end(self, ending, **more):
        """Say how the attempt has ended."""
        attempts.end(self.job.desk, Report(worker=self.name, ending=ending, **more))
        self.order = None
        self.beat()


class Office:
    """A supervisor's queue, its folder and its clock."""

    def __init__(self, folder: Path, size=64, **more):
        self.folder = folder
        self.now = 1000.0
        self.line = Line()
        self.started = []
        self.size = size
        self.more = more
        self.reopen()

    def reopen(self):
        """Start the supervisor anew: it knows nothing but what the folder says."""
        self.line.lying.clear()
        settings = Queue(size=self.size, lease_seconds=LEASE_S)
        rooms = TOKEN, self.folder, (self.line, self.line)
        self.queue = ClusterQueue(settings, *rooms, self.start, clock=lambda: self.now, **self.more)

    def start(self, job):
        """What the ledger does."""
        self.started.append(job.id)
        return self.started.count(job.id)

    def job(self, number=1, *, work=None, **settings):
        """A job that was claimed."""
        name = f"20260101-000000-{number:06}-abcdef"
        folder = self.folder / name
        (folder / "scan").mkdir(parents=True, exist_ok=True)
        (folder / "scan" / "a.tif").write_bytes(b"scan")
        return Job(name, folder, Path("a.tif"), work or Work(**settings))

    def add(self, job):
        """Submit a job, and let it be published."""
        assert self.queue.submit(job)
        self.turn(0)
        return job

    def turn(self, seconds=LOOK_S):
        """Let time go by."""
        self.now += seconds
        self.queue.turn()
        return [(each.job.id, each.ending) for each in self.queue.outcomes()]

    def alive(self, *hands, seconds=LEASE_S / 2, times=4):
        """Let time go by in which these workers show signs of life."""
        found = []
        for _ in range(times):
            for hand in hands:
                hand.beat()
            found += self.turn(seconds)
        return found

    @property
    def lying(self):
        """The orders that nobody has taken, by job's number and attempt."""
        return [(int(order.job[16:22]), order.attempt) for orders in self.line.lying.values() for order in orders]


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
    office.queue.turn()
    (outcome,) = office.queue.outcomes()
    assert outcome == Outcome(job, Ending.DONE, "", {"pages": 1})
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
    assert office.turn(LEASE_S - 1) == []
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


@pytest.mark.parametrize("ending", ["died", "returned", "unreadable"])
def test_trouble_is_told_once_as_it_was(office, ending):
    """The same attempt is not heard again, also by another supervisor."""
    job = office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.end(ending, reason="why", figures={"pages": 3})
    office.now += LOOK_S
    office.queue.turn()
    assert office.queue.outcomes() == [Outcome(job, Ending(ending), "why", {"pages": 3})]
    office.reopen()
    office.add(job)
    assert office.turn() == []
    assert office.lying == [(1, 2)]


def test_a_worker_that_stops_hands_its_job_to_the_next(office):
    """At once, and in its old place."""
    office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    hand.end("returned", reason="stopping", stopping=True)
    assert office.turn() == []
    assert office.lying == [(1, 2)]


def test_what_nobody_takes_is_published_again_in_growing_pauses(office):
    """An emptied broker is noticed; a full one is not flooded. It stays the same attempt."""
    office.add(office.job())
    sent_at = []
    for second in range(0, 2000, 10):
        before = len(office.line.sent)
        office.turn(10)
        sent_at += [second] * (len(office.line.sent) - before)
    assert sent_at == [50, 170, 410, 890, 1850]
    assert set(office.lying) == {(1, 1)}
    assert office.started.count(office.job().id) == 1
    hand = Hand(office, "w1")
    assert hand.take() is not None
    twin = Hand(office, "w2")
    assert twin.take() is None


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
        assert office.queue.submit(office.job(number))
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
    taken = [number for number in range(9) if office.queue.submit(office.job(number))]
    office.turn()
    assert len(office.lying) == 2
    assert taken == [0, 1]
    assert office.queue.room == 2
    assert office.queue.submit(office.job(10))
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
    assert "aspose" in office.queue.trouble
    able = Hand(office, "able", "aspose")
    assert able.take(ASPOSE).id == needy[0].id
    office.alive(plain, able, times=1)
    assert "aspose" not in office.queue.trouble


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
    starting, office.queue._starting = office.queue._starting, refuse
    with pytest.raises(LedgerFault):
        office.turn()
    assert (office.lying, office.queue.waiting) == ([], 1)
    office.queue._starting = starting
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
    assert office.queue.submit(office.job(2))
    assert office.queue.urgent == 1
    assert not office.queue.submit(office.job(3))
    assert office.queue.submit(office.job(4, priority=1))
    assert office.queue.urgent is None


def test_status_tells_who_reads_what(office):
    """From the workers' cards; figures add up over them."""
    read = []
    office.more = {"pages_read": lambda pages, seconds: read.append((pages, seconds))}
    office.reopen()
    office.add(office.job(1))
    assert office.queue.state == "no worker"
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
    assert office.queue.state == "working; 2 workers, 1 at work"
    assert read == [(2, 1.5)]
    office.turn(LEASE_S + 1)
    assert office.queue.workers == ()


def test_without_workers_people_are_told_what_to_start(office):
    """After a lease's patience, and while anything waits."""
    assert not office.queue.down
    office.turn(LEASE_S + 1)
    assert (office.queue.trouble, office.queue.down) == ("", True)
    office.add(office.job())
    assert "ocrwatchd worker" in office.queue.trouble
    office.line.trouble = "refused"
    assert "broker cannot be reached (refused)" in office.queue.trouble


def test_an_engine_that_serves_nowhere_is_told(office):
    """One worker's words stand for all."""
    office.add(office.job())
    hand = Hand(office, "w1")
    office.turn(LEASE_S + 1)
    hand.beat(trouble="no licence")
    office.turn()
    assert "w1 says: no licence" in office.queue.trouble
    Hand(office, "w2")
    office.turn()
    assert office.queue.trouble == ""
