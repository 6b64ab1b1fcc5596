"""A worker's heartbeat."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from ocrwatchd import __version__
from ocrwatchd.core import systemd
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.core.log import printable
from ocrwatchd.dispatch.cluster import registry
from ocrwatchd.dispatch.cluster.messages import Card, Refused, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.dispatch.cluster.capabilities import Capability

BEATS_A_LEASE: Final = 6
"""Heartbeats within a lease."""

LONGEST_BEAT_S: Final = 5.0
SOONEST_BEAT_S: Final = 0.5
"""The shortest interval between heartbeats, also when pages are faster."""

log = structlog.get_logger()


class Presence:
    """Replaces the worker's card after each change, and regularly without one."""

    def __init__(
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
        self._heartbeat_due = 0.0
        self._beats = 0
        self._shown: Card | None = None
        self._said = ""
        self._last = -LONGEST_BEAT_S
        self.changed = True
        """The card must be replaced soon."""

    def next_due(self) -> float:
        """When the card is replaced next, by the clock."""
        beat_s = min(LONGEST_BEAT_S, self.lease_s / BEATS_A_LEASE)
        return self._last + (min(SOONEST_BEAT_S, beat_s) if self.changed else beat_s)

    def come(self) -> None:
        """Write the first card.

        Raises:
            FolderUnusable: this machine cannot write in the supervisor's folder.
        """
        try:
            self._write()
        except OSError as error:
            raise FolderUnusable(
                f"the supervisor's folder {self._folder} cannot be written here: "
                f"{registry.obstacle(error, self._folder)}"
            ) from error

    def tick(self, now: float) -> None:
        """Replace the card where that is due, and send systemd's heartbeat. A missing share must not stop the work.

        Raises:
            ConfigError: another, earlier worker has this name.
        """
        if self._shown is not None and self._shown.state != self._tell()["state"]:
            self.changed = True
        if now >= self.next_due():
            self.show()
        if (heartbeat_s := systemd.watchdog_seconds()) and now >= self._heartbeat_due:
            systemd.notify("WATCHDOG=1")
            self._heartbeat_due = now + heartbeat_s

    def show(self) -> None:
        """Replace the card now; errors: see :meth:`tick`."""
        lying = self._lying()
        # Of two, that with more beats was there first: it goes on, and the other one sees that.
        if lying is not None and lying != self._shown and lying.beat > self._beats:
            raise ConfigError(f"another worker has the name {self._name}: give each a --name of its own, or none")
        try:
            self._write()
        except OSError as error:  # the supervisor gives the job to another one when this goes on
            log.warning("card.not_written", reason=error.strerror)

    def leave(self) -> None:
        """Remove the card: nobody waits for this worker."""
        with contextlib.suppress(OSError):
            if self._lying() == self._shown:
                registry.card_path(self._folder, self._name).unlink()

    def _write(self) -> None:
        self._last, self.changed = self._clock(), False
        self._beats += 1
        card = Card(name=self._name, version=__version__, beat=self._beats, offers=self._offers, **self._tell())
        self._say(f"page {card.page} of {card.pages}; {card.state}" if card.page else str(card.state))
        registry.show(card, self._folder)
        self._shown = card

    def _say(self, words: str) -> None:
        if words != self._said:
            self._said = words
            systemd.notify(f"STATUS={printable(words)}")

    def _lying(self) -> Card | None:
        try:
            return read(Card, registry.card_path(self._folder, self._name))
        except (OSError, Refused):
            return None
