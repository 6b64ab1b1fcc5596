"""Does the language model do good here? What was measured, for each profile's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocrwatchd.calibrate import record
from ocrwatchd.check.finding import Finding
from ocrwatchd.correct import models
from ocrwatchd.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.config import Config
    from ocrwatchd.settings import Work


def look(config: Config) -> Iterator[Finding]:
    """The verdicts on what the top level and the profiles mean; the same one is told once, and of which profiles."""
    for (ok, words), whose in record.by_profile(config, _verdict):
        yield Finding("calibration", ok, words + whose)


def _verdict(work: Work) -> tuple[bool, str] | None:
    try:
        path = models.resolve(work.llm)
    except ModelUnavailable:  # the model's own line says so
        return None
    verdict = record.find(work, path)
    if verdict is None:
        missing = f"whether {record.name_of(path)} does good with these settings was never measured; {record.REMEDY}"
        return not work.llm.require_calibration, missing
    return not (verdict.finding == "harm" or record.objection(work, path)), f"{verdict.model}, measured {verdict.told}"
