"""Read files with the daemon's engine process, without inbox and outbox."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ocrwatchd.core import attempt
from ocrwatchd.core import log as logs
from ocrwatchd.core.attempt import Begun, Ending, Outcome, ScanFigures
from ocrwatchd.core.config.profile import Output, Work
from ocrwatchd.core.config.schema import Config, cache_directory, state_directory
from ocrwatchd.core.errors import ConfigError, EngineUnavailable, FolderUnusable, UnreadableScan
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.fs import files, safe_open
from ocrwatchd.core.fs.scratch import clear_stale
from ocrwatchd.core.log import printable
from ocrwatchd.core.model import BY_HAND, Job, Sheets
from ocrwatchd.core.name_template import PART_OF_STACK, part_number
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.host.engine_host import EngineHost
from ocrwatchd.ocr.selection import choose
from ocrwatchd.storage import sheet_key
from ocrwatchd.storage.outbox import RECEIPT, stem_of, suffixes_in
from ocrwatchd.storage.set_names import first_free, stem_and_suffix

LONGEST_WAIT_S = 1.0
COPY_PREFIX = "copy-"
EXIT_BY_SIGNAL = 128
"""The exit code is this plus the signal's number, as in shells."""


def process_files(paths: list[Path], config: Config, output: Path | None) -> int:
    """Read copies of files; print their text, or write their sets to the folder ``output``.

    Returns:
        The exit code: 0, or 5 if a file could not be read.

    Raises:
        ConfigError: ``output`` is a file.
        EngineUnavailable: no engine can read here.
        FolderUnusable: there is no room for the results, or ``output`` cannot be written.
    """
    if output and output.exists() and not output.is_dir():
        raise ConfigError(f"{printable(str(output))} is a file; name a folder with -o")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    choice = choose(config.ocr)
    if choice.notice and not choice.harmless:
        console.print(f"ocrwatchd: {choice.notice}", markup=False)
    work, sheets = config.work(), _sheets(config)
    if output is None:
        work = _printed(work)
        sheets = sheets and replace(sheets, works={name: _printed(each) for name, each in sheets.works.items()})
    status = 0
    with reading(config, console) as reader:
        for path in paths:
            try:
                with copied(path, work, sheets=sheets) as job:
                    unreadable = reader.read(job)
                    if output is None:
                        _print(job, path if len(paths) > 1 else None)
                    else:
                        _keep(job, output, config.folders.file_mode)
                if unreadable:
                    console.print(f"ocrwatchd: {printable(str(path))}: {unreadable}", markup=False)
            except UnreadableScan as error:
                console.print(f"ocrwatchd: {printable(str(path))}: {error}", markup=False)
                status = UnreadableScan.exit_code
    return status


def _printed(work: Work) -> Work:
    """The settings for a text that is printed: no other file is made."""
    return work.model_copy(update={"output": Output(formats=("txt",)), "tasks": ()})


def _sheets(config: Config) -> Sheets | None:
    """What separator sheets may ask for; nothing for a user who must not read the key, for whom they only separate."""
    try:
        return Sheets(config.works(), sheet_key.read(state_directory())) if "sheet" in config.split.on else None
    except FolderUnusable:
        return None


@contextlib.contextmanager
def reading(config: Config, console: Console) -> Iterator[Reader]:
    """An engine process that reads one job after the other; it also ends when a signal ends this process."""
    with _signals_unwind(), Reader(_log_for_people(config), console) as reader:
        yield reader


def _log_for_people(config: Config) -> Config:
    """The settings with a readable log, unless it is JSON; the reader itself reports crashes of the engine."""
    if config.log.format == "json":
        return config
    log = config.log.model_copy(update={"format": "console"})
    logs.configure(log.model_copy(update={"level": "error"}))
    return config.model_copy(update={"log": log})


@contextlib.contextmanager
def _signals_unwind() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end this process like Ctrl-C, and remove copies, engine and folders."""

    def leave(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second signal must not interrupt the cleaning
        raise SystemExit(EXIT_BY_SIGNAL + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Reader:
    """The engine process, fed one job after the other, with a bar that shows the pages."""

    def __init__(self, config: Config, console: Console) -> None:
        self._selector = selectors.DefaultSelector()
        self._told: list[Outcome | attempt.Progress | Begun] = []
        self._host = EngineHost(config, self._selector, self._told.append, jobs=_copies())
        self._max_attempts = config.job.max_attempts
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("pages"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._host.start()
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        self._host.stop()
        self._selector.close()

    def read(self, job: Job) -> str:
        """Read a job to its finished set; return the missing parts as text.

        Raises:
            UnreadableScan: the scan cannot be read.
            EngineUnavailable: no engine can read here.
            FolderUnusable: no room or no folder for the results.
        """
        task = self._bar.add_task(printable(job.relative.name), total=None)
        times, most = 0, 1
        while times < most:
            outcome = self._attempt(job, task)
            times += 1
            if outcome.ending is Ending.DONE:
                self._bar.remove_task(task)
                return "; ".join(_missing(outcome.figures))
            if outcome.ending is Ending.UNREADABLE:
                raise UnreadableScan(outcome.reason)
            if outcome.ending is Ending.RETURNED:
                raise EngineUnavailable(outcome.reason) if self._host.unavailable else FolderUnusable(outcome.reason)
            most = page_failures.max_crashes(self._max_attempts, outcome.figures.pages, len(job.work.tasks))
            if times < most:
                name = printable(job.relative.name)
                self._bar.console.print(f"ocrwatchd: {name}: {outcome.reason}; it is tried again", markup=False)
        raise UnreadableScan(f"it was tried {times} times; the last time {outcome.reason}")

    def _attempt(self, job: Job, task: TaskID) -> Outcome:
        self._told.clear()
        while not self._host.idle:
            self._turn()
            if self._host.unavailable:
                raise EngineUnavailable(self._host.unavailable)
            if self._host.pid is None and not self._host.idle:
                raise EngineUnavailable(f"the engine does not start: {self._host.status.message}")
        self._host.give(job)
        while True:
            self._turn()
            while self._told:
                told = self._told.pop(0)
                if isinstance(told, Outcome):
                    return told
                if isinstance(told, attempt.Progress):
                    self._bar.update(task, total=told.pages or None, completed=told.page - (not told.done))

    def _turn(self) -> None:
        due = self._host.next_due()
        timeout = LONGEST_WAIT_S if due is None else max(0.0, min(LONGEST_WAIT_S, due - time.monotonic()))
        for key, _events in self._selector.select(timeout):
            key.data()
        self._host.tick(time.monotonic())


def _copies() -> Path:
    base = cache_directory() / "process"
    base.mkdir(parents=True, exist_ok=True)
    return base


@contextlib.contextmanager
def copied(path: Path, work: Work, *, lattices: bool = False, sheets: Sheets | None = None) -> Iterator[Job]:
    """A job for a copy of a file, in a temporary folder; with ``lattices`` it keeps the recogniser's lattices.

    Raises:
        UnreadableScan: the file cannot be opened.
        FolderUnusable: there is no room for the copy.
    """
    base = _copies()
    clear_stale(base, COPY_PREFIX)
    folder = Path(tempfile.mkdtemp(prefix=f"{COPY_PREFIX}{os.getpid()}-", dir=base))
    try:
        job = Job(BY_HAND, folder, Path(path.name or "scan"), work, lattices=lattices, sheets=sheets)
        (folder / "scan").mkdir()
        try:
            original = safe_open.open_regular(path.resolve())
        except OSError as error:
            raise UnreadableScan(_why_closed(path, error)) from error
        try:
            files.copy(original, job.source, 0o600)
        except OSError as error:
            raise FolderUnusable(f"no copy of {path} can be made in {folder}: {error.strerror}") from error
        finally:
            os.close(original)
        yield job
    finally:
        shutil.rmtree(folder)


def _why_closed(path: Path, error: OSError) -> str:
    """Why a file cannot be opened, and what to do."""
    if path.is_dir():
        return "a folder; name the files in it"
    if isinstance(error, FileNotFoundError):
        return "there is no such file; check its name"
    if isinstance(error, PermissionError):
        return "this user may not read it; correct its owner or mode"
    return f"it cannot be opened: {error.strerror}; name a file"


def _print(job: Job, path: Path | None) -> None:
    if path is not None:
        print(f"==> {printable(str(path))} <==")
    for part in sorted(suffixes_in(job.out)):
        sys.stdout.write((job.out / f"{stem_of(part)}{OUTPUT_SUFFIXES['txt']}").read_text(encoding="utf-8"))
    sys.stdout.flush()


def _missing(figures: ScanFigures) -> Iterator[str]:
    """The missing parts of a finished set, as text."""
    if figures.unreadable:
        yield f"{figures.unreadable} of {figures.pages} pages could not be read"
    yield from map(str, figures.tasks_not_done)


def _keep(job: Job, output: Path, file_mode: int) -> None:
    parts = suffixes_in(job.out)
    stem, _own = stem_and_suffix(job.relative.name)
    for part, present in sorted(parts.items()):
        own = stem if len(parts) == 1 else f"{stem}{PART_OF_STACK}{part_number(part, len(parts))}"
        try:
            output.mkdir(parents=True, exist_ok=True)
            everywhere = tuple({*OUTPUT_SUFFIXES.values(), *(task.suffix for task in job.work.tasks), *present})
            name = first_free(own, everywhere, partial(_is_free, output, everywhere))
            for suffix in present:
                made = job.out / f"{stem_of(part)}{suffix}"
                made.chmod(file_mode)
                files.move(made, output / f"{name}{suffix}")
        except OSError as error:
            raise FolderUnusable(f"the results cannot be put into {output}: {error.strerror}") from error
        shown = OUTPUT_SUFFIXES["txt"] if OUTPUT_SUFFIXES["txt"] in present else RECEIPT
        print(printable(str(output / f"{name}{shown}")))


def _is_free(output: Path, suffixes: tuple[str, ...], name: str) -> bool:
    return not any(os.path.lexists(output / f"{name}{suffix}") for suffix in suffixes)
