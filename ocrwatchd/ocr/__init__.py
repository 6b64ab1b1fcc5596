"""Recognise pages: one protocol, several engines, and the choice between them.

Only the engine process imports the engines themselves; this module is light.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ocrwatchd.core.config.profile import Ocr
    from ocrwatchd.core.model import Page, PageText


# ONNX Runtime (since 1.29) reports on its use to its maker unless this is set before it is imported: nothing about a
# document may leave the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


class OcrEngine(Protocol):
    """A loaded recogniser. Loading is its constructor's work and may take seconds; the rest is called page by page."""

    @property
    def name(self) -> str:
        """As configured: "aspose" or "rapidocr"."""

    @property
    def version(self) -> str:
        """Of the package behind it."""

    def recognise(self, page: Page, ocr: Ocr) -> PageText:
        """Read one page.

        Raises:
            UnreadablePage: the engine refuses this picture; others may go on.
            EngineUnavailable: the engine cannot do this here (a resource or the licence is missing).
        """

    def free_page(self) -> None:
        """Free what the last page held."""

    def free_document(self) -> None:
        """Free what the last document held."""

    def close(self) -> None:
        """Free everything; the engine is not used again."""
