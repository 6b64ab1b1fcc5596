"""Find out, for ``ocrwatchd check``, whether the engines would run, without loading one into the asking process."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.ocr import clr
from ocrwatchd.ocr.selection import choose, licence_file

if TYPE_CHECKING:
    from ocrwatchd.core.config.profile import Ocr


class Finding(NamedTuple):
    """One line for the person who asks.

    Args:
        subject: what was looked at.
        ok: nothing needs to be done.
        words: how it stands, and what to do where it is not ok.
    """

    subject: str
    ok: bool
    words: str


def examine(ocr: Ocr) -> tuple[Finding, ...]:
    """Look at the choice of engine, at Aspose with its OpenSSL, and at the licence; takes half a second.

    What is wrong with Aspose is no fault where another engine was chosen.
    """
    try:
        choice = choose(ocr)
    except EngineUnavailable as error:
        return (Finding("engine", False, str(error)),)
    words = f"{choice.name}; {choice.notice}" if choice.notice else choice.name
    if choice.name == "rapidocr" and importlib.util.find_spec("rapidocr") is None:
        return (Finding("engine", False, "rapidocr is not installed: run pip install rapidocr"),)
    return (Finding("engine", True, words), *_aspose(ocr, needed=choice.name == "aspose"))


def _aspose(ocr: Ocr, *, needed: bool) -> tuple[Finding, ...]:
    licence = licence_file(ocr)
    try:
        trial = clr.try_out(licence)
    except EngineUnavailable as error:
        return (Finding("Aspose.OCR", not needed, str(error) if needed else f"not needed, and not usable: {error}"),)
    started = Finding("Aspose.OCR", True, f"its .NET runtime starts, with {trial.openssl}")
    if licence is None:
        return (started, Finding("licence", True, "none: evaluation mode" if needed else "none, and none is needed"))
    if trial.refusal:
        remedy = 'put a valid one there, or set ocr.license = "" to go on without'
        return (started, Finding("licence", not needed, f"{licence}: not accepted: {trial.refusal}; {remedy}"))
    return (started, Finding("licence", True, f"{licence} is accepted"))
