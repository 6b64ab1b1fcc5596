"""The interface of all readers of scans, and the limits on the length of a document."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Self

from ocrwatchd.core.errors import UnreadablePage
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import Box, Page, PageText

if TYPE_CHECKING:
    from ocrwatchd.ocr.layout import RawLine

OWN_TEXT = "pdf"
"""The engine of a page whose own text is kept, and the source of such a page's lines."""

DELIVERED = "ocrwatchd"
"""The entry of a PDF's document information that holds the id of the receipt with which ocrwatchd has delivered it."""

MAX_PAGES = 50_000
"""Most pages that are counted in a document, even if ``ocr.max_pages`` is larger."""

MAX_DOCUMENT_PIXELS = 100_000_000_000
"""Most pixels that are read of a document: 11,000 pages A4 at 300 dpi. A small file may claim any number of pages."""


@dataclass(frozen=True, slots=True)
class OwnText:
    """The text that a PDF has on a page itself.

    Args:
        page: its text in reading order.
        lines: of it, before they are put in order.
        doubted: lines in whose fonts hardly a word is one, and which are not in ``page``: what is read in their place
            tells whether they are right.
        marks: places that ``lines`` tell of though their ink is no text, pixels.
        ink: there is ink that ``lines`` do not explain.
        rest: the page without them, to be recognised; None where nothing is left.
    """

    page: PageText
    lines: tuple[RawLine, ...]
    doubted: tuple[RawLine, ...] = ()
    marks: tuple[Box, ...] = ()
    ink: bool = False
    rest: Page | None = None


class Length:
    """The number of pages of a document, and the limits up to which they are read.

    Args:
        pages: in the file.
        pixels: of a page, by its number from 1.
        max_pages: of more the rest stands as one page that cannot be read.
        most_pixels: a page with more is refused unread, and costs nothing.
    """

    def __init__(self, pages: int, pixels: Callable[[int], float], max_pages: int, most_pixels: int) -> None:
        self.count = min(pages, max_pages + 1)
        self._pixels = pixels
        self._max_pages = max_pages
        self._most_pixels = most_pixels
        self._sums = [0.0]

    def check(self, number: int) -> None:
        """Refuse a page beyond the limits. The pages that were read before make no difference.

        Raises:
            UnreadablePage: as said.
        """
        if number > self._max_pages:
            raise UnreadablePage(
                say(
                    "only the first {n} pages of a document are read; split it, or raise ocr.max_pages",
                    n=f"{self._max_pages:,}",
                )
            )
        while len(self._sums) <= number:
            pixels = self._pixels(len(self._sums))
            self._sums.append(self._sums[-1] + (pixels if pixels <= self._most_pixels else 0))
        if self._sums[number] > MAX_DOCUMENT_PIXELS:
            raise UnreadablePage(
                say(
                    "page {page} lies beyond the first {n} pixels of the document; "
                    "split it, or scan it with a lower resolution",
                    page=number,
                    n=f"{MAX_DOCUMENT_PIXELS:,}",
                )
            )


class Pages(ABC):
    """An open scan; a context manager that closes the file's descriptor.

    At most one page's picture is held at a time, and only by the caller.
    """

    count: int = 1
    """How many pages there are, at least 1."""
    warnings: tuple[str, ...] = ()
    """About the file as a whole, in plain words."""
    receipt: str = ""
    """The id of the receipt where ocrwatchd itself has written the file; "" for a scan."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @abstractmethod
    def page(self, number: int) -> Page:
        """Read one page, ``number`` from 1, in any order and as often as needed.

        Raises:
            UnreadablePage: this page cannot be read; the others may be fine.
            OSError: the disk cannot be read; not the scan's fault.
        """

    def files(self, _number: int, /) -> Iterator[IO[bytes]]:
        """The picture of a page as a file, once for each way in which Pillow may open it; empty if Pillow cannot."""
        return iter(())

    def own_text(self, _number: int, /) -> OwnText | None:
        """The text that the file has on a page, if ``ocr.pdf_text`` allows it; None if the page must be recognised.

        Raises:
            UnreadablePage: this page cannot be read; the others may be fine.
        """
        return None

    def _file(self) -> IO[bytes]:
        """The scan, open at its beginning."""
        file = os.fdopen(os.dup(self._descriptor), "rb")
        file.seek(0)
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)
