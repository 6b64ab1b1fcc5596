"""A broker that does not serve: both `check` and the lines say why and what helps, soon, and without its password."""

import datetime as dt
import socket
import threading

import pytest
import trustme

from ocrwatchd.core.config.schema import Queue
from ocrwatchd.dispatch.cluster import broker
from ocrwatchd.dispatch.cluster.transport import Receiver, Sender
from tests.e2e.running import await_that
from tests.integration.brokers import PASSWORD, Server

pytestmark = pytest.mark.slow

PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def server(tmp_path):
    """A Redis that is not started yet."""
    made = Server(tmp_path)
    yield made
    made.kill()


def heard(queue):
    """What `check` says, after the lines of a daemon and a worker have been seen to say the same, and to end."""
    sender = Sender(lambda: broker.connect(queue))
    receiver = Receiver(lambda: broker.connect(queue), ["a"], lambda: None, holds=True)
    for line in (sender, receiver):
        line.start()
    sender.send("a", "1")
    receiver.want()
    words = str(broker.ping(queue))
    try:
        for line in (sender, receiver):
            assert await_that(lambda line=line: str(line.trouble), what="trouble") == words
    finally:
        for line in (sender, receiver):
            line.close()
            assert not line.is_alive()
    assert PASSWORD not in words
    return words


@pytest.mark.parametrize(
    ("lines", "said", "remedy"),
    [
        (["maxmemory 1"], "OutOfMemory", "more memory"),
        (["replicaof 127.0.0.1 1"], "ReadOnly", "name the primary"),
        ([f'user default on ">{PASSWORD}" ~* +ping +select +hello'], "NoPermission", "all rights"),
        (["databases 2"], "out of range", "name an existing database"),
    ],
)
def test_a_redis_that_takes_nothing(server, lines, said, remedy):
    """It answers, and yet no scan would ever come through it."""
    server.start(*lines)
    words = heard(server.settings)
    assert said in words
    assert remedy in words


@pytest.mark.parametrize("word", ["wrong", ""])
def test_a_password_that_is_wrong_or_missing(server, word):
    """The key that holds it is named."""
    server.start()
    server.password_file.write_text(word, encoding="ascii")
    assert "queue.broker_password_file" in heard(server.settings)


def certificate(folder, *names, **more):
    """One of a CA whose own lies in ``ca.pem``."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return authority.issue_cert(*names, **more)


def test_a_certificate_that_cannot_be_believed(server, tmp_path):
    """Of a CA that is not ours, or of none that is known; for another host; no longer."""
    server.start(certificate=certificate(tmp_path, "localhost"))
    told = {}
    url = f"rediss://localhost:{server.port}"
    own = {"broker_password_file": str(server.password_file), "broker_ca": str(tmp_path / "ca.pem")}
    assert not broker.ping(Queue(broker=url, **own))
    told["host name"] = heard(Queue(broker=url.replace("localhost", "127.0.0.1"), **own))
    told["no CA"] = heard(Queue(broker=url, broker_password_file=str(server.password_file)))
    told["no TLS"] = heard(Queue(broker=url.replace("rediss", "redis"), **own))
    certificate(tmp_path, "localhost")
    told["other CA"] = heard(Queue(broker=url, **own))
    server.kill()
    server.start(certificate=certificate(tmp_path, "localhost", not_after=PAST))
    told["expired"] = heard(Queue(broker=url, **own))
    assert "the host name of the broker's certificate" in told["host name"]
    assert "queue.broker_ca" in told["no CA"]
    assert "queue.broker_ca" in told["other CA"]
    assert "renew" in told["expired"]
    assert "rediss:// and amqps:// with TLS" in told["no TLS"]


@pytest.mark.parametrize("scheme", ["redis", "rediss", "amqp", "amqps"])
def test_a_port_that_says_nothing(monkeypatch, tmp_path, scheme):
    """Nobody waits for it for ever; both ways of speaking are named."""
    monkeypatch.setattr(broker, "PATIENCE_S", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(50)
        words = heard(Queue(broker=f"{scheme}://127.0.0.1:{mute.getsockname()[1]}"))
    assert "imeout" in words
    assert "rediss:// and amqps:// with TLS" in words


def test_a_port_that_says_anything(tmp_path):
    """Nothing of it reaches a terminal or a log but what can be printed, and not much of that."""
    with socket.create_server(("127.0.0.1", 0)) as liar:
        ended = threading.Event()

        def lie():
            while not ended.is_set():
                with liar.accept()[0] as line:
                    line.recv(100)
                    line.sendall(b"-ERR \x1b[31m\x07" + b"red" * 999 + b"\r\n")

        thread = threading.Thread(target=lie)
        thread.start()
        try:
            words = str(broker.ping(Queue(broker=f"redis://127.0.0.1:{liar.getsockname()[1]}")))
        finally:
            ended.set()
            with socket.create_connection(liar.getsockname()) as last:
                last.sendall(b".")
            thread.join()
    assert words.isprintable()
    assert len(words) < 2 * 300
