"""The lines to a broker over a real Redis: what is sent comes, once settled it is gone, and what is lost is noticed."""

import json
import pickle
import threading
from functools import partial

import pytest

from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.config.schema import Queue
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.dispatch.cluster import attempts, broker, capabilities, queue_order, transport
from ocrwatchd.dispatch.cluster.dispatcher import ClusterQueue
from ocrwatchd.dispatch.cluster.messages import Order
from ocrwatchd.dispatch.cluster.transport import Receiver, Sender
from ocrwatchd.dispatch.protocol import Hooks
from tests.e2e.running import await_that
from tests.integration.brokers import PASSWORD, Server
from tests.office import TOKEN, Hand, Office

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path):
    """A Redis that runs."""
    started = Server(tmp_path).start()
    yield started
    started.kill()


@pytest.fixture
def lines():
    """Takes lines, starts them, and closes them in the end."""
    opened = []

    def keep(line):
        opened.append(line)
        line.start()
        return line

    yield keep
    for line in opened:
        line.close()
        assert not line.is_alive()


def heard(receiver):
    """The next message."""
    receiver.want()
    return await_that(receiver.receive, what="a message")


def test_messages_come_in_their_order_and_one_at_a_time(server, lines):
    """The next one comes only when the one before is settled, and somebody wants it."""
    woken = threading.Event()
    receiver = lines(Receiver(server.connect, ["a"], woken.set, holds=True))
    sender = lines(Sender(server.connect))
    for content in ("1", "2", "3"):
        sender.send("a", content)
    assert heard(receiver) == "1"
    assert woken.is_set()
    receiver.want()
    woken.clear()
    assert not woken.wait(0.5)
    receiver.settle()
    assert heard(receiver) == "2"
    assert (str(sender.trouble), str(receiver.trouble), receiver.reconnected) == ("", "", 0)


def test_the_first_queues_go_first(server, lines):
    """However late their messages come."""
    sender = lines(Sender(server.connect))
    for to, content in (("b", "1"), ("a", "2"), ("b", "3")):
        sender.send(to, content)
    await_that(lambda: sender.said)
    receiver = lines(Receiver(server.connect, ["a", "b"], lambda: None, holds=True))
    got = []
    for _ in range(3):
        got.append(heard(receiver))
        receiver.settle()
    assert got == ["2", "1", "3"]


def test_an_urgent_scan_goes_first_whichever_queue_it_lies_in(server, lines, tmp_path):
    """A worker that can read what few can is busy; when it is free it takes what is to be read next, as on one machine.

    Without a word from the supervisor it would go on with what few can read.
    """
    office = Office(tmp_path)
    sender = lines(Sender(server.connect))
    rooms = TOKEN, tmp_path, (sender, office.line)
    office.queue = ClusterQueue(Queue(), *rooms, Hooks(starting=office.start), clock=lambda: office.now)
    special = Work(ocr=Ocr(engine="aspose"))
    order = partial(queue_order.ordered, tmp_path)
    queues = capabilities.queues(TOKEN.root, ("aspose",))
    worker = lines(Receiver(server.connect, queues, lambda: None, holds=True, order=order))
    hand = Hand(office, "w1", "aspose")

    def take():
        hand.order = Order.model_validate_json(heard(worker))
        hand.job = attempts.begin(hand.order, tmp_path, hand.name, Work())
        hand.beat()
        office.turn()
        return int(hand.order.job[16:22])

    office.add(office.job(1, work=special))
    taken = [take()]
    for number, work in ((2, special), (3, Work()), (4, special), (9, Work(priority=1))):
        office.add(office.job(number, work=work))
    while len(taken) < 5:
        await_that(lambda: sender.said)
        hand.end("done")
        worker.settle()
        taken.append(take())
    assert taken == [1, 9, 2, 4, 3]


def test_an_emptied_queue_holds_only_what_came_after(server, lines):
    """So that what is urgent goes to the front; the queues that are ours alone are emptied at each start."""
    sender = lines(Sender(server.connect))
    sender.send("a", "of an earlier life")
    sender.send("b", "early")
    sender.empty("b")
    sender.send("b", "late")
    await_that(lambda: sender.said)
    again = lines(Sender(server.connect, ["a"]))
    await_that(lambda: again.reached)
    receiver = lines(Receiver(server.connect, ["a", "b"], lambda: None, holds=False))
    assert await_that(receiver.receive) == "late"
    assert receiver.receive() is None


def test_a_broker_that_comes_back_is_noticed(server, lines):
    """Its memory is gone: both lines count anew, and what was not sent yet is."""
    receiver = lines(Receiver(server.connect, ["a"], lambda: None, holds=False))
    sender = lines(Sender(server.connect))
    sender.send("a", "before")
    assert await_that(receiver.receive) == "before"
    server.kill()
    await_that(lambda: "refused" in str(receiver.trouble).lower(), what="trouble")
    sender.send("a", "meanwhile")
    await_that(lambda: sender.trouble, what="trouble")
    server.start()
    assert await_that(receiver.receive) == "meanwhile"
    assert await_that(lambda: (receiver.reconnected, sender.reconnected) == (1, 1))
    assert (str(receiver.trouble), str(sender.trouble)) == ("", "")


def test_a_broker_that_hangs_hangs_nobody(server, lines, monkeypatch):
    """Both lines say so, and go on when it does; what was said meanwhile comes then."""
    monkeypatch.setattr(broker, "PATIENCE_S", 0.3)
    receiver = lines(Receiver(server.connect, ["a"], lambda: None, holds=False))
    sender = lines(Sender(server.connect))
    sender.send("a", "1")
    assert await_that(receiver.receive) == "1"
    with server.frozen():
        sender.send("a", "2")
        await_that(lambda: sender.trouble and receiver.trouble, what="trouble")
        assert "imeout" in str(sender.trouble)
        late = Sender(server.connect, ["a"])
        late.start()
        late.close()
    assert await_that(receiver.receive) == "2"
    await_that(lambda: not sender.trouble and not receiver.trouble, what="lines that serve")
    late.join(60)
    assert not late.is_alive()


def test_junk_in_a_queue_holds_nothing_up(server, lines):
    """Whoever reaches the broker may put anything there: no connection ends over it, and nothing of it is unpickled."""
    made = server.connect()
    made.declare_queue("a")
    whole = {"queue_name": "a", "actor_name": "b", "args": ["c"], "kwargs": {}, "message_id": "d"}
    junk = [
        b"{no json",
        pickle.dumps(whole | {"options": {}}),
        *(json.dumps(whole | more).encode() for more in ({}, {"options": {}, "message_id": []}, {"options": 5})),
        json.dumps(whole | {"options": {}, "args": [5, 6]}).encode(),
        json.dumps(whole | {"options": {"redis_message_id": "5"}, "args": "cd"}).encode(),
    ]
    receiver = lines(Receiver(server.connect, ["a"], lambda: None, holds=False))
    await_that(lambda: receiver.reached)
    for number, each in enumerate(junk):
        made.do_enqueue("a", str(number), each)
    sender = lines(Sender(server.connect))
    sender.send("a", "good")
    came = []
    await_that(lambda: came.append(receiver.receive()) or "good" in came)
    assert {*came} == {None, "", "c", "good"}  # what is no order is refused by who receives it
    assert receiver.reconnected == 0


def test_a_worker_asks_a_silent_redis_less_often(server, lines, monkeypatch):
    """A hundred of them would keep it busy; while something comes they ask soon."""
    monkeypatch.setattr(transport, "POLL_S", 0.001)
    monkeypatch.setattr(transport, "LONGEST_POLL_S", 0.3)
    monkeypatch.setattr(transport, "POLL_SHARE", 1.0)
    receiver = lines(Receiver(server.connect, ["a"], lambda: None, holds=True))
    rests = []
    wait = receiver._changed.wait
    monkeypatch.setattr(receiver._changed, "wait", lambda seconds: rests.append(seconds) or wait(seconds))
    receiver.want()
    await_that(lambda: transport.LONGEST_POLL_S in rests, what="the longest rest")
    assert rests == sorted(rests)
    assert len(rests) < 20
    sender = lines(Sender(server.connect))
    sender.send("a", "1")
    assert heard(receiver) == "1"
    rests.clear()
    receiver.settle()
    receiver.want()
    assert await_that(lambda: rests)[0] < transport.LONGEST_POLL_S


def test_a_wrong_password_is_told_without_it(server, lines):
    """And tried again, for it may be mended."""
    server.password_file.write_text("wrong word\n", encoding="ascii")
    receiver = lines(Receiver(server.connect, ["a"], lambda: None, holds=False))
    assert "wrong word" not in str(await_that(lambda: receiver.trouble))
    server.password_file.write_text(f"{PASSWORD}\n", encoding="ascii")
    await_that(lambda: receiver.reached)


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing", "No such file"), ("loose", "chmod go-w")],
)
def test_a_password_file_that_cannot_be_believed_is_refused(tmp_path, name, words):
    """Before anything is begun."""
    (tmp_path / "loose").write_text("x", encoding="ascii")
    (tmp_path / "loose").chmod(0o666)
    settings = Queue(broker="redis://127.0.0.1:1", broker_password_file=str(tmp_path / name))
    with pytest.raises(ConfigError, match=words):
        broker.connect(settings)
