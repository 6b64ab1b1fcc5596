"""Find out for ``ocrwatchd check`` whether the engines would run, without loading one into this process."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.ocr import clr
from ocrwatchd.ocr.selection import choose, licence_file

if TYPE_CHECKING:
    from ocrwatchd.core.config.profile import Ocr

    Finding = tuple[str, bool, str]
    """A part, whether it is ready, and its state with the remedy."""


def examine(ocr: Ocr) -> tuple[Finding, ...]:
    """Examine the choice of engine, Aspose with its OpenSSL, and the licence; this takes half a second.

    A fault of Aspose counts only if Aspose was chosen.
    """
    try:
        choice = choose(ocr)
    except EngineUnavailable as error:
        return (("engine", False, str(error)),)
    words = f"{choice.name}; {choice.notice}" if choice.notice else choice.name
    if choice.name == "rapidocr" and importlib.util.find_spec("rapidocr") is None:
        return (("engine", False, "rapidocr is not installed: run pip install rapidocr"),)
    return (("engine", True, words), *_aspose(ocr, needed=choice.name == "aspose"))


def _aspose(ocr: Ocr, *, needed: bool) -> tuple[Finding, ...]:
    licence = licence_file(ocr)
    try:
        trial = clr.try_out(licence)
    except EngineUnavailable as error:
        return (("Aspose.OCR", not needed, str(error) if needed else f"not needed, and not usable: {error}"),)
    started = ("Aspose.OCR", True, f"its .NET runtime starts, with {trial.openssl}")
    if licence is None:
        return (started, ("licence", True, "none: evaluation mode" if needed else "none, and none is needed"))
    if trial.refusal:
        remedy = 'put a valid one there, or set ocr.license = "" to go on without'
        return (started, ("licence", not needed, f"{licence}: not accepted: {trial.refusal}; {remedy}"))
    return (started, ("licence", True, f"{licence} is accepted"))
