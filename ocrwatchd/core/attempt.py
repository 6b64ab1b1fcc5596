"""What becomes of an attempt to read a scan, and who makes it: what engines and workers tell the supervisor."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field

from ocrwatchd.core.i18n import NOTHING, Message, joined, say, verbatim
from ocrwatchd.core.i18n.wire import Told  # noqa: TC001  # pydantic reads the annotations

if TYPE_CHECKING:
    from ocrwatchd.core.model import Job


class Ending(enum.Enum):
    """What became of an attempt."""

    DONE = "done"
    """The finished set lies in ``job.out``."""
    UNREADABLE = "unreadable"
    """The scan's own content is at fault; it belongs in ``failed/`` with the reason."""
    DIED = "died"
    """The engine died or was ended at its deadline over this job: an attempt that counts."""
    RETURNED = "returned"
    """Nobody's fault: stopping, no engine, no disk room. The job waits and is offered again."""
    PUT_BACK = "put-back"
    """As it was asked to, between two pages, for one that goes first: it goes on with the next page, none ends."""
    KNOWN = "known"
    """The same content was delivered before, and such scans are to be skipped."""


Count: TypeAlias = Annotated[int, Field(ge=0, le=1 << 31)]
Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Counts: TypeAlias = dict[Annotated[str, Field(max_length=100)], Count]


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """What an engine tells of a scan that it has read, or has died over; never a word of the document.

    Args:
        pages: how many it has.
        unreadable: how many of them could not be read.
        corrected: a part of it was corrected.
        evaluation: the engine has no licence, and cut the text.
        words: of the raw text.
        scored_words: of them those whose confidence is known.
        edits: how many were admitted.
        edits_by_reason: the same, by the code of the reason.
        refused: how many edits were refused.
        refused_by_reason: the same, by the code of the reason.
        confidence: the mean over the scored words; None without any.
        seconds: wall time of reading and correcting.
        sha256: of the file, hexadecimal.
        tasks_not_done: what became of each follow-up task that is not done.
        duplicate_of: the set that was delivered for the same content before; "" for none.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    pages: Count = 0
    unreadable: Count = 0
    corrected: bool = False
    evaluation: bool = False
    words: Count = 0
    scored_words: Count = 0
    edits: Count = 0
    edits_by_reason: Counts = field(default_factory=dict)
    refused: Count = 0
    refused_by_reason: Counts = field(default_factory=dict)
    confidence: Amount | None = None
    seconds: Amount = 0.0
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    tasks_not_done: tuple[Told, ...] = ()
    duplicate_of: str = ""

    @property
    def complete(self) -> bool:
        """Every page could be read."""
        return self.unreadable == 0


EngineState: TypeAlias = Literal["down", "loading", "ready", "working", "finishing"]


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """How the engine is, or the workers together, for people and metrics.

    Args:
        state: of the process, or of the busiest of the workers; "down" without any.
        notes: more for people: why it is down, what is downloaded, which scan goes on afterwards.
        starts: how often a process was started.
        engine: the OCR engine of the default profile, and its version.
        model: the default profile's language model, or "".
        load_seconds: how long loading took.
        rss_mb: resident memory as the engine last told, MiB; None before.
        growth_mb: anonymous memory gained since everything was loaded, MiB.
    """

    state: EngineState = "down"
    notes: tuple[Told, ...] = ()
    starts: int = 0
    engine: str = ""
    model: str = ""
    load_seconds: float = 0.0
    rss_mb: float | None = None
    growth_mb: float = 0.0

    @property
    def loaded(self) -> bool:
        """An engine can read, or does."""
        return self.state in {"ready", "working", "finishing"}

    @property
    def message(self) -> Message:
        """The state and the notes, for people."""
        notes = joined(self.notes)
        if self.state == "down":
            return say("down: {reason}", reason=notes)
        return joined([verbatim(self.state), notes])


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt's ending, told by the dispatcher.

    Args:
        reason: for everything but DONE.
        figures: of what was read.
        attempt: its number where another machine has made it, which may be told twice; else 0.
    """

    job: Job
    ending: Ending
    reason: Message = NOTHING
    figures: ScanFigures = ScanFigures()
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """The page in work, for people who watch; ``done`` says that it is finished and kept."""

    job: Job
    page: int
    pages: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """A step of a job has begun, by its name on the wire."""

    job: Job
    step: str


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that is there, as it has told of itself.

    Args:
        name: its own.
        state: of its engine, and what keeps it from reading.
        job: the scan that it reads, "" for none.
        page: of it, from 1.
        pages: it has, 0 while unknown.
        pages_done: since the worker's start.
        seconds_a_page: wall time that one of its last pages took on average; 0.0 before the first.
    """

    name: str
    state: Told
    job: str
    page: int
    pages: int
    pages_done: int
    seconds_a_page: float
