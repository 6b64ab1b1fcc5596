"""Pages over which the engine has died: the host records them in the job's folder, the engine skips them.

Only the host knows that it was running and not stopping when the engine ended, so a power cut is never blamed on a
page. After ``job.max_attempts`` deaths over one page, that page is given up and the others are read. Light: host and
engine import this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ocrwatchd.core.fs.files import make_inner, write_new
from ocrwatchd.core.i18n import NOTHING, Message, packed, say
from ocrwatchd.core.i18n.wire import unpacked
from ocrwatchd.core.model import Job
from ocrwatchd.engine.protocol import Step, StepName

BLAMED: Final = frozenset({"page", "correct", "task"})
"""Steps that belong to a page (recognition and correction) or to a follow-up task, by its number."""

TASK_DEATHS: Final = 1
"""A task is given up after this many deaths of the engine: the text waits for it."""

MOST_TASKS_GIVEN_UP: Final = 2
"""After this many given-up tasks the other tasks of the document are skipped: the text has waited long enough."""

MOST_PAGES_GIVEN_UP = 5
"""A document with more given-up pages is set aside: the engine would die again and again."""

FILE_MODE = 0o600


def max_crashes(max_attempts: int, pages: int, tasks: int = 0) -> int:
    """How often the engine may die over a document before the document is set aside.

    Args:
        max_attempts: as configured: the limit for each page, and for a document of one page.
        pages: of the document; 0 if the engine died before it counted them.
        tasks: number of follow-up tasks; some may be given up, but never the document for them.
    """
    over_pages = max_attempts if pages <= 1 else max_attempts * MOST_PAGES_GIVEN_UP
    return over_pages + (TASK_DEATHS * min(tasks, MOST_TASKS_GIVEN_UP) if pages else 0)


def record_crash(job: Job, step: Step, reason: Message, max_attempts: int) -> None:
    """Record that the engine has died over a page; give the page up at the last attempt.

    Raises:
        OSError: the record cannot be written.
    """
    if step.name not in BLAMED:
        return
    if step.name == "task":
        max_attempts = TASK_DEATHS
    folder = job.folder / "deaths"
    make_inner(folder)
    earlier = _path(folder, step.name, step.page, "times")
    times = 1 + (len(earlier.read_bytes()) if earlier.exists() else 0)
    if times < max_attempts:
        write_new(earlier, b"." * times, FILE_MODE, replace=True)
        return
    last = say("{reason}, at each of {times} attempts", reason=reason, times=times) if times > 1 else reason
    write_new(_path(folder, step.name, step.page, "reason"), packed(last).encode(), FILE_MODE, replace=True)


def skip_reason(job: Job, step: StepName, page: int) -> Message:
    """Why a step is skipped on a page, or on the task with that number; nothing if it is not skipped."""
    try:
        return unpacked(
            _path(job.folder / "deaths", step, page, "reason").read_text(encoding="utf-8", errors="replace")
        )
    except FileNotFoundError:
        deadly = len(list((job.folder / "deaths").glob("*-task.reason"))) if step == "task" else 0
        return say("{n} other tasks have ended the engine", n=deadly) if deadly >= MOST_TASKS_GIVEN_UP else NOTHING


def _path(folder: Path, step: StepName, page: int, suffix: str) -> Path:
    return folder / f"{page:04}-{step}.{suffix}"
