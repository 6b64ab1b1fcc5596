"""Pages of a HEIC file, as phones and cameras save them, by libheif: each of its pictures is a page.

How a picture is turned, the file's own boxes say, and libheif turns it; its EXIF orientation tells the same again and
is not heeded (ISO/IEC 23008-12, annex A).
"""

from __future__ import annotations

import os
from typing import IO

from typing_extensions import override

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import DamagedPage, UnreadableScan
from ocrwatchd.core.faults import is_machines
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import Page
from ocrwatchd.formats.input.common import Length, Pages
from ocrwatchd.formats.input.images import read_picture
from ocrwatchd.formats.input.reading_size import most_pixels_opened


class HeifPages(Pages):
    """A HEIC file with its pictures; thumbnails, depth maps and masks are none.

    Raises:
        UnreadableScan: it is damaged, or the library that reads it is not there.
    """

    def __init__(self, descriptor: int, ocr: Ocr) -> None:
        super().__init__(descriptor)
        self._ocr = ocr
        with self._file() as file:
            sizes = _sizes(file, ocr.threads or len(os.sched_getaffinity(0)))
        self._length = Length(
            len(sizes), lambda number: sizes[number - 1], min(len(sizes), ocr.max_pages), most_pixels_opened(ocr)
        )
        self.count = self._length.count

    @override
    def page(self, number: int) -> Page:
        self._length.check(number)
        with self._file() as file:
            try:
                return read_picture(file, ("HEIF",), number, self._ocr, frame=number - 1)
            except DamagedPage:
                raise DamagedPage(
                    say(
                        "page {page} of the HEIC file is damaged, or of a kind that is not read here; "
                        "copy it again, or let the phone or camera save JPEG",
                        page=number,
                    )
                ) from None


def _sizes(file: IO[bytes], threads: int) -> list[int]:
    """The number of pixels of each picture, without decoding."""
    try:
        import pi_heif  # type: ignore[import-not-found,import-untyped,unused-ignore]  # no wheel for some machines
    except ImportError:
        raise UnreadableScan(
            say(
                "this is a HEIC picture, and the library pi-heif, which reads it, is not installed on this machine; "
                "let the phone or camera save JPEG, or convert the picture to JPEG"
            )
        ) from None
    pi_heif.register_heif_opener(decode_threads=threads, thumbnails=False, depth_images=False, aux_images=False)
    try:
        return [picture.size[0] * picture.size[1] for picture in pi_heif.open_heif(file)]
    except Exception as error:  # the boundary to a decoder: hostile data makes it raise almost anything
        if is_machines(error):
            raise
        raise UnreadableScan(
            say("the HEIC file is damaged or broke off; copy it again, or let the phone or camera save JPEG")
        ) from error
