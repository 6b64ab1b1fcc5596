"""The orders of a worker: which are valid, and what happens to one that it cannot carry out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.cluster import registry
from ocrwatchd.dispatch.cluster.messages import MAX_ORDER_BYTES, Order, Refused, Token, decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.dispatch.cluster.messages import Report
    from ocrwatchd.dispatch.cluster.transport import Receiver

BACKOFF = Backoff(first_s=1.0, cap_s=30.0)
"""Between two orders, after orders that this machine could not carry out."""

REMEMBERED_JOBS: Final = 6
"""How many failed jobs in a row are remembered; the pause has reached its cap by then."""

log = structlog.get_logger()


class Orders:
    """Takes one order after the other, and acknowledges it to the broker."""

    def __init__(
        self, receiver: Receiver, folder: Path, token: Token, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._receiver: Final = receiver
        self._folder: Final = folder
        self._token: Final = token
        self._clock: Final = clock
        self._in_vain: list[str] = []
        self._rests_until = clock()
        self.lease_s = token.lease_s
        """The lease according to the supervisor's last token, seconds."""
        self.obstacle = NOTHING
        """Why scans cannot be read on this machine, with the remedy; nothing where they can."""

    def take(self) -> Order | None:
        """The next order; None where there is none, or this machine pauses.

        Raises:
            FolderUnusable: the supervisor's folder is gone.
            ConfigError: the supervisor has another version.
        """
        if self.rests:
            return None
        if (content := self._receiver.receive()) is None:
            self._receiver.want()
            return None
        try:
            order = decode(Order, content, MAX_ORDER_BYTES)
        except Refused as error:
            log.warning("order.refused", reason=str(error))
            self.settle()
            return None
        try:
            token = registry.read_token(self._folder)
        except FolderUnusable as error:
            if not isinstance(error.__cause__, OSError):
                raise
            self.pass_on(order, error.__cause__)  # it is there, and cannot be read for the moment
            return None
        self.lease_s = token.lease_s
        if not self._token.matches(token):
            self._receiver.give_back()
            raise FolderUnusable(
                f"{self._folder} is another root's than it was at this worker's start: mount that one again, or start "
                "the worker anew to serve this one"
            )
        if order.token.matches(token):
            return order
        log.warning("order.refused", reason="it belongs to another folder or version", job=order.job)
        self.settle()
        return None

    @property
    def rests(self) -> Message:
        """Why this machine takes no orders now; nothing where it does."""
        return self.obstacle if self._clock() < self._rests_until else NOTHING

    def settle(self) -> None:
        """The order is done, or invalid."""
        self._receiver.settle()

    def begun(self) -> None:
        """This machine can carry out its orders."""
        self.obstacle = NOTHING

    def ended(self, job: str, report: Report) -> None:
        """An attempt has ended; after one that was returned, pause, so that other workers get the next orders."""
        self.settle()
        if report.ending != "returned":
            self._in_vain = []
        elif not report.stopping:
            self._rest(job, say("this machine returns scans unread: {reason}", reason=report.reason))

    def pass_on(self, order: Order, error: OSError) -> None:
        """Return an order to the broker and pause: the obstacle may concern all orders."""
        log.warning("attempt.not_begun", job=order.job, reason=error.strerror)
        if order.job in self._in_vain:  # nobody else has taken it meanwhile: the supervisor publishes it again
            self._receiver.settle()
        else:
            self._receiver.give_back()
        self._rest(order.job, say("this machine cannot begin scans: {reason}", reason=in_words(error)))

    def _rest(self, job: str, obstacle: Message) -> None:
        self._in_vain = [*self._in_vain, job][-REMEMBERED_JOBS:]
        rest_s = BACKOFF.pause_s(len(self._in_vain))
        log.warning("worker.rests", seconds=rest_s, reason=obstacle)
        self.obstacle = obstacle
        self._rests_until = self._clock() + rest_s
