"""The files of a scan, opened as their pages are needed, few at a time."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Self

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.formats.input import open_pages
from ocrwatchd.formats.input.common import Pages

MOST_OPEN = 4
"""Most files that are open at a time. Pages come in order, or from two files by turns."""


class Openings:
    """Opens files; closes the one that was not needed for the longest time; a context manager that closes all."""

    def __init__(self, ocr: Ocr) -> None:
        self._ocr = ocr
        self._opened: OrderedDict[Path, Pages] = OrderedDict()

    def of(self, file: Path) -> Pages:
        """The pages of a file, to be used before the next one is asked for.

        Raises:
            UnreadableScan: as ``open_pages``.
            OSError: likewise.
        """
        if file in self._opened:
            self._opened.move_to_end(file)
            return self._opened[file]
        while len(self._opened) >= MOST_OPEN:
            _, oldest = self._opened.popitem(last=False)
            oldest.__exit__(None, None, None)
        self._opened[file] = open_pages(file, self._ocr)
        return self._opened[file]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        while self._opened:
            _, pages = self._opened.popitem()
            pages.__exit__(*exception)
