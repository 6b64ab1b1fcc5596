"""The seam between the supervisor and whatever does the work.

Behind it stands a bounded queue with one engine (:mod:`ocrwatchd.dispatch.local`), or a broker with workers on other
machines (:mod:`ocrwatchd.dispatch.cluster.dispatcher`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ocrwatchd.core.component import Component

if TYPE_CHECKING:
    from ocrwatchd.core.attempt import Outcome, Progress, Worker
    from ocrwatchd.core.config.profile import Llm
    from ocrwatchd.core.model import Job


class Dispatcher(Component, Protocol):
    """Takes jobs, tells what became of them."""

    @property
    def progress(self) -> Progress | None:
        """The page in work, where there is one."""

    @property
    def room(self) -> int:
        """How many more jobs should be claimed for it now; negative where it has more than enough."""

    @property
    def urgent(self) -> int | None:
        """The least priority of which one more job should be claimed without room; None for no such priority."""

    @property
    def waiting(self) -> int:
        """How many jobs wait for their turn."""

    @property
    def in_work(self) -> Job | None:
        """The job that an engine has."""

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Who reads, where several machines do."""

    @property
    def state(self) -> str:
        """What the engine is doing, and what it goes on with afterwards, for people."""

    @property
    def figures(self) -> dict[str, object]:
        """What the engine has last told of itself: starts, engine, model, rss_mb."""

    @property
    def unavailable(self) -> str:
        """Why no engine can do the work, with the remedy; "" where nothing is known to be missing."""

    @property
    def down(self) -> bool:
        """No engine runs, nor is one about to start."""

    def start(self) -> None:
        """Start the engine, from the main thread."""

    def submit(self, job: Job) -> None:
        """Take a job, also where there is no room: a claimed job waits nowhere else."""

    def outcomes(self) -> list[Outcome]:
        """What has ended since the last call."""

    def finish(self) -> None:
        """Complete the page in work and hand its job back; nothing more is begun."""

    def stop(self) -> None:
        """End the engine now."""


class Host(Protocol):
    """One engine, one job at a time; ``engine.host.managed.EngineHostWithModels`` is the real one."""

    unavailable: str
    figures: dict[str, object]

    @property
    def trouble(self) -> str:
        """Why it does not serve; "" where it does."""

    @property
    def model_trouble(self) -> str:
        """Why models could not be fetched, or ""."""

    @property
    def idle(self) -> bool:
        """Ready for a job."""

    @property
    def resting(self) -> bool:
        """No engine runs, nor is one about to start."""

    @property
    def state(self) -> str:
        """For people."""

    def start(self) -> None:
        """Start it."""

    def lacks(self, llm: Llm) -> bool:
        """Whether a model is to be waited for."""

    def give(self, job: Job) -> None:
        """Hand over a job; only while idle."""

    def put_back(self) -> None:
        """Ask for the job in work back after the page in work; the engine stays."""

    def tick(self, now: float) -> None:
        """Watch deadlines, start again what has died."""

    def next_due(self) -> float | None:
        """As :meth:`Component.next_due`."""

    def finish(self) -> None:
        """Complete the page in work, then end."""

    def stop(self) -> None:
        """End now."""
