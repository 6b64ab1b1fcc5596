"""OCR engines behind one protocol, the choice between them, and the reading order of a page.

This module is light: only the engine process imports the engines.
"""

from __future__ import annotations

import os
from typing import Protocol

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Page, PageText

# Nothing about a document may leave the machine. ONNX Runtime (since 1.29) sends reports on its use to its maker unless
# this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


class OcrEngine(Protocol):
    """A loaded recogniser. The constructor loads the models, which may take seconds."""

    @property
    def name(self) -> str:
        """The engine's name in the configuration: "aspose" or "rapidocr"."""

    @property
    def version(self) -> str:
        """Version of the package that recognises."""

    def recognise(self, page: Page, ocr: Ocr) -> PageText:
        """Recognise one page.

        Raises:
            UnreadablePage: the engine refuses this picture; it may read others.
            EngineUnavailable: the engine lacks a resource or the licence for this page.
        """

    def free_page(self) -> None:
        """Free the memory of the last page."""

    def free_document(self) -> None:
        """Free the memory of the last document."""

    def close(self) -> None:
        """Free all memory; the engine cannot be used afterwards."""
