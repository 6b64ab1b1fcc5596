"""The messages between supervisor and workers, over the broker and in files of the work folder: validated schemas.

Anybody who reaches the broker or the share can write them: sizes are bounded, unknown fields refused, and paths are
relative and stay in the job's folder. No message contains document text.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path, PurePath
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, ValidationError, field_validator

from ocrwatchd.core.attempt import Amount, Count, ScanFigures
from ocrwatchd.core.config.profile import Work  # pydantic resolves it when this module loads
from ocrwatchd.core.fs import files, safe_open
from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.core.jsonlines import Record, pack, summary, unpack
from ocrwatchd.core.model import Job, Sheets
from ocrwatchd.core.sheets import SheetsRecord  # pydantic resolves it when this module loads
from ocrwatchd.storage.group_members import MOST_MEMBERS, are_names
from ocrwatchd.storage.set_names import NAME_BYTES
from ocrwatchd.storage.work_folder import JOB_ID

MAX_BYTES = 1 << 21
"""The largest message or file, as JSON, except an order and a report."""

MAX_ORDER_BYTES = 1 << 23
"""The largest order, as JSON: where separator sheets may name any profile, it holds the settings and prompts of all."""

MAX_REPORT_BYTES = 1 << 25
"""The largest report, as JSON: the longest answer of an engine fits, in the escaping of :func:`write`."""

FILE_MODE = 0o640
WORKER_NAME = "[A-Za-z0-9][A-Za-z0-9.-]{0,62}"

DIGEST_DIGITS = 16

LONGEST_REASON = 2000
"""What a card says of an engine is no longer, characters: a card is read as far as that."""

Name = Annotated[str, Field(pattern=f"^{WORKER_NAME}$")]
PackedName = Annotated[str, Field(min_length=1, max_length=NAME_BYTES)]
JobId = Annotated[str, Field(pattern=f"^{JOB_ID.pattern}$")]


class Refused(Exception):
    """The content is no valid message; the text says why, without the content."""


class Token(Record):
    """The supervisor's token in the work folder: whoever can read it sees the same folder.

    Args:
        lease_s: a worker without a heartbeat for so long counts as lost, seconds.
        max_attempts: a page over which an engine has died so often is skipped.
    """

    root: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    version: Annotated[str, Field(max_length=100)]
    lease_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 2

    def matches(self, other: Token) -> bool:
        """Whether both tokens have the same root and version."""
        return (self.root, self.version) == (other.root, other.version)


class TokenFile(Token, extra="ignore"):
    """A token as a file, with the unknown fields of other versions ignored: the version must be readable."""


class Order(Record):
    """Supervisor to workers: read this scan.

    Args:
        relative: the scan's path below the job's ``scan`` folder, packed.
        members: the names of its files, packed, where these are several; see :class:`ocrwatchd.core.model.Job`.
        work: the settings of the profile, without those of each machine.
        sheets: what separator sheets may ask for, likewise; the broker carries the key of the sheets too.
    """

    token: Token
    job: JobId
    attempt: Annotated[int, Field(ge=1, le=1_000_000_000)]
    relative: Annotated[str, Field(min_length=1, max_length=4096)]
    members: Annotated[tuple[PackedName, ...], Field(max_length=MOST_MEMBERS)] = ()
    work: Work
    sheets: SheetsRecord | None = None

    @field_validator("relative")
    @classmethod
    def _stays_below(cls, value: str) -> str:
        try:
            path = PurePath(unpack(value))
        except UnicodeEncodeError:
            raise ValueError("not packed") from None
        if path.is_absolute() or not path.name or ".." in path.parts or "\0" in value:
            raise ValueError("leads out of the job's folder")
        return value

    @field_validator("members")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value and not are_names(cls._unpacked(value)):
            raise ValueError("no names of files")
        return value

    @staticmethod
    def _unpacked(members: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(os.fsdecode(name.encode("latin-1")) for name in members)
        except UnicodeEncodeError:
            raise ValueError("not packed") from None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the scan's files, where these are several."""
        return self._unpacked(self.members)

    @classmethod
    def of(cls, job: Job, attempt: int, token: Token) -> Self:
        """Make the order for an attempt at a job."""
        members = tuple(pack(Path(name)) for name in job.members)
        place = {"relative": pack(job.relative), "members": members}
        sheets = SheetsRecord.of(job.sheets.of_the_document) if job.sheets else None
        work = job.work.of_the_document
        return cls(token=token, job=job.id, attempt=attempt, work=work, sheets=sheets, **place)


class Nudge(Record):
    """Worker to supervisor: something has changed in the folder of this job."""

    job: JobId


class Report(Record):
    """How an attempt has ended; ``ended.json`` in the folder of the attempt, beside the finished set.

    Args:
        reason: for people; nothing for "done".
        stopping: the worker was stopped: another one may continue at once.
        figures: of the engine.
    """

    worker: Name
    ending: Literal["done", "unreadable", "died", "returned", "put-back"]
    reason: Message = NOTHING
    stopping: bool = False
    figures: ScanFigures = ScanFigures()


class Card(Record):
    """A worker's heartbeat, in the folder of workers: each beat differs from the previous one.

    Args:
        offers: capabilities that not every machine has.
        trouble: why the engine does not serve; nothing where it does.
        cut_off: the worker cannot reach the broker.
        job: the job in work, or "".
        page: in work, or 0.
        pages: of the document, or 0 while unknown.
        asking: all pages are read, and follow-up tasks are running.
        pages_done: since the worker's start.
        seconds_a_page: wall time of one of the last pages.
    """

    name: Name
    version: Annotated[str, Field(max_length=100)]
    beat: Count
    offers: tuple[Literal["aspose", "gpu"], ...] = ()
    state: Message = NOTHING
    trouble: Message = NOTHING
    cut_off: bool = False
    job: JobId | Literal[""] = ""
    attempt: Count = 0
    page: Count = 0
    pages: Count = 0
    asking: bool = False
    pages_done: Count = 0
    seconds_a_page: Amount = 0.0


Kind = TypeVar("Kind", bound=Record)


def digest(work: Work, sheets: Sheets | None) -> str:
    """A digest of the settings of an order: attempts with equal digests read the document alike."""
    settings = [work.model_dump_json(exclude={"priority"})]
    if sheets:
        alike = sheets.with_works(lambda each: each.model_copy(update={"priority": 0}))
        settings.append(SheetsRecord.of(alike).model_dump_json())
    return hashlib.sha256("\0".join(settings).encode("utf-8", "replace")).hexdigest()[:DIGEST_DIGITS]


def decode(kind: type[Kind], content: bytes | str, most_bytes: int = MAX_BYTES) -> Kind:
    """Parse a message of at most ``most_bytes``.

    Raises:
        Refused: it is too long, or invalid.
    """
    if len(content) > most_bytes:
        raise Refused(f"longer than {most_bytes} bytes")
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise Refused(summary(kind.__name__.lower(), error)) from None


def read(kind: type[Kind], path: Path, most_bytes: int = MAX_BYTES) -> Kind:
    """Parse a file that contains one message of at most ``most_bytes``.

    Raises:
        Refused: it is too long, or invalid.
        OSError: it cannot be read, or is no regular file.
    """
    with os.fdopen(safe_open.open_regular(path), "rb") as file:
        return decode(kind, file.read(most_bytes + 1), most_bytes)


def write(message: Record, path: Path, *, lasting: bool = False) -> None:
    """Write a message to a file, atomically."""
    content = json.dumps(message.model_dump(mode="json"), ensure_ascii=True).encode()
    files.write_new(path, content, FILE_MODE, replace=True, lasting=lasting)
