"""Reports of engines and workers to the supervisor: the progress and the end of an attempt to read a scan."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - pydantic resolves it when a report is checked
import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field

from ocrwatchd.core.i18n import NOTHING, Message, joined, say, verbatim

if TYPE_CHECKING:
    from ocrwatchd.core.model import Job


class Ending(enum.Enum):
    """How an attempt ended."""

    DONE = "done"
    """The finished set is in ``job.out``."""
    UNREADABLE = "unreadable"
    """The scan's content is at fault: the scan belongs in ``failed/`` with the reason."""
    DIED = "died"
    """The engine died or was ended at its deadline over this job: an attempt that counts."""
    RETURNED = "returned"
    """The scan is not at fault: stop, no engine, no disk room. The job waits and is offered again."""
    PUT_BACK = "put-back"
    """The job made way for a more urgent job between two pages, and continues later with the next page."""
    KNOWN = "known"
    """The same content was delivered before, and ``job.duplicates`` is "skip"."""


Count: TypeAlias = Annotated[int, Field(ge=0, le=1 << 31)]
Amount: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
LATEST: Final = 253_402_214_400.0
"""The last day of the year 9999, in Unix seconds: no calendar can show much more."""
Time: TypeAlias = Annotated[float, Field(ge=0, le=LATEST, allow_inf_nan=False)]
Counts: TypeAlias = dict[Annotated[str, Field(max_length=100)], Count]


@dataclass(frozen=True, slots=True)
class PartFigures:
    """One of the documents that a scan holds: what its place and its name depend on.

    Args:
        profile: of its separator sheet; None where it has the scan's own.
        date: of the letter, as its first page says; None where unknown.
        pages: of this document.
        unreadable: those of them that could not be read.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    profile: Annotated[str, Field(max_length=255)] | None = None
    date: dt.date | None = None
    pages: Count = 0
    unreadable: Count = 0


WHOLE: Final = (PartFigures(),)
"""A scan that is one document."""


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """The engine's figures of a scan that it has read, or has died over; never document text.

    Args:
        unreadable: pages that could not be read.
        corrected: at least one part of a page was corrected.
        evaluation: the engine has no licence and truncated the text.
        words: words of the raw text.
        scored_words: words with a known confidence.
        edits_by_reason: admitted edits, by the code of the reason.
        refused_by_reason: refused edits, by the code of the reason.
        confidence: the mean over the scored words; None without any.
        seconds: wall time of recognition and correction.
        sha256: of the file, hexadecimal.
        tasks_not_done: for each follow-up task that is not done, why.
        duplicate_of: the set that was delivered earlier for the same content, or "".
        parts: the documents of the scan, in order.
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
    tasks_not_done: tuple[Message, ...] = ()
    duplicate_of: str = ""
    parts: Annotated[tuple[PartFigures, ...], Field(min_length=1, max_length=50_000)] = WHOLE

    @property
    def complete(self) -> bool:
        """Every page could be read."""
        return self.unreadable == 0

    def of_part(self, number: int) -> ScanFigures:
        """With the pages of one document, by its number from 0; none where that is unknown, as after a restart."""
        part = self.parts[number] if number < len(self.parts) else PartFigures()
        return replace(self, pages=part.pages, unreadable=part.unreadable)


EngineState: TypeAlias = Literal["down", "loading", "ready", "working", "finishing"]


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The status of the engine, or of all workers together, for people and metrics.

    Args:
        state: of the process, or of the busiest worker; "down" without any.
        notes: details for people: why the engine is down, the current download, the scan that is put back.
        starts: how often a process was started.
        engine: the OCR engine of the default profile, and its version.
        model: the language model of the default profile, or "".
        load_seconds: wall time of loading.
        rss_mb: last reported resident memory, MiB; None before the first report.
        growth_mb: anonymous memory gained since everything was loaded, MiB.
    """

    state: EngineState = "down"
    notes: tuple[Message, ...] = ()
    starts: Count = 0
    engine: str = ""
    model: str = ""
    load_seconds: Amount = 0.0
    rss_mb: Amount | None = None
    growth_mb: Amount = 0.0

    @property
    def loaded(self) -> bool:
        """An engine is ready to read, or reads."""
        return self.state in {"ready", "working", "finishing"}

    @property
    def message(self) -> Message:
        """The state and the notes, for people."""
        notes = joined(self.notes)
        if self.state == "down" and notes:
            return say("down: {reason}", reason=notes)
        return joined([verbatim(self.state), notes])


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt's ending, as the dispatcher reports it.

    Args:
        reason: for everything but DONE.
        figures: of the scan, where the engine has read it or died over it.
        attempt: its number on another machine, which may report it twice; else 0.
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
    """A step of a job has begun, by its name on the wire; ``priority``: that of the job from now on, if it changes."""

    job: Job
    step: str
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """A present worker's own report.

    Args:
        state: the state of its engine, and why it does not read.
        job: the scan that it reads, or "".
        page: the page in work, from 1.
        pages: pages of the scan, 0 while unknown.
        pages_done: pages since the worker's start.
        seconds_a_page: mean wall time of its last pages; 0.0 before the first.
    """

    name: str
    state: Message
    job: str
    page: Count
    pages: Count
    pages_done: Count
    seconds_a_page: Amount
