"""A worker's signs of life."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from ocrwatchd import __version__
from ocrwatchd.cluster import roster
from ocrwatchd.cluster.messages import Card

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.cluster.capability import Capability

BEATS_A_LEASE: Final = 6
"""A worker shows a sign of life so often within a lease."""

LONGEST_BEAT_S: Final = 5.0
SOONEST_BEAT_S: Final = 0.5
"""And at most so often, though pages go by faster."""

log = structlog.get_logger()


class Presence:
    """Replaces the worker's card when something has changed, and else in time.

    Args:
        folder: the work folder.
        name: of the worker.
        offers: what this machine has.
        lease_s: how long a sign of life holds, seconds.
        tell: the card's other fields, as they are now.
        clock: monotonic, seconds.
    """

    def __init__(  # noqa: PLR0913 - what a card takes
        self,
        folder: Path,
        name: str,
        offers: tuple[Capability, ...],
        lease_s: float,
        tell: Callable[[], dict[str, Any]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder: Final = folder
        self._name: Final = name
        self._offers: Final = offers
        self._tell: Final = tell
        self._clock: Final = clock
        self.lease_s = lease_s
        self._beats = 0
        self._last = -LONGEST_BEAT_S
        self.changed = True
        """There is something new to tell."""

    def next_due(self) -> float:
        """When the card is replaced again, by the clock."""
        beat_s = min(LONGEST_BEAT_S, self.lease_s / BEATS_A_LEASE)
        return self._last + (min(SOONEST_BEAT_S, beat_s) if self.changed else beat_s)

    def turn(self) -> None:
        """Replace the card where that is due; a share that is away must not stop the work."""
        if self._clock() >= self.next_due():
            self.show()

    def show(self) -> None:
        """Replace the card now."""
        self._last, self.changed = self._clock(), False
        self._beats += 1
        card = Card(name=self._name, version=__version__, beat=self._beats, offers=self._offers, **self._tell())
        try:
            roster.show(card, self._folder)
        except OSError as error:  # the supervisor gives the job to another one when this goes on
            log.warning("card.not_written", reason=error.strerror)

    def leave(self) -> None:
        """Take the card away: nobody shall wait for this worker."""
        with contextlib.suppress(OSError):
            roster.card_path(self._folder, self._name).unlink()
