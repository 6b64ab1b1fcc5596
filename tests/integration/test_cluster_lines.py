"""The lines to a broker over a real Redis: what is sent comes, once settled it is gone, and what is lost is noticed."""

import socket
import subprocess
import threading
from functools import partial

import pytest

from ocrwatchd.cluster import broker
from ocrwatchd.cluster.post import Receiver, Sender
from ocrwatchd.config import Queue
from ocrwatchd.errors import ConfigError
from tests.e2e.running import await_that
from tests.programs import needs

pytestmark = pytest.mark.slow

PASSWORD = "open sesame"  # noqa: S105 - of a server that lives as long as the test


class Server:
    """A Redis that forgets everything when it ends."""

    def __init__(self, folder):
        (self._program,) = needs("redis-server")
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.password_file = folder / "password"
        self.password_file.write_text(f"{PASSWORD}\n", encoding="ascii")
        self.password_file.chmod(0o600)
        self._process = None

    def start(self):
        """Start it, and wait until it listens."""
        lines = [f"bind 127.0.0.1\nport {self.port}", f'requirepass "{PASSWORD}"', f"dir {self._folder}", 'save ""']
        (self._folder / "redis.conf").write_text("\n".join(lines), encoding="ascii")
        command = [self._program, self._folder / "redis.conf"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        await_that(self._answers, what="a Redis that listens")
        return self

    def _answers(self):
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    @property
    def connect(self):
        """What the lines are given."""
        url = f"redis://127.0.0.1:{self.port}/3"
        return partial(broker.connect, Queue(broker=url, broker_password_file=str(self.password_file)))


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
    assert (sender.trouble, receiver.trouble, receiver.reconnected) == ("", "", 0)


def test_the_first_queues_go_first(server, lines):
    """However late their messages come."""
    sender = lines(Sender(server.connect))
    for to, content in (("b", "1"), ("a", "2"), ("b", "3")):
        sender.send(to, content)
    await_that(lambda: not sender._outgoing.qsize() and sender._unsent is None)
    receiver = lines(Receiver(server.connect, ["a", "b"], lambda: None, holds=True))
    got = []
    for _ in range(3):
        got.append(heard(receiver))
        receiver.settle()
    assert got == ["2", "1", "3"]


def test_an_emptied_queue_holds_only_what_came_after(server, lines):
    """So that what is urgent goes to the front; the queues that are ours alone are emptied at each start."""
    sender = lines(Sender(server.connect))
    sender.send("a", "of an earlier life")
    sender.send("b", "early")
    sender.empty("b")
    sender.send("b", "late")
    await_that(lambda: not sender._outgoing.qsize() and sender._unsent is None)
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
    await_that(lambda: "refused" in receiver.trouble.lower(), what="trouble")
    sender.send("a", "meanwhile")
    await_that(lambda: sender.trouble, what="trouble")
    server.start()
    assert await_that(receiver.receive) == "meanwhile"
    assert await_that(lambda: (receiver.reconnected, sender.reconnected) == (1, 1))
    assert (receiver.trouble, sender.trouble) == ("", "")


def test_junk_in_a_queue_holds_nothing_up(server, lines):
    """Whoever reaches the broker may put anything there."""
    made = server.connect()
    made.declare_queue("a")
    made.do_enqueue("a", "1", b"{no json")
    made.do_enqueue("a", "2", b'{"queue_name": "a"}')
    receiver = lines(Receiver(server.connect, ["a"], lambda: None, holds=False))
    sender = lines(Sender(server.connect))
    sender.send("a", "good")
    assert await_that(receiver.receive) == "good"


def test_a_wrong_password_is_told_without_it(server, lines):
    """And tried again, for it may be mended."""
    server.password_file.write_text("wrong word\n", encoding="ascii")
    receiver = lines(Receiver(server.connect, ["a"], lambda: None, holds=False))
    assert "wrong word" not in await_that(lambda: receiver.trouble)
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
