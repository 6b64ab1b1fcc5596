"""The published jobs: at the broker or with workers, in the order in which they are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.dispatch.cluster import attempts, capabilities
from ocrwatchd.dispatch.cluster.messages import Order
from ocrwatchd.dispatch.cluster.queue_order import Sequencer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ocrwatchd.core.config.profile import Ocr
    from ocrwatchd.core.model import Job
    from ocrwatchd.dispatch.cluster.messages import Token
    from ocrwatchd.dispatch.cluster.published_job import Published
    from ocrwatchd.dispatch.cluster.transport import Receiver, Sender
    from ocrwatchd.dispatch.cluster.workers import Crew
    from ocrwatchd.dispatch.priority import Place

MOST_IN_VAIN: Final = 3
"""Report a problem after this many republications that no free worker took."""

IDLE_SHARE: Final = 0.5
"""An untaken job is published again after a worker has been free for this share of a lease."""

log = structlog.get_logger()


class Board:
    """All published jobs."""

    def __init__(self, token: Token, lines: tuple[Sender, Receiver], crew: Crew, folder: Path, lease_s: float) -> None:
        self._token: Final = token
        self._sender, self._receiver = lines
        self._crew: Final = crew
        self._sequencer: Final = Sequencer(folder)
        self._lease_s: Final = lease_s
        self._idle_s: Final = IDLE_SHARE * lease_s
        self._reconnected = 0
        self._lost_since: float | None = None
        self.cut_off = NOTHING
        """Why nothing could be published for longer than a lease; nothing otherwise."""
        self._untold: set[str] = set()
        """Queues to publish again when the broker is back; unsent messages must not pile up."""
        self._in_vain: Final[dict[str, int]] = {}
        """How often a job, by its id, was published again without being taken by a free worker."""
        self._jobs: Final[dict[str, Published]] = {}
        self._queues: Final[dict[frozenset[tuple[Ocr, object]], str]] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Published]:
        """In the order of publication; jobs may be removed during the iteration."""
        return iter([*self._jobs.values()])

    def __contains__(self, job: object) -> bool:
        """Whether a job, by its id, is published."""
        return job in self._jobs

    @property
    def untaken(self) -> list[Published]:
        """The jobs that no worker has begun, the most urgent first."""
        return sorted((each for each in self if not each.taken), key=lambda each: each.place)

    @property
    def lost(self) -> Message:
        """Why the broker cannot be reached; nothing where it can."""
        broken = self._sender.trouble or self._receiver.trouble
        return broken and say(
            "the broker cannot be reached ({reason}); ocrwatchd keeps trying, and jobs in work continue", reason=broken
        )

    @property
    def held(self) -> Published | None:
        """The job that a worker has had longest."""
        return next((each for each in self if each.taken), None)

    def look(self) -> None:
        """Determine the needs of jobs anew: a licence may have come."""
        self._queues.clear()

    def queue(self, job: Job) -> str:
        """The queue for jobs with these settings; a separator sheet may ask for those of any profile."""
        works = job.all_works
        key = frozenset((work.ocr, work.llm.gpu_layers) for work in works)
        if key not in self._queues:
            self._queues[key] = capabilities.queue_name(self._token.root, capabilities.required(*works))
        return self._queues[key]

    def has_room(self, place: Place, queue: str) -> bool:
        """Whether a job may be published: only a few jobs of its queue go before it."""
        before = [each for each in self._lying(queue) if each.place < place]
        return len(before) < self._crew.ahead(queue)

    def add(self, each: Published) -> None:
        """Publish a job, before less urgent jobs that nobody has taken; a job that a worker has is only recorded."""
        behind = [other for other in self._lying(each.queue) if each.place < other.place]
        self._jobs[each.job.id] = each
        if behind or self._sender.trouble:
            self._publish_again(each.queue)
        else:
            self._send(each)

    def renew(self, now: float) -> None:
        """Publish again jobs that the broker may have lost: it has restarted, or a free worker takes nothing."""
        if not self._sender.trouble:
            self._lost_since = None
        elif self._lost_since is None:
            self._lost_since = now
        lasts = self._lost_since is not None and now - self._lost_since > self._lease_s
        self.cut_off = self.lost if lasts else NOTHING
        reconnected = self._sender.reconnected + self._receiver.reconnected
        forgotten = reconnected != self._reconnected
        self._reconnected = reconnected
        untaken = self.untaken
        for each in untaken:
            if not self._crew.free(each.queue):
                each.offered_at = now
        untold, self._untold = self._untold, set()
        idle = {each.queue for each in untaken if now - each.offered_at > self._idle_s}
        for queue in untold | idle | {each.queue for each in untaken if forgotten}:
            self._publish_again(queue)
            for each in self._lying(queue):
                each.offered_at = now
                self._in_vain[each.job.id] = self._in_vain.get(each.job.id, 0) + (queue in idle)
                log.info("job.published_again", job=each.job.id, attempt=each.attempt)

    @property
    def trouble(self) -> Message:
        """Why free workers do not take the jobs that they could take; nothing where they do."""
        often = (each for each in self.untaken if self._in_vain.get(each.job.id, 0) >= MOST_IN_VAIN)
        if any(self._crew.free(each.queue) for each in often):
            return say("a free worker takes no jobs: set its queue.broker to the supervisor's broker")
        return NOTHING

    def remove(self, job: Job) -> None:
        """The job has ended, or waits again."""
        del self._jobs[job.id]
        self._in_vain.pop(job.id, None)

    def make_way(self, goes_first: Callable[[Place, Place, float], bool], now: float) -> None:
        """Ask for a job back if a more urgent one would otherwise wait for further pages, or for tasks."""
        untaken = self.untaken
        self._sequencer.tell(untaken)
        asked = sum(each.wanted_back for each in self)
        for first in untaken[asked:]:
            if self._crew.free(first.queue):
                continue
            held = (each for each in self if self._can_make_way(each, first.queue))
            if each := next((each for each in held if goes_first(first.place, each.place, now - each.begun_at)), None):
                each.wanted_back = attempts.want_back(each.job, each.attempt)
                log.info("job.makes_way", job=each.job.id, file=str(each.job.relative), first=first.job.id)
                return

    def _can_make_way(self, each: Published, queue: str) -> bool:
        """Whether a worker of this queue would hand the job back before its end."""
        if each.wanted_back or each.card is None:
            return False
        if each.card.page >= each.card.pages and not each.card.asking:
            return False
        return self._crew.takes(each.card, queue)

    def _send(self, each: Published) -> None:
        if each.queue:
            order = Order.of(capabilities.published(each.job), each.attempt, self._token)
            self._sender.send(each.queue, order.model_dump_json())

    def _publish_again(self, queue: str) -> None:
        """Publish the untaken jobs of a queue once more, in their order; later where the broker is away."""
        if self._sender.trouble:
            self._untold.add(queue)
            return
        self._sender.empty(queue)
        for each in self._lying(queue):
            self._send(each)

    def _lying(self, queue: str) -> list[Published]:
        return [each for each in self.untaken if each.queue == queue]
