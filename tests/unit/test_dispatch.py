"""The bounded queue in front of the engine."""

from pathlib import Path

import pytest

from ocrwatchd.config import Config
from ocrwatchd.dispatch import AHEAD_S, BoundedQueue
from ocrwatchd.model import Ending, Job, Outcome, Progress


class FakeHost:
    """An engine that takes a job and says nothing until told."""

    unavailable = ""
    pid = 1
    state = "ready"
    figures = {"starts": 1}

    def __init__(self):
        self.idle = True
        self.given = []

    def give(self, job):
        """Take a job."""
        self.idle = False
        self.given.append(job)

    def turn(self):
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
    made = BoundedQueue(2, started.append, lambda hear: host)
    made.host = host
    return made


def test_full_queue_refuses(queue):
    """A queue takes as many jobs as it has places, and says so."""
    assert queue.submit(job("a"))
    assert queue.submit(job("b"))
    assert queue.room == 0
    assert not queue.submit(job("c"))


def test_one_job_at_a_time_in_order(queue):
    """The engine has one job; the next follows when it has ended."""
    first, second = job("a"), job("b")
    queue.submit(first)
    queue.submit(second)
    queue.turn()
    queue.turn()
    assert queue.host.given == [first]
    assert queue.room == 1
    queue.host.idle = True
    queue._hear(Outcome(first, Ending.DONE))
    queue.turn()
    assert queue.host.given == [first, second]
    assert queue.outcomes() == [Outcome(first, Ending.DONE)]
    assert queue.outcomes() == []


def test_a_job_that_has_to_wait_lets_the_others_go_first(started):
    """It keeps its place, and is read as soon as nothing holds it."""
    held = {"a"}
    host = FakeHost()
    queue = BoundedQueue(3, started.append, lambda hear: host, holding=lambda job: job.id in held)
    waiting, quick = job("a", priority=9), job("b")
    queue.submit(waiting)
    queue.turn()
    assert (host.given, queue.waiting) == ([], 1)
    queue.submit(quick)
    queue.turn()
    assert host.given == started == [quick]
    held.clear()
    host.idle = True
    queue._hear(Outcome(quick, Ending.DONE))
    queue.turn()
    assert host.given == [quick, waiting]


def test_priority_goes_first(queue):
    """The job with the higher priority is read first, equal ones in order of arrival."""
    queue.submit(job("book"))
    urgent = job("invoice", priority=5)
    queue.submit(urgent)
    queue.turn()
    assert queue.host.given == [urgent]


def test_nothing_waits_for_ever_behind_urgent_jobs(started):
    """A point of priority is worth an hour of waiting: what has waited longer than that goes first."""
    host, now = FakeHost(), [0.0]
    queue = BoundedQueue(9, started.append, lambda hear: host, clock=lambda: now[0])
    patient = job("book")
    queue.submit(patient)
    order = []
    for number in range(5):
        now[0] += AHEAD_S / 2 + 1
        queue.submit(job(f"invoice{number}", priority=2))
        host.idle = True
        queue.turn()
        order.append(started[-1].id)
        queue._hear(Outcome(started[-1], Ending.DONE))
    assert order == ["invoice0", "invoice1", "invoice2", "book", "invoice3"]


def test_job_whose_outcome_is_known_never_reaches_the_engine(started):
    """What was delivered before ends at once, without an attempt, and the next one follows."""
    host = FakeHost()
    known, other = job("copy"), job("other")
    outcome = Outcome(known, Ending.KNOWN)
    queue = BoundedQueue(
        3, started.append, lambda hear: host, shortcut=lambda asked: outcome if asked is known else None
    )
    queue.submit(known)
    queue.submit(other)
    queue.turn()
    assert host.given == started == [other]
    assert queue.outcomes() == [outcome]
    assert queue.waiting == 0


def test_finished_pages_are_told_and_do_not_move_the_page_in_work(started):
    """Each finished page is told with its job; people go on seeing the page that was begun last."""
    pages = []
    queue = BoundedQueue(
        2, started.append, lambda hear: FakeHost(), page_done=lambda done, page: pages.append((done.id, page))
    )
    one = job("a")
    queue._hear(Progress(one, 3, 12))
    queue._hear(Progress(one, 3, 12, done=True))
    assert pages == [("a", 3)]
    assert queue.progress == Progress(one, 3, 12)


def test_attempt_is_written_down_before_the_engine_has_the_job(queue, started):
    """No engine touches a file before its attempt is in the ledger."""
    queue.host.give = lambda given: started.append(("given", given.id))
    queue.submit(job("a"))
    queue.turn()
    assert [getattr(entry, "id", entry) for entry in started] == ["a", ("given", "a")]


def test_job_stays_queued_when_its_attempt_cannot_be_written_down(queue):
    """A ledger that fails loses no job."""

    def failing(_job):
        raise OSError("disk full")

    queue._starting = failing
    queue.submit(job("a"))
    with pytest.raises(OSError, match="disk full"):
        queue.turn()
    assert queue.host.given == []
    assert queue.waiting == 1
    assert queue.in_work is None


def test_progress_is_kept_until_the_job_ends(queue):
    """People see the page in work, and nothing once it is done."""
    one = job("a")
    queue.submit(one)
    queue.turn()
    queue._hear(Progress(one, 3, 12))
    assert queue.progress.page == 3
    queue._hear(Outcome(one, Ending.DONE))
    assert queue.progress is None
    assert queue.in_work is None


def test_nothing_is_begun_while_finishing(queue):
    """Once it is to finish, the queue hands out no job, however idle the engine is."""
    queue.submit(job("a"))
    queue.finish()
    queue.turn()
    assert queue.host.given == []
