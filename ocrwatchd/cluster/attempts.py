"""Attempts at a job, each in a folder of its own: ``.work/JOB/attempts/N-WORKER/``.

In it lie ``pages``, ``out``, and in the end ``ended.json``, which appears whole, once all else is there.
Nobody writes into another one's folder, so a slow worker that was given up does no harm: the first finished set wins.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from ocrwatchd import files, looking
from ocrwatchd.cluster.messages import WORKER_NAME, Order, Refused, Report, read, write
from ocrwatchd.engine.wire import unpack
from ocrwatchd.model import Job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocrwatchd.settings import Work

ATTEMPTS: Final = "attempts"
ENDED: Final = "ended.json"
WANTED_BACK: Final = "wanted-back"
"""Lies in an attempt's folder where a more urgent job waits: it is handed back after the page in work."""

KEPT: Final = ("pages", "tasks")
"""Folders of what is finished and need not be done again."""

_FOLDER: Final = re.compile(rf"(?P<number>[1-9][0-9]{{0,8}})-(?P<worker>{WORKER_NAME})")
_KEPT_FILE: Final = re.compile(r"[a-z0-9-]{1,80}\.json")


class Unusable(Exception):
    """What an attempt has left is no finished set; the attempt's end is struck out."""


class Attempt(NamedTuple):
    """An attempt's number, who makes it, and where."""

    number: int
    worker: str
    folder: Path


def made(job_folder: Path) -> list[Attempt]:
    """The attempts that workers have begun at a job, the last one first.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        entries = [*os.scandir(job_folder / ATTEMPTS)]
    except FileNotFoundError:
        return []
    named = [(_FOLDER.fullmatch(entry.name), entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
    found = [Attempt(int(m["number"]), m["worker"], job_folder / ATTEMPTS / entry.name) for m, entry in named if m]
    return sorted(found, key=lambda each: each.number, reverse=True)


def begin(order: Order, work_folder: Path, worker: str, own: Work) -> Job | None:
    """Begin an attempt: its folder, with what earlier ones have finished.

    Args:
        order: validated.
        work_folder: where jobs lie, as this machine sees it.
        worker: its name.
        own: the machine's own settings.

    Returns:
        The job; None where it has ended, or another worker has begun this attempt or a later one.

    Raises:
        OSError: the folder cannot be read or made.
    """
    folder = work_folder / order.job
    job = Job(order.job, folder, unpack(order.relative), order.work.on_machine(own))
    if not looking.lies(job.source) or folder.is_symlink():
        return None
    earlier = made(folder)
    if any(each.number >= order.attempt for each in earlier):
        return None
    desk = folder / ATTEMPTS / f"{order.attempt}-{worker}"
    files.make_inner(desk.parent)
    desk.mkdir(mode=0o700)
    job = replace(job, desk=desk)
    for kept in KEPT:
        _inherit(desk / kept, [*(each.folder / kept for each in earlier), folder / kept])
    return job


def _inherit(to: Path, folders: list[Path]) -> None:
    """Take over what earlier attempts have kept, later ones' first; what is damaged or made otherwise is done again.

    By link, for such a file is replaced and never changed; by copy where the share knows none.
    """
    for folder in folders:
        for name in _kept_in(folder):
            to.mkdir(mode=0o700, exist_ok=True)
            try:
                os.link(folder / name, to / name, follow_symlinks=False)
            except (FileExistsError, FileNotFoundError):
                continue
            except OSError:
                with contextlib.suppress(OSError):
                    _copy(folder / name, to / name)


def _kept_in(folder: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):
        yield from sorted(entry.name for entry in os.scandir(folder) if _KEPT_FILE.fullmatch(entry.name))


def _copy(source: Path, target: Path) -> None:
    file = looking.open_regular(source)
    try:
        files.copy(file, target)
    finally:
        os.close(file)


def end(desk: Path, report: Report) -> None:
    """Say how an attempt has ended.

    Raises:
        OSError: it cannot be written; FileNotFoundError where the job has gone.
    """
    write(report, desk / ENDED, lasting=True)


def ended(attempt: Attempt) -> Report | None:
    """How an attempt has ended; None where it has not.

    Raises:
        OSError: that cannot be read now.
    """
    try:
        return read(Report, attempt.folder / ENDED)
    except FileNotFoundError:
        return None
    except Refused as error:
        return Report(worker=attempt.worker, ending="returned", reason=f"the worker {attempt.worker} wrote: {error}")


def take(job: Job, attempt: Attempt) -> None:
    """Make an attempt's finished set the job's own.

    Raises:
        Unusable: it has left no set, or one that holds anything but files.
        OSError: it cannot be taken now.
    """
    out = attempt.folder / "out"
    if not looking.lies(out) and looking.lies(job.out):
        return  # taken before a restart
    if wrong := _wrong(out):
        heed(attempt)
        raise Unusable(wrong)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(job.out)
    out.rename(job.out)


def _wrong(out: Path) -> str:
    try:
        folder = stat.S_ISDIR(out.lstat().st_mode)
    except FileNotFoundError:
        folder = False
    if not folder:
        return "no finished set"
    regular = all(stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode) for entry in [*os.scandir(out)])
    return "" if regular else "something that is no file in its finished set"


def heed(attempt: Attempt) -> None:
    """What an attempt's end has said is known; its pages stay for the next one.

    Raises:
        OSError: it cannot be removed.
    """
    (attempt.folder / ENDED).unlink(missing_ok=True)


def want_back(job: Job, number: int) -> bool:
    """Ask for an attempt's job back after the page in work; whether its worker will see that."""
    with contextlib.suppress(OSError):
        for attempt in made(job.folder):
            if attempt.number == number:
                (attempt.folder / WANTED_BACK).touch(exist_ok=True)
                return True
    return False
