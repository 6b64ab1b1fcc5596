"""The parts that the supervisor's loop drives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.core.i18n import Message


class Trouble(NamedTuple):
    """Something that is wrong and being retried.

    Args:
        kind: the part with the trouble, such as "engine" or "claim"; the job's id if one scan waits.
        message: for people; :data:`~ocrwatchd.core.i18n.NOTHING` where nothing is wrong.
        file: the path of the scan that waits; "" where the trouble is the daemon's own.
    """

    kind: str
    message: Message
    file: str = ""


class Part(Protocol):
    """The questions of the loop to each part. All calls come from one thread, and no call waits for work."""

    def next_due(self) -> float | None:
        """The time of the part's next work, monotonic, seconds; None while only events matter."""
        return None

    def troubles(self) -> Iterable[Trouble]:
        """The present troubles of the part."""
        return ()


class Component(Part, Protocol):
    """A part that does some of the daemon's work."""

    def tick(self, now: float) -> None:
        """Do what is due at the time ``now``, monotonic, seconds.

        Raises:
            LedgerFault: the ledger cannot be used; the next tick tries again.
        """
