"""Does the language model do good here? What was measured, for each profile's settings."""

from __future__ import annotations

from collections.abc import Iterator

from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.llm import calibration_store, models
from ocrwatchd.setup.check.finding import Finding


def look(config: Config) -> Iterator[Finding]:
    """The verdicts on what the top level and the profiles mean; the same one is told once, and of which profiles."""
    for (ok, words), whose in calibration_store.by_profile(config, _verdict):
        yield Finding("calibration", ok, words + whose)


def _verdict(work: Work) -> tuple[bool, str] | None:
    try:
        path = models.resolve(work.llm)
    except ModelUnavailable:  # the model's own line says so
        return None
    verdict = calibration_store.find(work, path)
    if verdict is None:
        missing = (
            f"whether {calibration_store.name_of(path)} does good with these settings was never measured; "
            f"{calibration_store.REMEDY}"
        )
        return not work.llm.require_calibration, missing
    return not (
        verdict.finding == "harm" or calibration_store.objection(work, path)
    ), f"{verdict.model}, measured {verdict.told}"
