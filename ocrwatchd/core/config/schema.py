"""The settings: every section and key, with its type, its range and its default; those of a profile in ``profile``.

``config.example.toml`` shows every key's default and unit to people; a test compares the two.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, field_validator, model_validator

from ocrwatchd.core.config.paper import Paper, Split
from ocrwatchd.core.config.profile import Correct, Gate, Llm, Location, Names, Ocr, Output, Tasks, Work
from ocrwatchd.core.config.section import Section
from ocrwatchd.core.fs.safe_open import absolute

_TEMPORARY = ("*~", "*.tmp", "*.part", "*.partial", "*.filepart", "*.crdownload")
DEFAULT_IGNORE = (".*", "~$*", *_TEMPORARY, "Thumbs.db", "desktop.ini", "@eaDir")

ROOTS = "roots"
"""In the state directory: a folder for each root, named by its id, with its ledger, lock and status."""

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
WORK_MODE = 0o700
"""Permissions of ``.work``: only the daemon uses the jobs."""

BROKERS = ("redis", "rediss", "amqp", "amqps")
"""Schemes of the URLs of brokers; those that end in s speak TLS."""

Event = Literal["delivered", "failed", "unhealthy", "recovered"]
FolderName = Literal["inbox", "outbox", "archive", "failed"]
FOLDER_NAMES: tuple[FolderName, ...] = ("inbox", "outbox", "archive", "failed")


class Folders(Section):
    """The folders of documents; an empty name means the folder of that name under ``root``."""

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
        """The folder of claimed jobs: ``.work`` next to the inbox, on the same mount."""
        return self.path("inbox").parent / ".work"

    @property
    def served_path(self) -> Path:
        """The root that a daemon serves: the folder of ``.work``, which is ``root`` unless the inbox lies elsewhere."""
        return self.work_path.parent

    @property
    def named(self) -> dict[str, Path]:
        """The absolute path of each folder with documents, by its name."""
        return {name: self.path(name) for name in FOLDER_NAMES} | {".work": self.work_path}

    @property
    def root_mode(self) -> int:
        """Permissions of the root: users of inbox and outbox may pass through, but rename no folder."""
        return self.folder_mode & ~(stat.S_ISGID | OTHERS_WRITE)

    def mode(self, name: FolderName) -> int:
        """Permissions of a folder and its sub-folders.

        The sticky bit of the inbox protects senders from each other; only the daemon changes the archive; people may
        remove files from outbox and ``failed/``.
        """
        if name == "inbox":
            return self.folder_mode | stat.S_ISVTX
        return self.folder_mode & ~OTHERS_WRITE if name == "archive" else self.folder_mode

    @field_validator("folder_mode")
    @classmethod
    def _usable(cls, value: int) -> int:
        if value & stat.S_IRWXU != stat.S_IRWXU:
            raise ValueError("the owner needs all rights")
        return value

    @model_validator(mode="after")
    def _apart(self) -> Self:
        for name, path in self.named.items():
            for other, elsewhere in self.named.items():
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
    """The bounded queue between the inbox and the engine, or the engines of several machines."""

    size: int = Field(64, ge=1, le=100_000)
    broker: str = ""
    broker_password_file: Location = ""
    broker_ca: Location = ""
    lease_seconds: float = Field(60.0, ge=1, le=3600)

    @field_validator("broker")
    @classmethod
    def _reachable(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            known = not value or (
                parts.scheme in BROKERS and bool(parts.hostname) and parts.port != 0 and not parts.query
            )
            known &= "amqp" in parts.scheme or re.fullmatch("(/[0-9]*)?", parts.path) is not None
        except ValueError:
            known = False
        if not known:
            raise ValueError(f"use a URL like redis://host:6379/0 or amqps://user@host/vhost: {', '.join(BROKERS)}")
        return value


class JobLimits(Section):
    """Attempts at a scan, and the time for a stop."""

    max_attempts: int = Field(2, ge=1, le=100)
    stop_seconds: float = Field(30.0, ge=0, le=3600)
    duplicates: Literal["process", "skip"] = "process"


class Retention(Section):
    """When originals and failed scans are deleted; 0 days = never."""

    archive_days: float = Field(0.0, ge=0)
    failed_days: float = Field(0.0, ge=0)


class Notify(Section):
    """The command for events."""

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
    """The log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
    names: Literal["plain", "hash"] = "plain"


class Config(Section):
    """The whole file. Each of ``profiles`` holds the settings of the top level with its own changes."""

    folders: Folders = Folders()
    arrival: Arrival = Arrival()
    queue: Queue = Queue()
    job: JobLimits = JobLimits()
    ocr: Ocr = Ocr()
    correct: Correct = Correct()
    llm: Llm = Llm()
    gate: Gate = Gate()
    tasks: Tasks = ()
    output: Output = Output()
    pages: Paper = Paper()
    split: Split = Split()
    retention: Retention = Retention()
    notify: Notify = Notify()
    metrics: Metrics = Metrics()
    log: Log = Log()
    profiles: dict[str, Work] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _metrics_apart(self) -> Self:
        for folder in self.folders.named.values() if self.metrics.file else ():
            if self.metrics.path.is_relative_to(folder):
                raise ValueError(f"metrics.file must not lie in {folder}: put it where the node exporter looks")
        return self

    def work(self, profile: str = "") -> Work:
        """The settings of a profile, by default those of the top level."""
        return self.profiles.get(profile) or Work(
            ocr=self.ocr,
            correct=self.correct,
            llm=self.llm,
            gate=self.gate,
            output=self.output,
            pages=self.pages,
            split=self.split,
            tasks=self.tasks,
        )

    def works(self) -> dict[str, Work]:
        """The settings of the top level (name "") and of each profile in the file."""
        return {"": self.work(), **self.profiles}


def configuration_directory() -> Path:
    """The folder of ``config.toml``."""
    return _directory("CONFIGURATION_DIRECTORY", platformdirs.user_config_path("ocrwatchd"))


def state_directory() -> Path:
    """The folder of calibration verdicts, which belong to the machine, and, in ``ROOTS``, of the state of each root."""
    return _directory("STATE_DIRECTORY", platformdirs.user_state_path("ocrwatchd"))


def cache_directory() -> Path:
    """The folder of downloads and engine resources."""
    return _directory("CACHE_DIRECTORY", platformdirs.user_cache_path("ocrwatchd"))


def _directory(variable: str, default: Path) -> Path:
    # systemd sets these to colon-separated lists; the first entry is the unit's own.
    given = os.environ.get(variable, "").split(":", 1)[0]
    return Path(given) if given else default


def _absolute(given: str) -> Path:
    return absolute(Path(given).expanduser())
