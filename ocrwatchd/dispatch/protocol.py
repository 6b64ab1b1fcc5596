"""The seam between the supervisor and whatever does the work.

Behind it stands a bounded queue with one engine (:mod:`ocrwatchd.dispatch.local`), or a broker with workers on other
machines (:mod:`ocrwatchd.dispatch.cluster.dispatcher`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ocrwatchd.core.attempt import EngineStatus, Outcome, Progress, Worker
    from ocrwatchd.core.config.profile import Llm
    from ocrwatchd.core.i18n import Message
    from ocrwatchd.core.model import Job


class Dispatcher(Protocol):
    """Takes jobs, tells what became of them. Used from one thread; no call waits for work to be done."""

    @property
    def progress(self) -> Progress | None:
        """The page in work, where there is one."""

    @property
    def room(self) -> int:
        """How many more jobs it takes now."""

    @property
    def urgent(self) -> int | None:
        """The least priority of which it takes one more job, though there is no room; None where it takes none."""

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
    def status(self) -> EngineStatus:
        """How the engine is, or the workers, and what is gone on with afterwards."""

    @property
    def unavailable(self) -> Message:
        """Why no engine can do the work, with the remedy; nothing where nothing is known to be missing."""

    @property
    def trouble(self) -> Message:
        """Why no engine serves, also while another try is under way; nothing where one does."""

    @property
    def model_trouble(self) -> Message:
        """Why models are missing that are fetched here; nothing where none is, or workers fetch their own."""

    @property
    def down(self) -> bool:
        """No engine runs, nor is one about to start."""

    def start(self) -> None:
        """Start the engine, from the main thread."""

    def submit(self, job: Job) -> bool:
        """Take a job; False where there is no room, and the job is offered again later."""

    def outcomes(self) -> list[Outcome]:
        """What has ended since the last call."""

    def turn(self) -> None:
        """Do what is due: hand over the next job, watch deadlines, start again what has died."""

    def next_due(self) -> float | None:
        """When ``turn`` has something to do again, on the monotonic clock; None while only events matter."""

    def finish(self) -> None:
        """Complete the page in work and hand its job back; nothing more is begun."""

    def stop(self) -> None:
        """End the engine now."""


class Host(Protocol):
    """One engine, one job at a time; ``engine.host.managed.EngineHostWithModels`` is the real one."""

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
        """No engine runs, nor is one about to start."""

    @property
    def status(self) -> EngineStatus:
        """How it is."""

    def start(self) -> None:
        """Start it."""

    def lacks(self, llm: Llm) -> bool:
        """Whether a model is to be waited for."""

    def give(self, job: Job) -> None:
        """Hand over a job; only while idle."""

    def put_back(self) -> None:
        """Ask for the job in work back after the page in work; the engine stays."""

    def turn(self) -> None:
        """Watch deadlines, start again what has died."""

    def next_due(self) -> float | None:
        """When ``turn`` has something to do again."""

    def finish(self) -> None:
        """Complete the page in work, then end."""

    def stop(self) -> None:
        """End now."""
