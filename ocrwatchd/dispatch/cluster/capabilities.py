"""The capabilities that a job needs and a machine offers; one queue for each combination."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Final, Literal

from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.core.model import Job
from ocrwatchd.ocr.selection import choose

Capability = Literal["aspose", "gpu"]
ALL: Final[tuple[Capability, ...]] = ("aspose", "gpu")


def settled(work: Work) -> Work:
    """The settings with the engine that this machine chooses, so that all workers use the same one."""
    if work.ocr.engine != "auto":
        return work
    return work.model_copy(update={"ocr": work.ocr.model_copy(update={"engine": _engine(work.ocr)})})


def published(job: Job) -> Job:
    """The job as it is published: with the settled settings, without those of each machine."""
    sheets = job.sheets.with_works(settled).of_the_document if job.sheets else None
    return replace(job, work=settled(job.work).of_the_document, sheets=sheets)


def required(*works: Work) -> tuple[Capability, ...]:
    """The capabilities that reading with these settings needs, or that a machine with these settings of its own offers.

    Aspose where a licence is set, or where the settings choose it without one; a GPU where model layers go to it.
    """
    engines = {_engine(ocr) for ocr in {work.ocr for work in works}}
    has = {"aspose": "aspose" in engines, "gpu": any(map(_asks_for_gpu, works))}
    return tuple(name for name in ALL if has[name])


def queue_name(root: str, needs: tuple[Capability, ...]) -> str:
    """The queue of a root's jobs with these needs."""
    return f"ocrwatchd-{root}.{'-'.join(needs) or 'any'}"


def nudges(root: str) -> str:
    """The queue for messages from the workers to the supervisor of a root."""
    return f"ocrwatchd-{root}.nudges"


def queues(root: str, offers: tuple[Capability, ...]) -> list[str]:
    """The queues of all jobs that a machine can read, those with the most needs first."""
    return [
        queue_name(root, needs) for count in range(len(offers), -1, -1) for needs in combinations(sorted(offers), count)
    ]


def _engine(ocr: Ocr) -> Literal["aspose", "rapidocr"]:
    try:
        return choose(ocr).name
    except EngineUnavailable:  # not on this machine; on another it may be
        return "aspose"


def _asks_for_gpu(work: Work) -> bool:
    return isinstance(work.llm.gpu_layers, int) and work.llm.gpu_layers > 0
