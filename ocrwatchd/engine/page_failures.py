"""Over which pages the engine has died: noted by the host in the job's folder, heeded by the engine.

Only the host knows that it lived and was not stopping when the engine ended, so that no page is blamed for a power cut.
A page over which that happened ``job.max_attempts`` times is given up, and the others go on. Light: both sides import
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ocrwatchd.core.fs.files import make_inner, write_new
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.i18n.wire import packed, unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.core.model import Job
    from ocrwatchd.engine.protocol import Step, StepName

BLAMED: Final = frozenset({"page", "correct", "task"})
"""Steps that belong to a page: reading it, and correcting what was read. And follow-up tasks, by their number."""

TASK_DEATHS: Final = 1
"""A task that ends the engine once is given up: the text waits for it."""

MOST_TASKS_GIVEN_UP: Final = 2
"""Once so many tasks have ended the engine over a document, its other ones are left out: the text has waited enough."""

MOST_PAGES_GIVEN_UP = 5
"""A document with more pages that end the engine is set aside: it would keep dying."""

FILE_MODE = 0o600


def max_crashes(max_attempts: int, pages: int, tasks: int = 0) -> int:
    """How often the engine may die over a document before that is set aside.

    Args:
        max_attempts: as configured; all that a page gets, and a document of one page.
        pages: of the document, or 0 where the engine died before it knew.
        tasks: how many follow-up tasks there are: some may cost one, and none of them the document.
    """
    over_pages = max_attempts if pages <= 1 else max_attempts * MOST_PAGES_GIVEN_UP
    return over_pages + (TASK_DEATHS * min(tasks, MOST_TASKS_GIVEN_UP) if pages else 0)


def record_crash(job: Job, step: Step, reason: Message, max_attempts: int) -> None:
    """Write down that the engine has died over a page, and give the page up where that was once too often.

    Raises:
        OSError: it cannot be written.
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
    """Why a step is left out on a page, or a task of that number; nothing where it is to be done."""
    try:
        return unpacked(
            _path(job.folder / "deaths", step, page, "reason").read_text(encoding="utf-8", errors="replace")
        )
    except FileNotFoundError:
        deadly = len(list((job.folder / "deaths").glob("*-task.reason"))) if step == "task" else 0
        return say("{n} other tasks have ended the engine", n=deadly) if deadly >= MOST_TASKS_GIVEN_UP else NOTHING


def _path(folder: Path, step: StepName, page: int, suffix: str) -> Path:
    return folder / f"{page:04}-{step}.{suffix}"
