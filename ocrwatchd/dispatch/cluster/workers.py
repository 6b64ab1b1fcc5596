"""All workers together: which jobs they can read, how many to publish for them, and their status for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocrwatchd.core.attempt import EngineStatus, Worker
from ocrwatchd.core.i18n import NOTHING, Message, count, joined, say
from ocrwatchd.core.log import told
from ocrwatchd.dispatch.cluster import capabilities

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from ocrwatchd.dispatch.cluster.messages import Card
    from ocrwatchd.dispatch.cluster.published_job import Published
    from ocrwatchd.dispatch.cluster.registry import Roster

MISSING: Final = say("start one with `ocrwatchd worker` on a machine that sees this folder")


class Crew:
    """All workers of a root."""

    def __init__(self, roster: Roster, root: str, pages_read: Callable[[int, float], None]) -> None:
        self._roster: Final = roster
        self._root: Final = root
        self._pages_read: Final = pages_read
        self._pages: dict[str, int] = {}
        self._able_for: Final[dict[str, list[Card]]] = {}

    def look(self) -> None:
        """Update the workers and the pages that they have read."""
        self._roster.look()
        self._able_for.clear()
        before = self._pages
        self._pages = {card.name: card.pages_done for card in self._roster.living}
        for card in self._roster.living:
            if (more := card.pages_done - before.get(card.name, card.pages_done)) > 0:
                self._pages_read(more, card.seconds_a_page)

    @property
    def unseen(self) -> Message:
        """Why no worker can be seen; nothing where they can."""
        trouble = self._roster.trouble
        return trouble and say("the workers' heartbeats cannot be read: {reason}", reason=trouble)

    def ahead(self, queue: str) -> int:
        """How many jobs may lie in a queue: one for each free worker, and some for those that will be free."""
        able = self._able(queue)
        return 1 + len(able) // 2 + sum(not card.job for card in able)

    def free(self, queue: str) -> bool:
        """Whether a worker of the queue has no job, a working engine, and a connection to the broker."""
        return any(not (card.job or card.trouble or card.cut_off) for card in self._able(queue))

    def serves(self, queue: str) -> bool:
        """Whether any worker will read the jobs of a queue."""
        return any(not card.trouble for card in self._able(queue))

    def takes(self, card: Card, queue: str) -> bool:
        """Whether a worker takes jobs from a queue."""
        return queue in capabilities.queues(self._root, card.offers)

    def missing(self, queues: Collection[str]) -> Message:
        """Why no worker reads the jobs of these queues, with the remedy; nothing where one does."""
        if not self._roster.living:
            return say("no worker is running: {remedy}", remedy=MISSING)
        if silent := sorted({name.rpartition(".")[2] for name in queues if not self._able(name)}):
            return joined(
                say(
                    "scans wait for a worker with {what}: start one on a machine that has it",
                    what=kind.replace("-", ", "),
                )
                for kind in silent
            )
        troubles = {card.name: card.trouble for queue in queues for card in self._able(queue)}
        if troubles and all(troubles.values()):
            name, trouble = next(iter(troubles.items()))
            return say("no worker has a working engine; {worker} reports: {reason}", worker=name, reason=trouble)
        return NOTHING

    @property
    def status(self) -> EngineStatus:
        """Their status, together."""
        cards = self._roster.living
        if not cards:
            return EngineStatus("down", (say("no worker"),))
        busy = sum(bool(card.job) for card in cards)
        workers = count("1 worker, {busy} at work", "{n} workers, {busy} at work", n=len(cards), busy=busy)
        return EngineStatus("working" if busy else "ready", (workers,))

    def members(self, published: Iterable[Published]) -> tuple[Worker, ...]:
        """The present workers, each with the name of its scan."""
        files = {each.card.name: told(str(each.job.relative)) for each in published if each.card}
        return tuple(
            Worker(
                name=card.name,
                state=card.state,
                job=files.get(card.name, ""),
                page=card.page,
                pages=card.pages,
                pages_done=card.pages_done,
                seconds_a_page=round(card.seconds_a_page, 2),
            )
            for card in self._roster.living
        )

    def _able(self, queue: str) -> list[Card]:
        if queue not in self._able_for:
            self._able_for[queue] = [card for card in self._roster.living if self.takes(card, queue)]
        return self._able_for[queue]
