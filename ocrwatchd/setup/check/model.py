"""The language model: is it here and undamaged, does it help, and does it know the languages of the documents?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ocrwatchd.core.config.profile import Llm, Work
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable
from ocrwatchd.llm import calibration_store, identity, models
from ocrwatchd.ocr.rapidocr_languages import check_languages
from ocrwatchd.ocr.selection import choose
from ocrwatchd.setup.check.finding import Finding

DIGITS_SHOWN = 16
"""Digits of a hash to show: enough to compare by eye."""

_UNRECORDED = {models.BUILTIN: "a part of this package"}
"""A checkout holds no record of its files."""


def look(llm: Llm) -> Iterator[Finding]:
    """The configured model; its whole file is read."""
    try:
        path = models.resolve(llm)
        meanwhile = models.why_builtin(llm)
    except ModelUnavailable as error:
        # Texts stay raw; this is ok if the configuration asks for no model.
        yield Finding("model", llm.model == "off", str(error))
        return
    yield Finding("model", True, f"{path} (built in; {meanwhile})" if meanwhile else str(path))
    try:
        yield _sound(path)
    except OSError as error:
        words = f"{path} cannot be read: {error.strerror}; check its disk, or download the model again"
        yield Finding("model's hash", False, words)


def look_for_tasks(config: Config) -> Iterator[Finding]:
    """Whether the configured models can carry out the configured follow-up tasks."""
    for profile, work in config.works().items():
        if work.tasks:
            names = ", ".join(task.name for task in work.tasks)
            why = _why_no_tasks(work.llm)
            told = f"{names}: left out: {why}" if why else f"{names}, by {models.resolve(work.llm).name}"
            yield Finding(f"tasks of {profile}" if profile else "tasks", not why, told)


def look_at_verdicts(config: Config) -> Iterator[Finding]:
    """The verdicts for the top level and the profiles; equal verdicts share a line with the names of the profiles."""
    for (ok, words), whose in calibration_store.by_profile(config, _verdict):
        yield Finding("calibration", ok, words + whose)


def look_at_languages(config: Config) -> Iterator[Finding]:
    """A line for each problem of the top level or a profile."""
    for what, why in (("engine's languages", _why_unread), ("model's languages", _why_raw)):
        for words, whose in calibration_store.by_profile(config, why):
            yield Finding(what, False, words + whose)


def _why_no_tasks(llm: Llm) -> str:
    try:
        return models.only_corrects(llm) if models.resolve(llm) == models.BUILTIN else ""
    except ModelUnavailable as error:
        return str(error)


def _sound(path: Path) -> Finding:
    said = []
    for file in identity.parts(path):
        found, recorded = identity.read(file), identity.recorded(file)
        if recorded and found != recorded:
            again = "install ocrwatchd again" if path == models.BUILTIN else "run `ocrwatchd models pull`"
            words = f"{file} is damaged: its SHA-256 is {found}, not {recorded}; {again}"
            return Finding("model's hash", False, words)
        known = "as it was published" if recorded else _UNRECORDED.get(path, "the published hash is not known")
        said.append(f"{found[:DIGITS_SHOWN]}…, {known}")
    return Finding("model's hash", True, f"SHA-256 {'; '.join(said)}")


def _verdict(work: Work) -> tuple[bool, str] | None:
    try:
        path = models.resolve(work.llm)
    except ModelUnavailable:  # another line says so
        return None
    verdict = calibration_store.find(work, path)
    if verdict is None:
        missing = (
            f"nobody has measured whether {calibration_store.name_of(path)} helps with these settings; "
            f"{calibration_store.REMEDY}"
        )
        return not work.llm.require_calibration, missing
    return not (
        verdict.finding == "harm" or calibration_store.objection(work, path)
    ), f"{verdict.model}, measured {verdict.told}"


def _why_unread(work: Work) -> str | None:
    try:
        if choose(work.ocr).name == "rapidocr":
            check_languages(work.ocr.languages)
    except EngineUnavailable as error:
        return str(error)
    return None


def _why_raw(work: Work) -> str | None:
    try:
        if models.resolve(work.llm) != models.BUILTIN:
            return None
    except ModelUnavailable:  # the model's own line says so
        return None
    why = models.why_raw(work.llm, models.BUILTIN_NAME, models.BUILTIN_LANGUAGES, work.ocr.languages)
    return f"texts stay raw: {why}" if why else None
