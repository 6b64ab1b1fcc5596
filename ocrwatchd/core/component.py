"""The parts that the supervisor's loop drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.core.i18n import Message


class Trouble(NamedTuple):
    """Something that is wrong and being retried.

    Args:
        kind: what it is with, as "engine" or "claim"; the job's id where one scan waits for it.
        message: for people; :data:`~ocrwatchd.core.i18n.NOTHING` where nothing is wrong.
        file: the path of the scan that waits; "" where the trouble is the daemon's own.
    """

    kind: str
    message: Message
    file: str = ""


class Part(Protocol):
    """What the loop asks of each of its parts. All calls come from one thread, and none of them waits for work."""

    def next_due(self) -> float | None:
        """When the part has something to do again, monotonic, seconds; None while only events matter."""
        return None

    def troubles(self) -> Iterable[Trouble]:
        """What is wrong with the part now."""
        return ()


class Component(Part, Protocol):
    """A part that does some of the daemon's work."""

    def tick(self, now: float) -> None:
        """Do what is due at the time ``now``, monotonic, seconds.

        Raises:
            LedgerFault: the ledger cannot be used; the next tick tries again.
        """
