"""Messages between the host and the engine process: one JSON object a line over a socket pair, no pickle.

Light: both sides import this module. The text of a document is never sent: the engine writes it into the job's folder
and sends steps and figures.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from ocrwatchd.core.attempt import Amount, ScanFigures
from ocrwatchd.core.config.profile import Work  # pydantic resolves them when this module loads
from ocrwatchd.core.config.schema import Config, Notify, Queue
from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.core.jsonlines import ProtocolError, Record, pack, summary, unpack
from ocrwatchd.core.model import Job
from ocrwatchd.core.sheets import SheetsRecord
from ocrwatchd.engine.grants import Access

MAX_REQUEST_BYTES = 1 << 24
"""Longest line that the engine accepts; the longest settings need a small part of it."""

MAX_ANSWER_BYTES = 1 << 24
"""Longest line that the host accepts. Answers hold figures only, but a scan may be cut into as many documents as it has
pages, and each of them may name a profile: 50,000 documents of 255 bytes and a date are 15 MB."""


class Hello(Record):
    """Host to engine, the first message: the settings to load by, and the rights on this machine."""

    type: Literal["hello"] = "hello"
    config: Config
    access: Access = Access()

    @classmethod
    def of(cls, config: Config, access: Access) -> Hello:
        """Leave out the settings that may hold passwords, which the engine does not need."""
        return cls(config=config.model_copy(update={"queue": Queue(), "notify": Notify()}), access=access)


class Give(Record):
    """Host to engine: process this scan."""

    type: Literal["give"] = "give"
    job: str
    folder: str
    relative: str
    work: Work
    desk: str = ""
    renamed: bool = False
    lattices: bool = False
    members: tuple[str, ...] = ()
    sheets: SheetsRecord | None = None

    @classmethod
    def of(cls, job: Job) -> Give:
        """Pack a job; paths are packed byte by byte, because they need not be valid UTF-8."""
        return cls(
            job=job.id,
            folder=pack(job.folder),
            relative=pack(job.relative),
            work=job.work,
            desk=pack(job.desk) if job.desk else "",
            renamed=job.renamed,
            lattices=job.lattices,
            members=tuple(pack(Path(name)) for name in job.members),
            sheets=SheetsRecord.of(job.sheets) if job.sheets else None,
        )

    def unpack(self) -> Job:
        """Unpack the job."""
        return Job(
            self.job,
            unpack(self.folder),
            unpack(self.relative),
            self.work,
            unpack(self.desk) if self.desk else None,
            renamed=self.renamed,
            lattices=self.lattices,
            members=tuple(str(unpack(name)) for name in self.members),
            sheets=self.sheets.unpack() if self.sheets else None,
        )


class Finish(Record):
    """Host to engine: complete the current page, return the job, exit."""

    type: Literal["finish"] = "finish"


class PutBack(Record):
    """Host to engine: complete the current page, return the job, stay; ignored after the end of the job."""

    type: Literal["put-back"] = "put-back"


class Ready(Record):
    """Engine to host: loaded, waiting for a job.

    Args:
        engine: OCR engine of the default profile, with its version.
        model: language model of the default profile, or "".
        seconds: duration of loading.
        rss_mb: resident memory, MiB.
    """

    type: Literal["ready"] = "ready"
    engine: str
    model: str
    seconds: Amount
    rss_mb: Amount


StepName = Literal["hash", "load", "open", "page", "correct", "page-done", "task", "write"]


class Step(Record):
    """Engine to host: a step of the job begins. Also the sign of life.

    Args:
        name: of the step.
        page: from 1; 0 if the step belongs to no page.
        pages: of the document; 0 if unknown.
        seconds: duration of the page; only with "page-done".
        priority: of the job from now on, where a separator sheet asks for another one.
    """

    type: Literal["step"] = "step"
    job: str
    name: StepName
    page: Annotated[int, Field(ge=0, le=1 << 31)] = 0
    pages: Annotated[int, Field(ge=0, le=1 << 31)] = 0
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    priority: Annotated[int, Field(ge=-100, le=100)] | None = None


class Ended(Record):
    """Engine to host: the attempt is over.

    Args:
        reason: for everything but "done".
        unavailable: the reason is a missing engine, licence or resource.
        denied: the kernel refused access, for example because a folder was mounted anew: see ``confinement``.
        figures: about the document.
        rss_mb: resident memory, MiB.
        growth_mb: anonymous memory gained since everything was loaded, MiB.
    """

    type: Literal["ended"] = "ended"
    job: str
    ending: Literal["done", "unreadable", "returned", "put-back"]
    reason: Message = NOTHING
    unavailable: bool = False
    denied: bool = False
    figures: ScanFigures = ScanFigures()
    rss_mb: Amount = 0.0
    growth_mb: Amount = 0.0


class Unavailable(Record):
    """Engine to host, instead of "ready": the engine of the default profile cannot run; the reason names the remedy."""

    type: Literal["unavailable"] = "unavailable"
    reason: Message


Request = Hello | Give | PutBack | Finish
Answer = Ready | Step | Ended | Unavailable
_Decoded = TypeVar("_Decoded")

_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="type")])


def encode(message: Request | Answer) -> bytes:
    """Encode a message as one line."""
    return message.model_dump_json().encode() + b"\n"


def _decoded(adapter: TypeAdapter[_Decoded], name: str, line: bytes) -> _Decoded:
    try:
        return adapter.validate_json(line)
    except ValidationError as error:
        raise ProtocolError(summary(name, error)) from None


decode_request = partial(_decoded, _REQUEST, "a request")
decode_answer = partial(_decoded, _ANSWER, "an answer")
"""Both take one line and return the message in it, or raise ProtocolError."""
