"""Can engine and model do anything for the languages of the documents?"""

from __future__ import annotations

from collections.abc import Iterator

from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable
from ocrwatchd.llm import models
from ocrwatchd.llm.calibration_store import by_profile
from ocrwatchd.ocr.rapidocr_languages import check_languages
from ocrwatchd.ocr.selection import choose
from ocrwatchd.setup.check.finding import Finding


def look(config: Config) -> Iterator[Finding]:
    """A line only where something is wrong, for the top level or a profile."""
    for what, why in (("engine's languages", _why_unread), ("model's languages", _why_raw)):
        for words, whose in by_profile(config, why):
            yield Finding(what, False, words + whose)


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
