"""The interface between the supervisor and the engines.

Implementations: a bounded queue with one engine (:mod:`ocrwatchd.dispatch.local`), and a broker with workers on other
machines (:mod:`ocrwatchd.dispatch.cluster.dispatcher`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ocrwatchd.core.attempt import EngineStatus, Outcome, Progress, Worker
from ocrwatchd.core.component import Component
from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What a dispatcher asks the supervisor, and tells it.

    Attributes:
        starting: called with each job right before an engine may touch it; gives the attempt's number.
        holding: whether a job has to wait; those behind it go first.
        shortcut: the outcome of a job that needs no engine, or None.
        page_done: called with a job and the number of each of its pages that is finished.
        step: called with the name of each step that begins here, and with "" when the work ends.
        pages_read: called with the number of new pages from another machine, and the time for a page, seconds.
        found: called with each job that another machine has had since before a restart.
    """

    starting: Callable[[Job], int]
    holding: Callable[[Job], bool] = lambda _: False
    shortcut: Callable[[Job], Outcome | None] = lambda _: None
    page_done: Callable[[Job, int], None] = lambda *_: None
    step: Callable[[str], None] = lambda _: None
    pages_read: Callable[[int, float], None] = lambda *_: None
    found: Callable[[Job], None] = lambda _: None


class Dispatcher(Component, Protocol):
    """Takes jobs and reports their outcomes."""

    @property
    def progress(self) -> Progress | None:
        """The page in work, if any."""

    @property
    def room(self) -> int:
        """How many more jobs should be claimed for it now; negative where it has more than enough."""

    @property
    def urgent(self) -> int | None:
        """The least priority of which one more job should be claimed without room; None for no such priority."""

    @property
    def waiting(self) -> int:
        """How many jobs wait."""

    @property
    def in_work(self) -> Job | None:
        """The job that an engine has."""

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The workers, where several machines read."""

    @property
    def status(self) -> EngineStatus:
        """The state of the engine, or of the workers, and the interrupted jobs."""

    @property
    def unavailable(self) -> Message:
        """Why no engine can do the work, with the remedy; nothing where no cause is known."""

    @property
    def down(self) -> bool:
        """No engine runs, and none is about to start."""

    def start(self) -> None:
        """Start the engine, from the main thread."""

    def submit(self, job: Job) -> None:
        """Take a job, also without room: a claimed job waits nowhere else."""

    def outcomes(self) -> list[Outcome]:
        """The outcomes since the last call."""

    def finish(self) -> None:
        """Complete the page in work and hand its job back; begin no other job."""

    def stop(self) -> None:
        """End the engine now."""


class Host(Protocol):
    """One engine, one job at a time; ``engine.host.managed.EngineHostWithModels`` is the implementation."""

    unavailable: Message

    @property
    def trouble(self) -> Message:
        """Why it does not serve; nothing where it does."""

    @property
    def model_trouble(self) -> Message:
        """Why models could not be fetched, if so."""

    @property
    def idle(self) -> bool:
        """Ready for a job."""

    @property
    def resting(self) -> bool:
        """No engine runs, and none is about to start."""

    @property
    def status(self) -> EngineStatus:
        """The state of the engine, for people and metrics."""

    def start(self) -> None:
        """Start the engine process."""

    def lacks(self, llm: Llm) -> bool:
        """Whether the job must wait for a model."""

    def give(self, job: Job) -> None:
        """Hand over a job; only while idle."""

    def put_back(self) -> None:
        """Ask for the job in work back after the page in work; the engine stays."""

    def tick(self, now: float) -> None:
        """Watch deadlines; restart an engine that has died."""

    def next_due(self) -> float | None:
        """As :meth:`Component.next_due`."""

    def finish(self) -> None:
        """Complete the page in work, then end."""

    def stop(self) -> None:
        """End the engine process at once."""
