"""Recognise pages with Aspose.OCR.

The area mode is always LEAN, whatever ``ocr.layout`` is: the modes for columns and tables need model files that the
package does not contain. Without a licence Aspose returns only the beginning of each page. That text is delivered and
marked, and nothing is ever added to it.
"""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import EngineUnavailable, UnreadablePage
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import Box, Line, Page, PageText
from ocrwatchd.ocr import bridge, clr
from ocrwatchd.ocr.aspose_languages import setting_for
from ocrwatchd.ocr.page_confidence import small_print
from ocrwatchd.ocr.selection import licence_file

TRIAL = "Trial Licenses"
NOTICE = f"************* {TRIAL} *************"
"""Ends every text in evaluation mode. Aspose counts it as text, so a truncated copy may precede the whole one."""

SURE_CHARACTERS = 5
"""A truncated notice of at least this many characters is recognised alone; a shorter one, down to one asterisk, only
directly before another."""

_RESOURCE = re.compile(r"aspose-ocr-[\w.-]+?\.ocr")


class SeenRectangle(Protocol):
    """``aspose.ocr.Rectangle``, pixels from the top left."""

    left: float
    top: float
    right: float
    bottom: float


class SeenLine(Protocol):
    """``aspose.ocr.RecognitionResult.LinesResult``."""

    text_in_line: str
    line: SeenRectangle
    confidence: float


class AsposeEngine:
    """Aspose.OCR for Python via .NET, printed and handwritten.

    Args:
        ocr: the first settings; settings that differ are applied with the page that has them.
        scratch: a writable folder for downloaded models if ``ocr.resources_dir`` is not set.

    Raises:
        EngineUnavailable: Aspose cannot run here, or does not accept the licence; the message names the remedy.
    """

    name = "aspose"

    def __init__(self, ocr: Ocr, scratch: Path) -> None:
        self.version: Final = version(bridge.PACKAGE)
        licence = licence_file(ocr)
        trial = clr.try_out(licence)
        if trial.refusal:
            raise _refused(licence, trial.refusal)
        self._scratch = scratch
        self._module = clr.start()
        self._license = self._module.License()
        self._engine = self._module.AsposeOcr()
        self._results: clr.Untyped = ()
        self._applied: Ocr | None = None
        self._apply(ocr)

    def recognise(self, page: Page, ocr: Ocr) -> PageText:
        """Recognise one page.

        Raises:
            UnreadablePage: Aspose refuses this picture.
            EngineUnavailable: a model file, a language or the licence is missing.
        """
        started = time.monotonic()
        if ocr != self._applied:
            self._apply(ocr)
        try:
            self._results = self._read(page, handwritten=ocr.mode == "handwritten")
        except RuntimeError as error:
            raise _told(error, _resources(ocr, self._scratch)) from error
        result = self._results[0]
        warnings = tuple(dict.fromkeys(str(warning) for warning in result.warnings))
        evaluation = not self._license.is_licensed or TRIAL in warnings
        text = tidy(result.recognition_text, evaluation=evaluation)
        # Evaluation mode grants only the text; the lines would have more.
        lines = () if evaluation else lines_of(text, result.recognition_lines_result)
        return PageText(
            number=page.number,
            text=text,
            width=page.image.width,
            height=page.image.height,
            dpi=page.dpi,
            engine=self.name,
            lines=lines,
            evaluation=evaluation,
            warnings=(*(warning for warning in warnings if warning != TRIAL), *small_print(lines)),
            seconds=time.monotonic() - started,
        )

    def free_page(self) -> None:
        """Free the picture in the last result."""
        for result in self._results:
            result.release_image()
        self._results = ()

    def free_document(self) -> None:
        """Free the memory of the engine."""
        self.free_page()
        self._engine.free_resources()

    def close(self) -> None:
        """Free everything, including the loaded models."""
        self.free_document()
        self._module.Resources.release_memory()

    def _apply(self, ocr: Ocr) -> None:
        self._applied = None
        licence = licence_file(ocr)
        if licence is not None and (refusal := clr.set_licence(self._module, licence)):
            raise _refused(licence, refusal)
        threads = ocr.threads or len(os.sched_getaffinity(0))
        self._module.Resources.set_local_path(str(_resources(ocr, self._scratch)))
        self._module.Resources.allow_automatic_downloads(ocr.allow_downloads)
        self._module.OnnxRuntimeSessionOptions.set_intra_op_num_threads(threads)
        language = self._module.Language
        self._settings = self._module.RecognitionSettings()
        self._settings.language = language[setting_for(ocr.languages, language.__members__)]
        self._settings.detect_areas_mode = self._module.DetectAreasMode.LEAN
        self._settings.threads_count = threads
        self._applied = ocr

    def _read(self, page: Page, *, handwritten: bool) -> clr.Untyped:
        given = self._module.OcrInput(self._module.InputType.SINGLE_IMAGE)
        picture = io.BytesIO()
        # Aspose reads BMP as fast as PNG; writing a noisy colour page as PNG takes 0.4 s at the lowest level.
        page.image.save(picture, "BMP")
        given.add(picture)
        if handwritten:
            return self._engine.recognize_handwritten_text(given)
        return self._engine.recognize(given, self._settings)


def tidy(text: str, *, evaluation: bool) -> str:
    """Remove the evaluation notice, whole or truncated, and white space at the ends of lines."""
    lines = [line.rstrip() for line in text.splitlines()]
    if evaluation and lines:
        _strip_notice(lines)
    return "\n".join(lines).strip("\n")


def lines_of(text: str, seen: Iterable[SeenLine]) -> tuple[Line, ...]:
    """The lines that Aspose detected, each with its offset in the page's text; others are left out."""
    lines: list[Line] = []
    cursor = 0
    for each in seen:
        words = each.text_in_line.strip()
        # Match whole lines: "an" is in "and" too.
        found = re.compile(rf"^[^\S\n]*({re.escape(words)})[^\S\n]*$", re.MULTILINE).search(text, cursor)
        if not words or not found:
            continue
        offset, cursor = found.span(1)
        where = each.line
        # 0.0 means "not calculated": with a temporary licence, and always for the Latin script
        # (reference.aspose.com, RecognitionResult.LinesResult.Confidence).
        lines.append(
            Line(words, offset, Box(where.left, where.top, where.right, where.bottom), each.confidence or None)
        )
    return tuple(lines)


def _strip_notice(lines: list[str]) -> None:
    """Remove the notice and its truncated copies from the end; Aspose truncates the notice too."""
    least = SURE_CHARACTERS
    while lines and (not (last := lines[-1].strip()) or (len(last) >= least and NOTICE.startswith(last))):
        if last:
            least = 1
        lines.pop()


def _resources(ocr: Ocr, scratch: Path) -> Path:
    folder = Path(ocr.resources_dir).expanduser() if ocr.resources_dir else scratch
    try:
        if not ocr.resources_dir:
            folder.mkdir(parents=True, exist_ok=True)
        with os.scandir(folder):
            return folder.absolute()
    except OSError as error:
        raise EngineUnavailable(
            f"{folder}: Aspose.OCR's models belong there, but the folder cannot be read ({error.strerror}); "
            "set ocr.resources_dir to one that can"
        ) from error


def _refused(licence: Path | None, refusal: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"{licence}: not accepted as a licence of Aspose.OCR: {refusal}. "
        'Put a valid one there, or set ocr.license = "" to go on without'
    )


def _told(error: RuntimeError, resources: Path) -> EngineUnavailable | UnreadablePage:
    if needed := _RESOURCE.search(str(error)):
        return EngineUnavailable(
            f"Aspose.OCR needs the model file {needed[0]} for this mode or language and does not have it: "
            f"set ocr.allow_downloads = true on a machine with a way to the internet, or put the file into {resources} "
            "(ocr.resources_dir)"
        )
    return UnreadablePage(say("Aspose.OCR could not read the picture: {error}", error=clr.plain(error)))
