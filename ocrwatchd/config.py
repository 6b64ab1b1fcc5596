"""The settings: every section and key, with its type, its range and its default.

Every key's default and unit stands here and, for people, in ``config.example.toml``; a test holds the two equal.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, Self

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

NOT_BUILT = "not built yet"
"""Marks, as a field's title, a key that can be set but has no effect so far."""

DEFAULT_PROMPT = (
    "Fix OCR errors in this text. Correct spelling and grammar mistakes that come from recognition. "
    "Keep the line breaks, the language ({language}) and the meaning. Answer with the corrected text only."
)

DEFAULT_PROMPT_HANDWRITTEN = (
    "Fix OCR errors in this text, which was recognised from handwriting. Correct letters and words that were misread. "
    "Keep the writer's wording, the line breaks and the language ({language}). Answer with the corrected text only."
)

DEFAULT_PROMPT_TABLE = (
    "Fix OCR errors in this table. Keep rows and columns exactly: one row a line, cells separated by tabs. "
    "Keep the language ({language}) and the meaning. Answer with the corrected table only."
)

DEFAULT_IGNORE = (
    ".*",
    "~$*",
    "*~",
    "*.tmp",
    "*.part",
    "*.partial",
    "*.filepart",
    "*.crdownload",
    "Thumbs.db",
    "desktop.ini",
    "@eaDir",
)

LANGUAGE = "^[a-z]{3}$"
"""What a language's code looks like: ISO 639-3."""


def _possible(path: str) -> str:
    """A path as it was given, where it can be one."""
    if "\0" in path:
        raise ValueError("a path holds no null character")
    try:
        Path(path).expanduser()
    except RuntimeError:
        raise ValueError("that user's home folder is not known; write the whole path") from None
    return path


def _there(name: str) -> str:
    """A format's name as it was given, where some installed package brings it."""
    from ocrwatchd.formats.installed import installed  # noqa: PLC0415 - metadata is read only for who names formats

    if name not in installed():
        known = ", ".join(f"'{each}'" for each in installed())
        raise ValueError(f"no installed package brings that format; there are {known}")
    return name


Location = Annotated[str, AfterValidator(_possible)]
Names = Annotated[tuple[str, ...], Field(strict=False)]
Format = Annotated[str, AfterValidator(_there)]
Event = Literal["delivered", "failed", "unhealthy", "recovered"]
SUFFIXES = {
    "txt": ".txt",
    "json": ".json",
    "raw": ".raw.txt",
    "pdf": ".pdf",
    "hocr": ".hocr",
    "md": ".md",
    "review": ".review.html",
}
"""What follows NAME in a delivered set, for our own formats; those of other packages bring theirs along."""


FolderName = Literal["inbox", "outbox", "archive", "failed"]
FOLDER_NAMES: tuple[FolderName, ...] = ("inbox", "outbox", "archive", "failed")


class Section(BaseModel):
    """A table of the file: unknown keys refused, values of the right type only, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Folders(Section):
    """Where documents lie; an empty name stands for the folder of that name under ``root``."""

    root: Location = ""
    inbox: Location = ""
    outbox: Location = ""
    archive: Location = ""
    failed: Location = ""
    file_mode: int = Field(0o640, ge=0o400, le=0o777)
    folder_mode: int = Field(0o2770, ge=0o700, le=0o7777)
    group: str = ""
    status_page: bool = True

    def path(self, name: FolderName) -> Path:
        """The folder's absolute path."""
        given = getattr(self, name)
        return _absolute(given) if given else self.root_path / name

    @property
    def root_path(self) -> Path:
        """The root folder's absolute path: by default ``ocrwatchd`` in the user's documents folder."""
        return _absolute(self.root) if self.root else platformdirs.user_documents_path() / "ocrwatchd"

    @property
    def work_path(self) -> Path:
        """Where claimed jobs lie: ``.work`` beside the inbox, and so on the inbox's own mount."""
        return self.path("inbox").parent / ".work"

    @property
    def work_mode(self) -> int:
        """Permissions of ``.work``: whoever may write in inbox and outbox has no business among the jobs."""
        return self.folder_mode & ~0o022

    @model_validator(mode="after")
    def _apart(self) -> Self:
        named: dict[str, Path] = {name: self.path(name) for name in FOLDER_NAMES}
        named[".work"] = self.work_path
        for name, path in named.items():
            for other, elsewhere in named.items():
                if name != other and path.is_relative_to(elsewhere):
                    raise ValueError(f"{name} ({path}) must not lie in {other} ({elsewhere})")
        return self


class Arrival(Section):
    """When a file in the inbox counts as a scan that has fully arrived."""

    method: Literal["auto", "inotify", "polling"] = "auto"
    after_close_seconds: float = Field(5.0, ge=0, le=3600)
    settle_seconds: float = Field(5.0, ge=0, le=3600)
    incomplete_deadline_s: float = Field(300.0, ge=1)
    sweep_seconds: float = Field(60.0, ge=1)
    ignore: Names = DEFAULT_IGNORE


class Queue(Section):
    """The bounded queue between the inbox and the engine."""

    size: int = Field(64, ge=1, le=100_000)
    broker: str = Field("", title=NOT_BUILT)


class JobLimits(Section):
    """How often a scan is tried, and how long a stop may take."""

    max_attempts: int = Field(2, ge=1, le=100)
    stop_seconds: float = Field(30.0, ge=0, le=3600)
    duplicates: Literal["process", "skip"] = "process"


class Ocr(Section):
    """How a page is read."""

    engine: Literal["auto", "aspose", "rapidocr"] = "auto"
    mode: Literal["printed", "handwritten"] = "printed"
    languages: Annotated[tuple[Annotated[str, Field(pattern=LANGUAGE)], ...], Field(strict=False, min_length=1)] = (
        "eng",
    )
    license: Location = ""
    threads: int = Field(0, ge=0, le=256)
    page_deadline_s: float = Field(300.0, ge=1)
    dpi: int = Field(300, ge=50, le=1200)
    max_pixels: int = Field(120_000_000, ge=10_000)
    layout: Literal["auto", "columns", "rows"] = "auto"
    clean: Literal["auto", "off"] = "auto"
    pdf_text: Literal["auto", "ocr", "keep"] = "auto"
    pdf_passwords: Names = ()
    resources_dir: Location = ""
    allow_downloads: bool = True
    memory_mb: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.mode == "handwritten" and self.engine == "rapidocr":
            raise ValueError('mode "handwritten" needs engine "aspose" or "auto": rapidocr reads print only')
        return self


class Llm(Section):
    """Which language model proposes corrections, and how long it may take."""

    model: str = "auto"
    hugging_face_repo_id: str = "Qwen/Qwen2.5-3B-Instruct-GGUF"
    hugging_face_quantization: str = "int8"
    hugging_face_file_name: str = ""
    directory_model_path: Location = ""
    allow_auto_download: bool = True
    context_size: int = Field(4096, ge=512)
    gpu_layers: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    threads: int = Field(0, ge=0, le=256)
    prompt: str = Field(DEFAULT_PROMPT, min_length=1)
    prompt_handwritten: str = Field(DEFAULT_PROMPT_HANDWRITTEN, min_length=1)
    prompt_table: str = Field(DEFAULT_PROMPT_TABLE, min_length=1)
    page_budget_s: float = Field(120.0, ge=1)
    require_calibration: bool = Field(False, title=NOT_BUILT)

    @field_validator("model")
    @classmethod
    def _known(cls, value: str) -> str:
        if value in {"auto", "builtin", "huggingface", "off"} or "/" in value or value.endswith(".gguf"):
            return _possible(value)
        raise ValueError('use "auto", "builtin", "huggingface", "off" or the path of a .gguf file')


class Gate(Section):
    """Which of the model's proposals count as repairs."""

    max_rewrite: float = Field(0.5, ge=0, le=1)
    digits: Literal["protect", "confusable", "free"] = "confusable"
    sure_confidence: float = Field(0.99, ge=0, le=1)


class Task(Section):
    """One follow-up task for the model."""

    name: str = Field(pattern="^[a-z0-9-]{1,40}$")
    prompt: str = Field(min_length=1)
    output: str = Field("txt", pattern="^[a-z0-9.]{1,20}$")


class Output(Section):
    """Which files a delivered set has, and in which language people are told what ocrwatchd itself has to say."""

    language: Literal["", "en", "de", "zh"] = ""
    formats: Annotated[tuple[Format, ...], Field(strict=False, min_length=1)] = ("txt", "json")


class Work(Section):
    """Everything that may differ from one profile to the next; it travels with each job."""

    ocr: Ocr = Ocr()
    llm: Llm = Llm()
    gate: Gate = Gate()
    output: Output = Output()
    tasks: Annotated[tuple[Task, ...], Field(strict=False, title=NOT_BUILT)] = ()
    priority: int = Field(0, ge=-100, le=100)


class Retention(Section):
    """When delivered originals and failed scans may go; 0 days = for ever."""

    archive_days: float = Field(0.0, ge=0)
    failed_days: float = Field(0.0, ge=0)


class Notify(Section):
    """The command that is told of events."""

    command: Names = ()
    events: Annotated[tuple[Event, ...], Field(strict=False)] = ("delivered", "failed", "unhealthy", "recovered")
    timeout_s: float = Field(30.0, ge=1, le=600)
    attempts: int = Field(3, ge=1, le=10)

    @field_validator("command")
    @classmethod
    def _startable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value and not value[0]:
            raise ValueError('name the program first, then its arguments: ["/usr/local/bin/tell", "--to", "me"]')
        if any("\0" in each for each in value):
            raise ValueError("an argument holds no null character")
        return value


class Metrics(Section):
    """The text file for Prometheus' node exporter; "" = none."""

    file: Location = ""
    interval_seconds: float = Field(15.0, ge=1, le=3600)

    @field_validator("file")
    @classmethod
    def _collected(cls, value: str) -> str:
        if value and not value.endswith(".prom"):
            raise ValueError("the collector reads only files whose names end in .prom")
        return value

    @property
    def path(self) -> Path:
        """The file's absolute path."""
        return _absolute(self.file)


class Log(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
    names: Literal["plain", "hash"] = "plain"


class Config(Section):
    """The whole file. ``profiles`` are resolved: each is the top level's settings with its own put over them."""

    folders: Folders = Folders()
    arrival: Arrival = Arrival()
    queue: Queue = Queue()
    job: JobLimits = JobLimits()
    ocr: Ocr = Ocr()
    llm: Llm = Llm()
    gate: Gate = Gate()
    tasks: Annotated[tuple[Task, ...], Field(strict=False, title=NOT_BUILT)] = ()
    output: Output = Output()
    retention: Retention = Retention()
    notify: Notify = Notify()
    metrics: Metrics = Metrics()
    log: Log = Log()
    profiles: dict[str, Work] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _metrics_apart(self) -> Self:
        folders = (*(self.folders.path(name) for name in FOLDER_NAMES), self.folders.work_path)
        for folder in folders if self.metrics.file else ():
            if self.metrics.path.is_relative_to(folder):
                raise ValueError(f"metrics.file must not lie in {folder}: put it where the node exporter looks")
        return self

    def work(self, profile: str = "") -> Work:
        """The settings of a profile; the top level's for one that the file does not name."""
        return self.profiles.get(profile) or Work(
            ocr=self.ocr, llm=self.llm, gate=self.gate, output=self.output, tasks=self.tasks
        )


def configuration_directory() -> Path:
    """Where ``config.toml`` is looked for."""
    return _directory("CONFIGURATION_DIRECTORY", platformdirs.user_config_path("ocrwatchd"))


def state_directory() -> Path:
    """Where the ledger lies."""
    return _directory("STATE_DIRECTORY", platformdirs.user_state_path("ocrwatchd"))


def cache_directory() -> Path:
    """Where downloads and engine resources lie."""
    return _directory("CACHE_DIRECTORY", platformdirs.user_cache_path("ocrwatchd"))


def _directory(variable: str, default: Path) -> Path:
    # systemd sets these to colon-separated lists; the first entry is the unit's own.
    given = os.environ.get(variable, "").split(":", 1)[0]
    return Path(given) if given else default


def _absolute(given: str) -> Path:
    return Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 - resolve() would follow links
