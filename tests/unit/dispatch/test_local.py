"""The bounded queue in front of the engine."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import Begun, Ending, EngineStatus, Outcome, Progress
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Job
from ocrwatchd.dispatch.local import BoundedQueue
from ocrwatchd.dispatch.priority import AHEAD_S, TURN_S
from ocrwatchd.dispatch.protocol import Hooks


class FakeHost:
    """An engine that takes a job and says nothing until told."""

    unavailable = trouble = model_trouble = Message("")
    pid = 1
    status = EngineStatus("ready", starts=1)

    def __init__(self):
        self.idle = True
        self.missing = set()
        self.given = []
        self.asked = 0

    def lacks(self, llm):
        """Whether it is still fetched."""
        return llm.model in self.missing

    def give(self, job):
        """Take a job."""
        self.idle = False
        self.given.append(job)

    def put_back(self):
        """It will be told what comes of it."""
        self.asked += 1

    def tick(self, now):
        """Nothing to look after."""

    def next_due(self):
        """Nothing is due."""
        return

    def finish(self):
        """Nothing to finish."""


def job(name, priority=0):
    """A job that nobody touches."""
    work = Config().work().model_copy(update={"priority": priority})
    return Job(name, Path("/nowhere", name), Path(f"{name}.png"), work)


@pytest.fixture
def started():
    """The jobs whose attempts have been written down."""
    return []


@pytest.fixture
def queue(started):
    """A queue of two places with an idle engine."""
    host = FakeHost()
    made = BoundedQueue(2, Hooks(starting=started.append), lambda hear: host)
    made.host = host
    return made


def test_full_queue_says_that_it_has_no_room(queue):
    """Nothing more is claimed then; what was claimed before a restart is taken all the same."""
    rooms = []
    for name in "abc":
        queue.submit(job(name))
        rooms.append(queue.room)
    assert rooms == [1, 0, -1]
    assert queue.urgent is None
    assert queue.waiting == 3


def test_a_job_that_is_submitted_late_in_a_tick_is_given_at_the_next_one_at_once(queue):
    """The loop does not sleep over a job that comes back while the engine is free."""
    queue.tick(0.0)
    assert queue.next_due() is None
    queue.submit(job("a"))
    assert queue.next_due() == 0.0
    queue.tick(0.0)
    assert ([each.id for each in queue.host.given], queue.next_due()) == (["a"], None)


def test_one_job_at_a_time_in_order(queue):
    """The engine has one job; the next follows when it has ended."""
    first, second = job("a"), job("b")
    queue.submit(first)
    queue.submit(second)
    queue.tick(time.monotonic())
    queue.tick(time.monotonic())
    assert queue.host.given == [first]
    assert queue.room == 1
    queue.host.idle = True
    queue._hear(Outcome(first, Ending.DONE))
    queue.tick(time.monotonic())
    assert queue.host.given == [first, second]
    assert queue.outcomes() == [Outcome(first, Ending.DONE)]
    assert queue.outcomes() == []


def test_a_job_that_has_to_wait_lets_the_others_go_first(started):
    """It keeps its place, and is read as soon as nothing holds it."""
    held = {"a"}
    host = FakeHost()
    queue = BoundedQueue(3, Hooks(starting=started.append, holding=lambda job: job.id in held), lambda hear: host)
    waiting, quick = job("a", priority=9), job("b")
    queue.submit(waiting)
    queue.tick(time.monotonic())
    assert (host.given, queue.waiting) == ([], 1)
    queue.submit(quick)
    queue.tick(time.monotonic())
    assert host.given == started == [quick]
    held.clear()
    host.idle = True
    queue._hear(Outcome(quick, Ending.DONE))
    queue.tick(time.monotonic())
    assert host.given == [quick, waiting]


def test_a_job_whose_model_is_not_here_yet_lets_the_others_go_first(queue):
    """Nor does one that is read make way for it."""
    queue.host.missing.add("large")
    waiting, quick = job("a", priority=9), job("b")
    large = waiting.work.llm.model_copy(update={"model": "large"})
    waiting = replace(waiting, work=waiting.work.model_copy(update={"llm": large}))
    for each in (waiting, quick):
        queue.submit(each)
    queue.tick(time.monotonic())
    queue._hear(Progress(quick, 1, 9))
    queue.tick(time.monotonic())
    assert (queue.host.given, queue.host.asked) == ([quick], 0)
    queue.host.missing.clear()
    queue.tick(time.monotonic())
    assert queue.host.asked == 1
    queue.host.idle = True
    queue._hear(Outcome(quick, Ending.DONE))
    queue.tick(time.monotonic())
    assert queue.host.given == [quick, waiting]


def test_priority_goes_first(queue):
    """The job with the higher priority is read first, equal ones in order of arrival."""
    queue.submit(job("book"))
    urgent = job("invoice", priority=5)
    queue.submit(urgent)
    queue.tick(time.monotonic())
    assert queue.host.given == [urgent]


def test_nothing_waits_for_ever_behind_urgent_jobs(started):
    """A point of priority is worth an hour of waiting: what has waited longer than that goes first."""
    host, now = FakeHost(), [0.0]
    queue = BoundedQueue(9, Hooks(starting=started.append), lambda hear: host, clock=lambda: now[0])
    patient = job("book")
    queue.submit(patient)
    order = []
    for number in range(5):
        now[0] += AHEAD_S / 2 + 1
        queue.submit(job(f"invoice{number}", priority=2))
        host.idle = True
        queue.tick(now[0])
        order.append(started[-1].id)
        queue._hear(Outcome(started[-1], Ending.DONE))
    assert order == ["invoice0", "invoice1", "invoice2", "book", "invoice3"]


def test_job_whose_outcome_is_known_never_reaches_the_engine(started):
    """What was delivered before ends at once, without an attempt, and the next one follows."""
    host = FakeHost()
    known, other = job("copy"), job("other")
    outcome = Outcome(known, Ending.KNOWN)
    hooks = Hooks(starting=started.append, shortcut=lambda asked: outcome if asked is known else None)
    queue = BoundedQueue(3, hooks, lambda hear: host)
    queue.submit(known)
    queue.submit(other)
    queue.tick(time.monotonic())
    assert host.given == started == [other]
    assert queue.outcomes() == [outcome]
    assert queue.waiting == 0


def test_finished_pages_are_told_and_do_not_move_the_page_in_work(started):
    """Each finished page is told with its job; people go on seeing the page that was begun last."""
    pages = []
    hooks = Hooks(starting=started.append, page_done=lambda done, page: pages.append((done.id, page)))
    queue = BoundedQueue(2, hooks, lambda hear: FakeHost())
    one = job("a")
    queue._hear(Progress(one, 3, 12))
    queue._hear(Progress(one, 3, 12, done=True))
    assert pages == [("a", 3)]
    assert queue.progress == Progress(one, 3, 12)


def test_attempt_is_written_down_before_the_engine_has_the_job(queue, started):
    """No engine touches a file before its attempt is in the ledger."""
    queue.host.give = lambda given: started.append(("given", given.id))
    queue.submit(job("a"))
    queue.tick(time.monotonic())
    assert [getattr(entry, "id", entry) for entry in started] == ["a", ("given", "a")]


def test_job_stays_queued_when_its_attempt_cannot_be_written_down(queue):
    """A ledger that fails loses no job."""

    def failing(_job):
        raise OSError("disk full")

    queue._hooks = Hooks(starting=failing)
    queue.submit(job("a"))
    with pytest.raises(OSError, match="disk full"):
        queue.tick(time.monotonic())
    assert queue.host.given == []
    assert queue.waiting == 1
    assert queue.in_work is None


def test_progress_is_kept_until_the_job_ends(queue):
    """People see the page in work, and nothing once it is done."""
    one = job("a")
    queue.submit(one)
    queue.tick(time.monotonic())
    queue._hear(Progress(one, 3, 12))
    assert queue.progress.page == 3
    queue._hear(Outcome(one, Ending.DONE))
    assert queue.progress is None
    assert queue.in_work is None


def test_nothing_is_begun_while_finishing(queue):
    """Once it is to finish, the queue hands out no job, however idle the engine is."""
    queue.submit(job("a"))
    queue.finish()
    queue.tick(time.monotonic())
    assert queue.host.given == []


class Office:
    """A queue, and an engine whose every word the test says."""

    def __init__(self, size=9, **options):
        self.now, self.started, self.host = 0.0, [], FakeHost()
        hooks = Hooks(starting=self.started.append, **options)
        self.queue = BoundedQueue(size, hooks, lambda hear: self.host, clock=lambda: self.now)

    def add(self, *jobs):
        """Queue, and have a turn."""
        for each in jobs:
            self.queue.submit(each)
        self.queue.tick(self.now)
        return self

    def read(self, page, pages):
        """A page of the job in work begins."""
        self.queue._hear(Progress(self.queue.in_work, page, pages))
        self.queue.tick(self.now)
        return self.host.asked

    def end(self, ending=Ending.DONE):
        """The job in work ends."""
        self.host.idle = True
        self.queue._hear(Outcome(self.queue.in_work, ending))
        self.queue.tick(self.now)

    @property
    def given(self):
        """What the engine was given, by name."""
        return [each.id for each in self.host.given]


def test_a_book_makes_way_for_an_urgent_scan_and_goes_on_at_its_next_page():
    """It is asked for once; no attempt begins or ends over that, and nobody but the status hears of it."""
    office = Office().add(job("book"))
    office.read(3, 12)
    office.add(job("plain"), job("invoice", 5))
    office.queue.tick(office.now)
    assert (office.host.asked, office.given) == (1, ["book"])
    office.end(Ending.PUT_BACK)
    assert office.given == ["book", "invoice"]
    assert office.queue.outcomes() == []
    assert (office.queue.progress, office.queue.waiting) == (None, 2)
    assert str(office.queue.status.message) == "ready; book.png goes on afterwards, with page 4 of 12"
    office.end()
    assert office.given == ["book", "invoice", "book"]
    assert str(office.queue.status.message) == "ready"
    office.read(4, 12)
    office.end()
    assert office.given[-1] == "plain"
    assert [each.id for each in office.started] == ["book", "invoice", "plain"]
    assert [(each.job.id, each.ending) for each in office.queue.outcomes()] == [
        ("invoice", Ending.DONE),
        ("book", Ending.DONE),
    ]


def test_a_stack_with_an_urgent_sheet_makes_way_no_longer():
    """The sheet's priority is that of the job from then on, also where it was asked back before."""
    office = Office().add(job("stack"))
    office.queue._hear(Begun(office.queue.in_work, "page", 5))
    office.read(3, 12)
    office.add(job("invoice", 5))
    office.queue.tick(office.now)
    assert office.host.asked == 0
    assert office.queue.in_work.work.priority == 5


@pytest.mark.parametrize("priority", [0, 2])
def test_a_book_makes_way_for_none_of_its_own_priority(priority):
    """Nor for a lower one, nor for one that has waited longer than it, before its turn is over."""
    held = {"early"}
    office = Office(holding=lambda asked: asked.id in held)
    office.add(job("early", priority))
    office.now += 9 * AHEAD_S
    office.add(job("book", priority))
    office.now += TURN_S - 1
    held.clear()
    office.add(job("late", priority), job("least", -9))
    assert office.read(2, 9) == 0
    assert office.given == ["book"]


def test_a_book_makes_way_for_all_that_wait_once_its_turn_is_over():
    """For none that comes later, nor for what its lower priority lets wait; then the book has another turn."""
    office = Office().add(job("book", 1), job("letter", 1), job("early", 0), job("least", -9))
    office.now += TURN_S / 2
    assert office.read(2, 99) == 0
    office.now += TURN_S / 2
    assert office.read(3, 99) == 1
    office.end(Ending.PUT_BACK)
    assert office.given == ["book", "letter"]
    office.add(job("late", 1))
    office.end()
    assert office.given == ["book", "letter", "book"]
    office.now += TURN_S
    assert office.read(4, 99) == 2
    office.end(Ending.PUT_BACK)
    assert office.given[-1] == "late"
    office.end()
    office.now += AHEAD_S
    assert office.read(5, 99) == 3
    office.end(Ending.PUT_BACK)
    assert office.given[-1] == "early"
    assert [each.id for each in office.started] == ["book", "letter", "late", "early"]


def test_a_turn_counts_on_when_an_urgent_scan_interrupts_it():
    """However often urgent scans come, the others have their turn."""
    office = Office().add(job("book"), job("letter"))
    for number in (1, 2):
        office.now += TURN_S * 0.6
        office.read(number, 99)
        office.add(job(f"invoice{number}", 5))
        office.end(Ending.PUT_BACK)
        office.end()
    assert office.given == ["book", "invoice1", "book", "invoice2", "letter"]


def test_long_documents_take_no_place_in_the_queue_from_others():
    """Whoever sends as many as there are places would let all others wait in the inbox, for hours."""
    office = Office(size=1).add(job("book1")).add(job("book2"))
    office.read(1, 99)
    office.now += TURN_S
    office.read(2, 99)
    office.end(Ending.PUT_BACK)
    assert (office.given, office.queue.room, office.queue.waiting) == (["book1", "book2"], 1, 1)
    office.add(job("letter"))
    office.now += TURN_S
    office.read(2, 99)
    office.end(Ending.PUT_BACK)
    office.now += TURN_S
    office.read(4, 99)
    office.end(Ending.PUT_BACK)
    assert office.given == ["book1", "book2", "book1", "letter"]


def test_nothing_makes_way_without_a_further_page():
    """One page, the last page, and a job of which no page was begun yet."""
    office = Office().add(job("book")).add(job("invoice", 5))
    assert office.host.asked == 0
    assert office.read(1, 1) == 0
    assert office.read(9, 9) == 0
    assert office.read(8, 9) == 1


def test_a_letter_makes_way_between_its_tasks():
    """After its last page too, but not while it is written; and once more where it goes on without reading a page."""
    office = Office().add(job("letter"))
    office.read(1, 1)
    office.add(job("invoice", 5))

    def begin(step):
        office.queue._hear(Begun(office.queue.in_work, step))
        office.queue.tick(office.now)
        return office.host.asked

    assert [begin(step) for step in ("write", "task", "task")] == [0, 1, 1]
    office.end(Ending.PUT_BACK)
    assert office.given == ["letter", "invoice"]
    assert str(office.queue.status.message) == "ready; letter.png goes on afterwards, with its follow-up tasks"
    office.end()
    office.add(job("other", 5))
    assert [begin(step) for step in ("open", "task", "write")] == [1, 2, 2]
    office.end(Ending.PUT_BACK)
    assert office.given == ["letter", "invoice", "letter", "other"]
    assert [each.id for each in office.started] == ["letter", "invoice", "other"]


def test_nothing_makes_way_for_what_cannot_be_read_yet_nor_at_a_stop():
    """A job that waits for its model, or for its hash, is not waited for."""
    held = {"invoice"}
    office = Office(holding=lambda asked: asked.id in held).add(job("book")).add(job("invoice", 5))
    assert office.read(1, 9) == 0
    office.host.finish = lambda: None
    held.clear()
    office.queue.finish()
    assert office.read(2, 9) == 0


def test_a_book_that_made_way_needs_no_leave_to_go_on():
    """What is asked before an attempt was asked before: it is not hashed again, nor does it wait for a better model."""
    asked = []
    office = Office(holding=lambda each: bool(asked.append(each.id))).add(job("book"))
    office.read(1, 9)
    office.add(job("invoice", 5))
    office.end(Ending.PUT_BACK)
    office.end()
    assert office.given == ["book", "invoice", "book"]
    assert asked.count("book") == 1


def test_the_more_urgent_interrupts_the_urgent():
    """Whoever made way goes on in the order of priorities."""
    office = Office().add(job("book"))
    office.read(1, 9)
    office.add(job("letters", 1))
    office.end(Ending.PUT_BACK)
    office.read(1, 9)
    office.add(job("alarm", 2))
    office.end(Ending.PUT_BACK)
    assert str(office.queue.status.message).count("goes on afterwards") == 2
    office.end()
    office.end()
    assert office.given == ["book", "letters", "alarm", "letters", "book"]


def test_a_book_comes_to_its_end_under_a_steady_stream_of_urgent_scans():
    """Each turn brings it on by a page; and after the hours that the difference is worth it makes way no more."""
    office = Office(size=99).add(job("book"))
    page = asked = 0
    while office.queue.in_work.id == "book" and page < 99:
        page += 1
        office.read(page, 99)
        office.add(job(f"invoice{page}", 2))
        if office.host.asked == asked:
            continue
        asked = office.host.asked
        office.end(Ending.PUT_BACK)
        assert office.given[-1] == f"invoice{page}"
        office.now += AHEAD_S / 10
        office.end()
    assert (asked, page) == (20, 99)
    assert [each.id for each in office.started].count("book") == 1


@pytest.mark.parametrize("ending", [Ending.DIED, Ending.RETURNED, Ending.DONE, Ending.UNREADABLE])
def test_what_ends_otherwise_while_it_was_asked_for_has_ended(ending):
    """A death counts, a full disk waits, as ever; the next one to be given is not taken for asked."""
    office = Office().add(job("book"))
    office.read(1, 9)
    office.add(job("invoice", 5))
    office.end(ending)
    assert [each.ending for each in office.queue.outcomes()] == [ending]
    assert office.given == ["book", "invoice"]
    office.add(job("alarm", 6))
    assert office.read(1, 9) == 2


def test_a_full_queue_has_one_place_for_what_interrupts():
    """Where everything waits behind a book, an urgent scan is taken all the same, and only one of them."""
    office = Office(size=1).add(job("book"))
    assert office.queue.urgent == 1
    office.add(job("next"))
    office.read(1, 9)
    assert (office.queue.room, office.queue.urgent) == (0, 1)
    office.add(job("invoice", 5))
    assert (office.queue.room, office.queue.urgent, office.host.asked) == (-1, None, 1)
    office.end(Ending.PUT_BACK)
    assert (office.given, office.queue.room) == (["book", "invoice"], -1)
    office.end()
    assert (office.queue.room, office.queue.urgent) == (0, 1)
    office.end()
    assert (office.given, office.queue.urgent) == (["book", "invoice", "book", "next"], 1)
    office.end()
    assert office.queue.urgent is None
