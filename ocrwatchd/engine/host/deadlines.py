"""Limits of an engine: how long it may be silent at each step, and how much memory this service has."""

from __future__ import annotations

from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.i18n import Message, say
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


def allowance_s(step: StepName, work: Work, load_deadline_s: float, number: int = 0) -> float:
    """How long the engine may be silent after it has announced a step, seconds; ``number`` is of a page or task."""
    if step == "load":
        return load_deadline_s
    if step == "correct":  # the corrector has a budget of its own and exceeds it by a forward pass or two
        return work.llm.page_budget_s + work.ocr.page_deadline_s
    if step == "task":  # likewise, and the finished text waits for the task
        grace_s = min(TASK_GRACE_S, work.ocr.page_deadline_s)
        return sum(task.budget_s for task in work.tasks[number - 1 : number]) + grace_s
    return work.ocr.page_deadline_s
