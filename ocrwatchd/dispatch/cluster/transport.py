"""Send messages to the broker and receive messages from it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.dispatch.cluster import broker as brokers
from ocrwatchd.dispatch.cluster.connection import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dramatiq.broker import Broker, Consumer, MessageProxy

POLL_S: Final = 0.1
"""The longest wait for a message of a queue where the broker pushes messages (RabbitMQ); the shortest interval between
two polls where it does not (Redis)."""

LONGEST_POLL_S: Final = 1.0
"""The longest interval between two polls: each poll costs the broker processor time."""

POLL_SHARE: Final = 0.05
"""A message waits for at most this share of the silence before it."""

SERVICE_S: Final = 5.0
"""Interval of heartbeats while a message is held, or none is wanted."""

MOST_OUTGOING: Final = 10_000
"""The most messages that wait for the broker; the oldest are dropped: nudges, or orders that are published again."""

MOST_INCOMING: Final = 1000
"""The most received messages that wait here; the oldest are dropped: nudges, or orders that stay at the broker."""

log = structlog.get_logger()


class Sender(Line):
    """Publishes messages in their order.

    Args:
        connect: makes a broker.
        empties: queues to empty at each connection: only we publish there, and we publish again.
    """

    def __init__(self, connect: Callable[[], Broker], empties: Sequence[str] = ()) -> None:
        super().__init__(connect, "broker-sender")
        self._empties: Final = empties
        self._outgoing: Final[dict[tuple[str, str | None], None]] = {}  # in its order, nothing twice
        self._news: Final = threading.Condition()
        self._unsent: tuple[str, str | None] | None = None

    def send(self, to: str, content: str) -> None:
        """Publish a message later, perhaps twice; after :meth:`close` only if that is possible at once."""
        with self._news:
            self._outgoing.setdefault((to, content))
            if len(self._outgoing) > MOST_OUTGOING:
                del self._outgoing[next(iter(self._outgoing))]
            self._news.notify()

    def empty(self, to: str) -> None:
        """Empty a queue before later messages are sent; messages that a worker has taken are not affected."""
        with self._news:
            for each in [each for each in self._outgoing if each[0] == to]:
                del self._outgoing[each]  # it would only be sent to be emptied
            self._outgoing[to, None] = None
            self._news.notify()

    @property
    def said(self) -> bool:
        """Whether all messages are sent."""
        with self._news:
            return not self._outgoing and self._unsent is None

    def _serve(self, broker: Broker) -> None:
        for each in self._empties:
            if not self._given_up:
                broker.flush(each)
        if self._empties:
            self._served()
        while (unsent := self._next()) is not None and not self._given_up:
            to, content = unsent
            if content is None:
                broker.flush(to)
            else:
                brokers.publish(broker, to, content)
            self._unsent = None
            self._served()

    def _next(self) -> tuple[str, str | None] | None:
        """The next message; None when all are sent and the line closes."""
        with self._news:
            while self._unsent is None and not self._outgoing and not self._closing.is_set():
                self._news.wait()
            if self._unsent is None and self._outgoing:
                self._unsent = next(iter(self._outgoing))
                del self._outgoing[self._unsent]
            return self._unsent

    def _rouse(self) -> None:
        with self._news:
            self._news.notify()


class Receiver(Line):
    """Receives messages, one at a time.

    Args:
        connect: makes a broker.
        queues: to receive from, in this order.
        wake: called, from another thread, when a message has come.
        holds: True: a message stays at the broker until it is settled, and only then the next one comes.
        order: sorts the queues before each message.
    """

    def __init__(
        self,
        connect: Callable[[], Broker],
        queues: Sequence[str],
        wake: Callable[[], None],
        *,
        holds: bool,
        order: Callable[[Sequence[str]], Sequence[str]] = tuple,
    ) -> None:
        super().__init__(connect, "broker-receiver")
        self._queues: Final = queues
        self._order: Final = order
        self._ordered: Sequence[str] = ()
        self._wake: Final = wake
        self._holds: Final = holds
        self._wants = not holds
        self._busy = False
        """The received message is not settled; its connection may be closed."""
        self._given_back = False
        self._came_at = time.monotonic()
        """When the last message came or was settled."""
        self._changed: Final = threading.Event()
        self._incoming: Final[deque[str]] = deque(maxlen=MOST_INCOMING)

    def receive(self) -> str | None:
        """The next message, "" for an unreadable one, None where there is none."""
        return self._incoming.popleft() if self._incoming else None

    def want(self) -> None:
        """Request the next message."""
        if not self._wants:
            self._ordered = ()
            self._wants = True
            self._changed.set()

    def settle(self) -> None:
        """The message is done: the broker may forget it."""
        self._busy = False
        self._changed.set()

    def give_back(self) -> None:
        """Return the message to the broker for another worker."""
        self._given_back = True
        self.settle()

    def _serve(self, broker: Broker) -> None:
        consumers: dict[str, Consumer] = {}
        held: tuple[Consumer, MessageProxy] | None = None
        try:
            while True:
                self._changed.clear()
                if held is not None and not self._busy:
                    self._part(*held, consumers)
                    held = None
                if self._closing.is_set():
                    return
                if held is not None:
                    if not self._changed.wait(SERVICE_S):
                        next(held[0])  # there is none: it only shows RabbitMQ that we live
                elif self._wants and not self._busy:
                    came = self._look(broker, consumers)
                    held = came if self._holds else None
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

    def _part(self, consumer: Consumer, message: MessageProxy, consumers: dict[str, Consumer]) -> None:
        with brokers.strangers():
            if self._given_back:
                consumer.requeue([message])
            else:
                consumer.ack(message)
        if self._given_back:
            _close(consumers)  # for RabbitMQ takes back what a closed connection had
        self._came_at = time.monotonic()

    def _rest(self, broker: Broker) -> None:
        """Poll an idle broker less often, the longer it has been idle."""
        if brokers.is_asked(broker):
            silence_s = time.monotonic() - self._came_at
            self._changed.wait(min(max(POLL_S, silence_s * POLL_SHARE), LONGEST_POLL_S))

    def _look(self, broker: Broker, consumers: dict[str, Consumer]) -> tuple[Consumer, MessageProxy] | None:
        self._ordered = self._ordered or self._order(self._queues)
        timeout_ms = 1 if brokers.is_asked(broker) else int(POLL_S * 1000)
        for name in self._ordered:
            if name not in consumers:
                broker.declare_queue(name)
                consumers[name] = broker.consume(name, prefetch=1, timeout=timeout_ms)
            try:
                message = next(consumers[name])
            except (brokers.Unreadable, TypeError) as error:
                log.warning("message.refused", reason=type(error).__name__)
                self._came_at = time.monotonic()
                continue
            self._served()
            if message is None:
                continue
            self._came_at = time.monotonic()
            if self._holds:
                # What another queue has sent meanwhile goes back: others may be free for it.
                _close({other: consumers.pop(other) for other in [*consumers] if other != name})
                self._wants = self._given_back = False
                self._busy = True
            else:
                with brokers.strangers():
                    consumers[name].ack(message)
            self._incoming.append(brokers.content(message))
            if not self._closing.is_set():  # else nobody listens any more
                self._wake()
            return consumers[name], message
        self._rest(broker)
        return None

    def _rouse(self) -> None:
        self._changed.set()


def _close(consumers: dict[str, Consumer]) -> None:
    while consumers:
        _name, consumer = consumers.popitem()
        with contextlib.suppress(Exception):
            consumer.close()
