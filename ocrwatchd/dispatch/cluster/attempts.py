"""Attempts at a job, each in a folder of its own: ``.work/JOB/attempts/N-WORKER_ORDER/``.

ORDER is a digest of the settings; an attempt with other settings than the present ones does not count. An empty folder
``N`` beside it belongs to the worker that made it first, and with it the attempt, however stale a directory listing is.
The attempt's folder holds ``pages``, ``out`` and finally ``ended.json``, which appears whole, after all other files.
No worker writes into the folder of another one, so a slow worker that was given up does no harm: the first set wins.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.fs import files, safe_open
from ocrwatchd.core.i18n import say
from ocrwatchd.core.jsonlines import unpack
from ocrwatchd.core.model import Job
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.cluster import safe_names
from ocrwatchd.dispatch.cluster.messages import (
    DIGEST_DIGITS,
    MAX_REPORT_BYTES,
    WORKER_NAME,
    Order,
    Refused,
    Report,
    digest,
    read,
    write,
)
from ocrwatchd.storage.outbox import ATTEMPTS, RECEIPT, STEM

ENDED: Final = "ended.json"
WANTED_BACK: Final = "wanted-back"
"""A file in an attempt's folder that asks its worker to hand the job back after the page in work."""

KEPT: Final = ("pages", "tasks")
"""Folders of finished results, which are reused."""

INHERITED_AT_ONCE: Final = 100
"""A worker sends a heartbeat after linking so many files."""

NOBODY: Final = "nobody"
"""The worker of an attempt whose number was claimed and whose folder is missing."""

_FOLDER: Final = re.compile(
    rf"(?P<number>[1-9][0-9]{{0,8}})(-(?P<worker>{WORKER_NAME})(_(?P<order>[0-9a-f]{{{DIGEST_DIGITS}}}))?)?"
)
NOT_OURS: Final = frozenset({errno.EINVAL, errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM, errno.ENOTDIR})
"""Errors of reading a file that ocrwatchd has not written; unlike a missing share, they persist."""

_SET_FILE: Final = re.compile(rf"{STEM}(-[1-9][0-9]{{0,4}})?\.[A-Za-z0-9-][A-Za-z0-9.-]{{0,98}}")
_KEPT_FILE: Final = re.compile(r"[a-z0-9-]{1,80}\.json")


class Unusable(Exception):
    """The attempt has left no finished set; its end was removed."""


class Attempt(NamedTuple):
    """The number, the worker, the folder and the digest of the order (:func:`messages.digest`) of an attempt."""

    number: int
    worker: str
    folder: Path
    order: str = ""


def made(job_folder: Path) -> list[Attempt]:
    """The attempts that workers have begun at a job, the last one first."""
    folder = job_folder / ATTEMPTS
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    except NotADirectoryError as error:  # or a link
        error.strerror = "something else has the name of the workers' folder; remove it"
        raise
    try:
        with os.scandir(opened) as entries:
            folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    finally:
        os.close(opened)
    named = filter(None, map(_FOLDER.fullmatch, folders))
    found = [Attempt(int(m["number"]), m["worker"] or NOBODY, folder / m[0], m["order"] or "") for m in named]
    begun = {each.number for each in found if not _is_claim(each)}
    found = [each for each in found if not (_is_claim(each) and each.number in begun)]
    return sorted(found, key=lambda each: each.number, reverse=True)


def _is_claim(attempt: Attempt) -> bool:
    return attempt.folder.name == str(attempt.number)


def begin(
    order: Order, work_folder: Path, worker: str, own: Work, alive: Callable[[], None] = lambda: None
) -> Job | None:
    """Begin an attempt: make its folder, and link the finished pages of earlier attempts into it.

    ``own`` are the settings of this machine; ``alive`` is called regularly while pages are linked.

    Returns:
        The job; None if the job has ended, if another worker has begun this attempt or a later one, or if the path of
        the scan contains a link.

    Raises:
        OSError: the folder cannot be read or made.
    """
    folder = work_folder / order.job
    sheets = order.sheets.unpack() if order.sheets else None
    whole = Job(
        order.job,
        folder,
        unpack(order.relative),
        order.work.on_machine(own),
        members=order.names,
        sheets=sheets.with_works(lambda work: work.on_machine(own)) if sheets else None,
    )
    job = safe_names.seen(whole)
    way = (*job.files, *takewhile(lambda each: each != work_folder, job.files[0].parents))
    if not all(map(safe_open.lexists_strict, job.files)) or any(each.is_symlink() for each in way):
        return None
    earlier = made(folder)
    if any(each.number >= order.attempt for each in earlier):
        return None
    desk = folder / ATTEMPTS / f"{order.attempt}-{worker}_{digest(order.work, sheets)}"
    files.make_inner(desk.parent)
    try:
        desk.with_name(str(order.attempt)).mkdir(mode=0o700)
    except FileExistsError:
        return None
    desk.mkdir(mode=0o700)
    alive()
    for kept in KEPT:
        # What cannot be taken over is done again.
        with contextlib.suppress(OSError):
            _inherit(desk / kept, [*(each.folder / kept for each in earlier), folder / kept], alive)
    return replace(job, desk=desk, max_attempts=order.token.max_attempts)


def bring_home(job: Job) -> None:
    """Move the finished pages of attempts into the job's own folder: this machine reads the job from now on."""
    with contextlib.suppress(OSError):  # it is done again
        earlier = made(job.folder)
        call_off(earlier)
        for kept in KEPT:
            _inherit(job.folder / kept, [each.folder / kept for each in earlier], lambda: None)


def _inherit(to: Path, folders: list[Path], alive: Callable[[], None]) -> None:
    """Link finished files of earlier attempts, later attempts first; copy them where the share has no links.

    A link is safe: such a file is replaced, never changed. Damaged or outdated files are made again.
    """
    for folder in folders:
        for count, name in enumerate(_kept_in(folder), start=1):
            if count % INHERITED_AT_ONCE == 0:
                alive()
            to.mkdir(mode=0o700, exist_ok=True)
            try:
                os.link(folder / name, to / name, follow_symlinks=False)
            except (FileExistsError, FileNotFoundError):
                continue
            except OSError:
                with contextlib.suppress(OSError):
                    _copy(folder / name, to / name)


def _kept_in(folder: Path) -> Iterator[str]:
    """The regular files in a folder: a FIFO would block the engine, and a link may lead anywhere."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        named = [each for each in entries if _KEPT_FILE.fullmatch(each.name)]
        yield from sorted(each.name for each in named if each.is_file(follow_symlinks=False))


def _copy(source: Path, target: Path) -> None:
    with os.fdopen(safe_open.open_regular(source), "rb") as file:
        blocks = iter(partial(file.read, safe_open.BLOCK_BYTES), b"")
        files.write_new(target, blocks, 0o600, lasting=False)  # a page that a power cut takes is read again


def end(desk: Path, report: Report) -> None:
    """Write how an attempt has ended.

    Raises:
        OSError: the file cannot be written; FileNotFoundError where the job is gone.
    """
    write(report, desk / ENDED, lasting=True)


def ended(attempt: Attempt) -> Report | None:
    """How an attempt has ended; None where it has not. An invalid file counts as an end: the scan is read again.

    Raises:
        OSError: the file cannot be read now.
    """
    try:
        return read(Report, attempt.folder / ENDED, MAX_REPORT_BYTES)
    except FileNotFoundError:
        return None
    except Refused as error:
        wrong = say("the worker {worker} wrote: {what}", worker=attempt.worker, what=error)
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        reason = in_words(error)
        wrong = say("what the worker {worker} wrote cannot be read: {reason}", worker=attempt.worker, reason=reason)
    return Report(worker=attempt.worker, ending="returned", reason=wrong)


def take(job: Job, attempt: Attempt) -> None:
    """Move an attempt's finished set into the job's folder.

    Raises:
        Unusable: there is no set, or the set contains anything but files.
        OSError: the set cannot be moved now.
    """
    out = attempt.folder / "out"
    if not safe_open.lexists_strict(out) and safe_open.lexists_strict(job.out):
        return  # taken before a restart
    if wrong := _wrong(out):
        heed(attempt)
        raise Unusable(wrong)
    for file in out.iterdir():  # not every mount makes last what a worker has written through it
        with os.fdopen(safe_open.open_regular(file), "rb") as opened:
            os.fsync(opened.fileno())
    files.sync_folder(out)
    _remove(job.out)
    out.rename(job.out)


def _wrong(out: Path) -> str:
    try:
        folder = stat.S_ISDIR(out.lstat().st_mode)
    except FileNotFoundError:
        folder = False
    if not folder:
        return "no finished set"
    with os.scandir(out) as entries:
        regular = {entry.name: stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode) for entry in entries}
    if not all(regular.values()) or not all(map(_SET_FILE.fullmatch, regular)):
        return "something that is no file of a set in its finished set"
    return "" if f"{STEM}{RECEIPT}" in regular else "a finished set without its receipt"


def heed(attempt: Attempt) -> None:
    """Remove the end of an attempt after it was processed; the finished pages stay for the next attempt."""
    _remove(attempt.folder / ENDED)


def _remove(path: Path) -> None:
    """Remove a folder, or any file in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def call_off(overtaken: Iterable[Attempt]) -> None:
    """Ask workers to hand back obsolete attempts after the page in work."""
    for each in overtaken:
        with contextlib.suppress(OSError):
            _mark(each)


def want_back(job: Job, number: int) -> bool:
    """Ask for a job back after the page in work; return whether its worker can see the request."""
    with contextlib.suppress(OSError):
        for attempt in made(job.folder):
            if attempt.number == number:
                _mark(attempt)
                return True
    return False


def _mark(attempt: Attempt) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    os.close(os.open(attempt.folder / WANTED_BACK, flags, 0o600))
