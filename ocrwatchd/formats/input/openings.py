"""The files of a scan, opened as their pages are needed, few at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.recently_used import RecentlyUsed
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.common import Pages

MOST_OPEN = 4
"""Most files that are open at a time. Pages come in order, or from two files by turns."""


class Openings:
    """Opens files; closes the one that was not needed for the longest time; a context manager that closes all."""

    def __init__(self, ocr: Ocr) -> None:
        self._ocr = ocr
        self._opened: RecentlyUsed[Path, Pages] = RecentlyUsed(MOST_OPEN, _close)

    def of(self, file: Path) -> Pages:
        """The pages of a file, to be used before the next one is asked for.

        Raises:
            UnreadableScan: as ``open_pages``.
            OSError: likewise.
        """
        return self._opened.get(file, lambda: open_pages(file, self._ocr))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._opened.close()


def _close(pages: Pages) -> None:
    pages.__exit__(None, None, None)
