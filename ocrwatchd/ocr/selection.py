"""Choose the engine for a profile, and load it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.core.fs import permissions
from ocrwatchd.ocr.bridge.compile import wanted as aspose_runs_here

if TYPE_CHECKING:
    from ocrwatchd.core.config.profile import Ocr
    from ocrwatchd.ocr import OcrEngine

EngineName = Literal["aspose", "rapidocr"]

CREDENTIALS = ("aspose-license", "aspose-licence", "Aspose.OCR.lic")
"""File names of a licence among systemd's credentials."""

EVALUATION = (
    "Aspose.OCR has no licence and cuts every page at 300 characters, shorter ones at 60 %; "
    "set ocr.license to the path of a licence file to get whole pages"
)

ROWS = 'Aspose.OCR orders the lines by itself: ocr.layout = "rows" has no effect; RapidOCR keeps rows together'


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine to use.

    Args:
        name: of the engine.
        notice: a message about the choice, shown once, or "".
        harmless: the notice requires no action.
    """

    name: EngineName
    notice: str = ""
    harmless: bool = False


def licence_file(ocr: Ocr) -> Path | None:
    """The path of Aspose's licence: as configured, else among systemd's credentials; None without a licence.

    A configured path is returned even if no file lies there: the engine must report the missing file.
    """
    if ocr.license:
        return Path(ocr.license).expanduser()
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    paths = (Path(folder) / name for name in CREDENTIALS) if folder else ()
    return next((path for path in paths if path.is_file()), None)


def choose(ocr: Ocr) -> Choice:
    """Choose the engine.

    "auto" chooses Aspose if a licence is set or handwriting is to be read, else RapidOCR.

    Raises:
        EngineUnavailable: the mode needs an engine that does not exist for this machine, or other users may change the
            licence file.
    """
    licence = licence_file(ocr)
    if ocr.engine == "rapidocr":
        return Choice("rapidocr")
    _trust(licence)
    if ocr.engine == "aspose" or (ocr.mode == "handwritten" and aspose_runs_here()):
        return _aspose(ocr, licensed=licence is not None)
    if ocr.mode == "handwritten":
        raise EngineUnavailable(
            'ocr.mode = "handwritten" needs Aspose.OCR, which runs on x86-64 Linux only; set ocr.mode = "printed"'
        )
    if licence is None:
        return Choice("rapidocr", "no Aspose.OCR licence is set, so RapidOCR reads the pages", harmless=True)
    if not aspose_runs_here():
        return Choice("rapidocr", "Aspose.OCR runs on x86-64 Linux only, so RapidOCR reads the pages", harmless=True)
    return _aspose(ocr, licensed=True)


def _trust(licence: Path | None) -> None:
    try:
        doubt = permissions.unsafe_reason(licence, "licence file") if licence else ""
    except OSError:  # the engine reports a missing licence
        return
    if doubt:
        raise EngineUnavailable(doubt)


def _aspose(ocr: Ocr, *, licensed: bool) -> Choice:
    told = ["" if licensed else EVALUATION, ROWS if ocr.layout == "rows" else ""]
    return Choice("aspose", "; ".join(filter(None, told)))


def load(name: str, ocr: Ocr, scratch: Path) -> OcrEngine:
    """Load an engine with its first settings; this takes seconds. Aspose downloads into ``scratch``.

    Raises:
        EngineUnavailable: the engine cannot run here; the message names the remedy.
    """
    if name == "aspose":
        from ocrwatchd.ocr.aspose import AsposeEngine  # only the engine process loads engines

        return AsposeEngine(ocr, scratch)
    if name == "rapidocr":
        from ocrwatchd.ocr.rapidocr import RapidEngine

        return RapidEngine(ocr)
    raise ValueError(f"no engine is called {name!r}")
