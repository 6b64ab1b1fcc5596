"""A connection to the broker in a thread of its own: the broker's clients block, and the loops must not.

After a fault the connection closes, and another one is made after a pause, for ever. No error leaves the thread:
``trouble`` says what is wrong, ``reconnected`` counts the connections after which the broker may have lost its memory.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.dispatch.cluster import broker as brokers

if TYPE_CHECKING:
    from collections.abc import Callable

    from dramatiq.broker import Broker

BACKOFF = Backoff(first_s=0.2, cap_s=10.0)
"""Between two attempts to connect."""

LAST_WORDS_S: Final = 3.0
"""A close waits for so long until all messages are sent."""

log = structlog.get_logger()


class Line(threading.Thread):
    """A connection that is made again after each fault."""

    def __init__(self, connect: Callable[[], Broker], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._connect: Final = connect
        self._closing: Final = threading.Event()
        self._tries = 0
        self._fresh = False
        self._given_up = False
        """The remaining messages are obsolete: after a reload another line sends newer ones."""
        self.reached = False
        self.reconnected = 0
        self.trouble = NOTHING

    def run(self) -> None:
        """Serve until closed."""
        while not self._closing.is_set():
            broker = None
            try:
                self._fresh = True
                broker = self._connect()
                self._serve(broker)
            except Exception as error:  # noqa: BLE001  # the boundary to the clients, which raise what they like
                before, self.trouble = self.trouble, brokers.told(error)
                if _remedy(before) != _remedy(self.trouble):
                    log.warning("broker.lost", reason=self.trouble)
                self._tries += 1
                self._closing.wait(BACKOFF.pause_s(self._tries))
            finally:
                if broker is not None:
                    with contextlib.suppress(Exception):
                        broker.close()

    def hang_up(self) -> None:
        """Begin to close."""
        self._closing.set()
        self._rouse()

    def close(self) -> None:
        """Close, within :data:`LAST_WORDS_S`."""
        self.hang_up()
        if self.is_alive():
            self.join(LAST_WORDS_S)
        self._given_up = True

    def _served(self) -> None:
        """The broker has answered."""
        if self._tries:
            log.info("broker.back")
        self._tries, self.trouble = 0, NOTHING
        if self._fresh:
            self._fresh = False
            self.reconnected += self.reached
            self.reached = True

    def _serve(self, broker: Broker) -> None:
        raise NotImplementedError

    def _rouse(self) -> None:
        raise NotImplementedError


def _remedy(trouble: Message) -> object:
    """The thing to do, by which two troubles differ; a wrong configuration says it in one message."""
    return trouble.fields.get("remedy", trouble)
