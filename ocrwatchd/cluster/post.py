"""Talking with the broker, in threads of their own: its clients block, and the loops on both sides must not.

A fault closes the connection; another is made after a growing pause, for ever. Nothing is raised over here:
``trouble`` says what is wrong, ``reconnected`` how often the broker was reached anew, and so may have forgotten.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import structlog

from ocrwatchd.cluster import broker as brokers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dramatiq.broker import Broker

PAUSES_S: Final = (0.2, 1.0, 2.0, 5.0, 10.0)
"""Between two tries to reach the broker; the last one repeats."""

POLL_S: Final = 0.1
"""How long one look for messages takes at most: Redis is polled, RabbitMQ tells."""

SERVICE_S: Final = 5.0
"""While a message is held, or none is wanted, the connection shows so often that it lives."""

MOST_INCOMING: Final = 1000
"""So many messages wait here at most; where more come at once the oldest go: they are hints, or lie with the broker."""

LAST_WORDS_S: Final = 3.0
"""How long a close waits for what is still to be said."""

log = structlog.get_logger()


class _Line(threading.Thread):
    """A connection that is made again whenever it breaks."""

    def __init__(self, connect: Callable[[], Broker], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._connect: Final = connect
        self._closing: Final = threading.Event()
        self._tries = 0
        self._fresh = False
        self._given_up = False
        """Nobody waits for what is left to be said; after a reload another line says other things."""
        self.reached = False
        self.reconnected = 0
        self.trouble = ""

    def run(self) -> None:
        """Serve until closed."""
        while not self._closing.is_set():
            broker = None
            try:
                self._fresh = True
                broker = self._connect()
                self._serve(broker)
            except Exception as error:  # noqa: BLE001  # the boundary to the clients, which raise what they like
                self.trouble = brokers.told(error)
                if not self._tries:
                    log.warning("broker.lost", reason=self.trouble)
                self._closing.wait(PAUSES_S[min(self._tries, len(PAUSES_S) - 1)])
                self._tries += 1
            finally:
                if broker is not None:
                    with contextlib.suppress(Exception):
                        broker.close()

    def hang_up(self) -> None:
        """Begin to end."""
        self._closing.set()
        self._rouse()

    def close(self) -> None:
        """End, within :data:`LAST_WORDS_S`."""
        self.hang_up()
        if self.is_alive():
            self.join(LAST_WORDS_S)
        self._given_up = True

    def _served(self) -> None:
        """The broker has answered."""
        if self._tries:
            log.info("broker.back")
        self._tries, self.trouble = 0, ""
        if self._fresh:
            self._fresh = False
            self.reconnected += self.reached
            self.reached = True

    def _serve(self, broker: Broker) -> None:
        raise NotImplementedError

    def _rouse(self) -> None:
        raise NotImplementedError


class Sender(_Line):
    """Publishes messages, in their order.

    Args:
        connect: makes a broker.
        empties: queues that are emptied on each connection: what lies in them is published again, by us alone.
    """

    def __init__(self, connect: Callable[[], Broker], empties: Sequence[str] = ()) -> None:
        super().__init__(connect, "broker-sender")
        self._empties: Final = empties
        self._outgoing: Final[queue.SimpleQueue[tuple[str, str | None] | None]] = queue.SimpleQueue()
        self._unsent: tuple[str, str | None] | None = None

    def send(self, to: str, content: str) -> None:
        """Publish a message some time, and maybe twice; once :meth:`close` is called only what can be said at once."""
        self._outgoing.put((to, content))

    def empty(self, to: str) -> None:
        """Empty a queue, before what is sent after this; what a worker has taken from it is taken."""
        self._outgoing.put((to, None))

    def _serve(self, broker: Broker) -> None:
        for each in self._empties:
            if not self._given_up:
                broker.flush(each)
        if self._empties:
            self._served()
        while True:
            self._unsent = self._unsent or self._outgoing.get()
            if self._unsent is None or self._given_up:
                return
            to, content = self._unsent
            if content is None:
                broker.flush(to)
            else:
                brokers.publish(broker, to, content)
            self._unsent = None
            self._served()

    def _rouse(self) -> None:
        self._outgoing.put(None)


class Receiver(_Line):
    """Takes messages, one at a time.

    Args:
        connect: makes a broker.
        queues: looked through in this order.
        wake: called, from another thread, when something has come.
        holds: True: a message stays with the broker until it is settled, and the next comes only then; False: it is
            settled when it comes.
    """

    def __init__(
        self, connect: Callable[[], Broker], queues: Sequence[str], wake: Callable[[], None], *, holds: bool
    ) -> None:
        super().__init__(connect, "broker-receiver")
        self._queues: Final = queues
        self._wake: Final = wake
        self._holds: Final = holds
        self._wants = not holds
        self._busy = False
        """What was received is not settled, whatever has become of the connection on which it came."""
        self._given_back = False
        self._changed: Final = threading.Event()
        self._incoming: Final[deque[str]] = deque(maxlen=MOST_INCOMING)

    def receive(self) -> str | None:
        """What has come, "" for what cannot be read; None where nothing has."""
        return self._incoming.popleft() if self._incoming else None

    def want(self) -> None:
        """Let the next message come."""
        if not self._wants:
            self._wants = True
            self._changed.set()

    def settle(self) -> None:
        """What was received is done with: the broker may forget it."""
        self._busy = False
        self._changed.set()

    def give_back(self) -> None:
        """What was received is for another one."""
        self._given_back = True
        self.settle()

    def _serve(self, broker: Broker) -> None:
        consumers: dict[str, Any] = {}
        held: tuple[Any, Any] | None = None
        try:
            while True:
                self._changed.clear()
                if held is not None and not self._busy:
                    consumer, message = held
                    if self._given_back:
                        consumer.requeue([message])
                        _close(consumers)  # for RabbitMQ takes back what a closed connection had
                    else:
                        consumer.ack(message)
                    held = None
                if self._closing.is_set():
                    return
                if held is not None:
                    if not self._changed.wait(SERVICE_S):
                        next(held[0])  # there is none: it only shows that we live
                elif self._wants and not self._busy:
                    held = self._look(broker, consumers)
                else:
                    _close(consumers)
                    if not self._changed.wait(SERVICE_S):
                        brokers.greet(broker)
                        self._served()
        finally:
            if held is not None:
                with contextlib.suppress(Exception):
                    held[0].requeue([held[1]])  # for another one, now
            _close(consumers)

    def _look(self, broker: Broker, consumers: dict[str, Any]) -> tuple[Any, Any] | None:
        timeout_ms = int(POLL_S * 1000 / len(self._queues))
        for name in self._queues:
            if name not in consumers:
                broker.declare_queue(name)
                consumers[name] = broker.consume(name, prefetch=1, timeout=timeout_ms)
            try:
                message = next(consumers[name])
            except brokers.Unreadable as error:
                log.warning("message.refused", reason=brokers.told(error))
                continue
            self._served()
            if message is None:
                continue
            if self._holds:
                # What another queue has sent meanwhile goes back: others may be free for it.
                _close({other: consumers.pop(other) for other in [*consumers] if other != name})
                self._wants = self._given_back = False
                self._busy = True
            else:
                consumers[name].ack(message)
            self._incoming.append(brokers.content(message))
            if not self._closing.is_set():  # else nobody listens any more
                self._wake()
            return (consumers[name], message) if self._holds else None
        return None

    def _rouse(self) -> None:
        self._changed.set()


def _close(consumers: dict[str, Any]) -> None:
    while consumers:
        _name, consumer = consumers.popitem()
        with contextlib.suppress(Exception):
            consumer.close()
