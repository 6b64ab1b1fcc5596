"""Pages of a TIFF, by Pillow: its frames."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import IO, cast

from typing_extensions import override

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import DamagedPage, UnreadablePage, UnreadableScan
from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.model import Page
from ocrwatchd.formats.input.common import MAX_PAGES, Length, Pages
from ocrwatchd.formats.input.images import MOST_READ_AT_ONCE_BYTES, read_picture
from ocrwatchd.formats.input.reading_size import most_pixels_opened
from ocrwatchd.formats.input.tiff import PageFile, directories, shorter_counts

_DECODED_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 34925, 50000})
"""Values of tag 259 that Pillow's libtiff can decode."""
_OTHER_COMPRESSIONS = {
    9: "JBIG",
    10: "JBIG",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    50001: "WebP",
    50002: "JPEG XL",
}


class TiffPages(Pages):
    """A TIFF with its frames.

    Raises:
        UnreadableScan: there is no page in it.
    """

    def __init__(self, descriptor: int, ocr: Ocr) -> None:
        super().__init__(descriptor)
        self._ocr = ocr
        self._size = os.fstat(descriptor).st_size
        self._found = directories(descriptor, MAX_PAGES)
        if not self._found.pages:
            raise UnreadableScan(say("the TIFF holds no page, or is damaged; scan or copy it again"))
        sizes = [frame.pixels for frame in self._found.pages]
        readable = min(len(sizes), ocr.max_pages)
        beyond = len(sizes) > readable or self._found.cut
        self._length = Length(readable + beyond, lambda number: sizes[number - 1], readable, most_pixels_opened(ocr))
        self.count = self._length.count
        self.warnings = self._found.warnings

    @override
    def page(self, number: int) -> Page:
        self._length.check(number)
        try:
            return self._page(number, shared=True)
        except DamagedPage:
            compression = self._found.pages[number - 1].compression
            if compression not in _DECODED_COMPRESSIONS:
                raise UnreadablePage(_unknown_compression(number, compression)) from None
            if self._size > MOST_READ_AT_ONCE_BYTES:
                raise
            # Perhaps it is only the first page's directory that libtiff does not get past, or padding that is missing.
            patches = shorter_counts(self._found.chain, self._found.pages[number - 1].directory, self._size)
            if number == 1 and not patches:
                raise
            return self._page(number, shared=False, patches=patches)

    @override
    def files(self, number: int, /) -> Iterator[IO[bytes]]:
        yield self._page_file(number)
        if number > 1 and self._size <= MOST_READ_AT_ONCE_BYTES:
            yield self._page_file(number, shared=False)

    def _page(self, number: int, *, shared: bool, patches: Mapping[int, bytes] | None = None) -> Page:
        file = self._page_file(number, shared=shared, patches=patches)
        return read_picture(file, ("TIFF",), number, self._ocr, mended=bool(patches))

    def _page_file(self, number: int, *, shared: bool = True, patches: Mapping[int, bytes] | None = None) -> IO[bytes]:
        offset = self._found.pages[number - 1].directory.at
        file = PageFile(self._descriptor, self._found.chain, offset, shared=shared, patches=patches)
        return cast("IO[bytes]", file)


def _unknown_compression(number: int, compression: int) -> Message:
    return say(
        "page {page} of the TIFF is compressed in a way that is not read here ({name}); "
        "save it with LZW, Deflate or Group 4 compression, or as PDF, and send that",
        page=number,
        name=_OTHER_COMPRESSIONS.get(compression, str(compression)),
    )
