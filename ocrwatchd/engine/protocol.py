"""What the host and the engine process say to each other: one JSON object a line over a socket pair, no pickle.

Shared by both sides, so it stays light. Texts of documents never travel here: the engine writes them into the job's
folder and answers with steps and figures.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from ocrwatchd.core.attempt import ScanFigures
from ocrwatchd.core.config.profile import Work  # noqa: TC001  # pydantic resolves them when this module loads
from ocrwatchd.core.config.schema import Config, Notify, Queue
from ocrwatchd.core.i18n import NOTHING
from ocrwatchd.core.i18n.wire import Told  # noqa: TC001  # as above
from ocrwatchd.core.jsonlines import Message, ProtocolError, pack, summary, unpack
from ocrwatchd.core.model import Job
from ocrwatchd.engine.grants import Access

MAX_REQUEST_BYTES = 1 << 24
"""Longest line that the engine accepts: the longest settings fit many times over."""

MAX_ANSWER_BYTES = 1 << 18
"""Longest line that the host accepts: figures only, and it shall stay small."""


class Hello(Message):
    """Host to engine, first of all: the settings to load by, and what the engine may use of this machine."""

    type: Literal["hello"] = "hello"
    config: Config
    access: Access = Access()

    @classmethod
    def of(cls, config: Config, access: Access) -> Hello:
        """Without settings that may hold passwords of others, and are none of the engine's business."""
        return cls(config=config.model_copy(update={"queue": Queue(), "notify": Notify()}), access=access)


class Give(Message):
    """Host to engine: read this scan."""

    type: Literal["give"] = "give"
    job: str
    folder: str
    relative: str
    work: Work
    desk: str = ""
    renamed: bool = False
    lattices: bool = False

    @classmethod
    def of(cls, job: Job) -> Give:
        """Pack a job; paths travel byte by byte, for they need not be valid UTF-8."""
        desk = pack(job.desk) if job.desk else ""
        paths = {"folder": pack(job.folder), "relative": pack(job.relative), "desk": desk}
        return cls(job=job.id, work=job.work, renamed=job.renamed, lattices=job.lattices, **paths)

    def unpack(self) -> Job:
        """The job as the host knows it."""
        desk = unpack(self.desk) if self.desk else None
        marks = {"renamed": self.renamed, "lattices": self.lattices}
        return Job(self.job, unpack(self.folder), unpack(self.relative), self.work, desk, **marks)


class Finish(Message):
    """Host to engine: complete the page in work, hand the job back, end."""

    type: Literal["finish"] = "finish"


class PutBack(Message):
    """Host to engine: complete the page in work, hand the job back, stay; without a meaning once the job has ended."""

    type: Literal["put-back"] = "put-back"


class Ready(Message):
    """Engine to host: loaded, waiting for a job.

    Args:
        engine: the default profile's OCR engine and its version, in words.
        model: the default profile's language model, or "".
        seconds: that loading took.
        rss_mb: resident memory, MiB.
    """

    type: Literal["ready"] = "ready"
    engine: str
    model: str
    seconds: float
    rss_mb: float


StepName = Literal["hash", "load", "open", "page", "correct", "page-done", "task", "write"]


class Step(Message):
    """Engine to host, the sign of life: a step of the job has begun.

    Args:
        name: of the step.
        page: from 1, or 0 where the step belongs to no page.
        pages: how many there are, or 0 where that is not known yet.
        seconds: that the page took so far; only with "page-done".
    """

    type: Literal["step"] = "step"
    job: str
    name: StepName
    page: Annotated[int, Field(ge=0, le=1 << 31)] = 0
    pages: Annotated[int, Field(ge=0, le=1 << 31)] = 0
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Ended(Message):
    """Engine to host: the attempt is over.

    Args:
        reason: for everything but "done".
        unavailable: the reason is a missing engine, licence or resource.
        denied: the kernel has refused access, as it does where a folder has been mounted anew: see ``confinement``.
        figures: about the document.
        rss_mb: resident memory, MiB.
        growth_mb: anonymous memory gained since everything was loaded, MiB.
    """

    type: Literal["ended"] = "ended"
    job: str
    ending: Literal["done", "unreadable", "returned", "put-back"]
    reason: Told = NOTHING
    unavailable: bool = False
    denied: bool = False
    figures: ScanFigures = ScanFigures()
    rss_mb: float = 0.0
    growth_mb: float = 0.0


class Unavailable(Message):
    """Engine to host, instead of "ready": the default profile's engine cannot be used; the reason holds the remedy."""

    type: Literal["unavailable"] = "unavailable"
    reason: Told


Request = Hello | Give | PutBack | Finish
Answer = Ready | Step | Ended | Unavailable

_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="type")])


def encode(message: Request | Answer) -> bytes:
    """A message as one line."""
    return message.model_dump_json().encode() + b"\n"


def decode_request(line: bytes) -> Request:
    """What the host says.

    Raises:
        ProtocolError: it is no request.
    """
    try:
        return _REQUEST.validate_json(line)
    except ValidationError as error:
        raise ProtocolError(summary("a request", error)) from None


def decode_answer(line: bytes) -> Answer:
    """What the engine says.

    Raises:
        ProtocolError: it is no answer.
    """
    try:
        return _ANSWER.validate_json(line)
    except ValidationError as error:
        raise ProtocolError(summary("an answer", error)) from None
