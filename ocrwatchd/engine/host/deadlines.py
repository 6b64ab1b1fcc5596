"""Limits of an engine: how long it may be silent at each step, and how much memory this service has."""

from __future__ import annotations

from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.model import Job
from ocrwatchd.engine.protocol import StepName

LOAD_DEADLINE_S = 900.0
"""Greatest duration of loading engines and models, seconds: gigabytes from a slow disk, resources from the network."""

TASK_GRACE_S = 60.0
"""How long a task may exceed its budget, seconds: a forward pass of the largest model on a slow machine."""

IN_WORDS: dict[StepName, Message] = {
    "hash": say("read the file"),
    "load": say("load an OCR engine or a language model"),
    "open": say("open the file"),
    "page": say("read a page"),
    "correct": say("correct a page"),
    "page-done": say("go on to the next page"),
    "task": say("carry out a follow-up task"),
    "write": say("write the results"),
}
"""The engine's current step, after "took longer than … to"."""


def allowance_s(step: StepName, job: Job, load_deadline_s: float, number: int = 0) -> float:
    """How long the engine may be silent after it has announced a step, seconds; ``number`` is of a page or task.

    A separator sheet may choose any profile: then the most patient one counts.
    """
    if step == "load":
        return load_deadline_s
    works = job.all_works
    page_s = max(work.ocr.page_deadline_s for work in works)
    if step == "correct":  # the corrector has a budget of its own and exceeds it by a forward pass or two
        return max(work.llm.page_budget_s for work in works) + page_s
    if step == "task":  # likewise, and the finished text waits for the task
        budgets_s = [task.budget_s for work in works for task in work.tasks] or [0.0]
        # Without sheets, each document of the scan has the same tasks.
        budget_s = max(budgets_s) if job.sheets else budgets_s[(number - 1) % len(budgets_s)]
        return budget_s + min(TASK_GRACE_S, page_s)
    return page_s
