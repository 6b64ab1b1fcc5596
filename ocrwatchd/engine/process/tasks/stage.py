"""The follow-up tasks of a job, after its last page: each is run or left out with a reason; none stops the set."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from pydantic import TypeAdapter, ValidationError

from ocrwatchd.core import faults
from ocrwatchd.core.config.profile import Task
from ocrwatchd.core.fs.files import make_inner, write_new
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Document, Job, TaskEnd
from ocrwatchd.correct.prompts import with_languages
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.process.tasks.files import json_file, text_file, without_pictures
from ocrwatchd.engine.process.tasks.runner import NOTHING_YET, Answer, Record, TaskRun

if TYPE_CHECKING:
    from ocrwatchd.llm.protocol import Model

FILE_MODE = 0o600

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Result:
    """How a task ended, and the content of its file; "" if it was left out."""

    end: TaskEnd
    content: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    mark: str
    record: Record = NOTHING_YET
    result: Result | None = None


_KEPT: TypeAdapter[_Kept] = TypeAdapter(_Kept)


@dataclass(frozen=True, slots=True)
class FollowUps:
    """The tasks of one job.

    Args:
        mark: on what the text depends; results with another mark do not count.
        begins: called with the task's number first and before each question; its exceptions end all tasks.
        first: the number of the first task; they run on through the documents of a scan.
    """

    job: Job
    document: Document
    model: Model | None
    why_none: Message
    mark: str
    text: Callable[[], str]
    begins: Callable[[int], None]
    first: int = 1

    def results(self) -> tuple[Result, ...]:
        """Run all tasks, in order.

        Raises:
            OSError: the disk is at fault.
        """
        return tuple(self._result(number, task) for number, task in enumerate(self.job.work.tasks, self.first))

    def _result(self, number: int, task: Task) -> Result:
        kept = self._kept(task)
        if kept.result:
            return kept.result
        if self.model is None:
            return _left_out(task, str(self.why_none))
        if deadly := page_failures.skip_reason(self.job, "task", number):
            return _left_out(task, str(deadly))
        started = time.monotonic()
        try:
            answer = self._follow(number, task, self.model, kept)
        except (faults.Stopping, ConnectionError):  # on the host's request, or after its end
            raise
        except Exception as error:  # a fault of the model or its answers costs only this task
            if faults.is_machines(error):
                raise
            log.warning("task.failed", job=self.job.id, task=task.name, at=faults.place(error))
            return _left_out(task, f"it failed ({type(error).__name__})")
        seconds = kept.record.spent_s + time.monotonic() - started
        result = self._made(task, self.model.name, answer, seconds)
        end, told_s = result.end, round(result.end.seconds, 2)
        counts = {"parts": end.parts, "dropped": end.dropped, "seconds": told_s}
        log.info("task.done", job=self.job.id, task=end.name, state=end.state, reason=end.reason, **counts)
        self._keep(task, replace(kept, result=result))
        return result

    def _follow(self, number: int, task: Task, model: Model, kept: _Kept) -> Answer:
        def keep(record: Record) -> None:
            self._keep(task, replace(kept, record=record))

        languages = self.job.work.ocr.languages
        spoken = {key: with_languages(getattr(task, key), languages) for key in ("prompt", "join_prompt")}
        asking = task.model_copy(update=spoken)
        begins = partial(self.begins, number)
        return TaskRun(asking, model, time.monotonic, begins, keep, kept.record).answer(self.text())

    def _made(self, task: Task, model: str, answer: Answer, seconds: float) -> Result:
        end = TaskEnd(
            task.name, task.suffix, "done", answer.reason, model, answer.parts, answer.answered, answer.dropped, seconds
        )
        if answer.value is None:
            return Result(replace(end, state="left-out"))
        partial = answer.answered < answer.parts or not self.document.complete
        if partial or answer.reason:
            reason = answer.reason or f"{self.document.unreadable} of {self.document.pages} pages could not be read"
            end = replace(end, state="incomplete", reason=reason)
        evaluation = self.document.evaluation
        if task.output == "json":
            content = json_file(end, answer.value, partial=partial, evaluation=evaluation)
        else:
            code = self.job.work.output.language
            value = without_pictures(str(answer.value)) if task.output == "md" else str(answer.value)
            content = text_file(value, model, partial=partial, evaluation=evaluation, code=code)
        return Result(end, content)

    def _kept(self, task: Task) -> _Kept:
        parts = (self.mark, task.model_dump_json(), self.job.work.output.language)
        mark = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
        try:
            kept = _KEPT.validate_json(self._path(task).read_bytes())
        except (FileNotFoundError, ValidationError):
            return _Kept(mark)
        return kept if kept.mark == mark else _Kept(mark)

    def _keep(self, task: Task, kept: _Kept) -> None:
        path = self._path(task)
        make_inner(path.parent)
        write_new(path, _KEPT.dump_json(kept), FILE_MODE, replace=True, lasting=False)

    def _path(self, task: Task) -> Path:
        part = self.document.part
        return self.job.place / "tasks" / (f"{task.name}.json" if part == 1 else f"{task.name}-part-{part}.json")


def _left_out(task: Task, reason: str) -> Result:
    return Result(TaskEnd(task.name, task.suffix, "left-out", reason))


def told(document: Document, results: tuple[Result, ...]) -> Document:
    """The document with its tasks, and a warning for each incomplete one."""
    ends = tuple(result.end for result in results)
    warnings = tuple(str(end) for end in ends if end.state != "done")
    return replace(document, tasks=ends, warnings=(*document.warnings, *warnings))
