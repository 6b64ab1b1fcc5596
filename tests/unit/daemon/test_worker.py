"""A worker's own doings: how it begins an attempt, shows that it lives, and what it does where something fails."""

import os
import selectors
import shutil
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from redis.exceptions import ResponseError

from ocrwatchd.core.attempt import Begun, Ending, Outcome, Progress
from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.config.profile import Llm, Work
from ocrwatchd.core.config.schema import Config, Folders, Queue
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.core.fs import safe_open
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Job
from ocrwatchd.daemon.wakeup import SignalWakeup
from ocrwatchd.daemon.worker import Worker
from ocrwatchd.dispatch.cluster import attempts, broker, connection, registry, setup, transport, worker_orders
from ocrwatchd.dispatch.cluster.heartbeat import Presence
from ocrwatchd.dispatch.cluster.messages import MAX_BYTES, Order, Report, Token
from ocrwatchd.dispatch.cluster.worker_orders import Orders
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.host.engine_host import EngineHost
from ocrwatchd.engine.protocol import Step
from ocrwatchd.storage import outbox
from tests.e2e.running import await_that

TOKEN = Token(root="0123456789abcdef", version="1")
JOB = "20260101-000000-000001-abcdef"
STRANGE = ({"root": "f" * 16}, {"version": "0.0.7"})


def order(folder: Path, attempt=1, name=JOB):
    """An order for a scan that lies there."""
    source = folder / name / "scan" / "a.tif"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(b"scan")
    return Order.of(Job(name, folder / name, Path("a.tif"), Work()), attempt, TOKEN)


def test_one_of_two_that_do_not_see_each_other_has_the_attempt(tmp_path, monkeypatch):
    """A share may show a listing that is a minute old; a folder is made but once."""
    first = attempts.begin(order(tmp_path), tmp_path, "w1", Work())
    with monkeypatch.context() as stale:
        stale.setattr(attempts, "made", lambda _: [])
        assert attempts.begin(order(tmp_path), tmp_path, "w2", Work()) is None
    assert [(each.number, each.worker, each.folder) for each in attempts.made(first.folder)] == [(1, "w1", first.desk)]


def test_a_number_that_was_taken_is_an_attempt_though_nothing_came_of_it(tmp_path):
    """Its worker was killed in the middle: a later one gets the next number."""
    sent = order(tmp_path)
    (tmp_path / JOB / "attempts" / "1").mkdir(parents=True)
    (found,) = attempts.made(tmp_path / JOB)
    assert (found.number, found.worker, attempts.ended(found)) == (1, attempts.NOBODY, None)
    assert attempts.begin(sent, tmp_path, "w1", Work()) is None
    assert attempts.begin(order(tmp_path, 2), tmp_path, "w1", Work()) is not None


def test_a_worker_lives_while_it_takes_over_pages(tmp_path, monkeypatch):
    """From the moment that the attempt is its own; also by copy, where the share knows no links."""
    pages = tmp_path / JOB / "pages"
    pages.mkdir(parents=True)
    for page in range(3 * attempts.INHERITED_AT_ONCE):
        (pages / f"{page:04}.json").write_text(str(page), encoding="ascii")
    monkeypatch.setattr(os, "link", fails)
    seen = []
    desk = tmp_path / JOB / "attempts"
    job = attempts.begin(order(tmp_path), tmp_path, "w1", Work(), lambda: seen.append(len([*desk.rglob("*.json")])))
    assert [seen[0], len(seen)] == [0, 4]
    assert {each.name: each.read_text() for each in job.pages.iterdir()} == {
        each.name: each.read_text() for each in pages.iterdir()
    }


def fails(*_args, **_more):
    """A share without links."""
    raise PermissionError(1, "Operation not permitted")


def test_a_late_worker_does_not_keep_what_is_cleared(tmp_path, monkeypatch):
    """Where it adds pages while all of it goes, it finds nothing to add to."""
    job = attempts.begin(order(tmp_path), tmp_path, "w1", Work())
    job.pages.mkdir()
    job.source.unlink()
    rmtree = outbox.shutil.rmtree
    late = []

    def slowly(path):
        try:
            (job.pages / "0001.json").write_text("late", encoding="ascii")
            attempts.end(job.desk, Report(worker="w1", ending="done"))
        except FileNotFoundError as error:
            late.append(error)
        rmtree(path)

    monkeypatch.setattr(outbox.shutil, "rmtree", slowly)
    outbox.clear(job)
    assert not job.folder.exists()
    assert late


class Broker:
    """A broker whose messages lie in a list; a connection to it can be cut."""

    def __init__(self, *contents):
        self.lying = [*contents]
        self.held = []
        self.done = []
        self.cut = False
        self.connected = 0

    def connect(self):
        """Connect anew."""
        self.cut = False
        self.connected += 1
        return self

    def declare_queue(self, _name):
        """There it is."""

    def flush(self, _name):
        """It answers."""

    def consume(self, _name, **_more):
        """Itself."""
        return self

    def __next__(self):
        """The next message, for one that holds none."""
        if self.cut:
            raise ConnectionError("cut")
        if self.held or not self.lying:
            time.sleep(0.001)
            return None
        self.held.append(SimpleNamespace(args=(self.lying.pop(0),)))
        return self.held[0]

    def ack(self, message):
        """It is done with."""
        self.done.append(message.args[0])
        self.held.remove(message)

    def requeue(self, messages):
        """They wait again, at the end."""
        for message in messages:
            self.held.remove(message)
            self.lying.append(message.args[0])

    def close(self):
        """What was held is for others."""
        self.requeue([*self.held])


@pytest.fixture
def receive(monkeypatch):
    """Makes receivers of a worker's kind, and ends them."""
    monkeypatch.setattr(transport, "SERVICE_S", 0.01)
    monkeypatch.setattr(connection, "BACKOFF", Backoff(0.0, 0.0))
    made = []

    def make(broker, wake=lambda: None):
        made.append(transport.Receiver(broker.connect, ["a"], wake, holds=True))
        made[-1].start()
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()
        assert not receiver.is_alive()


def next_of(receiver):
    """The next message, as a worker asks for it."""

    def asked():
        if (content := receiver.receive()) is None:
            receiver.want()
        return content

    return await_that(asked, what="a message")


def test_a_cut_connection_leaves_no_message_hostage(receive):
    """A worker that is at work takes nothing ahead of it; and what it settles is what it had."""
    broker = Broker("1")
    receiver = receive(broker)
    assert next_of(receiver) == "1"
    receiver.want()  # as a loop does that has not looked yet
    broker.cut = True
    await_that(lambda: broker.connected == 2 and not broker.cut, what="another connection")
    broker.lying[:] = ["2"]  # another worker has got the first one, and dropped it
    await_that(lambda: not receiver.trouble, what="a line that serves")
    assert (broker.lying, broker.held, receiver.receive()) == (["2"], [], None)
    receiver.settle()
    assert next_of(receiver) == "2"
    assert broker.done == []
    receiver.settle()
    await_that(lambda: broker.done == ["2"], what="a settled message")


def test_what_is_given_back_goes_to_the_next(receive):
    """The broker has it again at once, and the line goes on."""
    broker = Broker("1", "2")
    receiver = receive(broker)
    assert next_of(receiver) == "1"
    receiver.give_back()
    assert next_of(receiver) == "2"
    receiver.settle()
    assert next_of(receiver) == "1"
    receiver.settle()
    await_that(lambda: broker.done == ["2", "1"], what="settled messages")


def test_a_line_that_closes_wakes_nobody():
    """Its loop's pipe may be closed by then, or be somebody else's."""
    woken = []
    receiver = transport.Receiver(Broker("1").connect, ["a"], lambda: woken.append(1), holds=False)
    receiver.hang_up()
    receiver._look(Broker("1"), {})
    assert (receiver.receive(), woken) == ("1", [])


def test_what_is_wrong_with_a_broker_is_logged_once_and_again_when_it_changes(monkeypatch):
    """While it is tried for ever: the log says what is to be done now, and does not fill up."""
    monkeypatch.setattr(connection, "BACKOFF", Backoff(0.0, 0.0))
    password = [ConfigError("the password file belongs to another user")] * 2
    faults = [*password, *[OSError("Connection refused")] * 3, *[ResponseError("MISCONF disk")] * 3, OSError("refused")]

    def connect():
        raise faults.pop(0) if len(faults) > 1 else faults[0]

    with structlog.testing.capture_logs() as logged:
        receiver = transport.Receiver(connect, ["a"], lambda: None, holds=True)
        receiver.start()
        await_that(lambda: len(faults) == 1 and receiver._tries > 11, what="some tries")
        receiver.close()
    assert [each["event"] for each in logged] == ["broker.lost"] * 4
    assert ["start the broker" in str(each["reason"]) for each in logged] == [False, True, False, True]


def test_hints_that_nobody_reads_are_few():
    """Whoever has the broker's password may send any number."""
    broker = Broker(*map(str, range(transport.MOST_INCOMING + 5)))
    receiver = transport.Receiver(broker.connect, ["a"], lambda: None, holds=False)
    consumers = {}
    while broker.lying:
        receiver._look(broker, consumers)
    assert receiver.receive() == "5"
    assert (
        sum(receiver.receive() is not None for _ in range(transport.MOST_INCOMING + 5)) == transport.MOST_INCOMING - 1
    )


def test_what_is_said_to_a_broker_that_is_away_does_not_add_up(monkeypatch):
    """The same is said once, what a queue is emptied of not at all, and of the rest the last: the rest is hints."""
    said = []
    monkeypatch.setattr(transport, "MOST_OUTGOING", 4)
    monkeypatch.setattr(broker, "publish", lambda _broker, to, content: said.append((to, content)))
    sender = transport.Sender(lambda: SimpleNamespace(flush=said.append, close=lambda: None))
    for _ in range(100):
        sender.send("a", "1")
        sender.empty("a")
        sender.send("a", "2")
        sender.send("b", "3")
    for number in range(9):
        sender.send("c", str(number))
        sender.empty("a")
    assert not sender.said
    sender.start()
    await_that(lambda: sender.said)
    sender.close()
    assert said == [("c", "6"), ("c", "7"), ("c", "8"), "a"]


class Line:
    """A receiver, played by hand."""

    def __init__(self, *orders):
        self.coming = [each.model_dump_json() for each in orders]
        self.ends = []

    def receive(self):
        """The next order."""
        return self.coming.pop(0) if self.coming else None

    def want(self):
        """More may come."""

    def settle(self):
        """Done."""
        self.ends.append("settled")

    def give_back(self):
        """Not here."""
        self.ends.append("given back")


def served(folder):
    """An order for a scan in a folder that a supervisor serves; the token."""
    token = registry.write_token(folder, TOKEN.root)
    return order(folder).model_copy(update={"token": token}), token


@pytest.fixture
def steady(monkeypatch):
    """Pauses without jitter."""
    monkeypatch.setattr(worker_orders, "BACKOFF", replace(worker_orders.BACKOFF, jitter=0.0))


def test_a_machine_that_cannot_begin_leaves_orders_to_others_and_rests(tmp_path, steady):
    """Else it would take all that is published, and begin nothing. One that comes back at once is left to its fate."""
    sent, token = served(tmp_path)
    now = [0.0]
    line = Line(*[sent] * 9)
    orders = Orders(line, tmp_path, token, lambda: now[0])
    rests = []
    for _ in range(7):
        assert orders.take() == sent
        orders.pass_on(sent, OSError(30, "Read-only file system", str(tmp_path)))
        since = now[0]
        assert orders.take() is None
        assert "mount it writable again" in str(orders.obstacle)
        while orders.rests:
            now[0] += 0.5
        rests.append(now[0] - since)
    assert rests == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert line.ends == ["given back", *["settled"] * 6]
    orders.begun()
    assert str(orders.obstacle) == ""
    assert orders.take() == sent


def test_a_machine_that_reads_nothing_leaves_scans_to_others(tmp_path, steady):
    """Its licence has run out, or a model is missing: else it would take all that is published, and hand all back."""
    sent, token = served(tmp_path)
    now = [0.0]
    line = Line(*[sent] * 9)
    orders = Orders(line, tmp_path, token, lambda: now[0])
    for rest_s in (1.0, 2.0, 4.0):
        assert orders.take() == sent
        orders.begun()
        orders.ended(sent.job, Report(worker="w1", ending="returned", reason=Message("no licence")))
        assert orders.take() is None
        assert "no licence" in str(orders.obstacle)
        now[0] += rest_s
    for ending, stopping in (("returned", True), ("done", False), ("put-back", False)):
        assert orders.take() == sent
        orders.begun()
        assert str(orders.obstacle) == ""
        orders.ended(sent.job, Report(worker="w1", ending=ending, stopping=stopping))
    assert orders.take() == sent
    orders.ended(sent.job, Report(worker="w1", ending="returned", reason=Message("no licence")))
    now[0] += 1.0
    assert orders.take() == sent
    assert {*line.ends} == {"settled"}


def test_a_token_that_cannot_be_read_for_a_moment_ends_no_worker(tmp_path, monkeypatch):
    """A share that is away altogether does."""
    sent, token = served(tmp_path)
    line = Line(sent, sent)
    now = [0.0]
    orders = Orders(line, tmp_path, token, lambda: now[0])
    with monkeypatch.context() as stale:
        stale.setattr(registry, "read", lambda *_: (_ for _ in ()).throw(OSError(116, "Stale file handle")))
        assert orders.take() is None
    assert (line.ends, "Stale" in str(orders.obstacle)) == (["given back"], True)
    (tmp_path / registry.CLUSTER_FILE).unlink()
    now[0] = 60.0
    with pytest.raises(FolderUnusable, match="mount the share"):
        orders.take()


def test_a_worker_ends_where_another_root_is_mounted(tmp_path):
    """What it was sent for lies elsewhere now: others may have it, and its own queues are not that root's."""
    sent, token = served(tmp_path)
    line = Line(sent)
    orders = Orders(line, tmp_path, token)
    registry.write_token(tmp_path, "f" * 16)
    with pytest.raises(FolderUnusable, match=r"another root's.*mount that one again, or start the worker anew"):
        orders.take()
    assert line.ends == ["given back"]


def test_a_strangers_order_is_refused(tmp_path):
    """Of another root, of another version, or none at all."""
    sent, token = served(tmp_path)
    strange = [sent.model_copy(update={"token": token.model_copy(update=more)}) for more in STRANGE]
    line = Line(*strange)
    line.coming += ["", "{", "[" * 100_000, "x" * (MAX_BYTES + 1)]
    orders = Orders(line, tmp_path, token)
    assert [orders.take() for _ in range(6)] == [None] * 6
    assert line.ends == ["settled"] * 6


def present(folder, name="w1", **told):
    """A worker's presence."""
    now = [0.0]
    return Presence(folder, name, (), 60.0, lambda: told, clock=lambda: now[0])


def test_a_machine_that_cannot_write_in_the_share_is_no_worker(tmp_path):
    """It says so at its start, with what to do."""
    with pytest.raises(FolderUnusable, match=r"cannot be written here: No such file"):
        present(tmp_path / "away").come()


def test_of_two_workers_with_one_name_the_later_one_ends(tmp_path):
    """And leaves the other one's card where it is."""
    first, second = present(tmp_path), present(tmp_path)
    first.come()
    for _ in range(3):
        first.show()
    second.come()
    first.show()
    with pytest.raises(ConfigError, match="another worker has the name w1"):
        second.show()
    second.leave()
    card = registry.card_path(tmp_path, "w1")
    assert card.exists()
    first.show()
    first.leave()
    assert not card.exists()


def test_a_card_that_a_killed_worker_has_left_is_taken_over(tmp_path):
    """However many beats that one had."""
    before = present(tmp_path)
    before.come()
    for _ in range(9):
        before.show()
    after = present(tmp_path)
    after.come()
    after.show()
    after.leave()
    assert not registry.card_path(tmp_path, "w1").exists()


@pytest.fixture
def worker(tmp_path):
    """A worker whose engine and lines have not been started, with a job in hand."""
    work = tmp_path / ".work"
    work.mkdir()
    sent, token = served(work)
    config = Config(folders=Folders(root=str(tmp_path)), queue=Queue(broker="redis://127.0.0.1:1"))
    with selectors.DefaultSelector() as selector, SignalWakeup(selector, reloads=False) as waker:
        made = Worker(config, "w1", token, selector, waker, engine_module="none")
        made._order, made._job = sent, attempts.begin(sent, work, "w1", Work())
        yield made


def test_a_worker_lets_go_of_an_attempt_whose_folder_has_gone(worker, monkeypatch):
    """Also where the job's own is still there: a person may have removed it, or a clearing that broke off."""
    asked = []
    monkeypatch.setattr(worker._host, "put_back", lambda: asked.append(1))
    worker._look()
    assert asked == []
    shutil.rmtree(worker._job.desk)
    worker._look()
    assert asked == [1]
    worker._hear(Outcome(worker._job, Ending.PUT_BACK, Message("asked for")))
    assert (worker._job, worker._order, worker._report) == (None, None, None)


def test_a_worker_lets_go_though_its_mount_is_behind(worker, monkeypatch):
    """It may show for a while what has gone; but nothing can be written there."""
    shutil.rmtree(worker._job.desk)
    monkeypatch.setattr(safe_open, "lexists_strict", lambda _: True)
    worker._hear(Outcome(worker._job, Ending.DONE))
    assert (worker._job, worker._order, worker._report) == (None, None, None)


def test_a_share_that_answers_nothing_changes_nothing(worker, monkeypatch):
    """Whether the job is wanted back is not known then."""
    monkeypatch.setattr(Path, "exists", lambda _: (_ for _ in ()).throw(OSError(116, "Stale file handle")))
    monkeypatch.setattr(os, "lstat", lambda _, **_options: (_ for _ in ()).throw(OSError(116, "Stale file handle")))
    monkeypatch.setattr(worker._host, "put_back", lambda: pytest.fail("asked for it back"))
    worker._look()


def test_a_page_is_given_up_after_as_many_deaths_as_the_order_says(worker):
    """This machine's own settings say two."""
    worker._host._job = job = replace(worker._job, max_attempts=1)
    worker._host._note_death(Step(job=job.id, name="page", page=1, pages=2), Message("killed"))
    assert "killed" in str(page_failures.skip_reason(job, "page", 1))


def test_after_its_rest_a_machine_may_be_given_something(worker, monkeypatch):
    """Else nothing would be published again for one that is alone; people still read what was wrong."""
    worker._orders._rest(JOB, Message("no licence"))
    assert "no licence" in str(worker._tell()["trouble"])
    monkeypatch.setattr(worker._orders, "_rests_until", 0.0)
    assert str(worker._tell()["trouble"]) == ""
    assert "no licence" in str(worker._tell()["state"])


def test_a_scan_waits_for_the_model_that_its_profile_names(worker, monkeypatch):
    """As on one machine, though this one's own settings name another; where it cannot be fetched the text stays raw."""
    given = []
    monkeypatch.setattr(EngineHost, "idle", True)
    monkeypatch.setattr(worker._host, "give", given.append)
    llm = Llm(model="huggingface", hugging_face_repo_id="some/model")
    order, attempt = worker._order, worker._job.desk
    shutil.rmtree(attempt.parent)
    worker._job, worker._order = None, None
    worker._begin(order.model_copy(update={"work": order.work.model_copy(update={"llm": llm})}))
    for _ in range(3):
        worker._take_next()
    assert (worker._job, worker._tell()["job"], attempt.exists()) == (None, order.job, False)
    worker._host._fetch._fail(next(iter(worker._host._fetch._wanted)), "no network")
    worker._take_next()
    assert [job.work.llm.hugging_face_repo_id for job in given] == ["some/model"]


def test_follow_up_tasks_are_told_soon(worker):
    """The supervisor may want the job back between two of them; after it nothing of that is left."""
    worker._hear(Progress(worker._job, 3, 3, done=True))
    worker._presence.changed = False
    worker._hear(Begun(worker._job, "task"))
    told = worker._tell()
    assert (told["page"], told["asking"], worker._presence.changed) == (3, True, True)
    worker._hear(Outcome(worker._job, Ending.PUT_BACK, Message("asked for")))
    assert worker._tell()["asking"] is False


@pytest.mark.parametrize(
    ("error", "end"), [(OSError(30, "Read-only file system"), "given back"), (FileNotFoundError(2, "gone"), "settled")]
)
def test_what_keeps_one_scan_is_told_from_what_keeps_all(worker, monkeypatch, error, end):
    """A job that has gone is dropped; where the share fails, the order goes to another worker."""
    line = Line()
    monkeypatch.setattr(worker._orders, "_receiver", line)
    monkeypatch.setattr(attempts, "begin", lambda *_: (_ for _ in ()).throw(error))
    sent, worker._job, worker._order = worker._order, None, None
    worker._begin(sent)
    assert (line.ends, worker._order) == ([end], None)
    assert bool(worker._tell()["trouble"]) is (end == "given back")


@pytest.mark.parametrize(
    ("key", "words"), [("broker_password_file", "put the file there"), ("broker_ca", "put the file there")]
)
def test_a_file_beside_the_broker_that_is_missing_is_named(tmp_path, key, words):
    """With its key, and the user who has to be able to read it."""
    settings = Queue(broker="rediss://localhost:1", **{key: str(tmp_path / "none")})
    with pytest.raises(ConfigError, match=rf"queue\.{key} cannot be used: .*none: No such file.*{words}.*uid"):
        broker.connect(settings)


def test_a_password_that_everybody_can_read_is_none(tmp_path):
    """It says how to mend that; a group may read it, for root gives it to the service so."""
    password = tmp_path / "password"
    password.write_text("open", encoding="ascii")
    settings = Queue(broker="redis://localhost:1", broker_password_file=str(password))
    password.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by everybody; run: chmod o-r"):
        broker.connect(settings)
    password.chmod(0o640)
    assert broker.connect(settings).client.connection_pool.connection_kwargs["password"] == "open"  # noqa: S105


def test_a_brokers_certificate_is_for_its_host():
    """Whatever the client's version does by itself."""
    made = broker.connect(Queue(broker="rediss://localhost:1"))
    assert made.client.connection_pool.connection_kwargs["ssl_check_hostname"] is True


@pytest.mark.parametrize("query", ["ssl_cert_reqs=none", "password=", "ssl_check_hostname=false"])
def test_a_brokers_url_turns_nothing_off(query):
    """What the client would take from a URL's query goes before what is set."""
    with pytest.raises(ValueError, match="use a URL like"):
        Queue(broker=f"rediss://localhost?{query}")


def test_a_token_that_was_never_written_to_its_end_goes_at_the_next_start(tmp_path):
    """What may be being written now stays."""
    old, young = tmp_path / ".ocrwatchd-1.tmp", tmp_path / ".ocrwatchd-2.tmp"
    for each in (old, young):
        each.touch()
    os.utime(old, (0, 0))
    setup._clear_up(tmp_path)
    assert (old.exists(), young.exists()) == (False, True)
