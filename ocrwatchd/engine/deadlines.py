"""How long the engine may be silent, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocrwatchd.config import Work
    from ocrwatchd.engine.wire import StepName

LOAD_DEADLINE_S = 900.0
"""How long loading engines and models may take, seconds: gigabytes from a slow disk, resources from the network."""

IN_WORDS: dict[StepName, str] = {
    "hash": "read the file",
    "load": "load an OCR engine or a language model",
    "open": "open the file",
    "page": "read a page",
    "correct": "correct a page",
    "page-done": "go on to the next page",
    "write": "write the results",
}
"""What the engine was about to do, after "took too long to"."""


def allowance_s(step: StepName, work: Work, load_deadline_s: float) -> float:
    """How long the engine may be silent after it has announced a step, seconds."""
    if step == "load":
        return load_deadline_s
    if step == "correct":  # the corrector keeps a budget of its own; what it adds to that is a forward pass or two
        return work.llm.page_budget_s + work.ocr.page_deadline_s
    return work.ocr.page_deadline_s
