"""The settings, and their reading from one TOML file.

Every key's default and unit stands here and, for people, in ``config.example.toml``; a test holds the two equal.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ocrwatchd.complaints import Complaint, complaints_of, render
from ocrwatchd.errors import ConfigError

NOT_BUILT = "not built yet"
"""Marks, as a field's title, a key that can be set but has no effect so far."""

DEFAULT_PROMPT = (
    "Fix OCR errors in this text. Correct spelling and grammar mistakes that come from recognition. "
    "Keep the line breaks, the language and the meaning. Answer with the corrected text only."
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

Names = Annotated[tuple[str, ...], Field(strict=False)]
Format = Literal["txt", "json", "raw", "pdf", "hocr", "md", "review"]
BUILT_FORMATS = frozenset({"txt", "json", "raw"})


class Section(BaseModel):
    """A table of the file: unknown keys refused, values of the right type only, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Folders(Section):
    """Where documents lie; an empty name stands for the folder of that name under ``root``."""

    root: str = ""
    inbox: str = ""
    outbox: str = ""
    archive: str = ""
    failed: str = ""
    file_mode: int = Field(0o640, ge=0o400, le=0o777)
    folder_mode: int = Field(0o2770, ge=0o700, le=0o7777)
    group: str = ""

    def path(self, name: Literal["inbox", "outbox", "archive", "failed"]) -> Path:
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

    @model_validator(mode="after")
    def _apart(self) -> Self:
        named = {name: self.path(name) for name in ("inbox", "outbox", "archive", "failed")}
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
    duplicates: Literal["process", "skip"] = Field("process", title=NOT_BUILT)


class Ocr(Section):
    """How a page is read."""

    engine: Literal["auto", "aspose", "rapidocr"] = "auto"
    mode: Literal["printed", "handwritten"] = "printed"
    languages: Annotated[tuple[Annotated[str, Field(pattern="^[a-z]{3}$")], ...], Field(strict=False, min_length=1)] = (
        "eng",
    )
    license: str = ""
    threads: int = Field(0, ge=0, le=256)
    page_deadline_s: float = Field(300.0, ge=1)
    dpi: int = Field(300, ge=50, le=1200)
    max_pixels: int = Field(120_000_000, ge=10_000)
    layout: Literal["auto", "columns", "rows"] = "auto"
    clean: Literal["auto", "off"] = "auto"
    pdf_text: Literal["auto", "ocr", "keep"] = Field("auto", title=NOT_BUILT)
    pdf_passwords: Names = ()
    resources_dir: str = ""
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
    hugging_face_repo_id: str = Field("Qwen/Qwen2.5-3B-Instruct-GGUF", title=NOT_BUILT)
    hugging_face_quantization: str = Field("int8", title=NOT_BUILT)
    hugging_face_file_name: str = Field("", title=NOT_BUILT)
    directory_model_path: str = ""
    allow_auto_download: bool = Field(True, title=NOT_BUILT)
    context_size: int = Field(4096, ge=512)
    gpu_layers: Literal["auto"] | Annotated[int, Field(ge=0)] = "auto"
    threads: int = Field(0, ge=0, le=256)
    prompt: str = Field(DEFAULT_PROMPT, min_length=1)
    page_budget_s: float = Field(120.0, ge=1)
    require_calibration: bool = Field(False, title=NOT_BUILT)

    @field_validator("model")
    @classmethod
    def _known(cls, value: str) -> str:
        if value in {"auto", "builtin", "huggingface", "off"} or "/" in value or value.endswith(".gguf"):
            return value
        raise ValueError('use "auto", "builtin", "huggingface", "off" or the path of a .gguf file')


class Gate(Section):
    """Which of the model's proposals count as repairs."""

    max_rewrite: float = Field(0.5, ge=0, le=1)
    digits: Literal["protect", "confusable", "free"] = Field("confusable", title=NOT_BUILT)


class Task(Section):
    """One follow-up task for the model."""

    name: str = Field(pattern="^[a-z0-9-]{1,40}$")
    prompt: str = Field(min_length=1)
    output: str = Field("txt", pattern="^[a-z0-9.]{1,20}$")


class Output(Section):
    """Which files a delivered set has."""

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

    archive_days: float = Field(0.0, ge=0, title=NOT_BUILT)
    failed_days: float = Field(0.0, ge=0, title=NOT_BUILT)


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
    log: Log = Log()
    profiles: dict[str, Work] = Field(default_factory=dict)

    def work(self, profile: str = "") -> Work:
        """The settings of a profile; the top level's for one that the file does not name."""
        return self.profiles.get(profile) or Work(
            ocr=self.ocr, llm=self.llm, gate=self.gate, output=self.output, tasks=self.tasks
        )


def load(path: Path | None = None) -> Config:
    """Read the configuration.

    Args:
        path: the file; without it ``config.toml`` in the configuration directory, or the defaults where there is none.

    Raises:
        ConfigError: naming every mistake in the file at once.
    """
    source = path or configuration_directory() / "config.toml"
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path is None:
            return Config()
        raise ConfigError(f"{source}: no such file; name an existing one with --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: cannot be read: {error}") from error
    try:
        return parse(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source}: not valid TOML: {error}") from error
    except Mistakes as error:
        raise ConfigError("\n".join(f"{source}: {line}" for line in render(error.complaints))) from None


class Mistakes(ValueError):
    """What is wrong with a configuration, one complaint a mistake."""

    def __init__(self, complaints: list[Complaint]) -> None:
        super().__init__("; ".join(render(complaints)))
        self.complaints = complaints


def parse(table: dict[str, Any]) -> Config:
    """Turn a parsed TOML table into settings.

    Raises:
        Mistakes: with a complaint for every mistake.
    """
    top = dict(table)
    profiles = top.pop("profiles", {})
    found: list[Complaint] = []
    config = Config()
    try:
        config = Config.model_validate(top)
    except ValidationError as error:
        found += complaints_of(error, Config)
    resolved: dict[str, Work] = {}
    for name, override in profiles.items() if isinstance(profiles, dict) else ():
        where = ("profiles", name)
        if "/" in name or name.startswith(".") or not isinstance(override, dict):
            found.append(Complaint(where, override, "a profile is a table named like a sub-folder of the inbox"))
            continue
        shared = {key: top[key] for key in ("ocr", "llm", "gate", "output", "tasks") if key in top}
        try:
            resolved[name] = Work.model_validate(_over(shared, override))
        except ValidationError as error:
            found += [c for c in complaints_of(error, Work, where) if c.where[2:] not in {f.where for f in found}]
    if not isinstance(profiles, dict):
        found.append(Complaint(("profiles",), profiles, "must be tables: [profiles.NAME]"))
    if found:
        raise Mistakes(found)
    return config.model_copy(update={"profiles": resolved})


def unbuilt(config: Config) -> list[str]:
    """Keys that are set to something but have no effect yet, in words."""
    notes = [f"{name} is {NOT_BUILT} and has no effect" for name in _set_but_unbuilt(config, "")]
    for name, work in config.profiles.items():
        base = config.work()
        notes += [
            f"profiles.{name}.{key} is {NOT_BUILT} and has no effect"
            for key in _set_but_unbuilt(work, "")
            if key not in set(_set_but_unbuilt(base, ""))
        ]
    formats = {f for work in (config.work(), *config.profiles.values()) for f in work.output.formats} - BUILT_FORMATS
    notes += [f'output format "{name}" is {NOT_BUILT}; it is left out' for name in sorted(formats)]
    if config.llm.model in {"builtin", "huggingface"}:
        notes.append(f'llm.model = "{config.llm.model}" is {NOT_BUILT}; texts stay raw: name the path of a .gguf file')
    return notes


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
    return Path(os.path.abspath(Path(given).expanduser()))


def _over(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        both_tables = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = {**base[key], **value} if both_tables else value
    return merged


def _set_but_unbuilt(section: BaseModel, prefix: str) -> list[str]:
    names: list[str] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            names += _set_but_unbuilt(value, f"{prefix}{name}.")
        elif field.title == NOT_BUILT and value != field.get_default(call_default_factory=True):
            names.append(f"{prefix}{name}")
    return names
