"""A connection to the broker in a thread of its own: its clients block, and the loops on both sides must not.

A fault closes the connection; another is made after a growing pause, for ever. Nothing is raised over here:
``trouble`` says what is wrong, ``reconnected`` how often the broker was reached anew, and so may have forgotten.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core.i18n import NOTHING
from ocrwatchd.dispatch.cluster import broker as brokers

if TYPE_CHECKING:
    from collections.abc import Callable

    from dramatiq.broker import Broker

PAUSES_S: Final = (0.2, 1.0, 2.0, 5.0, 10.0)
"""Between two tries to reach the broker; the last one repeats."""

LAST_WORDS_S: Final = 3.0
"""How long a close waits for what is still to be said."""

log = structlog.get_logger()


class Line(threading.Thread):
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
                if before.fields.get("remedy") != self.trouble.fields.get("remedy"):  # another thing is to be done
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
        self._tries, self.trouble = 0, NOTHING
        if self._fresh:
            self._fresh = False
            self.reconnected += self.reached
            self.reached = True

    def _serve(self, broker: Broker) -> None:
        raise NotImplementedError

    def _rouse(self) -> None:
        raise NotImplementedError
