"""Which of several queues a worker asks first: that with the scan which is to be read next.

A broker keeps the order within a queue; between them the supervisor tells it, in a file of the work folder. Without it
workers ask first for what fewest of them can read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import structlog
from pydantic import Field

from ocrwatchd.core.jsonlines import Message
from ocrwatchd.dispatch.cluster.messages import Refused, read, write
from ocrwatchd.dispatch.priority import AHEAD_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ocrwatchd.dispatch.cluster.published_job import Published

FILE: Final = ".sequence.json"
MOST_QUEUES: Final = 16

RARE_AHEAD_S: Final = AHEAD_S / 2
"""What not every worker can read goes as if it had waited so much longer: for one that can the rest waits, and a point
of priority is worth more."""

PLAIN: Final = ".any"

log = structlog.get_logger()


class Queues(Message):
    """Supervisor to workers: ask them in this order."""

    queues: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=MOST_QUEUES)]


class Sequencer:
    """Tells workers of the order whenever that changes.

    Args:
        folder: the work folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path: Final = folder / FILE
        self._told: list[str] = []

    def tell(self, untaken: Iterable[Published]) -> None:
        """Let the queue of whoever goes first be asked first.

        Args:
            untaken: what no worker has begun, who goes first comes first.
        """
        first: dict[str, float] = {}
        for each in untaken:
            ahead_s = 0.0 if each.queue.endswith(PLAIN) else RARE_AHEAD_S
            first.setdefault(each.queue, each.place.since - ahead_s)
        queues = sorted(first, key=first.__getitem__)
        if len(queues) < 2 or queues == self._told:  # one queue has no order
            return
        try:
            write(Queues(queues=tuple(queues)), self._path)
        except OSError as error:  # told again when something changes; until then the order is an earlier one
            log.debug("sequence.not_written", reason=error.strerror)
        else:
            self._told = queues


def ordered(folder: Path, queues: Sequence[str]) -> list[str]:
    """A worker's queues in the order in which to ask them; those of which nothing is told come last, as they are."""
    try:
        told = read(Queues, folder / FILE).queues
    except (OSError, Refused):
        told = ()
    places = {name: place for place, name in enumerate(told)}
    return sorted(queues, key=lambda name: places.get(name, len(places)))
