"""Which of its queues a worker asks first: the one with the most urgent scan.

The broker keeps the order within a queue. The supervisor writes the order between queues to a file of the work folder.
Without that file, workers ask first for jobs that the fewest workers can read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import structlog
from pydantic import Field

from ocrwatchd.core.jsonlines import Record
from ocrwatchd.dispatch.cluster.messages import Refused, read, write
from ocrwatchd.dispatch.priority import AHEAD_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ocrwatchd.dispatch.cluster.published_job import Published

FILE: Final = ".sequence.json"
MOST_QUEUES: Final = 16

RARE_AHEAD_S: Final = AHEAD_S / 2
"""Jobs that only some workers can read go first as if they had waited so much longer; that is less than a point of
priority."""

PLAIN: Final = ".any"

log = structlog.get_logger()


class Queues(Record):
    """Supervisor to workers: ask the queues in this order."""

    queues: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=MOST_QUEUES)]


class Sequencer:
    """Writes the order of the queues into the work folder after each change."""

    def __init__(self, folder: Path) -> None:
        self._path: Final = folder / FILE
        self._told: list[str] = []

    def tell(self, untaken: Iterable[Published]) -> None:
        """Write the order, given the jobs that no worker has begun, the most urgent first."""
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
    """The queues of a worker in the order of the file; queues that the file does not name come last."""
    try:
        told = read(Queues, folder / FILE).queues
    except (OSError, Refused):
        told = ()
    places = {name: place for place, name in enumerate(told)}
    return sorted(queues, key=lambda name: places.get(name, len(places)))
